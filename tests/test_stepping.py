"""Step mode: one batch, one epoch, slow motion; looked at closely, and ending with the bits of a run that was not."""

import json
import math
from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import pytest
import torch

from aelib import files
from aelib.config import RunConfig
from aelib.errors import AelibError
from aelib.jobs import changing, queue, stepping, training
from aelib.models._base import Progress, build, total
from aelib.registry import MODELS
from aelib.runs.folder import Run
from aelib.training.batches import Batches, bounds
from aelib.training.changes import Changes
from aelib.training.loop import train
from tests.training._small import DATA, VARIANTS, ZOO, config, figures, same, trained


@pytest.fixture(autouse=True)
def zoo():
    MODELS.packages.append(ZOO)
    yield
    MODELS.packages.remove(ZOO)


# --- looked at closely --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", VARIANTS)
def test_a_training_looked_at_step_by_step_has_the_bits_of_one_that_is_not(name):
    run = config(**VARIANTS[name])
    plain, rows = trained(run)
    close = build(run, DATA.info)
    reports = list(train(close, DATA, run, changes=Changes(closely=True)))
    assert same(plain, close)
    assert [figures(report) for report in reports if report.finished] == [figures(row) for row in rows]
    assert [row.gauges for row in reports if row.finished] == [row.gauges for row in rows]
    steps = [report for report in reports if not report.finished and report.step]
    assert len(steps) == sum(len(bounds(80, 16)) for row in rows if row.snapshot)
    assert all(set(step.at_step) == {*step.train, "gradient_norm"} for step in steps)


def test_a_step_tells_its_own_figures_and_the_length_of_its_gradient():
    run = config("autoencoder", learning_rate=1e-9)
    model = build(run, DATA.info)
    (phase,) = next(iter(model.stages())).phases
    first = next(Batches(DATA.splits["train"], (), "cpu").shuffled(16, 0, 0, 0))
    loss = total(phase.loss(first, Progress(0, 1)))
    gradients = torch.autograd.grad(loss, phase.parameters)
    report = next(report for report in train(model, DATA, run, changes=Changes(closely=True)) if report.step)
    assert math.isclose(report.at_step["loss"], float(loss.detach()), rel_tol=1e-5)
    length = math.sqrt(sum(float((gradient.double() ** 2).sum()) for gradient in gradients))
    assert math.isclose(report.at_step["gradient_norm"], length, rel_tol=1e-5)


def test_gradient_norms_and_active_dimensions_are_gauged_beside_the_parts():
    model, rows = trained(config(epochs=8))
    assert all(row.gauges["gradient_norm"] > 0 for row in rows)
    held_out = Batches(DATA.splits["validation"], (), "cpu")
    items = next(held_out.in_order(1000, 0)).items
    with torch.no_grad():
        spread = np.var(model.encode(items).codes.numpy().astype(np.float64), axis=0)
    best = [row for row in rows if row.best][-1]
    assert best.gauges["active_dimensions"] == (spread > 0.01).sum()
    assert "active_dimensions" not in trained(config("autoencoder"))[1][-1].gauges, "a code without a scale"


# --- a run that is walked through ---------------------------------------------------------------------------------


class Walker:
    """Does to a run in this process what a person does in the page: asks for the next pace while the run waits."""

    def __init__(self, run: Run, monkeypatch: pytest.MonkeyPatch, asks: Iterable[tuple]) -> None:
        self.run, self.asks, self.seen = run, iter(asks), []
        monkeypatch.setattr(stepping, "LOOK_SECONDS", 0.0)
        monkeypatch.setattr(stepping.time, "sleep", lambda seconds: self.next() if seconds == 0.0 else None)

    def next(self) -> None:
        assert self.run.status()["waits"]
        self.seen.append(stepping.last_step(self.run))
        ask, *given = next(self.asks)
        ask(self.run, *given)


def made(checkpoints, **more) -> Run:
    raw = {
        "network": {"name": "mlp", "widths": [16], "dropout": 0.2}, "model": {"name": "vae", "latent_dim": 2},
        "corruptions": [{"name": "gaussian"}],
        "training": {"epochs": 2, "batch_size": 256, "device": "cpu", "learning_rate": 0.01, **more},
    }  # fmt: skip
    return queue.submit(checkpoints, RunConfig.parse(raw))


def worked(run: Run) -> str:
    claimed = queue.claim(run.folder.parent, "", run.id)
    assert claimed
    return training.work(*claimed)


def left(run: Run) -> tuple:
    rows = [{key: value for key, value in row.items() if key != "items_per_second"} for row in run.metrics()]
    return files.sha256((run.folder / "weights.safetensors").read_bytes()), rows, run.result()["test_error"]


STEP = (stepping.ask, "batch")


def test_one_batch_at_a_time_then_an_epoch_then_the_rest_ends_as_an_unwalked_run(checkpoints, monkeypatch):
    plain, run = made(checkpoints), made(checkpoints)
    assert worked(plain) == "completed"
    stepping.ask(run, "batch")
    walker = Walker(run, monkeypatch, [STEP, STEP, (stepping.ask, "epoch"), STEP, (stepping.ask, "go")])
    assert worked(run) == "completed", run.error()
    positions = [tuple(seen["position"]) for seen in walker.seen]
    assert positions == [(0, 0, 1), (0, 0, 2), (0, 0, 3), (0, 1, 0), (0, 1, 1)]
    assert left(run) == left(plain)
    assert [row["pace"] for row in changing.lines(run)] == ["batch", "batch", "batch", "epoch", "batch", "go"]
    third = walker.seen[2]
    assert set(third["parts"]) == {"loss", "cross_entropy_above_floor", "kl"}
    assert third["gradient_norm"] > 0
    assert np.shape(third["codes"]) == (12, 2)
    assert walker.seen[1]["codes"] != third["codes"], "they move"
    assert [row["position"] for row in third["trail"]] == [[0, 0, 1], [0, 0, 2], [0, 0, 3]]
    assert (run.folder / "step.png").read_bytes().startswith(b"\x89PNG")
    assert "waits" not in run.status()


def test_the_rate_of_learning_is_changed_between_two_steps_and_replayed(checkpoints, monkeypatch):
    run = made(checkpoints)
    stepping.ask(run, "batch")
    change = (changing.ask, {"training.learning_rate": 0.5, "model.beta": 3.0, "corruptions.0.severity": 0.9})
    walker = Walker(run, monkeypatch, [STEP, change, STEP, (lambda run: queue.pause(run),)])
    assert worked(run) == "paused"
    assert [seen["learning_rate"] for seen in walker.seen] == [0.01, 0.01, 0.01, 0.5]
    changes = [(tuple(row["position"]), bool(row["set"])) for row in changing.lines(run)]
    assert changes == [((0, 0, 0), False), ((0, 0, 1), False), ((0, 0, 2), True), ((0, 0, 2), False)]

    again = made(checkpoints)  # the same changes, replayed without a walk and without a cut
    rows = [row for row in changing.lines(run) if row["set"]]
    (again.folder / "changes.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    again.change_queue(asked=[row["set"] for row in rows])
    assert worked(again) == "completed"
    queue.resume(run)
    assert worked(run) == "completed"
    assert left(run) == left(again)


def test_a_run_that_was_cut_off_while_it_waited_waits_at_the_same_place(checkpoints, monkeypatch):
    run = made(checkpoints)
    stepping.ask(run, "batch")

    def cut(run):
        monkeypatch.setattr(training, "stop_signal", [15])

    first = Walker(run, monkeypatch, [STEP, (cut,)])
    assert worked(run) == "interrupted"
    monkeypatch.setattr(training, "stop_signal", [])
    queue.reconcile(checkpoints, again=True)  # taken up again without anybody asking: it waits for a word
    second = Walker(run, monkeypatch, [STEP, (lambda run: queue.stop(run),)])
    assert worked(run) == "stopped"
    assert [tuple(seen["position"]) for seen in first.seen + second.seen] == [(0, 0, n) for n in (1, 2, 2, 3)]
    stepping.ask(run, "epoch")  # of one that is stopped: it is queued for it
    third = Walker(run, monkeypatch, [(stepping.ask, "go")])
    assert worked(run) == "completed"
    assert [tuple(seen["position"]) for seen in third.seen] == [(0, 1, 0)]


def test_resuming_a_walked_run_is_going_on_at_full_speed(checkpoints, monkeypatch):
    run = made(checkpoints)
    stepping.ask(run, "batch")
    Walker(run, monkeypatch, [(lambda run: queue.pause(run),)])
    assert worked(run) == "paused"
    queue.resume(run)
    assert worked(run) == "completed"


def test_slow_motion_takes_its_time_and_can_be_told_to_hurry(checkpoints, monkeypatch):
    run, clock, shown = made(checkpoints, epochs=1, batch_size=200), [0.0], []

    def pass_by(seconds: float) -> None:
        clock[0] += seconds
        if clock[0] > 10 and changing.lines(run)[-1]["pace"] == "slow":
            stepping.ask(run, "go")

    class Clock:
        time, sleep, monotonic = staticmethod(lambda: 0.0), staticmethod(pass_by), staticmethod(lambda: clock[0])

    monkeypatch.setattr(stepping, "time", Clock)
    write = stepping.write_json
    monkeypatch.setattr(stepping, "write_json", lambda path, value: (shown.append(clock[0]), write(path, value)))
    stepping.ask(run, "slow", 0.5)
    assert worked(run) == "completed"
    assert len(shown) == 5, "then it was told to hurry"
    assert all(abs(later - earlier - 2) < 0.2 for earlier, later in pairwise(shown))


def test_a_run_that_nobody_walks_on_makes_room(checkpoints, monkeypatch):
    run = made(checkpoints)
    stepping.ask(run, "batch")
    monkeypatch.setattr(stepping, "WAIT_SECONDS", 0.0)
    assert worked(run) == "paused"
    assert run.status()["epoch"] == 0


def test_what_cannot_be_walked_is_refused(checkpoints, monkeypatch):
    run = made(checkpoints, epochs=1)
    for kind, rate in (("leap", 2.0), ("slow", 0.0), ("slow", 1000.0), ("slow", math.nan)):
        with pytest.raises(AelibError, match=r"out of range|no pace"):
            stepping.ask(run, kind, rate)
    assert worked(run) == "completed"
    with pytest.raises(AelibError, match="is not training"):
        stepping.ask(run, "batch")
    monkeypatch.setenv("AELIB_MODE", "demo")
    with pytest.raises(AelibError, match="not possible in the demo"):
        stepping.ask(run, "batch")


def test_the_charts_of_steps_show_batches_and_not_the_means_of_epochs():
    from aelib.figures.steps import code_moves, step_curves

    places = [[0, 0, 8], [0, 0, 9], [0, 1, 0], [0, 1, 1]]
    trail = [{"position": place, "parts": {"loss": float(number)}} for number, place in enumerate(places)]
    (curve,) = step_curves(trail).data
    assert list(curve.y) == [0.0, 1.0, 3.0]
    assert curve.text[-1] == "epoch 2, batch 1"
    way, points = code_moves([[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [0.0, 1.0]], [0, -1]).data
    assert list(way.x[:2]) == [0.0, 1.0]
    assert np.isnan(way.x[2])
    assert list(points.y) == [2.0, 4.0]
    (only,) = code_moves([[1.0, 2.0]], [], [-1]).data
    assert list(only.x) == [1.0]
    (heat,) = code_moves([[1.0, -2.0, 0.5]], [], [0]).data
    assert heat.zmax == -heat.zmin == 2.0
