"""What the loop says while it trains, and what it takes to go on later."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch

EARLY = (0, 1, 3, 10, 30, 100, 300, 1000)  # steps of the very first epoch after which there is always a report


@dataclass(frozen=True)
class Report:
    """Where a training stands.

    Attributes:
        stage: The stage's name.
        epoch, epochs: Epochs finished over all stages, and their planned number.
        step, steps: Steps finished in this epoch, and their number.
        train: Mean over this epoch so far, by part, and ``loss``.
        validation: The same on held-out items, and ``error``; empty inside an epoch.
        learning_rate: At the last step.
        items_per_second: Over this epoch so far.
        position: Stage, epochs of it and steps of the next one that are done: where a change of settings takes effect.
        gauges: ``gradient_norm`` (mean over this epoch's batches so far) and, at its end, ``active_dimensions``.
        at_step: This very step's loss parts, ``loss`` and ``gradient_norm``, where each step is reported (``closely``).
        finished: Whether an epoch ended with this report.
        best: Whether the watched validation figure is the lowest so far.
        snapshot: Copies everything needed to go on from here, within an epoch too; only until the next report is asked
            for, and not where no step was taken.
    """

    stage: str
    epoch: int
    epochs: int
    step: int
    steps: int
    train: dict[str, float]
    validation: dict[str, float] = field(default_factory=dict)
    learning_rate: float = 0.0
    items_per_second: float = 0.0
    position: tuple[int, int, int] = (0, 0, 0)
    gauges: dict[str, float] = field(default_factory=dict)
    at_step: dict[str, float] = field(default_factory=dict)
    finished: bool = False
    best: bool = False
    snapshot: Callable[[], "Snapshot"] | None = None


def is_early(stage: int, epoch: int, step: int) -> bool:
    """Whether a report is due at this position whatever the clock says: codes move most in the first steps."""
    return stage == epoch == 0 and step in EARLY


@dataclass(frozen=True)
class Snapshot:
    """A resume point: tensors by name, and plain values. At an epoch's end random states are not needed: all
    randomness of an epoch follows from (seed, stage, epoch), see ``batches.generator_for``. Within one they are in it.
    """

    tensors: dict[str, torch.Tensor]
    values: dict[str, Any]

    @property
    def position(self) -> tuple[int, int, int]:
        """Stage, epochs of it and steps of the next one that are done."""
        return self.values["stage"], self.values["epoch"], self.values.get("step", 0)

    @property
    def best_weights(self) -> dict[str, torch.Tensor] | None:
        """The model's state at its best validation up to here; None before the first."""
        is_here = self.values.get("best_is_model", self.values["best_epoch"] == self.values["epoch"] - 1)
        kind = "model." if is_here else "best."
        return {key.removeprefix(kind): value for key, value in self.tensors.items() if key.startswith(kind)} or None
