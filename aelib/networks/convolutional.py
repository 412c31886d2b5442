"""Convolutions that halve the picture at each layer, mirrored on the way back.

What for: pictures, above all colour or larger than 28x28: few weights, and neighbouring pixels are seen
together.
Limits: slower than mlp on a CPU. Sides that 2^layers does not divide are padded below and to the right with
zeros up to the next multiple, and the decoded picture is cut back to the same size. Each side needs 2^layers
pixels.
Reference: Masci et al. (2011), Stacked convolutional auto-encoders; Odena et al. (2016), Deconvolution and
checkerboard artifacts (why the way back is kernel 4 with stride 2, or upsampling followed by a convolution).
"""

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field
from torch import nn

from aelib.config import PluginConfig, RunConfig
from aelib.datasets._base import DataInfo
from aelib.networks._base import ACTIVATIONS, Activation, Body
from aelib.networks._doubling import Doubling
from aelib.networks._halving import check_halvings, cutting, halved, padding


class Config(PluginConfig):
    """Settings of the convolutional body."""

    channels: tuple[Annotated[int, Field(ge=1, le=1024)], ...] = Field(
        (32, 64),
        strict=False,
        min_length=1,
        max_length=7,
        description="Channels per layer from the picture to the code; each layer halves both sides",
    )
    down: Literal["stride", "max_pool", "average_pool"] = Field(
        "stride", description="How sides are halved: a convolution in steps of two, or a pooling after it"
    )
    batch_norm: bool = Field(False, description="Normalise each channel over the batch before its activation")
    activation: Activation = Field("relu", description="After every layer except the code and the output")

    def check(self, run: RunConfig, info: DataInfo) -> None:
        """Refuse vectors, and more halvings than the shorter side allows."""
        check_halvings(run, info, len(self.channels))


def build(config: Config, info: DataInfo) -> Body:
    """The two halves for a dataset's items; decoded pictures have exactly the size of the items."""
    halvings = len(config.channels)
    grid = (config.channels[-1], *halved(info, halvings))

    encoder = padding(info, halvings)
    for size, following in pairwise((info.item_shape[0], *config.channels)):
        encoder += _down(config, size, following)
    encoder.append(nn.Flatten())

    decoder: list[nn.Module] = [ACTIVATIONS[config.activation](), nn.Unflatten(1, grid)]
    for size, following in pairwise(reversed(config.channels)):
        decoder += [*_up(config, size, following), *_after_layer(config, following)]
    decoder += [*_up(config, config.channels[0], info.item_shape[0], bias=True), *cutting(info, halvings)]
    features = grid[0] * grid[1] * grid[2]
    return Body(nn.Sequential(*encoder), nn.Sequential(*decoder), features, grid=grid)


def _down(config: Config, size: int, following: int) -> list[nn.Module]:
    bias = not config.batch_norm  # the normalisation has a shift of its own
    if config.down == "stride":
        halving = nn.Conv2d(size, following, kernel_size=4, stride=2, padding=1, bias=bias)
        return [halving, *_after_layer(config, following)]
    pool = nn.MaxPool2d(2) if config.down == "max_pool" else nn.AvgPool2d(2)
    convolution = nn.Conv2d(size, following, kernel_size=3, padding=1, bias=bias)
    return [convolution, *_after_layer(config, following), pool]


def _up(config: Config, size: int, following: int, bias: bool | None = None) -> list[nn.Module]:
    bias = not config.batch_norm if bias is None else bias
    if config.down == "stride":
        return [Doubling(size, following, bias=bias)]
    return [nn.Upsample(scale_factor=2), nn.Conv2d(size, following, kernel_size=3, padding=1, bias=bias)]


def _after_layer(config: Config, channels: int) -> list[nn.Module]:
    activation = ACTIVATIONS[config.activation]()
    return [nn.BatchNorm2d(channels), activation] if config.batch_norm else [activation]
