"""What sessions share is made once, kept while it is asked for, and forgotten in order."""

import threading

import pytest

from aelib.config import read_choice
from aelib.registry import PROJECTIONS
from ui.shared import clear, shared


def test_the_last_ones_asked_for_are_kept():
    made = []

    @shared(max_entries=2)
    def double(number, _how=None):
        made.append(number)
        return [2 * number]

    first = double(1, "so")
    assert double(1, "otherwise") is first  # an argument that begins with _ does not count
    double(2, "")
    assert double(1, "") is first
    double(3, "")  # 2 was asked for before 1 and goes
    assert double(1, "") is first
    double(2, "")
    assert made == [1, 2, 3, 2]
    clear()
    assert double(1, "") == [2]
    assert made == [1, 2, 3, 2, 1]


def test_configs_that_say_the_same_are_the_same():
    made = []

    @shared(max_entries=4)
    def name_of(config):
        made.append(config)
        return config.name

    for name in ("umap", "pca", "umap"):
        assert name_of(read_choice(PROJECTIONS, name)) == name
    assert len(made) == 2


def test_what_is_raised_is_not_kept():
    made = []

    @shared(max_entries=2)
    def fails_at_first(number):
        made.append(number)
        if len(made) == 1:
            raise ValueError("not yet")
        return number

    with pytest.raises(ValueError, match="not yet"):
        fails_at_first(5)
    assert fails_at_first(5) == 5


def test_those_who_ask_at_once_wait_for_one():
    begun, may_end, made = threading.Event(), threading.Event(), []

    @shared(max_entries=2)
    def slow(number):
        made.append(number)
        begun.set()
        assert may_end.wait(10)
        return object()

    found = []
    threads = [threading.Thread(target=lambda: found.append(slow(1))) for _ in range(3)]
    threads[0].start()
    assert begun.wait(10)
    for thread in threads[1:]:
        thread.start()
    may_end.set()
    for thread in threads:
        thread.join(10)
    assert made == [1]
    assert len({id(each) for each in found}) == 1
