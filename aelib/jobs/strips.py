"""The strip of reconstructions that a training leaves at each epoch: the same validation items each time."""

from typing import TYPE_CHECKING

import numpy as np

from aelib import codes
from aelib.config import RunConfig
from aelib.datasets._base import Dataset, Items
from aelib.drawing import as_pictures, in_channels
from aelib.pictures import strip, to_png

if TYPE_CHECKING:
    from aelib.models._base import Model

ITEMS = 12  # pictures in a strip
PIXELS = 48  # width of one picture, about: enlarged by whole factors, so that pixels stay hard


def draw_strip(model: "Model", dataset: Dataset, config: RunConfig) -> bytes:
    """A PNG: items above, reconstructions below; in a run with corruptions the corrupted items, which are what was
    reconstructed, between them.
    """
    info = dataset.info
    items = dataset.splits["validation"].take(np.arange(min(ITEMS, info.counts["validation"])))
    inputs = _corrupted(items, config)
    recon = codes.reconstruct(model, inputs, items.labels)
    shown = [items.values, *([inputs] if config.corruptions else []), recon]
    rows = [as_pictures(values, info.low, info.high) for values in shown]
    pictures = np.concatenate([in_channels(row, rows[0].shape[1]) for row in rows])
    factor = max(1, PIXELS // pictures.shape[-1])
    large = pictures.repeat(factor, axis=2).repeat(factor, axis=3)
    return to_png(strip(large, columns=len(items), gap=2, background=96))


def _corrupted(items: Items, config: RunConfig) -> np.ndarray:
    """What the model is given for these items, float32: each time with the same corruption."""
    import torch

    from aelib.corruptions._base import apply_all
    from aelib.training.batches import generator_for

    clean, generator = torch.from_numpy(items.floats()), generator_for("cpu", config.training.seed, 2)
    return apply_all(clean, config.corruptions, generator).numpy()
