"""Every model, resumed from the middle of an epoch, ends with the bits of a run that nobody cut off."""

import pytest
import torch

from aelib.config import RunConfig
from aelib.datasets._base import Dataset
from aelib.models._base import Batch, build
from aelib.registry import MODELS
from aelib.training.batches import Batches
from aelib.training.changes import Change, Changes
from aelib.training.loop import train
from tests.contracts.test_models import home, needed
from tests.training._small import DATA, Scripted, config, figures, same

PICTURES: Dataset = DATA


def run_of(model: str) -> RunConfig:
    raw = {"name": model}
    fields = MODELS.load(model).Config.model_fields
    for field, value in (("layerwise_epochs", 1), ("rbm_epochs", 1)):
        if field in fields and fields[field].annotation is int:
            raw[field] = value
    return RunConfig.parse(
        {
            **needed(model),
            "network": home(model) or {},
            "model": raw,
            "training": {"epochs": 2, "batch_size": 16, "device": "cpu", "learning_rate": 0.005},
        }
    )


@pytest.mark.parametrize("model", [name for name in MODELS.names() if MODELS.load(name).Model.target == "items"])
def test_a_model_resumed_within_an_epoch_ends_as_the_unbroken_one(model, monkeypatch):
    monkeypatch.setattr("aelib.training.loop.REPORT_SECONDS", 0.0)
    run = run_of(model)
    whole, rows, points = build(run, PICTURES.info), [], []
    for report in train(whole, PICTURES, run):
        rows += [report] if report.finished else []
        points += [report.snapshot()] if report.snapshot and not report.finished else []
    if not points:
        return  # in closed form there is no step to be cut off at
    for point in (points[1], points[len(points) // 2], points[-2], points[-1]):
        again = build(run, PICTURES.info)
        torch.manual_seed(77)
        torch.rand(5)
        later = [report for report in train(again, PICTURES, run, resume=point) if report.finished]
        assert same(again, whole), point.values
        assert [figures(row) for row in rows[: point.values["rows"]] + later] == [figures(row) for row in rows]


class Remembering(Scripted):
    """Keeps a tensor outside its state, as a count over an epoch is kept."""

    def __init__(self) -> None:
        super().__init__([1.0] * 2)
        self.told = torch.zeros(())

    def _loss(self, batch: Batch, progress):
        if self.training:
            self.told = self.told * 0.5 + batch.targets.mean()
        return super()._loss(batch, progress)


def test_what_a_model_keeps_outside_its_state_is_in_the_point(monkeypatch):
    monkeypatch.setattr("aelib.training.loop.REPORT_SECONDS", 0.0)
    run, points = config(epochs=2), []
    for report in train(Remembering(), DATA, run):
        points += [report.snapshot()] if report.snapshot else []
    point = points[2]
    again = Remembering()
    reports = train(again, DATA, run, resume=point)
    next(reports)
    (key,) = [key for key in point.tensors if key.startswith("middle.loose")]
    order = list(Batches(DATA.splits["train"], (), "cpu").shuffled(16, 0, 0, 0))
    assert torch.equal(again.told, point.tensors[key] * 0.5 + order[3].targets.mean())


def test_changes_take_effect_at_their_step_and_not_before(monkeypatch):
    monkeypatch.setattr("aelib.training.loop.REPORT_SECONDS", 0.0)
    run = config(epochs=3)
    slower = run.model_copy(update={"training": run.training.model_copy(update={"learning_rate": 0.001})})
    stronger = slower.model_copy(update={"model": slower.model.model_copy(update={"beta": 9.0})})
    plan = [Change((0, 0, 2), slower, 0.001), Change((0, 2, 0), stronger)]

    def reports(resume=None):
        model = build(run, DATA.info)
        return model, train(model, DATA, run, resume=resume, changes=Changes(plan))

    whole, found = reports()
    rates, points, rows = [], [], []
    for report in found:
        rates.append((report.position, report.learning_rate))
        points += [report.snapshot()] if report.snapshot else []
        rows += [report] if report.finished else []
    assert {rate for position, rate in rates if position <= (0, 0, 2)} == {0.01}
    assert {rate for position, rate in rates if position > (0, 0, 2)} == {0.001}
    assert rows[2].best, "counted anew from the change of the loss"
    assert rows[2].validation["loss"] > rows[1].validation["loss"]
    for point in points[::2]:
        again, later = reports(point)
        ended = [report for report in later if report.finished]
        assert same(again, whole), point.values
        assert [figures(row) for row in ended] == [figures(row) for row in rows[point.values["rows"] :]]
