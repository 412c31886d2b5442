"""Presets of models with a plain code or none: tutorial nets, classics, restoration, segmentation, tables."""

from typing import Any

from aelib.presets._parts import CONVOLUTIONAL, ONE_LAYER, Preset, training


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


def _unet(corruption: dict[str, Any]) -> dict[str, Any]:
    """A small U-Net that undoes one corruption."""
    return {
        "corruptions": [corruption],
        "network": {"name": "unet", "channels": [8, 16, 32, 64]},
        "model": {"name": "restoration", "output": "difference"},
        "training": training(epochs=10, batch_size=64),
    }


PLAIN: dict[str, Preset] = {
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
    "pca_30": Preset(
        "Principal components",
        "Thirty components in closed form, in seconds: the error that every autoencoder of that length has to beat.",
        {"model": {"name": "pca", "latent_dim": 30}},
    ),
    "linear": Preset(
        "Linear",
        "One layer in, one out, no bend: trained step by step, it comes to the same error as principal components.",
        {"model": {"name": "linear", "latent_dim": 30}, "training": training(epochs=50)},
    ),
    "table": Preset(
        "A table of numbers",
        "Squared error and a free output on a small net, which any table takes: wine, breast_cancer, your own CSV.",
        {
            "network": {"name": "mlp", "widths": [32]},
            "model": {
                "name": "autoencoder",
                "latent_dim": 2,
                "reconstruction": "squared_error",
                "output": "identity",
            },
            "training": training(epochs=200, batch_size=32),
        },
    ),
    "recommend": Preset(
        "Recommend (AutoRec)",
        "Fifty sigmoid units fill in what a user has not rated; for ratings, whose open entries no error counts.",
        {
            "network": ONE_LAYER,
            "model": {
                "name": "autoencoder",
                "latent_dim": 50,
                "code_activation": "sigmoid",
                "reconstruction": "squared_error",
                "output": "identity",
            },
            "training": training(epochs=60, batch_size=64, weight_decay=1.0),
        },
    ),
    "denoising": Preset(
        "Denoising",
        "A quarter of the pixels is blanked on the way in; the clean picture is asked for on the way out.",
        {
            "corruptions": [{"name": "masking", "severity": 0.25}],
            "network": CONVOLUTIONAL,
            "model": {"name": "autoencoder", "latent_dim": 32},
            "training": training(),
        },
    ),
    "denoising_stacked": Preset(
        "Stacked denoising",
        "Sigmoid layers of 500 and 250, each trained alone to undo its own masking, then all together.",
        {
            "corruptions": [{"name": "masking", "severity": 0.25}],
            "network": {"name": "mlp", "widths": [500, 250], "activation": "sigmoid"},
            "model": {"name": "denoising", "latent_dim": 32, "layerwise_epochs": 5, "layerwise_masking": 0.25},
            "training": training(),
        },
    ),
    "sparse_price": Preset(
        "Sparse: a price on codes",
        "A thousand units, each at a price for being on, so that most are off for any one item.",
        {
            "network": ONE_LAYER,
            "model": {"name": "sparse", "latent_dim": 1000, "sparsity": "l1", "lam": 0.2},
            "training": training(batch_size=256),
        },
    ),
    "sparse_top_25": Preset(
        "Sparse: 25 of 1000",
        "The k-sparse autoencoder: the 25 largest of a thousand linear units are kept, down from 100, weights tied.",
        {
            "network": {"name": "mlp", "widths": [], "tied": True},
            "model": {
                "name": "sparse",
                "latent_dim": 1000,
                "code_activation": "linear",
                "sparsity": "top_k",
                "k": 25,
                "k_start": 100,
            },
            "training": training(batch_size=256),
        },
    ),
    "sparse_rate": Preset(
        "Sparse: 5 % on",
        "The classroom sparse autoencoder: 196 sigmoid units, each pulled towards being on for one item in twenty.",
        {
            "network": ONE_LAYER,
            "model": {
                "name": "sparse",
                "latent_dim": 196,
                "code_activation": "sigmoid",
                "sparsity": "kl",
                "rho": 0.05,
                "beta": 3.0,
            },
            "training": training(batch_size=256),
        },
    ),
    "sparse_connections": Preset(
        "Sparse: half the connections",
        "A code of 256 units, each of which sees only half of what comes in, chosen by chance once and for all.",
        {
            "network": ONE_LAYER,
            "model": {"name": "sparse", "latent_dim": 256, "sparsity": "removed_connections"},
            "training": training(),
        },
    ),
    "contractive": Preset(
        "Contractive",
        "One sigmoid layer of 1000 units with tied weights, and the exact price on how much codes move with items.",
        {
            "network": {"name": "mlp", "widths": [], "tied": True},
            "model": {"name": "contractive", "latent_dim": 1000, "lam": 0.1, "jacobian": "exact"},
            "training": training(),
        },
    ),
    "deep_belief_2006": Preset(
        "Deep belief net, 2006",
        "784-1000-500-250-30: four Boltzmann machines one after the other, unrolled, then fine-tuned with Adam.",
        {
            "network": {"name": "mlp", "widths": [1000, 500, 250], "activation": "sigmoid"},
            "model": {"name": "deep_belief", "latent_dim": 30, "rbm_epochs": 10},
            "training": training(batch_size=100, schedule="one_cycle"),
        },
    ),
    "unet_denoising": Preset(
        "U-Net: denoising",
        "Gaussian noise on the way in; a U-Net keeps what is still there and takes the noise away.",
        _unet({"name": "gaussian", "severity": 0.3}),
    ),
    "super_resolution_x2": Preset(
        "Super-resolution, times 2",
        "The picture is reduced to half its sides and returned to size; the fine one is asked for.",
        _unet({"name": "downsample", "severity": 0.5}),
    ),
    "super_resolution_x4": Preset(
        "Super-resolution, times 4",
        "The picture is reduced to a quarter of its sides and returned to size; the fine one is asked for.",
        _unet({"name": "downsample", "severity": 1.0}),
    ),
    "in_painting": Preset(
        "In-painting",
        "A black square hides part of the picture; what lay behind it is asked for.",
        _unet({"name": "occlusion", "severity": 0.4}),
    ),
    "colouring": Preset(
        "Colouring",
        "Colour pictures go in grey and come out in colour; for datasets such as faces and cifar10.",
        _unet({"name": "grey", "severity": 1.0}),
    ),
    "segmentation": Preset(
        "Segmentation",
        "For each pixel, whether it belongs to the thing or the ground; for datasets with masks: sprites and faces.",
        {
            "target": "masks",
            "network": {"name": "unet", "channels": [8, 16, 32, 64]},
            "model": {"name": "segmentation"},
            "training": training(epochs=10, batch_size=64),
        },
    ),
}
