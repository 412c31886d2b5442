"""How far a distribution of codes is from the prior."""

import torch
from torch import Tensor


def kl_per_dimension(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL divergence of diagonal Gaussians from the standard normal, for each dimension of the code.

    KL_j = (mu_j^2 + exp(lv_j) - 1 - lv_j) / 2 (Kingma and Welling 2014, Auto-encoding variational Bayes,
    appendix B); mean over the batch. A dimension near 0 carries nothing. With spreads, lv = 2 log(spread).

    Args:
        mean: (n, latent_dim).
        log_variance: (n, latent_dim), natural logarithm of the variance.

    Returns:
        (latent_dim,) in nats, at least 0.
    """
    # expm1: exp(lv) - 1 loses all its digits near lv = 0, which is where unused dimensions are.
    return 0.5 * (mean.square() + torch.expm1(log_variance) - log_variance).mean(0)


def kl_to_standard_normal(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mu, exp(lv)) || N(0, 1)): sum over dimensions, mean over the batch.

    Arguments and source as ``kl_per_dimension``.

    Returns:
        A scalar in nats per item, at least 0.
    """
    return kl_per_dimension(mean, log_variance).sum()


def free_bits_top_up(kl: Tensor, least: float) -> Tensor:
    """What is missing to ``least`` nats in each dimension: sum_j max(least - KL_j, 0).

    Added to sum_j KL_j it gives sum_j max(KL_j, least), the term of free bits (Kingma et al. 2016, Improving
    variational inference with inverse autoregressive flow, appendix C.8), in which a dimension below ``least`` has no
    gradient and so is not switched off.

    Args:
        kl: (latent_dim,), each a mean over the batch (``kl_per_dimension``): the maximum is taken of the mean.
        least: Nats that each dimension has for nothing.

    Returns:
        A scalar in nats, at least 0.
    """
    return (least - kl).clamp(min=0).sum()
