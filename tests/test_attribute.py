"""Directions of attributes, on groups whose distance is known."""

import numpy as np
import pytest

from aelib.errors import AelibError
from aelib.latent.attribute import analogy, attribute


def groups(apart: float, count: int = 2000):
    codes = np.random.default_rng(0).normal(size=(2 * count, 6)).astype(np.float32)
    codes[count:, 2] += apart
    return codes, np.arange(count), np.arange(count, 2 * count)


def test_the_effect_is_that_of_the_distance_the_groups_were_given():
    found = attribute(*groups(2.0))
    assert found.effect == pytest.approx(2.0, abs=0.16), "three standard errors"
    assert found.right == pytest.approx(0.841, abs=0.02), "the normal share below one standard deviation"
    assert found.by_chance < 0.2
    np.testing.assert_allclose(found.step, [0, 0, 2, 0, 0, 0], atol=0.15)
    assert (found.trained, found.held_out) == (2000, 2000)


def test_groups_that_do_not_differ_stay_near_what_chance_gives():
    codes, first, second = groups(0.0, 40)
    found = attribute(codes, first, second)
    assert abs(found.effect) < 1.5 * found.by_chance
    assert found.right < 0.7, "told on items that the direction was not made from"


def test_items_of_both_groups_count_for_neither_and_few_are_refused():
    codes, first, second = groups(3.0, 20)
    shared = attribute(codes, np.append(first, second[0]), np.append(second, first[0]))
    assert shared.trained + shared.held_out == 38
    with pytest.raises(AelibError, match="too small") as caught:
        attribute(codes, first[:3], second)
    assert caught.value.code == "E_EMPTY"
    with pytest.raises(AelibError):
        attribute(codes, first, first)


def test_codes_that_are_all_alike_have_no_effect():
    assert attribute(np.ones((20, 3), np.float32), np.arange(10), np.arange(10, 20)).effect == 0


def test_an_analogy_finds_the_fourth_corner():
    corners = np.float32([[0, 0], [0, 5], [5, 0], [5, 5], [9, 9]])
    answer, rows = analogy(*corners[:3], corners, 2)
    np.testing.assert_array_equal(answer, [5, 5])
    assert rows[0] == 3
