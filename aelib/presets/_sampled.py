"""Presets of models whose codes are shaped for sampling: variational, adversarial, quantised, regularised."""

from aelib.presets._parts import CONVOLUTIONAL, TWO_LAYERS, Preset, training

SAMPLED: dict[str, Preset] = {
    "convolutional_vae": Preset(
        "Convolutional VAE",
        "A code of 16 numbers that can be sampled and walked over, from a small convolutional network.",
        {
            "network": CONVOLUTIONAL,
            "model": {"name": "vae", "latent_dim": 16, "beta": 1.0, "warm_up": 0.2},
            "training": training(),
        },
    ),
    "classroom_2d": Preset(
        "2-D classroom",
        "A VAE with two numbers per item: the map is the latent space itself, and every point of it decodes.",
        {
            "network": TWO_LAYERS,
            "model": {"name": "vae", "latent_dim": 2, "beta": 1.0, "warm_up": 0.2},
            "training": training(),
        },
    ),
    "calibrated_vae": Preset(
        "Calibrated VAE",
        "Gaussian pixels whose noise is each batch's own error: pixels and KL find their balance without a dial.",
        {
            "network": CONVOLUTIONAL,
            "model": {"name": "vae", "latent_dim": 16, "reconstruction": "squared_error", "variance": "optimal"},
            "training": training(),
        },
    ),
    "iwae_5": Preset(
        "IWAE, five draws",
        "The published net, 784-200-200-50 with tanh, pixels drawn black or white at each step; samples 1 is its VAE.",
        {
            "network": {"name": "mlp", "widths": [200, 200], "activation": "tanh"},
            "model": {"name": "iwae", "latent_dim": 50, "samples": 5, "binarisation": "dynamic"},
            "training": training(epochs=60, batch_size=100, learning_rate=2e-3, schedule="one_cycle"),
        },
    ),
    "disentangle": Preset(
        "Disentangle",
        "The beta-TCVAE on ten numbers: each is to mean one thing; try sprites, whose true factors are known.",
        {
            "network": CONVOLUTIONAL,
            "model": {"name": "tc_vae", "latent_dim": 10, "beta": 6.0},
            "training": training(epochs=30, batch_size=512),
        },
    ),
    "factor": Preset(
        "Disentangle by a critic",
        "The FactorVAE on ten numbers: a second net looks for numbers that depend on each other; try sprites.",
        {
            "network": CONVOLUTIONAL,
            "model": {"name": "factor_vae", "latent_dim": 10},
            "training": training(epochs=30),
        },
    ),
    "wasserstein": Preset(
        "Wasserstein (MMD)",
        "Eight sharp numbers per item, spread as a whole like a normal distribution, as published for MNIST.",
        {
            "network": CONVOLUTIONAL,
            "model": {"name": "wae_mmd", "latent_dim": 8, "lam": 10.0},
            "training": training(),
        },
    ),
    "info_vae": Preset(
        "InfoVAE",
        "Half of the KL, and a distance from the prior for all codes together: dimensions go on saying something.",
        {"network": CONVOLUTIONAL, "model": {"name": "info_vae", "latent_dim": 8}, "training": training()},
    ),
    "conditional": Preset(
        "Conditional VAE",
        "The class is given to both sides, and eight numbers keep the rest: decode one code as every class.",
        {
            "network": TWO_LAYERS,
            "model": {"name": "conditional_vae", "latent_dim": 8, "warm_up": 0.2},
            "training": training(),
        },
    ),
    "adversarial_2d": Preset(
        "Adversarial, 2-D",
        "Two numbers per item, pressed by a discriminator into a round cloud that decodes everywhere.",
        {
            "network": TWO_LAYERS,
            "model": {"name": "adversarial", "latent_dim": 2},
            "training": training(epochs=30),
        },
    ),
    "vae_gan": Preset(
        "VAE-GAN",
        "A code of 16 numbers that can be sampled, judged by what a discriminator sees in place of pixels.",
        {
            "network": CONVOLUTIONAL,
            "model": {"name": "vae_gan", "latent_dim": 16, "beta": 10.0},
            "training": training(),
        },
    ),
    "vq_vae": Preset(
        "Words in a grid (VQ-VAE)",
        "Each picture becomes a small grid of words from a learnt codebook of 128: sharp, and discrete.",
        {
            "network": CONVOLUTIONAL,
            "model": {"name": "vq_vae", "latent_dim": 16, "codebook_size": 128},
            "training": training(),
        },
    ),
    "regularised": Preset(
        "Regularised, then a mixture (RAE)",
        "A smooth plain code of 16 numbers; new pictures come from a mixture that is fitted to the codes afterwards.",
        {
            "network": CONVOLUTIONAL,
            "model": {"name": "rae", "latent_dim": 16},
            "training": training(),
        },
    ),
}
