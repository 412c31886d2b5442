"""Sweeps by a sampler: every point an ordinary run, the study built anew from the runs, whoever was killed."""

import json
import shutil

import pytest

from aelib.cli import main
from aelib.errors import AelibError
from aelib.jobs import queue, searching, sweep
from aelib.jobs.dispatcher import Dispatcher
from aelib.jobs.searching import Searcher, Span, go_on, read_place, submit
from aelib.runs.folder import Run, list_runs

RAW = {"network": {"name": "mlp", "widths": [8]}, "model": {"name": "vae"}, "training": {"epochs": 1, "device": "cpu"}}
SPACE = {
    "training.learning_rate": Span(1e-4, 1e-1, log=True),
    "model.latent_dim": Span(2, 9),
    "network.widths": [[8], [16, 8]],
}


def values_of(checkpoints, name="s") -> list[dict]:
    return [sweep.about(run)["values"] for run in sorted(sweep.of(checkpoints, name), key=number)]


def number(run: Run) -> int:
    return sweep.about(run)["number"]


def end(run: Run, error: float | None) -> None:
    """As its worker would: completed with this error, or failed."""
    state = "failed" if error is None else "completed"
    run.write_status(**{**run.status(), "state": state, "validation_error": error})


def error_of(values: dict) -> float:
    """Lowest for a code of 7 and a rate near 0.01."""
    import math

    return abs(values["model.latent_dim"] - 7) + abs(math.log10(values["training.learning_rate"]) + 2)


@pytest.mark.parametrize(
    ("word", "place"),
    [
        ("model.beta=0.5..4", ("model.beta", Span(0.5, 4))),
        ("model.latent_dim=2..32", ("model.latent_dim", Span(2, 32))),
        ("training.learning_rate=1e-4..1e-2:log", ("training.learning_rate", Span(1e-4, 1e-2, True))),
        ("model.beta=1,4", ("model.beta", [1, 4])),
    ],
)
def test_a_place_is_a_span_or_values(word, place):
    assert read_place(word) == place


@pytest.mark.parametrize(
    "word", ["model.beta=4..1", "model.beta=0..1:log", "model.beta=1..2:sqrt", "model.beta=a..b", "model.beta=1..inf"]
)
def test_a_span_without_numbers_is_refused(word):
    with pytest.raises(AelibError, match="is not understood"):
        read_place(word)


def test_random_points_are_all_queued_at_once_and_lie_in_their_spans(checkpoints):
    runs = submit(checkpoints, "s", RAW, SPACE, "random", 12)
    assert len(runs) == 12
    found = values_of(checkpoints)
    assert len({json.dumps(values) for values in found}) == 12
    assert all(1e-4 <= values["training.learning_rate"] <= 1e-1 for values in found)
    assert {type(values["model.latent_dim"]) for values in found} == {int}
    assert all(2 <= values["model.latent_dim"] <= 9 for values in found)
    assert {json.dumps(values["network.widths"]) for values in found} == {"[8]", "[16, 8]"}
    for run, values in zip(runs, found, strict=True):
        assert run.config().model.latent_dim == values["model.latent_dim"]
        assert run.config().training.learning_rate == values["training.learning_rate"]
    assert go_on(checkpoints) == []


def test_tpe_asks_for_the_next_when_one_has_ended_and_learns(checkpoints):
    submit(checkpoints, "s", RAW, {"model.latent_dim": Span(2, 400)}, "tpe", 24)
    for _ in range(23):
        (run,) = [run for run in list_runs(checkpoints) if run.status()["state"] == "queued"]
        assert go_on(checkpoints) == [], "one at a time"
        end(run, abs(sweep.about(run)["values"]["model.latent_dim"] - 300.0))
        assert len(go_on(checkpoints)) == 1
    found = [abs(values["model.latent_dim"] - 300) for values in values_of(checkpoints)]
    assert len(found) == 24
    assert sum(found[-8:]) / 8 < 0.5 * sum(found[:5]) / 5, "it learns from those that ended"
    assert go_on(checkpoints) == []


def test_a_killed_search_goes_on_to_the_very_same_points(checkpoints, tmp_path):
    submit(checkpoints, "s", RAW, SPACE, "tpe", 9)
    for _ in range(6):
        (run,) = [run for run in list_runs(checkpoints) if run.status()["state"] == "queued"]
        end(run, error_of(sweep.about(run)["values"]))
        go_on(checkpoints)
    (last,) = [run for run in list_runs(checkpoints) if number(run) == 6]
    values = sweep.about(last)["values"]
    queue.delete(last)
    shutil.rmtree(checkpoints / ".trash")
    (again,) = go_on(checkpoints)
    assert number(again) == 6
    assert sweep.about(again)["values"] == values


def test_two_who_ask_at_once_make_one_run(checkpoints, monkeypatch):
    (first,) = submit(checkpoints, "s", RAW, SPACE, "tpe", 5)
    end(first, 1.0)
    search, before = sweep.about(first)["search"], sweep.of(checkpoints, "s")
    one = searching._go_on(checkpoints, "s", search, before)
    other = searching._go_on(checkpoints, "s", search, before)
    assert one == other
    assert len(list_runs(checkpoints)) == 2


def test_failed_and_broken_points_count_and_a_stopped_one_holds_the_search(checkpoints):
    (run,) = submit(checkpoints, "s", RAW, SPACE, "tpe", 4)
    end(run, None)
    (run,) = go_on(checkpoints)
    queue.stop(run)
    assert go_on(checkpoints) == []
    (run.folder / "status.json").write_text("{")
    (run,) = go_on(checkpoints)
    end(run, 2.0)
    assert len(go_on(checkpoints)) == 1
    assert [number(run) for run in sorted(sweep.of(checkpoints, "s"), key=number)] == [0, 1, 2, 3]


def test_settings_that_do_not_go_together_are_drawn_again_and_said_when_none_do(checkpoints):
    space = {"training.batch_size": [64, 60_000]}  # the digits have fewer
    runs = submit(checkpoints, "s", RAW, space, "random", 8)
    assert {run.config().training.batch_size for run in runs} == {64}
    with pytest.raises(AelibError, match="larger than the data"):
        submit(checkpoints, "t", RAW, {"training.batch_size": [60_000, 50_000]}, "random", 2)


def test_the_dispatcher_goes_on_when_something_has_ended(checkpoints, monkeypatch):
    (run,) = submit(checkpoints, "s", RAW, SPACE, "tpe", 3)
    searcher, asked = Searcher(), []
    monkeypatch.setattr(searching, "go_on", lambda folder: asked.append(folder))
    searcher.look(checkpoints)
    searcher.look(checkpoints)
    assert asked == [checkpoints], "no news, no look"
    claimed = queue.claim(checkpoints, "", run.id)
    assert claimed
    queue.set_state(*claimed, "completed")
    searcher.look(checkpoints)
    assert len(asked) == 2
    assert isinstance(Dispatcher(checkpoints).searcher, Searcher)


@pytest.mark.parametrize(
    ("name", "sampler", "points", "code"),
    [
        ("", "tpe", 3, "E_CONFIG"),
        ("s", "cma", 3, "E_CONFIG"),
        ("s", "tpe", 0, "E_TOO_LARGE"),
        ("s", "random", 10**6, "E_TOO_LARGE"),
    ],
)
def test_what_is_no_search_is_refused(checkpoints, name, sampler, points, code):
    with pytest.raises(AelibError) as caught:
        submit(checkpoints, name, RAW, SPACE, sampler, points)
    assert caught.value.code == code
    assert list_runs(checkpoints) == []


def test_a_name_is_taken_once_and_the_demo_searches_nothing(checkpoints, monkeypatch):
    submit(checkpoints, "s", RAW, SPACE, "random", 1)
    with pytest.raises(AelibError, match="already"):
        submit(checkpoints, "s", RAW, SPACE, "random", 1)
    monkeypatch.setenv("AELIB_MODE", "demo")
    with pytest.raises(AelibError, match="demo"):
        submit(checkpoints, "t", RAW, SPACE, "random", 1)


def test_on_the_command_line(checkpoints, capsys):
    words = ["sweep", "--name", "s", "--sampler", "tpe", "--points", "5", "--checkpoints", str(checkpoints), "--json"]
    given = ["--set", "model.latent_dim=2..6", "--model", "vae", "--epochs", "1", "--set", "training.device=cpu"]
    assert main([*words, *given, "--dry-run"]) == 0
    assert json.loads(capsys.readouterr().out)["runs"] == 5
    assert main([*words, *given]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (len(answer["runs"]), answer["points"]) == (1, 5)
    assert main([*words[:3], "--set", "model.latent_dim=2..6", "--checkpoints", str(checkpoints)]) == 2
    assert "a grid takes values" in capsys.readouterr().err
