"""Gaussian noise: every value moves a little, by chance.

What for: The usual noise of a denoising autoencoder, and the one for which denoising is known to learn the
    slope of the log-density of the data.
Limits: Pictures are clipped to 0..1 afterwards, so black and white pixels move only inwards and the mean drifts
    towards grey; every channel gets its own noise. Vectors are not clipped: there the severity is in their own units,
    which for a standardised table are the features' standard deviations.
Reference: Vincent, Larochelle, Lajoie, Bengio, Manzagol (2010), Stacked Denoising Autoencoders, JMLR 11;
    Alain, Bengio (2014), What Regularized Auto-Encoders Learn from the Data-Generating Distribution, JMLR 15.
"""

from typing import TYPE_CHECKING

from pydantic import Field

from aelib.corruptions._base import CorruptionConfig, in_range

if TYPE_CHECKING:
    import torch


class Config(CorruptionConfig):
    """How strong the noise is."""

    severity: float = Field(
        0.25,
        ge=0,
        le=1,
        description="Standard deviation of the noise, where pixels run from 0 to 1 and standardised features have 1",
    )


def corrupt(items: "torch.Tensor", config: Config, generator: "torch.Generator") -> "torch.Tensor":
    """Add independent normal noise; pictures are clipped.

    Args:
        items: Pictures, float (n, channels, height, width) in [0, 1], or vectors, float (n, features); not changed.
        config: ``severity`` is the standard deviation.
        generator: Lives on the device of ``items``.

    Returns:
        A new tensor of the same shape and type; pictures in [0, 1].
    """
    import torch

    noise = torch.randn(items.shape, generator=generator, device=items.device, dtype=items.dtype)
    return in_range(items + config.severity * noise)
