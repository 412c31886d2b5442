"""The KL's three parts: a double loop, a Gaussian of known total correlation, and what the dataset's size does."""

import math
from itertools import combinations

import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from scipy.stats import norm
from torch.distributions import Normal

from aelib.losses.total_correlation import decompose_kl


def posteriors(count: int, dims: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    mean, log_variance, noise = torch.randn(3, count, dims, generator=generator, dtype=torch.float64)
    return mean + torch.exp(0.5 * log_variance) * noise, mean, log_variance


def correlated(count: int, spread: float, seed: int = 0) -> tuple[tuple[torch.Tensor, ...], float]:
    """Draws of a population whose q(z) is a Gaussian, and its total correlation."""
    covariance = torch.tensor([[1.0, 0.8, 0.3], [0.8, 1.0, 0.5], [0.3, 0.5, 1.0]], dtype=torch.float64)
    generator = torch.Generator().manual_seed(seed)
    mean = torch.randn(count, 3, generator=generator, dtype=torch.float64) @ torch.linalg.cholesky(covariance).T
    latents = mean + spread * torch.randn(count, 3, generator=generator, dtype=torch.float64)
    whole = covariance + spread**2 * torch.eye(3, dtype=torch.float64)
    truth = 0.5 * (whole.diagonal().log().sum() - torch.logdet(whole)).item()
    return (latents, mean, torch.full_like(mean, 2 * math.log(spread))), truth


@pytest.mark.parametrize("estimator", ["stratified", "weighted"])
def test_parts_by_a_double_loop(estimator):
    count, dims, size = 5, 3, 70
    latents, mean, log_variance = (array.numpy() for array in posteriors(count, dims))
    spread = np.exp(0.5 * log_variance)
    own, joint, marginals, prior = (np.zeros(count) for _ in range(4))
    for i in range(count):
        weights = np.full(count, 1 / (size * count))
        if estimator == "stratified":
            weights = np.array([1 / size if i == j else (size - 1) / size / (count - 1) for j in range(count)])
        densities = np.array([norm.logpdf(latents[i], mean[j], spread[j]) for j in range(count)])
        own[i] = densities[i].sum()
        joint[i] = logsumexp(densities.sum(1), b=weights)
        marginals[i] = sum(logsumexp(densities[:, d], b=weights) for d in range(dims))
        prior[i] = norm.logpdf(latents[i]).sum()
    found = decompose_kl(*posteriors(count, dims), size, estimator)
    assert found.mutual_information.item() == pytest.approx((own - joint).mean(), rel=1e-9)
    assert found.total_correlation.item() == pytest.approx((joint - marginals).mean(), rel=1e-9)
    assert found.dimension_wise_kl.item() == pytest.approx((marginals - prior).mean(), rel=1e-9)


@pytest.mark.parametrize("estimator", ["stratified", "weighted"])
@pytest.mark.parametrize("size", [1, 6, 1000])
def test_the_parts_add_up_to_the_kl_of_the_draws(estimator, size):
    latents, mean, log_variance = posteriors(6, 4)
    spread = torch.exp(0.5 * log_variance)
    kl = (Normal(mean, spread).log_prob(latents) - Normal(0.0, 1.0).log_prob(latents)).sum(1).mean()
    assert sum(decompose_kl(latents, mean, log_variance, size, estimator)).item() == pytest.approx(kl.item(), rel=1e-9)


def test_total_correlation_of_a_known_gaussian():
    given, truth = correlated(1200, spread=0.5)
    found = decompose_kl(*given, dataset_size=1200)
    assert found.total_correlation.item() == pytest.approx(truth, abs=0.05)
    # q(z) is Gaussian, so the mutual information is known as well: log-volume of q(z) over that of a posterior.
    whole = torch.cov(given[0].T)
    information = 0.5 * (torch.logdet(whole) - 3 * math.log(0.25)).item()
    assert found.mutual_information.item() == pytest.approx(information, abs=0.1)


def test_independent_dimensions_have_none():
    latents, mean, log_variance = posteriors(2000, 2, seed=3)
    flat = torch.zeros_like(log_variance)
    found = decompose_kl(mean + (latents - mean) * torch.exp(-0.5 * log_variance), mean, flat, 2000)
    assert found.total_correlation.item() == pytest.approx(0, abs=0.02)


def test_forgetting_the_size_shifts_the_weighted_estimate_by_its_logarithm():
    given = posteriors(30, 4)
    right, forgotten = (decompose_kl(*given, size, "weighted") for size in (5000, 1))
    shift = math.log(5000)
    assert (right.mutual_information - forgotten.mutual_information).item() == pytest.approx(shift)
    assert (right.total_correlation - forgotten.total_correlation).item() == pytest.approx(3 * shift)
    assert (right.dimension_wise_kl - forgotten.dimension_wise_kl).item() == pytest.approx(-4 * shift)


def test_forgetting_the_size_hides_the_correlation_from_the_stratified_estimate():
    given, truth = correlated(500, spread=0.5)
    assert truth > 0.3
    assert decompose_kl(*given, dataset_size=1).total_correlation.item() == pytest.approx(0, abs=1e-9)
    assert decompose_kl(*given, dataset_size=500).total_correlation.item() == pytest.approx(truth, abs=0.1)


def test_the_stratified_estimate_of_q_is_unbiased():
    """Mean over all batches of 3 that hold item 0, of 6 items: q(z) itself."""
    latents, mean, log_variance = posteriors(6, 1)
    exact = Normal(mean, torch.exp(0.5 * log_variance)).log_prob(latents[0]).exp().mean().item()
    estimates = []
    for others in combinations(range(1, 6), 2):
        rows = torch.tensor([0, *others])
        own, pairs = latents[0].expand(3, 1), (mean[rows], log_variance[rows])
        # In one dimension log q(z) is log p(z) + the dimension-wise part; three equal draws, of which item 0 counts.
        alone = Normal(pairs[0], torch.exp(0.5 * pairs[1])).log_prob(own).squeeze(1)
        weights = torch.tensor([1 / 6, 5 / 12, 5 / 12], dtype=torch.float64)
        estimates.append((weights * alone.exp()).sum().item())
    assert np.mean(estimates) == pytest.approx(exact, rel=1e-9)


def test_one_item_alone_is_finite():
    assert all(torch.isfinite(part) for part in decompose_kl(*posteriors(1, 3), 10))
