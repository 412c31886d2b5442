"""Small data, models and runs for the tests of the loop."""

import numpy as np
import torch

from aelib.config import RunConfig
from aelib.datasets._base import Dataset, Items, split_items
from aelib.models._base import Batch, Model, Phase, Progress, Stage, Term, build
from aelib.training.batches import Batches
from aelib.training.loop import Report, Snapshot, train

ZOO = "tests.zoo.models"


def small_data(count: int = 120, seed: int = 0) -> Dataset:
    """Pictures of 6 x 6 with one bright square each: something that can be learnt in a second."""
    random = np.random.default_rng(seed)
    images = random.integers(0, 40, (count, 1, 6, 6), dtype=np.uint8)
    for image, (x, y) in zip(images, random.integers(0, 4, (count, 2)), strict=True):
        image[0, x : x + 3, y : y + 3] = 230
    return split_items(images, random.integers(0, 2, count), validation=20, test=20, classes=("a", "b"))


DATA = small_data()


def config(model: str = "vae", network: dict | None = None, corruptions: tuple = (), **training) -> RunConfig:
    return RunConfig.parse(
        {
            "model": {"name": model, "latent_dim": 2},
            "network": {"name": "mlp", "widths": [16], **(network or {})},
            "corruptions": list(corruptions),
            "training": {"epochs": 3, "batch_size": 16, "learning_rate": 0.01, "device": "cpu", **training},
        }
    )


def trained(run: RunConfig, data: Dataset = DATA, resume: Snapshot | None = None) -> tuple[Model, list[Report]]:
    model = build(run, data.info)
    return model, [report for report in train(model, data, run, resume=resume) if report.finished]


def same(one: Model, other: Model) -> bool:
    first, second = one.state_dict(), other.state_dict()
    return first.keys() == second.keys() and all(torch.equal(first[key], second[key]) for key in first)


def figures(report: Report) -> tuple:
    return report.stage, report.epoch, report.train, report.validation, report.learning_rate, report.best


VARIANTS = {
    "vae": {},
    "dropout": {"network": {"dropout": 0.4}},
    "corrupted": {"model": "autoencoder", "corruptions": ("gaussian", "masking")},
    "one_cycle": {"schedule": "one_cycle", "weight_decay": 0.1},
    "stages": {"model": "two_stages"},
    "optimisers": {"model": "two_optimisers", "patience": 1, "epochs": 4},
    "closed": {"model": "closed_form"},
}


def numbered(count: int = 23) -> Items:
    """Items whose first pixel says which they are."""
    images = np.zeros((count, 1, 2, 2), np.uint8)
    images[:, 0, 0, 0] = np.arange(count)
    return Items(images, np.arange(count), np.arange(count))


def order(batches: Batches, *numbers: int) -> list[int]:
    return [int(label) for batch in batches.shuffled(4, *numbers) for label in batch.labels]


class Scripted(Model):
    """Its validation loss follows a script, whatever is learnt; ``epoch`` counts how often it was trained."""

    can_encode = False

    def __init__(self, script: list[float]) -> None:
        super().__init__(None, None, DATA.info)  # type: ignore[arg-type]
        self.script, self.latent_dim = script, 1
        self.weight = torch.nn.Parameter(torch.zeros(1, 36))
        self.register_buffer("epoch", torch.zeros((), dtype=torch.int64))

    def encode(self, items, labels=None):
        raise AssertionError("not asked")

    def decode(self, latents, labels=None):
        raise AssertionError("not asked")

    def reconstruct(self, items, labels=None):
        return torch.zeros_like(items)

    def stages(self):
        return (Stage("scripted", phases=(Phase("all", (self.weight,), self._loss),)),)

    def _loss(self, batch: Batch, progress: Progress):
        if self.training:
            self.epoch.fill_(progress.done // (progress.total // len(self.script)) + 1)
            return {"part": Term(self.weight.sum() * 0 + 1)}
        return {"part": Term(torch.tensor(self.script[int(self.epoch) - 1]))}


def scripted(script: list[float], patience: int, resume: Snapshot | None = None) -> tuple[Scripted, list[Report]]:
    model = Scripted(script)
    run = config(patience=patience, epochs=len(script))
    return model, [report for report in train(model, DATA, run, resume=resume) if report.finished]
