"""What a preset is, and the parts of a config that several of them share."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Preset:
    """One set of settings.

    Attributes:
        title: On the button.
        description: What it is and why one would take it, in one sentence.
        config: Part of a run's config, to be completed with a dataset and given to ``RunConfig.parse``.
    """

    title: str
    description: str
    config: dict[str, Any]


CONVOLUTIONAL = {"name": "convolutional", "channels": [32, 64]}
TWO_LAYERS = {"name": "mlp", "widths": [256, 128]}
ONE_LAYER = {"name": "mlp", "widths": []}


def training(epochs: int = 20, batch_size: int = 128, learning_rate: float = 1e-3, **more: Any) -> dict[str, Any]:
    """The training section: the usual one but for what is given."""
    return {"epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate, **more}
