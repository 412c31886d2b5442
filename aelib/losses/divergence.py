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
