"""Fully connected layers: every pixel is an input of its own.

What for: small pictures, the classic tutorial nets, and anything to be trained in seconds on a CPU.
Limits: blind to where pixels lie, so shifted pictures look new to it; its weights grow with the picture.
Reference: Rumelhart, Hinton and Williams (1986), Learning internal representations by error propagation.
"""

from itertools import pairwise
from typing import Annotated

from pydantic import Field
from torch import nn

from aelib.config import PluginConfig
from aelib.datasets._base import DataInfo
from aelib.networks._base import ACTIVATIONS, Activation, Body, Layer, layer_back


class Config(PluginConfig):
    """Settings of the fully connected body."""

    widths: tuple[Annotated[int, Field(ge=1, le=8192)], ...] = Field(
        (256, 128),
        strict=False,
        max_length=8,
        description="Units per layer from picture to code, mirrored on the way back; empty: code layers only",
    )
    activation: Activation = Field("relu", description="After every layer except the code and the output")
    dropout: float = Field(0.0, ge=0, le=0.9, description="Share of hidden units silenced at random while training")
    tied: bool = Field(
        False, description="The way back uses the transposed weights of the way in: half the weights, no free scale"
    )


def build(config: Config, info: DataInfo) -> Body:
    """The two halves for a dataset's items; without ``widths`` they only flatten and un-flatten."""
    sizes = (info.features, *config.widths)
    encoder: list[nn.Module] = [nn.Flatten()]
    down = [nn.Linear(size, following) for size, following in pairwise(sizes)]
    for linear in down:
        encoder += [linear, *_after_layer(config)]
    up = [layer_back(linear, config.tied) for linear in reversed(down)]
    decoder: list[nn.Module] = []
    for linear in up:
        decoder += [*_after_layer(config), linear]
    decoder.append(nn.Unflatten(1, info.item_shape))
    activation = ACTIVATIONS[config.activation]()
    layers = tuple(Layer(there, activation, back) for there, back in zip(down, reversed(up), strict=True))
    return Body(nn.Sequential(*encoder), nn.Sequential(*decoder), sizes[-1], layers=layers, tied=config.tied)


def _after_layer(config: Config) -> list[nn.Module]:
    activation = ACTIVATIONS[config.activation]()
    return [activation, nn.Dropout(config.dropout)] if config.dropout else [activation]
