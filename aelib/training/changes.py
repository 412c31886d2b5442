"""Settings changed in the middle of a run: each with the step before which it took effect, so that it is replayed.

Changed can be what the steps read each time: the learning rate, the severity of corruptions, and a model's own numbers
that its loss reads. A change of what is being minimised (anything but the learning rate) counts the best validation
anew, because figures from before it mean something else.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch

from aelib.config import RunConfig
from aelib.datasets._base import Dataset
from aelib.models._base import Progress, build
from aelib.training.batches import Batches

Position = tuple[int, int, int]  # stage, epoch, step: the first step that sees the change


@dataclass(frozen=True)
class Change:
    """From ``position`` on, the run goes by ``config``; ``rate`` is the new peak learning rate where that changed."""

    position: Position
    config: RunConfig
    rate: float | None = None


class Changes:
    """The changes of one training, in order; more may be added while it trains.

    Args:
        known: Each takes effect at its position.
        closely: Report after each step, with that step's own figures; may be switched between two reports. It changes
            what is said and nothing of what is learnt.
    """

    def __init__(self, known: Iterable[Change] = (), closely: bool = False) -> None:
        self.waiting, self.closely = sorted(known, key=lambda change: change.position), closely

    def add(self, change: Change) -> None:
        """From now on, at the next step."""
        self.waiting.append(change)

    def due(self, position: Position) -> list[Change]:
        """Take out those that the step at ``position`` is the first to see."""
        if not self.waiting:
            return []
        found = [change for change in self.waiting if change.position <= position]
        self.waiting = [change for change in self.waiting if change.position > position]
        return found

    def before(self, position: Position) -> list[Change]:
        """Take out those that were in effect already at a resume point."""
        found = [change for change in self.waiting if change.position < position]
        self.waiting = [change for change in self.waiting if change.position >= position]
        return found


def fields_read(run: RunConfig, dataset: Dataset) -> set[str]:
    """The fields of a run's model config that its losses read at each step; others cannot be changed in mid-run."""
    model = build(run, dataset.info).train()
    seen: set[str] = set()
    phases = [phase for stage in model.stages() for phase in stage.phases]  # what stages read, they read once

    class Reading:
        def __getattr__(self, name: str) -> object:
            seen.add(name)
            return getattr(run.model, name)

    model.config = Reading()
    few = dataset.splits["train"].take(np.arange(min(8, len(dataset.splits["train"]))))
    with torch.random.fork_rng(devices=[]):  # whoever asks may train in this process
        for phase in phases:
            batch = next(Batches(few, run.corruptions, "cpu", run.target).in_order(8, run.training.seed))
            phase.loss(batch, Progress(0, 1))
    return seen
