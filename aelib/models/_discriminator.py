"""Nets that tell what is real from what is made: a body that gives features, and one logit over them."""

from collections.abc import Sequence
from itertools import pairwise

from pydantic import Field
from torch import nn

from aelib.config import PluginConfig
from aelib.datasets._base import DataInfo

SLOPE = 0.2  # of the leaky ReLU below 0 (Radford, Metz and Chintala 2016, DCGAN)
LEAST_SIDE = 8  # pixels: below, there is nothing for convolutions to halve


class RowDiscriminatorConfig(PluginConfig):
    """Size and pace of a discriminator over codes; a variant sets its own defaults where they differ."""

    discriminator_layers: int = Field(2, ge=1, le=12, description="Hidden layers of the discriminator")
    discriminator_units: int = Field(256, ge=1, le=8192, description="Units in each of them; the papers have 1000")
    discriminator_rate: float = Field(0.2, gt=0, le=100, description="Factor on the learning rate of its phase")


def discriminator_of(config: RowDiscriminatorConfig, latent_dim: int) -> nn.Sequential:
    """A whole discriminator over codes (n, latent_dim) -> logits (n, 1)."""
    return verdict_of(*row_body(latent_dim, [config.discriminator_units] * config.discriminator_layers))


def row_body(features: int, units: Sequence[int], normalised: bool = False) -> tuple[nn.Sequential, int]:
    """Fully connected layers over rows (n, features), or over items flattened to rows; and its features' number.

    Args:
        features: Numbers in a row.
        units: Of each layer.
        normalised: Each layer but the first is normalised within each item (layer norm).
    """
    layers: list[nn.Module] = [nn.Flatten()]
    for number, (size, following) in enumerate(pairwise([features, *units])):
        layers += [nn.Linear(size, following), *([nn.LayerNorm(following)] if normalised and number else [])]
        layers.append(nn.LeakyReLU(SLOPE))
    return nn.Sequential(*layers), units[-1]


def picture_body(info: DataInfo, channels: int) -> tuple[nn.Sequential, int]:
    """Strided convolutions, ``channels`` in the first and twice as many in each further one; and its features' number.

    Two layers, or three where the shorter side has 32 pixels and more. Each but the first is normalised within each
    item (group norm with one group): batch norm would let real and made items see each other.
    """
    colours, height, width = info.item_shape
    count = 3 if min(height, width) >= 32 else 2
    sizes = [colours, *(channels * 2**number for number in range(count))]
    layers: list[nn.Module] = []
    for number, (size, following) in enumerate(pairwise(sizes)):
        layers.append(nn.Conv2d(size, following, kernel_size=4, stride=2, padding=1))
        layers += [nn.GroupNorm(1, following)] if number else []
        layers.append(nn.LeakyReLU(SLOPE))
    return nn.Sequential(*layers, nn.Flatten()), sizes[-1] * (height // 2**count) * (width // 2**count)


def item_body(info: DataInfo, channels: int) -> tuple[nn.Sequential, int]:
    """Convolutions for pictures of at least ``LEAST_SIDE`` pixels, else two layers of 8 ``channels`` units each."""
    if info.kind == "images" and min(info.item_shape[1:]) >= LEAST_SIDE:
        return picture_body(info, channels)
    return row_body(info.features, [8 * channels] * 2, normalised=True)


def verdict_of(body: nn.Sequential, features: int) -> nn.Sequential:
    """The whole discriminator: (n, ...) -> logits (n, 1), above 0 for real."""
    return nn.Sequential(body, nn.Linear(features, 1))
