"""Log-densities of Gaussian codes, and the importance-weighted bound on log p(x) that is made of them."""

import math

import torch
from torch import Tensor


def log_normal(values: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """Log-density of a normal distribution at each value; the three arguments broadcast.

    log N(z; mu, exp(lv)) = -(log 2 pi + lv + (z - mu)^2 exp(-lv)) / 2.
    """
    return -0.5 * (math.log(2 * math.pi) + log_variance + (values - mean).square() * torch.exp(-log_variance))


def log_prior_over_posterior(latents: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """The logarithm of p(z) / q(z | x), with p the standard normal: minus a one-draw estimate of the KL.

    Args:
        latents: (..., latent_dim), drawn from q.
        mean: Of q; broadcasts with the latents.
        log_variance: Of q, natural logarithm.

    Returns:
        (...) in nats, summed over dimensions.
    """
    zero = torch.zeros_like(mean)
    return (log_normal(latents, zero, zero) - log_normal(latents, mean, log_variance)).sum(-1)


def importance_weighted_bound(log_weights: Tensor) -> Tensor:
    """The bound log (1/k) sum_k w_k of each item: a lower bound on log p(x) in expectation, tighter the larger k.

    With log w = log p(x | z) + log p(z) - log q(z | x); k = 1 is the ELBO (Burda, Grosse and Salakhutdinov 2016,
    Importance weighted autoencoders, section 3).

    Args:
        log_weights: (k, n).

    Returns:
        (n,) in nats.
    """
    return torch.logsumexp(log_weights, dim=0) - math.log(len(log_weights))
