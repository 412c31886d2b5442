"""How well a run does the task that its corruptions and target make of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aelib import codes
from aelib.config import PluginConfig
from aelib.datasets._base import Items
from aelib.measures.reconstruction import squared_error

if TYPE_CHECKING:
    from aelib.models._base import Model

CHUNK = 256  # items at once


@dataclass(frozen=True)
class Task:
    """One number per item, all from corrupted inputs.

    Attributes:
        before: float64 (n,), squared error of the input from the target, summed over the entries that are there; None
            where they are not alike (masks).
        after: float64 (n,), the same of what comes out.
        dice: float64 (n,), for masks: 2 |A and B| / (|A| + |B|) of the pixels above one half; 1 where both are empty.
    """

    before: np.ndarray | None
    after: np.ndarray
    dice: np.ndarray | None


def corrupted(items: Items, corruptions: Sequence[PluginConfig], seed: int = 0) -> np.ndarray:
    """What goes in, float32: each item has its own draw, by its place in the dataset, whatever it is shown with."""
    import torch

    from aelib.corruptions._base import apply_all
    from aelib.training.batches import generator_for

    clean = torch.from_numpy(np.ascontiguousarray(items.floats()))
    if not corruptions:
        return clean.numpy()
    draws = [
        apply_all(clean[row : row + 1], corruptions, generator_for("cpu", seed, 2, int(number)))
        for row, number in enumerate(items.index)
    ]
    return torch.cat(draws).numpy() if draws else clean.numpy()


def judge(model: "Model", items: Items, corruptions: Sequence[PluginConfig], seed: int = 0) -> Task:
    """Corrupt items, put them through the model, and hold both ends against the target.

    Args:
        model: Trained; used where it is.
        items: Any number from 1.
        corruptions: The run's; none leaves the items as they are.
        seed: Of the corruptions.
    """
    before, after, dice = [], [], []
    for start in range(0, len(items), CHUNK):
        part = items.take(np.arange(start, min(start + CHUNK, len(items))))
        inputs, wanted = corrupted(part, corruptions, seed), codes.targets(model, part)
        recon = codes.reconstruct(model, inputs, part.labels)
        after.append(squared_error(recon, wanted, model.info.missing))
        if model.target == "items":
            before.append(squared_error(inputs, wanted, model.info.missing))
        else:
            dice.append(dice_per_item(recon, wanted))
    return Task(
        np.concatenate(before) if before else None, np.concatenate(after), np.concatenate(dice) if dice else None
    )


def dice_per_item(found: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Overlap of each found mask with the true one (n,), pixels above one half counting as inside.

    2 |A and B| / (|A| + |B|) (Dice 1945, Measures of the amount of ecologic association between species); 1 where both
    are empty.
    """
    ours, theirs = ((mask > 0.5).reshape(len(mask), -1) for mask in (found, masks))
    sizes = ours.sum(1) + theirs.sum(1)
    return np.where(sizes == 0, 1.0, 2 * (ours & theirs).sum(1) / np.maximum(sizes, 1))
