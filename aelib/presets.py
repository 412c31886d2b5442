"""Ready-made settings as plain data: everything of a run's config except its dataset."""

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


def _tutorial(
    widths: list[int],
    latent_dim: int,
    code_activation: str,
    reconstruction: str,
    epochs: int,
    batch_size: int,
) -> dict[str, Any]:
    """A classic tutorial net: ReLU between layers, sigmoid output, Adam at 0.001."""
    return {
        "network": {"name": "mlp", "widths": widths, "activation": "relu"},
        "model": {
            "name": "autoencoder",
            "latent_dim": latent_dim,
            "code_activation": code_activation,
            "reconstruction": reconstruction,
            "output": "sigmoid",
        },
        "training": {"epochs": epochs, "batch_size": batch_size, "learning_rate": 1e-3},
    }


PRESETS: dict[str, Preset] = {
    "tutorial_784_256_128_16": Preset(
        "784-256-128-16",
        "The deep tutorial net: three layers to 16 linear numbers, cross-entropy, 10 epochs, batches of 32.",
        _tutorial([256, 128], 16, "linear", "bce", epochs=10, batch_size=32),
    ),
    "tutorial_784_10": Preset(
        "784-10",
        "The smallest tutorial net: one layer to ten ReLU numbers, squared error, 50 epochs, batches of 256.",
        _tutorial([], 10, "relu", "squared_error", epochs=50, batch_size=256),
    ),
    "tutorial_784_64_32": Preset(
        "784-64-32",
        "A tutorial net: one hidden layer, 32 ReLU numbers, squared error, 50 epochs, batches of 256.",
        _tutorial([64], 32, "relu", "squared_error", epochs=50, batch_size=256),
    ),
    "tutorial_784_128_32": Preset(
        "784-128-32",
        "A tutorial net: one hidden layer, 32 linear numbers, squared error; epochs and batch are ours.",
        _tutorial([128], 32, "linear", "squared_error", epochs=50, batch_size=256),
    ),
    "convolutional_vae": Preset(
        "Convolutional VAE",
        "A code of 16 numbers that can be sampled and walked over, from a small convolutional network.",
        {
            "network": {"name": "convolutional", "channels": [32, 64]},
            "model": {"name": "vae", "latent_dim": 16, "beta": 1.0, "warm_up": 0.2},
            "training": {"epochs": 20, "batch_size": 128, "learning_rate": 1e-3},
        },
    ),
    "classroom_2d": Preset(
        "2-D classroom",
        "A VAE with two numbers per item: the map is the latent space itself, and every point of it decodes.",
        {
            "network": {"name": "mlp", "widths": [256, 128]},
            "model": {"name": "vae", "latent_dim": 2, "beta": 1.0, "warm_up": 0.2},
            "training": {"epochs": 20, "batch_size": 128, "learning_rate": 1e-3},
        },
    ),
    "denoising": Preset(
        "Denoising",
        "A quarter of the pixels is blanked on the way in; the clean picture is asked for on the way out.",
        {
            "corruptions": [{"name": "masking", "severity": 0.25}],
            "network": {"name": "convolutional", "channels": [32, 64]},
            "model": {"name": "autoencoder", "latent_dim": 32},
            "training": {"epochs": 20, "batch_size": 128, "learning_rate": 1e-3},
        },
    ),
}
