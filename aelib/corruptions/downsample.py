"""Downsample: the picture is reduced to fewer pixels and returned to its size; nothing is left to chance.

What for: Super-resolution: the model gets the coarse picture and is asked for the fine one. Severity 0.5 is
    exactly times 2, severity 1 exactly times 4.
Limits: Small detail is gone, and what a model puts in its place is the likeliest guess, not what was there. On
    pictures of 8 x 8 pixels times 4 leaves 2 x 2. Only the mean over each block is known: cameras blur otherwise.
Reference: Dong, Loy, He, Tang (2014), Learning a Deep Convolutional Network for Image Super-Resolution, ECCV (a
    net that starts from the picture returned to size).
"""

import math
from typing import TYPE_CHECKING

from pydantic import Field

from aelib.corruptions._base import PictureCorruptionConfig

if TYPE_CHECKING:
    import torch


class Config(PictureCorruptionConfig):
    """How far the picture is reduced."""

    severity: float = Field(
        0.5, ge=0, le=1, description="The picture is reduced by 4 to the power of this: 0.5 is by 2, 1 is by 4"
    )


def corrupt(items: "torch.Tensor", config: Config, generator: "torch.Generator") -> "torch.Tensor":
    """Average over square cells of ``4 ** severity`` pixels, then interpolate linearly between the cells' centres.

    For a factor that divides both sides this is average pooling and the usual bilinear enlargement.

    Args:
        items: float (n, channels, height, width) in [0, 1]; not changed.
        config: ``4 ** severity`` is the factor, which need not be whole.
        generator: Not used: nothing is random.

    Returns:
        A new tensor of the same shape, type and range.
    """
    if config.severity == 0:
        return items.clone()
    factor = 4.0**config.severity
    rows, columns = (_there_and_back(length, factor).to(items) for length in items.shape[-2:])
    return (rows @ items @ columns.T).clamp(0.0, 1.0)  # rounding may leave 1.0000001


def _there_and_back(length: int, factor: float) -> "torch.Tensor":
    """The linear map of one axis, float64 (length, length): cell means, then linear between the centres."""
    import torch

    cells = max(1, math.ceil(length / factor - 1e-9))
    width = min(factor, length)
    start = (torch.arange(cells, dtype=torch.float64) * factor).clamp_max(
        length - width
    )  # the last one ends at the border
    pixels = torch.arange(length, dtype=torch.float64)
    overlap = torch.minimum(start[:, None] + width, pixels + 1) - torch.maximum(start[:, None], pixels)
    means, centres = overlap.clamp_min(0) / width, start + width / 2
    right = torch.searchsorted(centres, pixels + 0.5).clamp(1, cells - 1) if cells > 1 else torch.zeros(length).long()
    left = (right - 1).clamp_min(0)
    span = torch.where(right > left, centres[right] - centres[left], 1.0)
    share = ((pixels + 0.5 - centres[left]) / span).clamp(0, 1)  # beyond the outermost centres: the outermost cell
    return (1 - share)[:, None] * means[left] + share[:, None] * means[right]
