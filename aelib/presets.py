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


def _unet(corruption: dict[str, Any]) -> dict[str, Any]:
    """A small U-Net that undoes one corruption."""
    return {
        "corruptions": [corruption],
        "network": {"name": "unet", "channels": [16, 32, 64]},
        "model": {"name": "restoration", "output": "difference"},
        "training": {"epochs": 10, "batch_size": 64, "learning_rate": 1e-3},
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
    "pca_30": Preset(
        "Principal components",
        "Thirty components in closed form, in seconds: the error that every autoencoder of that length has to beat.",
        {"model": {"name": "pca", "latent_dim": 30}},
    ),
    "denoising_stacked": Preset(
        "Stacked denoising",
        "Sigmoid layers of 500 and 250, each trained alone to undo its own masking, then all together.",
        {
            "corruptions": [{"name": "masking", "severity": 0.25}],
            "network": {"name": "mlp", "widths": [500, 250], "activation": "sigmoid"},
            "model": {"name": "denoising", "latent_dim": 32, "layerwise_epochs": 5, "layerwise_masking": 0.25},
            "training": {"epochs": 20, "batch_size": 128, "learning_rate": 1e-3},
        },
    ),
    "sparse_price": Preset(
        "Sparse: a price on codes",
        "A thousand units, each at a price for being on, so that most are off for any one item.",
        {
            "network": {"name": "mlp", "widths": []},
            "model": {"name": "sparse", "latent_dim": 1000, "sparsity": "l1", "lam": 0.2},
            "training": {"epochs": 20, "batch_size": 256, "learning_rate": 1e-3},
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
            "training": {"epochs": 20, "batch_size": 256, "learning_rate": 1e-3},
        },
    ),
    "sparse_rate": Preset(
        "Sparse: 5 % on",
        "The classroom sparse autoencoder: 196 sigmoid units, each pulled towards being on for one item in twenty.",
        {
            "network": {"name": "mlp", "widths": []},
            "model": {
                "name": "sparse",
                "latent_dim": 196,
                "code_activation": "sigmoid",
                "sparsity": "kl",
                "rho": 0.05,
                "beta": 3.0,
            },
            "training": {"epochs": 20, "batch_size": 256, "learning_rate": 1e-3},
        },
    ),
    "contractive": Preset(
        "Contractive",
        "One sigmoid layer of 1000 units with tied weights, and the exact price on how much codes move with items.",
        {
            "network": {"name": "mlp", "widths": [], "tied": True},
            "model": {"name": "contractive", "latent_dim": 1000, "lam": 0.1, "jacobian": "exact"},
            "training": {"epochs": 20, "batch_size": 128, "learning_rate": 1e-3},
        },
    ),
    "deep_belief_2006": Preset(
        "Deep belief net, 2006",
        "784-1000-500-250-30: four Boltzmann machines one after the other, unrolled, then fine-tuned with Adam.",
        {
            "network": {"name": "mlp", "widths": [1000, 500, 250], "activation": "sigmoid"},
            "model": {"name": "deep_belief", "latent_dim": 30, "rbm_epochs": 10},
            "training": {"epochs": 20, "batch_size": 100, "learning_rate": 1e-3, "schedule": "one_cycle"},
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
            "network": {"name": "unet", "channels": [16, 32, 64]},
            "model": {"name": "segmentation"},
            "training": {"epochs": 10, "batch_size": 64, "learning_rate": 1e-3},
        },
    ),
    "calibrated_vae": Preset(
        "Calibrated VAE",
        "Gaussian pixels whose noise is each batch's own error: pixels and KL find their balance without a dial.",
        {
            "network": {"name": "convolutional", "channels": [32, 64]},
            "model": {"name": "vae", "latent_dim": 16, "reconstruction": "squared_error", "variance": "optimal"},
            "training": {"epochs": 20, "batch_size": 128, "learning_rate": 1e-3},
        },
    ),
    "iwae_5": Preset(
        "IWAE, five draws",
        "The published net, 784-200-200-50 with tanh, five weighed draws per item; put samples at 1 for its VAE.",
        {
            "network": {"name": "mlp", "widths": [200, 200], "activation": "tanh"},
            "model": {"name": "iwae", "latent_dim": 50, "samples": 5},
            "training": {"epochs": 60, "batch_size": 100, "learning_rate": 2e-3, "schedule": "one_cycle"},
        },
    ),
    "disentangle": Preset(
        "Disentangle",
        "The beta-TCVAE on ten numbers: each is to mean one thing; try sprites, whose true factors are known.",
        {
            "network": {"name": "convolutional", "channels": [32, 64]},
            "model": {"name": "tc_vae", "latent_dim": 10, "beta": 6.0},
            "training": {"epochs": 30, "batch_size": 512, "learning_rate": 1e-3},
        },
    ),
    "wasserstein": Preset(
        "Wasserstein (MMD)",
        "Eight sharp numbers per item, spread as a whole like a normal distribution, as published for MNIST.",
        {
            "network": {"name": "convolutional", "channels": [32, 64]},
            "model": {"name": "wae_mmd", "latent_dim": 8, "lam": 10.0},
            "training": {"epochs": 20, "batch_size": 128, "learning_rate": 1e-3},
        },
    ),
    "conditional": Preset(
        "Conditional VAE",
        "The class is given to both sides, and eight numbers keep the rest: decode one code as every class.",
        {
            "network": {"name": "mlp", "widths": [256, 128]},
            "model": {"name": "conditional_vae", "latent_dim": 8, "warm_up": 0.2},
            "training": {"epochs": 20, "batch_size": 128, "learning_rate": 1e-3},
        },
    ),
    "adversarial_2d": Preset(
        "Adversarial, 2-D",
        "Two numbers per item, pressed by a discriminator into a round cloud that decodes everywhere.",
        {
            "network": {"name": "mlp", "widths": [256, 128]},
            "model": {"name": "adversarial", "latent_dim": 2},
            "training": {"epochs": 30, "batch_size": 128, "learning_rate": 1e-3},
        },
    ),
    "vq_vae": Preset(
        "Words in a grid (VQ-VAE)",
        "Each picture becomes a small grid of words from a learnt codebook of 128: sharp, and discrete.",
        {
            "network": {"name": "convolutional", "channels": [32, 64]},
            "model": {"name": "vq_vae", "latent_dim": 16, "codebook_size": 128},
            "training": {"epochs": 20, "batch_size": 128, "learning_rate": 1e-3},
        },
    ),
    "vae_gan": Preset(
        "VAE-GAN",
        "A code of 16 numbers that can be sampled, judged by what a discriminator sees in place of pixels.",
        {
            "network": {"name": "convolutional", "channels": [32, 64]},
            "model": {"name": "vae_gan", "latent_dim": 16, "beta": 10.0},
            "training": {"epochs": 20, "batch_size": 128, "learning_rate": 1e-3},
        },
    ),
    "regularised": Preset(
        "Regularised, then a mixture (RAE)",
        "A smooth plain code of 16 numbers; new pictures come from a mixture that is fitted to the codes afterwards.",
        {
            "network": {"name": "convolutional", "channels": [32, 64]},
            "model": {"name": "rae", "latent_dim": 16},
            "training": {"epochs": 20, "batch_size": 128, "learning_rate": 1e-3},
        },
    ),
}
