"""Occlusion: one square, at a place chosen by chance, turns black.

What for: In-painting: the model must make up what lay behind the square from what is left around it.
Limits: Black on a black background (MNIST) hides only what is bright; a square is a harder and rarer hole than
    scattered pixels (masking), and what lay behind it may not follow from the rest. The side follows the
    picture's own, so that a severity looks alike at every size; of an oblong picture it is an oblong.
Reference: Pathak, Krähenbühl, Donahue, Darrell, Efros (2016), Context Encoders: Feature Learning by Inpainting,
    CVPR; DeVries, Taylor (2017), Improved Regularization of Convolutional Neural Networks with Cutout,
    arXiv:1708.04552.
"""

from typing import TYPE_CHECKING

from pydantic import Field

from aelib.corruptions._base import PictureCorruptionConfig

if TYPE_CHECKING:
    import torch


class Config(PictureCorruptionConfig):
    """How large the square is."""

    severity: float = Field(
        0.4, ge=0, le=1, description="Side of the black square as a share of the picture's; 1 covers all of it"
    )


def corrupt(items: "torch.Tensor", config: Config, generator: "torch.Generator") -> "torch.Tensor":
    """Set one block of each picture to 0, all channels together; it always lies fully inside.

    Args:
        items: float (n, channels, height, width) in [0, 1]; not changed.
        config: ``severity`` times height and width, rounded to whole pixels, is the block.
        generator: Lives on the device of ``items``; the same draws with a larger block give one that holds the smaller.

    Returns:
        A new tensor of the same shape, type and range.
    """
    import torch

    n, _, height, width = items.shape
    draws = torch.rand((2, n, 1), generator=generator, device=items.device, dtype=torch.float32)
    hidden = [
        _inside(draw, length, round(config.severity * length))
        for draw, length in zip(draws, (height, width), strict=True)
    ]
    block = hidden[0][:, None, :, None] & hidden[1][:, None, None, :]
    return items.masked_fill(block, 0.0)


def _inside(draw: "torch.Tensor", length: int, block: int) -> "torch.Tensor":
    """Which of ``length`` pixels are in a block that begins where ``draw`` (n, 1) in [0, 1) says: bool (n, length)."""
    import torch

    start = (draw * (length - block + 1)).floor()
    place = torch.arange(length, device=draw.device)
    return (place >= start) & (place < start + block)
