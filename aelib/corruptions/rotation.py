"""Rotation: each picture is turned about its middle, to the left or to the right by chance.

What for: Asks for the upright picture, and shows how far a turn moves the code: a model that never saw one takes a
    turned 6 for something else.
Limits: Up to 30 degrees; values between pixels are interpolated, which blurs a little, and what comes in from outside
    continues the border. All pictures are turned by the same angle, only the side is drawn.
Reference: Larochelle, Erhan, Courville, Bergstra, Bengio (2007), An Empirical Evaluation of Deep Architectures on
    Problems with Many Factors of Variation, ICML (mnist-rot).
"""

import math
from typing import TYPE_CHECKING

from pydantic import Field

from aelib.corruptions._base import PictureCorruptionConfig

if TYPE_CHECKING:
    import torch

LARGEST = 30.0  # degrees


class Config(PictureCorruptionConfig):
    """How far the picture is turned."""

    severity: float = Field(0.5, ge=0, le=1, description="Angle as a share of 30 degrees; 0.5 is 15")


def corrupt(items: "torch.Tensor", config: Config, generator: "torch.Generator") -> "torch.Tensor":
    """Turn about the middle of the picture, bilinear between pixels.

    Args:
        items: float (n, channels, height, width) in [0, 1]; not changed.
        config: ``severity`` times 30 degrees is the angle.
        generator: Lives on the device of ``items``; draws one side per picture.

    Returns:
        A new tensor of the same shape, type and range.
    """
    import torch

    if config.severity == 0:
        return items.clone()
    n, _, height, width = items.shape
    left = torch.rand((n, 1, 1), generator=generator, device=items.device, dtype=torch.float32) < 0.5
    angle = math.radians(config.severity * LARGEST)
    sine = torch.where(left, -math.sin(angle), math.sin(angle)).to(items.dtype)
    y = (torch.arange(height, device=items.device, dtype=items.dtype) - (height - 1) / 2).view(1, height, 1)
    x = (torch.arange(width, device=items.device, dtype=items.dtype) - (width - 1) / 2).view(1, 1, width)
    from_x, from_y = math.cos(angle) * x - sine * y, sine * x + math.cos(angle) * y
    # Clamping to the outermost pixels' centres continues the border (mps knows no padding_mode="border").
    from_x = from_x.clamp(-(width - 1) / 2, (width - 1) / 2) * (2 / width)
    from_y = from_y.clamp(-(height - 1) / 2, (height - 1) / 2) * (2 / height)
    grid = torch.stack([from_x, from_y], -1)
    return torch.nn.functional.grid_sample(items, grid, "bilinear", "zeros", align_corners=False).clamp(0.0, 1.0)
