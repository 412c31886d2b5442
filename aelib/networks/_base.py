"""What a network gives to a model: two bodies around a row of features, and the code shape it allows."""

from dataclasses import dataclass
from typing import Literal

from torch import nn

Activation = Literal["relu", "elu", "tanh", "sigmoid"]
ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "elu": nn.ELU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}


@dataclass(frozen=True)
class Body:
    """Two halves without the code between them; the model adds the layers to and from the code.

    Attributes:
        encoder: items (n, channels, height, width) -> features (n, features), after its last activation.
        decoder: features (n, features) -> items before the output activation; it begins with the activation
            that belongs to the model's code-to-features layer.
        features: Length of the row of features on both sides.
        code_shape: ``vector``, or ``none`` where the picture goes round the code (U-Net).
    """

    encoder: nn.Module
    decoder: nn.Module
    features: int
    code_shape: Literal["vector", "grid", "none"] = "vector"
