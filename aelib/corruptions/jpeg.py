"""JPEG: each picture is saved as a JPEG of low quality and read back; nothing is left to chance.

What for: The blocks and ringing that pictures from the net have; asks for the picture before it was compressed.
Limits: Pillow works on the CPU, one picture after the other: slow for large batches, and on a GPU each batch goes
    there and back. Blocks are 8 x 8 pixels: a picture of 8 x 8 is a single one. Colour keeps its full resolution
    (4:4:4).
Reference: Wallace (1991), The JPEG still picture compression standard, Communications of the ACM 34; Hendrycks,
    Dietterich (2019), Benchmarking Neural Network Robustness to Common Corruptions and Perturbations, ICLR.
"""

import io
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from aelib.corruptions._base import PictureCorruptionConfig

if TYPE_CHECKING:
    import torch


class Config(PictureCorruptionConfig):
    """How strong the compression is."""

    severity: float = Field(
        0.9, ge=0, le=1, description="JPEG quality is 100 - 99 times this: 0.25 is the usual 75, 0.9 is 11, 1 is 1"
    )


def corrupt(items: "torch.Tensor", config: Config, generator: "torch.Generator") -> "torch.Tensor":
    """Encode and decode with Pillow at quality ``round(100 - 99 * severity)``.

    Args:
        items: float (n, 1 or 3, height, width) in [0, 1]; not changed.
        config: ``severity`` decides the quality.
        generator: Not used: nothing is random.

    Returns:
        A new tensor of the same shape, type and range.
    """
    import torch

    if config.severity == 0:
        return items.clone()
    quality = round(100 - 99 * config.severity)
    pixels = (items.detach().float().cpu() * 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
    back = np.stack([_saved(picture, quality) for picture in pixels])
    return torch.from_numpy(back).permute(0, 3, 1, 2).to(items) / 255


def _saved(pixels: np.ndarray, quality: int) -> np.ndarray:
    """uint8 (height, width, 1 or 3), through a JPEG file in memory."""
    from PIL import Image

    file = io.BytesIO()
    image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    image.save(file, format="JPEG", quality=quality, subsampling=0)
    with Image.open(file, formats=("JPEG",)) as read:
        return np.asarray(read, dtype=np.uint8).reshape(pixels.shape)
