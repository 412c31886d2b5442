"""Salt and pepper: pixels chosen by chance turn black or white.

What for: Looks like dead and hot pixels of a sensor; suits pictures whose values are near 0 or 1, such as
    MNIST.
Limits: The share is met on average, half of it black and half white, and all channels of a pixel go together;
    in a nearly black-and-white picture about half of the hit pixels keep their value. Not for vectors: they have no
    black and white.
Reference: Vincent, Larochelle, Lajoie, Bengio, Manzagol (2010), Stacked Denoising Autoencoders, JMLR 11.
"""

from typing import TYPE_CHECKING

from pydantic import Field

from aelib.corruptions._base import PictureCorruptionConfig

if TYPE_CHECKING:
    import torch


class Config(PictureCorruptionConfig):
    """How many pixels are hit."""

    severity: float = Field(0.25, ge=0, le=1, description="Share of the pixels that turn black or white, half each")


def corrupt(items: "torch.Tensor", config: Config, generator: "torch.Generator") -> "torch.Tensor":
    """Set each pixel to 0 or to 1, each with probability ``severity / 2``.

    Args:
        items: float (n, channels, height, width) in [0, 1]; not changed.
        config: ``severity`` is the share of pixels.
        generator: Lives on the device of ``items``.

    Returns:
        A new tensor of the same shape, type and range.
    """
    import torch

    n, _, height, width = items.shape
    # One draw decides both: the low end is pepper, the high end salt, so a higher severity only adds pixels.
    # float32 whatever the items are: in half precision the draws are too coarse to meet a small share.
    draw = torch.rand((n, 1, height, width), generator=generator, device=items.device, dtype=torch.float32)
    half = config.severity / 2
    return items.masked_fill(draw < half, 0.0).masked_fill(draw >= 1 - half, 1.0)
