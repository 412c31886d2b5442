"""The contract of a corruption, and the one function that applies a list of them in order."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import Field

from aelib.config import PluginConfig
from aelib.registry import CORRUPTIONS

if TYPE_CHECKING:
    import torch


class CorruptionConfig(PluginConfig):
    """Every corruption has one dial; 0 changes nothing."""

    severity: float = Field(0.25, ge=0, le=1, description="0 leaves the items as they are, 1 is the worst")


def apply_all(
    images: "torch.Tensor", corruptions: Sequence[PluginConfig], generator: "torch.Generator"
) -> "torch.Tensor":
    """Apply corruptions in order.

    Args:
        images: float (n, channels, height, width) in [0, 1]; not changed.
        corruptions: Their configs, first applied first.
        generator: Lives on the device of ``images``; same state, same result.
    """
    for config in corruptions:
        images = CORRUPTIONS.load(config.name).corrupt(images, config, generator)
    return images
