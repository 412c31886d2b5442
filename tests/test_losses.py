"""Each formula against a reference that was written by someone else."""

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import special, stats
from torch.distributions import Bernoulli, Normal, kl_divergence
from torch.nn import functional as F

from aelib.losses.divergence import kl_per_dimension, kl_to_standard_normal
from aelib.losses.reconstruction import (
    binary_cross_entropy,
    binary_entropy_floor,
    cross_entropy_above_floor,
    gaussian_error_per_item,
    squared_error,
    squared_error_per_item,
)

MNIST_TEST = Path(__file__).resolve().parents[2] / "shared/data/MNIST/raw/t10k-images-idx3-ubyte"


@pytest.fixture
def pair() -> tuple[torch.Tensor, torch.Tensor]:
    """Outputs and targets of seven colour items; the targets hold exact zeros and ones too."""
    generator = torch.Generator().manual_seed(1)
    outputs = torch.randn(7, 3, 5, 4, generator=generator, dtype=torch.float64)
    targets = torch.rand(7, 3, 5, 4, generator=generator, dtype=torch.float64)
    targets[:2] = targets[:2].round()
    return outputs, targets


def test_squared_error_by_hand():
    recon, targets = (
        torch.tensor([[[[1.0, 2.0]]], [[[0.0, 0.0]]]]),
        torch.tensor([[[[0.0, 0.0]]], [[[0.0, 3.0]]]]),
    )
    assert squared_error_per_item(recon, targets).tolist() == [5.0, 9.0]
    assert squared_error(recon, targets).item() == 7.0


def test_squared_error_is_torchs_mean_times_features(pair):
    recon, targets = pair
    assert torch.allclose(squared_error(recon, targets), F.mse_loss(recon, targets) * 60)


def test_binary_cross_entropy_is_a_bernoulli_likelihood_on_black_and_white(pair):
    logits, targets = pair
    targets = targets.round()
    expected = -Bernoulli(logits=logits).log_prob(targets).flatten(1).sum(1).mean()
    assert torch.allclose(binary_cross_entropy(logits, targets), expected)


def test_binary_cross_entropy_on_grey_by_its_formula(pair):
    logits, targets = pair
    chance = special.expit(logits.numpy())
    by_hand = -(targets.numpy() * np.log(chance) + (1 - targets.numpy()) * np.log1p(-chance)).sum() / 7
    assert binary_cross_entropy(logits, targets).item() == pytest.approx(by_hand, rel=1e-12)


def test_binary_cross_entropy_does_not_overflow():
    logits = torch.tensor([[1e4, -1e4]])
    assert binary_cross_entropy(logits, torch.tensor([[0.0, 1.0]])).item() == pytest.approx(2e4)
    assert binary_cross_entropy(logits, torch.tensor([[1.0, 0.0]])).item() == 0.0


def test_floor_is_the_entropy_of_the_pixels(pair):
    targets = pair[1].numpy()
    expected = stats.entropy(np.stack([targets, 1 - targets]), axis=0).sum() / 7
    assert binary_entropy_floor(pair[1]).item() == pytest.approx(expected, rel=1e-12)
    assert binary_entropy_floor(torch.tensor([[0.0, 1.0]])).item() == 0.0
    assert binary_entropy_floor(torch.full((3, 8), 0.5)).item() == pytest.approx(8 * np.log(2))


def test_floor_is_met_by_a_perfect_reconstruction(pair):
    targets = pair[1].clamp(0.01, 0.99)
    perfect = torch.logit(targets)
    assert cross_entropy_above_floor(perfect, targets).item() == pytest.approx(0, abs=1e-12)
    assert cross_entropy_above_floor(perfect + 0.1, targets).item() > 0


def test_above_floor_is_a_divergence_with_the_gradient_of_cross_entropy(pair):
    logits, targets = pair[0].requires_grad_(), pair[1]
    chance = special.expit(logits.detach().numpy())
    expected = special.rel_entr(targets.numpy(), chance) + special.rel_entr(1 - targets.numpy(), 1 - chance)
    value = cross_entropy_above_floor(logits, targets)
    assert value.item() == pytest.approx(expected.sum() / 7, rel=1e-12)
    (gradient,) = torch.autograd.grad(value, logits)
    (plain,) = torch.autograd.grad(binary_cross_entropy(logits, targets), logits)
    assert torch.equal(gradient, plain)


@pytest.mark.skipif(not MNIST_TEST.exists(), reason=f"real data folder absent: {MNIST_TEST}")
def test_floor_of_the_mnist_test_images():
    pixels = np.fromfile(MNIST_TEST, dtype=np.uint8, offset=16).reshape(10_000, 784)
    floors = [binary_entropy_floor(torch.from_numpy(part / 255.0)).item() for part in np.split(pixels, 10)]
    assert np.mean(floors) == pytest.approx(45.53, abs=0.005)


@pytest.mark.parametrize("sigma", [0.1, 1.0, 3.0])
def test_gaussian_error_is_a_likelihood_without_its_constant(pair, sigma):
    recon, targets = pair
    likelihood = Normal(recon, sigma).log_prob(targets).flatten(1).sum(1).mean()
    constant = 60 / 2 * np.log(2 * np.pi * sigma**2)
    assert gaussian_error_per_item(recon, targets, sigma).mean().item() + constant == pytest.approx(
        -likelihood.item(), rel=1e-12
    )


def test_kl_is_that_of_torchs_distributions():
    generator = torch.Generator().manual_seed(2)
    mean = torch.randn(9, 5, generator=generator, dtype=torch.float64)
    log_variance = 3 * torch.randn(9, 5, generator=generator, dtype=torch.float64)
    expected = kl_divergence(Normal(mean, torch.exp(0.5 * log_variance)), Normal(0.0, 1.0))
    assert torch.allclose(kl_per_dimension(mean, log_variance), expected.mean(0))
    assert torch.allclose(kl_to_standard_normal(mean, log_variance), expected.sum(1).mean())


def test_kl_by_hand():
    mean, log_variance = torch.tensor([[1.0, 0.0], [3.0, 0.0]]), torch.zeros(2, 2)
    assert kl_per_dimension(mean, log_variance).tolist() == [2.5, 0.0]


def test_kl_keeps_its_digits_near_the_prior():
    small = torch.full((1, 1), 1e-3)
    assert kl_to_standard_normal(torch.zeros(1, 1), small).item() == pytest.approx(2.5008e-7, rel=2e-3)
