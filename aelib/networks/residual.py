"""Convolutions in blocks with a short way round each, so that a deep network trains as easily as a flat one.

What for: deeper bodies for pictures: colour, many kinds of things, 32x32 and larger.
Limits: several times slower than convolutional at the same channels. Sides that 2^layers does not divide are padded
below and to the right with zeros up to the next multiple, and the decoded picture is cut back to the same size. Each
side needs 2^layers pixels. With batch_norm, items of a batch are not independent of each other while training.
Reference: He et al. (2016), Deep residual learning for image recognition; He et al. (2019), Bag of tricks for image
classification with CNNs (the short way averages before it halves); Zhang, Dauphin and Ma (2019), Fixup initialization
(branches that begin at zero, which makes batch norm optional).
"""

from itertools import pairwise
from typing import Annotated

from pydantic import Field
from torch import Tensor, nn

from aelib.config import PluginConfig, RunConfig
from aelib.datasets._base import DataInfo
from aelib.networks._base import ACTIVATIONS, Activation, Body
from aelib.networks._doubling import Doubling
from aelib.networks._halving import check_halvings, cutting, halved, padding


class Config(PluginConfig):
    """Settings of the residual body."""

    channels: tuple[Annotated[int, Field(ge=1, le=1024)], ...] = Field(
        (32, 64),
        strict=False,
        min_length=1,
        max_length=7,
        description="Channels per size from the picture to the code; each halves both sides",
    )
    blocks: int = Field(1, ge=0, le=8, description="Further blocks at each size, after the one that changes it")
    batch_norm: bool = Field(False, description="Normalise each channel over the batch before its activation")
    activation: Activation = Field("relu", description="After every block, and inside it")

    def check(self, run: RunConfig, info: DataInfo) -> None:
        """Refuse vectors, and more halvings than the shorter side allows."""
        check_halvings(run, info, len(self.channels))


def build(config: Config, info: DataInfo) -> Body:
    """The two halves for a dataset's items; decoded pictures have exactly the size of the items."""
    halvings, colours = len(config.channels), info.item_shape[0]
    grid = (config.channels[-1], *halved(info, halvings))

    encoder = padding(info, halvings)
    for size, following in pairwise((colours, *config.channels)):
        halving = nn.Conv2d(size, following, kernel_size=4, stride=2, padding=1, bias=not config.batch_norm)
        short = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(size, following, kernel_size=1))
        encoder += [_Block(config, halving, short, following), *_same_size(config, following)]
    encoder.append(nn.Flatten())

    decoder: list[nn.Module] = [ACTIVATIONS[config.activation](), nn.Unflatten(1, grid)]
    for size, following in pairwise(reversed(config.channels)):
        short = nn.Sequential(nn.Conv2d(size, following, kernel_size=1), nn.Upsample(scale_factor=2))
        decoder += _same_size(config, size)
        decoder.append(_Block(config, Doubling(size, following, bias=not config.batch_norm), short, following))
    decoder += [*_same_size(config, config.channels[0]), Doubling(config.channels[0], colours)]
    decoder += cutting(info, halvings)
    features = grid[0] * grid[1] * grid[2]
    return Body(nn.Sequential(*encoder), nn.Sequential(*decoder), features, grid=grid)


class _Block(nn.Module):
    """activation(short way + branch): the branch is two convolutions, of which the first may change the size.

    Its last layer begins at zero, so that a fresh block is its short way.
    """

    def __init__(self, config: Config, first: nn.Module, short: nn.Module, channels: int) -> None:
        super().__init__()
        second = nn.Conv2d(channels, channels, kernel_size=3, padding=1, bias=not config.batch_norm)
        norms = [nn.BatchNorm2d(channels) if config.batch_norm else nn.Identity() for _ in range(2)]
        last = norms[1] if config.batch_norm else second
        nn.init.zeros_(last.weight)  # type: ignore[arg-type]  # both kinds have one
        nn.init.zeros_(last.bias)  # type: ignore[arg-type]
        self.branch = nn.Sequential(first, norms[0], ACTIVATIONS[config.activation](), second, norms[1])
        self.short, self.activation = short, ACTIVATIONS[config.activation]()

    def forward(self, maps: Tensor) -> Tensor:
        """(n, size, height, width) -> (n, channels, height, width), each halved, doubled or the same."""
        return self.activation(self.short(maps) + self.branch(maps))


def _same_size(config: Config, channels: int) -> list[nn.Module]:
    return [
        _Block(
            config,
            nn.Conv2d(channels, channels, kernel_size=3, padding=1, bias=not config.batch_norm),
            nn.Identity(),
            channels,
        )
        for _ in range(config.blocks)
    ]
