"""The loop stops early, keeps the best, and tells faults."""

import math

import pytest
import torch

from aelib.config import RunConfig
from aelib.errors import AelibError
from aelib.models._base import Phase, Stage, Term, build, total
from aelib.training.batches import Batches
from aelib.training.evaluation import evaluate
from aelib.training.loop import Report, train
from tests.training._small import (
    DATA,
    Scripted,
    config,
    figures,
    same,
    scripted,
    trained,
)

# --- stopping and keeping the best --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "patience", "ends", "best"),
    [
        ([5, 4, 3, 4, 4, 1, 1, 1], 2, 5, 3),
        ([5, 4, 3, 4, 4, 1, 1, 1], 3, 8, 6),
        ([5, 4, 3, 4, 4, 1, 2, 2], 0, 8, 6),
        ([1, 1, 1, 1], 1, 2, 1),  # equal is not better
        ([4, 3, 2, 1], 1, 4, 4),
        ([1, 2], 10, 2, 1),
    ],
)
def test_patience_stops_and_the_best_weights_are_restored(script, patience, ends, best):
    model, rows = scripted([float(value) for value in script], patience)
    assert rows[-1].epoch == ends
    assert rows[-1].epochs == len(script)
    assert [row.epoch for row in rows if row.best][-1] == best
    assert int(model.epoch) == best, "the buffer says which epoch's weights these are"
    assert not model.training


def test_a_resumed_run_stops_early_where_the_unbroken_one_does():
    script = [5.0, 4.0, 3.0, 4.0, 4.0, 1.0]
    run, points = config(patience=2, epochs=6), []
    for report in train(Scripted(script), DATA, run):
        points += [report.snapshot()] if report.snapshot else []
    for point in points:
        model, rows = scripted(script, 2, point)
        assert int(model.epoch) == 3
        assert [row.epoch for row in rows] == list(range(point.values["epoch"] + 1, 6))


def test_the_loss_falls_and_the_model_at_the_end_is_the_best():
    run = config(epochs=15)
    model, rows = trained(run)
    assert rows[-1].train["loss"] < 0.8 * rows[0].train["loss"]
    held_out = Batches(DATA.splits["validation"], (), "cpu")
    again = evaluate(model, held_out, next(iter(model.stages())), run.training.seed)
    assert again["loss"] == min(row.validation["loss"] for row in rows)


def test_no_epochs_keep_the_untrained_model():
    run = config(epochs=0)
    model, rows = trained(run)
    assert same(model, build(run, DATA.info))
    assert [(row.epoch, row.epochs, row.best, row.snapshot) for row in rows] == [(0, 0, True, None)]
    assert rows[0].validation["error"] > 0


def test_to_stop_is_to_cease_to_iterate():
    reports = train(build(config(epochs=50), DATA.info), DATA, config(epochs=50))
    assert next(reports).position == (0, 0, 0)
    assert next(reports).position == (0, 0, 1)
    reports.close()


# --- divergence ---------------------------------------------------------------------------------------------------


class Poisoned(Scripted):
    """Learns well until an epoch in which its loss is no number."""

    bad, where = 3, "train"

    def _loss(self, batch, progress):
        parts = super()._loss(batch, progress)
        if int(self.epoch) == self.bad and self.training == (self.where == "train"):
            with torch.no_grad():
                self.weight.fill_(float("nan"))
            return {"part": Term(parts["part"].value * float("nan"))}
        return parts


@pytest.mark.parametrize("where", ["train", "validation"])
def test_a_loss_that_is_no_number_ends_the_run_with_the_last_good_weights(where):
    model, rows = Poisoned([3.0, 2.0, 1.0, 1.0]), []
    model.where = where
    with pytest.raises(AelibError, match="epoch 3") as caught:
        rows.extend(train(model, DATA, config(epochs=4)))
    assert caught.value.code == "E_DIVERGED"
    assert "'part'" in str(caught.value)
    assert bool(torch.isfinite(model.weight).all())
    assert int(model.epoch) == 2


def test_a_learning_rate_of_ten_ends_in_words_or_in_finite_figures():
    run = RunConfig.parse(
        {
            "model": {
                "name": "vae",
                "latent_dim": 2,
                "reconstruction": "squared_error",
                "sigma": 0.001,
                "beta": 10_000,
            },
            "network": {"name": "mlp", "widths": [16]},
            "training": {"epochs": 30, "batch_size": 16, "learning_rate": 10},
        }
    )
    model = build(run, DATA.info)
    rows: list[Report] = []
    try:
        rows.extend(train(model, DATA, run))
    except AelibError as error:
        rows = []
        told = error.code
    else:
        told = "E_DIVERGED"
    assert told == "E_DIVERGED"
    assert all(math.isfinite(value) for row in rows for value in row.validation.values())
    assert all(bool(torch.isfinite(value).all()) for value in model.state_dict().values())


# --- what a model may do ------------------------------------------------------------------------------------------


class Viewed(Scripted):
    """Its gradients come as transposed and as expanded views."""

    def __init__(self) -> None:
        super().__init__([1.0] * 2)
        self.weight = torch.nn.Parameter(torch.randn(3, 5, generator=torch.Generator().manual_seed(1)))
        self.shift = torch.nn.Parameter(torch.zeros(4))
        self.goal = torch.randn(5, 3, generator=torch.Generator().manual_seed(2))

    def _loss(self, batch, progress):
        transposed = _Transposed.apply(self.weight)
        return {"part": Term((transposed - self.goal).square().sum() + self.shift.sum())}

    def stages(self):
        return (Stage("viewed", phases=(Phase("all", (self.weight, self.shift), self._loss),)),)


class _Transposed(torch.autograd.Function):
    @staticmethod
    def forward(ctx, weight):
        return weight.t().contiguous()

    @staticmethod
    def backward(ctx, gradient):
        return gradient.t()


def test_gradients_that_are_views_move_the_right_weights():
    model = Viewed()
    goal = model.goal.t()
    assert torch.autograd.grad(total(model._loss(None, None)), [model.weight])[0].stride() == (1, 3)  # type: ignore
    for _ in train(model, DATA, config(learning_rate=0.05, epochs=2)):
        moved = model.weight.detach().clone(), model.shift.detach().clone()
    ours = Viewed()
    reference = torch.optim.AdamW([ours.weight, ours.shift], lr=0.05, weight_decay=0.0, fused=False)
    for _ in range(10):
        reference.zero_grad()
        ((ours.weight - goal).square().sum() + ours.shift.sum()).backward()
        reference.step()
    assert torch.allclose(moved[0], ours.weight, atol=1e-5)
    assert torch.allclose(moved[1], ours.shift, atol=1e-5)


class Finishing(Scripted):
    """Counts how often it was finished."""

    def __init__(self, script: list[float]) -> None:
        super().__init__(script)
        self.register_buffer("finished", torch.zeros((), dtype=torch.int64))

    def stages(self):
        def finish(passes):
            self.finished += 1

        (stage,) = super().stages()
        return (Stage(stage.name, phases=stage.phases, finish=finish),)


def test_a_last_stages_finish_works_on_the_best_weights_once_and_is_kept():
    run, script, points = config(epochs=4), [3.0, 1.0, 2.0, 2.0], []
    model, rows = Finishing(script), []
    for report in train(model, DATA, run):
        rows += [report] if report.finished else []
        points += [report.snapshot()] if report.snapshot and report.finished else []
    assert (int(model.finished), int(model.epoch)) == (1, 2)
    assert rows[-1].best, "what finish made is what is saved"
    assert len(points) == 4
    for point in points:
        again = Finishing(script)
        later = list(train(again, DATA, run, resume=point))
        assert (int(again.finished), int(again.epoch)) == (1, 2)
        assert [figures(row) for row in rows[: point.values["rows"]] + later] == [figures(row) for row in rows]
