"""The KL term of a variational autoencoder taken apart: information, dependence between dimensions, and the rest."""

import math
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from aelib.losses.bounds import log_normal

Estimator = Literal["stratified", "weighted"]


class DecomposedKl(NamedTuple):
    """Three scalars in nats; in expectation they add up to the KL.

    Attributes:
        mutual_information: Index-code mutual information, KL(q(z, n) || q(z) p(n)).
        total_correlation: KL(q(z) || prod_j q(z_j)).
        dimension_wise_kl: sum_j KL(q(z_j) || p(z_j)).
    """

    mutual_information: Tensor
    total_correlation: Tensor
    dimension_wise_kl: Tensor


def decompose_kl(
    latents: Tensor,
    mean: Tensor,
    log_variance: Tensor,
    dataset_size: int,
    estimator: Estimator = "stratified",
) -> DecomposedKl:
    """The decomposition of Chen et al. (2018), Isolating sources of disentanglement, equation 2, from one batch.

    log q(z) = log (1/N) sum_n q(z | x_n) needs all N items; the batch of M stands in for them, one weight per pair:

    * ``weighted`` (minibatch weighted sampling, appendix C.1): 1 / NM each. A lower bound on E log q(z); where
      posteriors overlap it lies log N too low, so the total correlation comes out (latent_dim - 1) log N too high.
    * ``stratified`` (minibatch stratified sampling, appendix C.2): an unbiased estimate of q(z): 1 / N for the item
      that z was drawn from, and (N - 1) / (N (M - 1)) for every other one. The paper singles out one of these others;
      this is the mean over all choices of it, which has the same expectation and a smaller variance.

    A wrong N shifts ``weighted`` by a constant and gives ``stratified`` a wrong share of the own item. Both depend on
    the size of the batch: a logarithm of an estimate is too low, the more so the smaller the batch.

    Args:
        latents: (n, latent_dim): row i drawn from posterior i.
        mean: (n, latent_dim).
        log_variance: (n, latent_dim).
        dataset_size: N, the number of items that the batch was drawn from.
        estimator: How the batch stands in for the dataset.
    """
    own = log_normal(latents, mean, log_variance).sum(1)
    pairs = log_normal(latents[:, None], mean[None], log_variance[None])  # (drawn from, judged by, dimension)
    weights = _log_weights(len(latents), dataset_size, estimator, pairs)
    joint = torch.logsumexp(weights + pairs.sum(2), dim=1)
    marginals = torch.logsumexp(weights[..., None] + pairs, dim=1).sum(1)
    zero = torch.zeros_like(latents)
    prior = log_normal(latents, zero, zero).sum(1)
    return DecomposedKl((own - joint).mean(), (joint - marginals).mean(), (marginals - prior).mean())


def _log_weights(count: int, dataset_size: int, estimator: Estimator, like: Tensor) -> Tensor:
    """(count, count): log of the weight of posterior j in the estimate of q at the latents of item i."""
    if estimator == "weighted":
        return like.new_full((count, count), -math.log(dataset_size * count))
    others = (dataset_size - 1) / (dataset_size * max(count - 1, 1))
    weights = like.new_full((count, count), others)
    return weights.fill_diagonal_(1 / dataset_size).log()
