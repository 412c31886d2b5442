"""Masking: pixels chosen by chance are set to black; of vectors, numbers are set to 0.

What for: Makes the model fill in what is missing from what is left; the noise of the first denoising
    autoencoders.
Limits: On pictures with a black background (MNIST) most masked pixels were black already; the share is met on
    average, each pixel being drawn on its own, and all channels of a pixel go together. 0 is a vector's mean where
    the table is standardised, and says "not rated" in a table of ratings.
Reference: Vincent, Larochelle, Lajoie, Bengio, Manzagol (2010), Stacked Denoising Autoencoders, JMLR 11.
"""

from typing import TYPE_CHECKING

from pydantic import Field

from aelib.corruptions._base import CorruptionConfig

if TYPE_CHECKING:
    import torch


class Config(CorruptionConfig):
    """How much is hidden."""

    severity: float = Field(
        0.25, ge=0, le=1, description="Share of the pixels, or of a vector's numbers, that are set to 0"
    )


def corrupt(items: "torch.Tensor", config: Config, generator: "torch.Generator") -> "torch.Tensor":
    """Set each pixel, or each number of a vector, to 0 with probability ``severity``.

    Args:
        items: Pictures, float (n, channels, height, width) in [0, 1], or vectors, float (n, features); not changed.
        config: ``severity`` is the share.
        generator: Lives on the device of ``items``.

    Returns:
        A new tensor of the same shape, type and range.
    """
    import torch

    shape = items.shape if items.ndim == 2 else (len(items), 1, *items.shape[2:])
    # float32 whatever the items are: in half precision the draws are too coarse to meet a small share.
    draw = torch.rand(shape, generator=generator, device=items.device, dtype=torch.float32)
    return items.masked_fill(draw < config.severity, 0.0)
