"""Items less their mean, where some entries may be missing: shared by the models of straight lines."""

import torch
from torch import Tensor

from aelib.models._base import DataPasses


def mean_of_items(passes: DataPasses, missing: float | None, like: Tensor) -> Tensor:
    """(features,) mean of each entry over the items that have it; 0 where none has. On the device and type of like."""
    total, count = torch.zeros_like(like), torch.zeros_like(like)
    for batch in passes():
        rows = batch.items.flatten(1).to(like.device).to(like.dtype)
        there = torch.ones_like(rows) if missing is None else (rows != missing).to(like.dtype)
        total += (rows * there).sum(0)
        count += there.sum(0)
    return total / count.clamp_min(1)


def centred(rows: Tensor, mean: Tensor, missing: float | None) -> Tensor:
    """Rows (n, features) less their mean; an entry that is missing says nothing, so it is the mean: 0."""
    away = rows - mean
    return away if missing is None else away.masked_fill(rows == missing, 0)
