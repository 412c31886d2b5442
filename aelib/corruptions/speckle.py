"""Speckle: noise in proportion to the value itself; what is zero stays zero.

What for: The grain of ultrasound, radar and lasers; on vectors, errors of measurement that grow with the quantity.
Limits: Pictures are clipped to 0..1 afterwards, so bright pixels move only downwards; black background gets no noise
    at all. On standardised vectors zero is the mean: a number near its mean hardly moves, whatever it was measured in.
Reference: Lee (1981), Refined filtering of image noise using local statistics, Computer Graphics and Image Processing
    15; Hendrycks, Dietterich (2019), Benchmarking Neural Network Robustness to Common Corruptions and Perturbations.
"""

from typing import TYPE_CHECKING

from pydantic import Field

from aelib.corruptions._base import CorruptionConfig, in_range

if TYPE_CHECKING:
    import torch


class Config(CorruptionConfig):
    """How strong the noise is."""

    severity: float = Field(
        0.4, ge=0, le=1, description="Standard deviation of the noise as a share of the value it falls on"
    )


def corrupt(items: "torch.Tensor", config: Config, generator: "torch.Generator") -> "torch.Tensor":
    """Multiply each value by 1 plus independent normal noise; pictures are clipped.

    Args:
        items: Pictures, float (n, channels, height, width) in [0, 1], or vectors, float (n, features); not changed.
        config: ``severity`` is the standard deviation of the factor.
        generator: Lives on the device of ``items``.

    Returns:
        A new tensor of the same shape and type; pictures in [0, 1].
    """
    import torch

    noise = torch.randn(items.shape, generator=generator, device=items.device, dtype=items.dtype)
    return in_range(items + config.severity * noise * items)
