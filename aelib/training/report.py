"""What the loop says while it trains, and what it takes to go on later."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch


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
        finished: Whether an epoch ended with this report.
        best: Whether the watched validation figure is the lowest so far.
        snapshot: Copies everything needed to go on from here; only at the end of an epoch that took steps, and only
            until the next report is asked for.
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
    finished: bool = False
    best: bool = False
    snapshot: Callable[[], "Snapshot"] | None = None


@dataclass(frozen=True)
class Snapshot:
    """A resume point: tensors by name, and plain values. Random states are not needed: all randomness of an
    epoch follows from (seed, stage, epoch), see ``batches.generator_for``.
    """

    tensors: dict[str, torch.Tensor]
    values: dict[str, Any]

    @property
    def best_weights(self) -> dict[str, torch.Tensor] | None:
        """The model's state at its best validation up to here; None before the first."""
        if self.values["best_value"] is None:
            return None
        kind = "model." if self.values["best_epoch"] == self.values["epoch"] - 1 else "best."
        return {key.removeprefix(kind): value for key, value in self.tensors.items() if key.startswith(kind)}
