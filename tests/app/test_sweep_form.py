"""The sweep on the Train page: what its fields say before anything is queued, and that one press is one sweep."""

from contextlib import contextmanager

import pytest

from aelib.errors import AelibError
from aelib.jobs import sweep
from aelib.runs.folder import list_runs


@pytest.fixture
def form(checkpoints, open_page):
    """The page with these lines and this name; ``how`` as its select box has it."""

    def form(lines: str, name: str = "", how: str = "grid"):
        at = open_page("train", preset="classroom_2d")
        (key,) = [box.key.removesuffix(".sweep") for box in at.text_area if (box.key or "").endswith(".sweep")]
        at.selectbox(key=f"{key}.sweep-how").set_value(how)
        at.text_area(key=f"{key}.sweep").set_value(lines)
        at.run()
        if name:
            at.text_input(key=f"{key}.sweep-name").set_value(name)
            at.run()
        assert not at.exception
        return at

    return form


def go(at):
    """The form's own button, if it is there."""
    return next((button for button in at.button if (button.key or "").endswith(".sweep-go")), None)


def points(at):
    return next(box for box in at.number_input if (box.key or "").endswith(".sweep-points"))


@contextmanager
def unseen(monkeypatch):
    """The page as it was before the sweep was there: its button can still be pressed."""
    with monkeypatch.context() as patch:
        patch.setattr(sweep, "names", lambda checkpoints: [])
        yield


def test_an_empty_form_says_by_example_what_it_takes_and_its_limit(form, words):
    for how, example in (("grid", "model.latent_dim=2,4,8"), ("random", "1e-4..1e-2:log"), ("tpe", "1e-4..1e-2:log")):
        at = form("", how=how)
        assert example in words(at)
        assert f"at most {sweep.LIMIT}" in words(at)
        assert go(at) is None


def test_a_grid_is_counted_and_needs_a_name(form, words):
    at = form("model.latent_dim=2,3\nmodel.beta=1,4\n\n")
    assert (go(at).label, go(at).disabled) == ("Train 4 runs", True)
    assert "Give it a name" in words(at)
    at = form("training.seed=7", "one")
    assert (go(at).label, go(at).disabled) == ("Train 1 run", False)


@pytest.mark.parametrize(
    ("lines", "how", "said"),
    [
        ("model.latent_dim", "grid", "FIELD=VALUE"),
        ("training.learning_rate=1e-4..1e-2:log", "grid", "Take the sampler"),
        ("model.beta=4..1", "tpe", "FIELD=LOW..HIGH"),
        ("model.latent_dim=2,0", "grid", "latent_dim"),
        (f"training.seed={','.join(map(str, range(300)))}", "grid", f"the limit is {sweep.LIMIT}"),
    ],
)
def test_what_is_no_sweep_has_one_sentence_and_no_button(lines, how, said, form, checkpoints):
    at = form(lines, how=how)
    (error,) = at.error
    assert said in error.value
    assert go(at) is None
    assert not list_runs(checkpoints)


def test_a_grid_that_is_submitted_twice_is_one_sweep(form, checkpoints, words, monkeypatch):
    at = form("model.latent_dim=2,3\nmodel.beta=1,4", "sizes")
    with unseen(monkeypatch):
        for _ in range(2):  # the second click of a double click, where the first was cut off before it was answered
            at.session_state["sweep-nonce"] = "0123456789abcdef"
            go(at).click().run()
            assert not at.exception
            assert not at.error
    go(at).click().run()  # and where it was answered, but not yet seen
    assert not at.exception
    assert not at.error
    runs = sweep.of(checkpoints, "sizes")
    wanted = [{"model.latent_dim": size, "model.beta": beta} for size in (2, 3) for beta in (1, 4)]
    assert [sweep.about(run)["values"] for run in runs] == wanted
    assert [(run.config().model.latent_dim, run.config().model.beta) for run in runs] == [
        (2, 1),
        (2, 4),
        (3, 1),
        (3, 4),
    ]
    assert at.query_params["sweep"] == "sizes"
    assert "0 of 4 completed" in words(at)
    assert len(list_runs(checkpoints)) == 4
    assert go(at).disabled
    assert "There is a sweep of this name" in words(at)


def test_a_grid_that_was_cut_off_half_made_can_be_completed(form, checkpoints, monkeypatch):
    """A full disk, say: the runs that are there do not lock the button, and are not made again."""
    at, enter, entered = form("model.latent_dim=2,3,4", "sizes"), sweep.queue.enter, []

    def two_alone(*given, **more):
        if len(entered) == 2:
            raise AelibError("E_DISK", "The disk is full")
        entered.append(enter(*given, **more))
        return entered[-1]

    with monkeypatch.context() as patch:
        patch.setattr(sweep.queue, "enter", two_alone)
        go(at).click().run()
    assert [error.value for error in at.error]
    assert len(list_runs(checkpoints)) == 2
    go(at).click().run()
    assert not at.error
    assert sorted(run.config().model.latent_dim for run in list_runs(checkpoints)) == [2, 3, 4]


@pytest.mark.parametrize("how", ["random", "tpe"])
def test_a_sampler_takes_spans_and_a_number_of_runs(how, form, checkpoints, words, monkeypatch):
    at = form("training.learning_rate=1e-4..1e-2:log\nmodel.latent_dim=2..16", "search", how)
    assert (points(at).value, points(at).min, points(at).max) == (20, 1, sweep.LIMIT)
    assert str(sweep.LIMIT) in points(at).label
    points(at).set_value(3).run()
    assert go(at).label == "Train 3 runs"
    with unseen(monkeypatch):
        go(at).click().run()
    go(at).click().run()  # the second click of a double click
    assert not at.exception
    assert not at.error
    runs = sweep.of(checkpoints, "search")
    search = sweep.about(runs[0])["search"]
    assert (search["sampler"], search["points"]) == (how, 3)
    assert len(runs) == (3 if how == "random" else 1), "one that learns waits for what comes of the first"
    for run in runs:
        values = sweep.about(run)["values"]
        assert 1e-4 <= values["training.learning_rate"] <= 1e-2
        assert values["model.latent_dim"] in range(2, 17)
        assert run.config().training.learning_rate == values["training.learning_rate"]
    assert f"{len(runs)} of 3 points chosen" in words(at)
    assert len(list_runs(checkpoints)) == len(runs)


def test_in_the_demo_there_is_no_sweep(open_page, monkeypatch):
    monkeypatch.setenv("AELIB_MODE", "demo")
    at = open_page("train", preset="classroom_2d")
    assert not at.exception
    assert not [box for box in at.text_area if (box.key or "").endswith(".sweep")]
