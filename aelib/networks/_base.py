"""What a network gives to a model: two bodies around a row of features, and the code shape it allows."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Activation = Literal["relu", "elu", "tanh", "sigmoid"]
ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "elu": nn.ELU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}


@dataclass(frozen=True)
class Layer:
    """One layer each way, of the same weights as in the bodies: what is trained alone, one after the other.

    Attributes:
        down: (n, outer) -> (n, inner), before its activation; without dropout.
        activation: After ``down``, and on the way back after the ``up`` of the next layer.
        up: (n, inner) -> (n, outer), before the activation there.
    """

    down: nn.Linear
    activation: nn.Module
    up: "nn.Linear | Transposed"


@dataclass(frozen=True)
class Body:
    """Two halves without the code between them; the model adds the layers to and from the code.

    Attributes:
        encoder: items (n, channels, height, width) -> features (n, features), after its last activation.
        decoder: features (n, features) -> items before the output activation; it begins with the activation
            that belongs to the model's code-to-features layer.
        features: Length of the row of features on both sides.
        code_shape: ``vector`` or ``grid``; a network without a code gives a ``SkipBody`` instead.
        grid: (channels, height, width) where the row of features is a small picture, flattened: such a body serves
            codes of either shape, and a model whose code is a grid un-flattens the row itself. None where places mean
            nothing in the row.
        layers: The layers between item (as a row) and features, outermost first; empty where features are the items'
            own numbers; None where it has no such pairs.
        tied: Whether the way back uses the weights of the way in; a model then ties its layers around the code too.
    """

    encoder: nn.Module
    decoder: nn.Module
    features: int
    code_shape: Literal["vector", "grid"] = "vector"
    layers: tuple[Layer, ...] | None = None
    tied: bool = False
    grid: tuple[int, int, int] | None = None


@dataclass(frozen=True)
class SkipBody:
    """Two halves joined at every size, so that the picture goes round any code (U-Net): there is no bottleneck.

    Attributes:
        encoder: items (n, channels, height, width) -> a tuple of maps, one per size, finest first, each
            (n, its channels, its height, its width).
        decoder: that tuple -> (n, ``channels``, height, width) at the items' size, after its last activation; the
            model adds the last layer, from each pixel's channels to what it is asked for.
        channels: What the decoder gives for each pixel.
        features: Channels of the coarsest map; their means over it are the nearest thing to a code.
        code_shape: ``none``.
    """

    encoder: nn.Module
    decoder: nn.Module
    channels: int
    features: int
    code_shape: Literal["none"] = "none"


class Transposed(nn.Module):
    """The way back of a linear layer with its own weights, transposed; only the bias is new (starts at 0).

    Source: Vincent et al. (2010), Stacked denoising autoencoders, section 2.2 (tied weights, W' = W^T).
    """

    def __init__(self, partner: nn.Linear) -> None:
        super().__init__()
        self._partner = (partner,)  # in a tuple: as a submodule its weights would be listed, and saved, twice
        self.bias = nn.Parameter(torch.zeros(partner.in_features))

    @property
    def weight(self) -> Tensor:
        """(outer, inner): a view of the partner's weights."""
        return self._partner[0].weight.T

    def forward(self, features: Tensor) -> Tensor:
        """(n, inner) -> (n, outer)."""
        return F.linear(features, self.weight, self.bias)


def layer_back(partner: nn.Linear, tied: bool) -> nn.Linear | Transposed:
    """The layer that undoes ``partner``'s shapes: with its transposed weights, or with weights of its own."""
    return Transposed(partner) if tied else nn.Linear(partner.out_features, partner.in_features)
