"""Masking: pixels chosen by chance are set to black.

What for: Makes the model fill in what is missing from what is left; the noise of the first denoising
    autoencoders.
Limits: On pictures with a black background (MNIST) most masked pixels were black already; the share is met on
    average, each pixel being drawn on its own, and all channels of a pixel go together.
Reference: Vincent, Larochelle, Lajoie, Bengio, Manzagol (2010), Stacked Denoising Autoencoders, JMLR 11.
"""

from typing import TYPE_CHECKING

from pydantic import Field

from aelib.corruptions._base import CorruptionConfig

if TYPE_CHECKING:
    import torch


class Config(CorruptionConfig):
    """How much is hidden."""

    severity: float = Field(0.25, ge=0, le=1, description="Share of the pixels that are set to black")


def corrupt(images: "torch.Tensor", config: Config, generator: "torch.Generator") -> "torch.Tensor":
    """Set each pixel to 0 with probability ``severity``.

    Args:
        images: float (n, channels, height, width) in [0, 1]; not changed.
        config: ``severity`` is the share of pixels.
        generator: Lives on the device of ``images``.

    Returns:
        A new tensor of the same shape, type and range.
    """
    import torch

    n, _, height, width = images.shape
    # float32 whatever the images are: in half precision the draws are too coarse to meet a small share.
    draw = torch.rand((n, 1, height, width), generator=generator, device=images.device, dtype=torch.float32)
    return images.masked_fill(draw < config.severity, 0.0)
