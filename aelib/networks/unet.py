"""A U-Net: the picture is halved and doubled again, and at each size the way in is handed across to the way out.

What for: pictures in, pictures out: denoising, super-resolution, in-painting, colouring and segmentation, with every
detail kept, for the models restoration and segmentation.
Limits: it has no bottleneck: what is handed across goes round any code, so nothing can be decoded, walked over or
sampled. Slower than convolutional, for it works at full size. Sides that do not divide are padded below and to the
right with zeros and cut back. Each side needs 2^(layers - 1) pixels.
Reference: Ronneberger, Fischer and Brox (2015), U-Net: Convolutional networks for biomedical image segmentation; Odena
et al. (2016), Deconvolution and checkerboard artifacts (why the way back is upsampling followed by a convolution).
"""

from itertools import pairwise
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from aelib.config import PluginConfig, RunConfig
from aelib.datasets._base import DataInfo
from aelib.networks._base import ACTIVATIONS, Activation, SkipBody
from aelib.networks._halving import check_halvings, cutting, padding


class Config(PluginConfig):
    """Settings of the U-Net."""

    channels: tuple[Annotated[int, Field(ge=1, le=1024)], ...] = Field(
        (8, 16, 32, 64),
        strict=False,
        min_length=2,
        max_length=8,
        description="Channels per size; the first has the picture's own, each further one halves both sides",
    )
    batch_norm: bool = Field(False, description="Normalise each channel over the batch before its activation")
    activation: Activation = Field("relu", description="After every layer except the output")

    def check(self, run: RunConfig, info: DataInfo) -> None:
        """Refuse vectors, and more sizes than the picture allows."""
        check_halvings(run, info, len(self.channels), at_full_size=1)


def build(config: Config, info: DataInfo) -> SkipBody:
    """The two halves for a dataset's items; what comes out has exactly the size of the items."""
    halvings = len(config.channels) - 1
    return SkipBody(
        _WayIn(config, info.item_shape[0], padding(info, halvings)),
        _WayOut(config, cutting(info, halvings)),
        channels=config.channels[0],
        features=config.channels[-1],
    )


class _WayIn(nn.Module):
    """items -> the maps of each size, finest first."""

    def __init__(self, config: Config, colours: int, before: list[nn.Module]) -> None:
        super().__init__()
        self.sizes = nn.ModuleList([nn.Sequential(*before, *_two_layers(config, colours, config.channels[0]))])
        for size, following in pairwise(config.channels):
            self.sizes.append(nn.Sequential(nn.MaxPool2d(2), *_two_layers(config, size, following)))

    def forward(self, items: Tensor) -> tuple[Tensor, ...]:
        maps = [items]
        for size in self.sizes:
            maps.append(size(maps[-1]))
        return tuple(maps[1:])


class _WayOut(nn.Module):
    """The maps of each size -> maps at the items' size."""

    def __init__(self, config: Config, after: list[nn.Module]) -> None:
        super().__init__()
        coarse_first = list(pairwise(reversed(config.channels)))
        self.doublings = nn.ModuleList(
            nn.Sequential(nn.Upsample(scale_factor=2), *_layer(config, size, following))
            for size, following in coarse_first
        )
        self.sizes = nn.ModuleList(
            nn.Sequential(*_two_layers(config, 2 * following, following)) for _, following in coarse_first
        )
        self.after = nn.Sequential(*after)

    def forward(self, maps: tuple[Tensor, ...]) -> Tensor:
        features = maps[-1]
        for doubling, size, across in zip(self.doublings, self.sizes, reversed(maps[:-1]), strict=True):
            features = size(torch.cat([across, doubling(features)], dim=1))
        return self.after(features)


def _two_layers(config: Config, size: int, following: int) -> list[nn.Module]:
    return [*_layer(config, size, following), *_layer(config, following, following)]


def _layer(config: Config, size: int, following: int) -> list[nn.Module]:
    convolution = nn.Conv2d(size, following, kernel_size=3, padding=1, bias=not config.batch_norm)
    activation = ACTIVATIONS[config.activation]()
    return [convolution, nn.BatchNorm2d(following), activation] if config.batch_norm else [convolution, activation]
