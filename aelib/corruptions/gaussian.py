"""Gaussian noise: every value moves a little, by chance.

What for: The usual noise of a denoising autoencoder, and the one for which denoising is known to learn the
    slope of the log-density of the data.
Limits: Values are clipped to 0..1 afterwards, so black and white pixels move only inwards and the mean drifts
    towards grey; every channel gets its own noise.
Reference: Vincent, Larochelle, Lajoie, Bengio, Manzagol (2010), Stacked Denoising Autoencoders, JMLR 11;
    Alain, Bengio (2014), What Regularized Auto-Encoders Learn from the Data-Generating Distribution, JMLR 15.
"""

from typing import TYPE_CHECKING

from pydantic import Field

from aelib.corruptions._base import CorruptionConfig

if TYPE_CHECKING:
    import torch


class Config(CorruptionConfig):
    """How strong the noise is."""

    severity: float = Field(
        0.25, ge=0, le=1, description="Standard deviation of the noise, where pixel values run from 0 to 1"
    )


def corrupt(images: "torch.Tensor", config: Config, generator: "torch.Generator") -> "torch.Tensor":
    """Add independent normal noise and clip.

    Args:
        images: float (n, channels, height, width) in [0, 1]; not changed.
        config: ``severity`` is the standard deviation.
        generator: Lives on the device of ``images``.

    Returns:
        A new tensor of the same shape, type and range.
    """
    import torch

    noise = torch.randn(images.shape, generator=generator, device=images.device, dtype=images.dtype)
    return (images + config.severity * noise).clamp(0.0, 1.0)
