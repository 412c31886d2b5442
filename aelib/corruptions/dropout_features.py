"""Feature dropout: a fixed share of each vector's numbers, chosen by chance, is set to the mean, 0.

What for: Missing values in a table: the model fills a feature in from the others, and cannot lean on one alone.
Limits: For vectors only, and 0 is the mean only where the table is standardised; the others are not scaled up. Unlike
    masking, which hides each number by a draw of its own, every vector loses the same count. In a table of ratings, 0
    says "not rated".
Reference: Vincent, Larochelle, Bengio, Manzagol (2008), Extracting and Composing Robust Features with Denoising
    Autoencoders, ICML (a fixed number of components is destroyed).
"""

from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from aelib.corruptions._base import CorruptionConfig

if TYPE_CHECKING:
    import torch


class Config(CorruptionConfig):
    """How many features are lost."""

    serves: ClassVar[tuple[str, ...]] = ("vectors",)

    severity: float = Field(0.25, ge=0, le=1, description="Share of each vector's numbers that are set to 0")


def corrupt(items: "torch.Tensor", config: Config, generator: "torch.Generator") -> "torch.Tensor":
    """Set ``severity * features`` numbers of each vector to 0, drawn without putting back.

    Where that is no whole number, one number more is lost with the probability of the fraction.

    Args:
        items: float (n, features); not changed.
        config: ``severity`` is the share of the features.
        generator: Lives on the device of ``items``.

    Returns:
        A new tensor of the same shape and type.
    """
    import torch

    n, features = items.shape
    draw = torch.rand((n, features), generator=generator, device=items.device, dtype=torch.float32)
    extra = torch.rand((n, 1), generator=generator, device=items.device, dtype=torch.float32)
    place = draw.argsort(1).argsort(1)  # 0 for the smallest draw: the first to be lost
    whole, part = divmod(config.severity * features, 1.0)
    return items.masked_fill((place < whole) | ((place == whole) & (extra < part)), 0.0)
