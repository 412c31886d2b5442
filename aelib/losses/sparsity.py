"""How few units of a code are in use: penalties, the k largest, and counts."""

import torch
from torch import Tensor

NEAREST = 1e-6  # rates are kept this far from 0 and 1, where the divergence is infinite


def code_l1(codes: Tensor) -> Tensor:
    """Sum of |h_j| over the code, mean over the batch (Olshausen and Field 1996, with the absolute value).

    Args:
        codes: (n, latent_dim).

    Returns:
        A scalar, at least 0.
    """
    return codes.abs().sum(1).mean()


def rate_divergence(codes: Tensor, rate: float) -> Tensor:
    """How far each unit's mean over the batch is from a target rate, summed over units.

    sum_j KL(rho || rho_j) with KL(rho || r) = rho log(rho / r) + (1 - rho) log((1 - rho) / (1 - r)) and rho_j the mean
    of h_j over the batch (Ng 2011, Sparse autoencoder, CS294A lecture notes, section 3). A small batch has noisy
    means, and a larger value for it: take 256 items or more.

    Args:
        codes: (n, latent_dim) within [0, 1].
        rate: rho, the wanted share of items for which a unit is on; within (0, 1).

    Returns:
        A scalar in nats, at least 0.
    """
    means = codes.mean(0).clamp(NEAREST, 1 - NEAREST)
    target = torch.full_like(means, rate)
    ones = torch.xlogy(target, target / means)
    zeros = torch.xlogy(1 - target, (1 - target) / (1 - means))
    return (ones + zeros).sum()


def keep_largest(codes: Tensor, count: int) -> Tensor:
    """Each item's ``count`` largest numbers in their places, 0 elsewhere (Makhzani and Frey 2014, k-sparse
    autoencoders, section 2). Largest, not of largest size: a negative number is kept only if too few are above it.

    Args:
        codes: (n, latent_dim).
        count: 1 to latent_dim.

    Returns:
        The same shape; the gradient reaches the kept places only.
    """
    largest = codes.topk(count, dim=1)
    return torch.zeros_like(codes).scatter(1, largest.indices, largest.values)


def mean_active(codes: Tensor, threshold: float) -> Tensor:
    """Mean over items of the number of units whose size is above ``threshold``.

    Args:
        codes: (n, latent_dim).
        threshold: At least 0.

    Returns:
        A scalar from 0 to latent_dim, without gradient.
    """
    return (codes.detach().abs() > threshold).to(codes.dtype).sum(1).mean()


def dead_units(codes: Tensor, threshold: float) -> Tensor:
    """Number of units whose size is above ``threshold`` for no item of the batch.

    A unit that is on for one item in a thousand looks dead in most batches of a hundred.

    Args:
        codes: (n, latent_dim).
        threshold: At least 0.

    Returns:
        A scalar from 0 to latent_dim, without gradient.
    """
    return (codes.detach().abs() <= threshold).all(0).to(codes.dtype).sum()
