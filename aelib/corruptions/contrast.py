"""Contrast: all values move towards the picture's own mean; nothing is left to chance.

What for: Fog, a dim room, a faded scan: asks whether the encoder sees the form or the strength of it.
Limits: At severity 1 a picture is one flat colour, and nothing can be told of it. Each channel has its own mean, so
    the hue stays. A lower contrast keeps all detail, only weaker, which a linear model undoes with ease.
Reference: Hendrycks, Dietterich (2019), Benchmarking Neural Network Robustness to Common Corruptions and
    Perturbations, ICLR (contrast).
"""

from typing import TYPE_CHECKING

from pydantic import Field

from aelib.corruptions._base import PictureCorruptionConfig

if TYPE_CHECKING:
    import torch


class Config(PictureCorruptionConfig):
    """How much contrast is taken away."""

    severity: float = Field(0.5, ge=0, le=1, description="Share of the contrast that is taken away; 1 leaves flat grey")


def corrupt(items: "torch.Tensor", config: Config, generator: "torch.Generator") -> "torch.Tensor":
    """Blend each channel of each picture with its mean: x + severity (mean - x).

    Args:
        items: float (n, channels, height, width) in [0, 1]; not changed.
        config: ``severity`` is the share of the mean.
        generator: Not used: nothing is random.

    Returns:
        A new tensor of the same shape, type and range.
    """
    import torch

    mean = items.mean((2, 3), keepdim=True)
    return torch.lerp(items, mean.expand_as(items), config.severity).clamp(0.0, 1.0)
