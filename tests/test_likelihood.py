"""The importance-weighted bound as a measure, against models whose log p(x) is known; and active units."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.distributions import MultivariateNormal

from aelib.codes import CodeTable
from aelib.config import RunConfig
from aelib.datasets._base import DataInfo, load_dataset
from aelib.errors import AelibError
from aelib.measures import likelihood
from aelib.measures.active_units import active_units
from aelib.measures.likelihood import importance_weighted_bound
from aelib.models._base import Codes, Model, build

DIGITS = DataInfo((1, 8, 8), {"train": 1200, "validation": 300, "test": 300}, tuple("0123456789"))


class FactorAnalysis(nn.Module):
    """x ~ N(W z, sigma^2), with columns of W at right angles, so that the true posterior is a diagonal Gaussian."""

    can_decode, needs_labels, sigma = True, False, 0.6

    def __init__(self, stretch: float) -> None:
        super().__init__()
        columns, _ = torch.linalg.qr(torch.randn(5, 2, generator=torch.Generator().manual_seed(0)))
        self.weight = nn.Parameter(columns * torch.tensor([2.0, 0.5]))
        self.stretch = stretch  # of the posterior's deviation; 1 is the truth

    def encode(self, items: torch.Tensor, labels: torch.Tensor | None = None) -> Codes:
        precision = 1 + self.weight.square().sum(0) / self.sigma**2
        mean = items @ self.weight / self.sigma**2 / precision
        return Codes(mean, (self.stretch / precision.sqrt()).expand_as(mean), mean)

    def decode(self, latents: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
        return latents @ self.weight.T

    def log_p(self, items: torch.Tensor) -> torch.Tensor:
        covariance = self.weight @ self.weight.T + self.sigma**2 * torch.eye(5)
        return MultivariateNormal(torch.zeros(5), covariance).log_prob(items)


class Coin(nn.Module):
    """One number z behind four black-and-white pixels: p(x) is an integral over a line."""

    can_decode, needs_labels = True, False

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([[2.0, -1.0, 0.5, 3.0]]))

    def encode(self, items: torch.Tensor, labels: torch.Tensor | None = None) -> Codes:
        mean = (items - 0.5) @ self.weight.T * 0.2
        return Codes(mean, torch.full_like(mean, 0.9), mean)

    def decode(self, latents: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
        return torch.sigmoid(latents @ self.weight)


def rows(count: int, size: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, size)).astype(np.float32)


@pytest.mark.parametrize("samples", [1, 20])
def test_with_the_true_posterior_every_draw_gives_the_likelihood(samples):
    model, items = FactorAnalysis(1.0), rows(50, 5)
    truth = model.log_p(torch.from_numpy(items)).detach()
    found = importance_weighted_bound(model, items, sigma=0.6, samples=samples)
    assert found.nats == pytest.approx(truth.mean().item(), abs=1e-4)
    assert found.standard_error == pytest.approx(truth.std().item() / 50**0.5, rel=1e-3)
    assert found.bits_per_dimension == pytest.approx(-found.nats / 5 / math.log(2))
    assert (found.items, found.samples) == (50, samples)


def test_with_another_posterior_it_rises_with_k_and_stays_below():
    model, items = FactorAnalysis(1.8), rows(400, 5)
    truth = model.log_p(torch.from_numpy(items)).mean().item()
    found = [importance_weighted_bound(model, items, sigma=0.6, samples=k).nats for k in (1, 5, 50, 1000)]
    assert found == sorted(found)
    assert found[0] < truth - 0.5
    assert found[-1] == pytest.approx(truth, abs=0.02)


def test_bernoulli_pixels_against_an_integral_on_a_grid():
    model = Coin()
    items = np.array([[1, 0, 1, 1], [0, 0, 0, 1], [0, 1, 1, 0]], np.float32)
    grid = torch.linspace(-9, 9, 20001, dtype=torch.float64)[:, None]
    chance = torch.sigmoid(grid @ model.weight.double())
    prior = torch.exp(-0.5 * grid.squeeze(1).square()) / math.sqrt(2 * math.pi)
    logs = []
    for item in torch.from_numpy(items).double():
        likelihood_ = torch.where(item > 0.5, chance, 1 - chance).prod(1)
        logs.append(torch.trapezoid(likelihood_ * prior, grid.squeeze(1)).log())
    found = importance_weighted_bound(model, items, sigma=None, samples=20_000)
    assert found.nats == pytest.approx(torch.stack(logs).mean().item(), abs=5e-3)
    assert found.name == "IWAE-20000 bound on log p(x), Bernoulli pixels, black and white"


def test_memory_is_bounded_and_the_parts_change_nothing(monkeypatch):
    model, items, seen = FactorAnalysis(1.0), rows(30, 5), []
    decode = model.decode
    monkeypatch.setattr(model, "decode", lambda latents, labels: seen.append(len(latents)) or decode(latents))
    whole = importance_weighted_bound(model, items, sigma=0.6, samples=12)
    assert seen == [360]
    monkeypatch.setattr(likelihood, "DECODED_AT_ONCE", 5)
    parts = importance_weighted_bound(model, items, sigma=0.6, samples=12)
    assert max(seen[1:]) == 5
    assert sum(seen[1:]) == 360
    assert parts.nats == pytest.approx(whole.nats, abs=1e-4)


def test_grey_pixels_are_made_black_and_white_and_the_name_says_how():
    grey = np.random.default_rng(0).integers(0, 256, (4, 4), np.uint8)
    drawn = importance_weighted_bound(Coin(), grey, sigma=None, samples=50)
    cut = importance_weighted_bound(Coin(), grey, sigma=None, samples=50, threshold=0.5)
    assert drawn.name.endswith("drawn from the grey ones")
    assert cut.name.endswith("cut at 0.5")
    white = np.where(grey > 127, 255, 0).astype(np.uint8)
    same = importance_weighted_bound(Coin(), white, sigma=None, samples=50, threshold=0.5)
    assert same.name.endswith("black and white")
    assert cut.nats == pytest.approx(same.nats, abs=1e-5)
    same, other = (importance_weighted_bound(Coin(), grey, sigma=None, samples=50, seed=seed) for seed in (0, 1))
    assert same == drawn
    assert other != drawn


def test_a_saturated_sigmoid_does_not_make_it_infinite():
    model = Coin()
    with torch.no_grad():
        model.weight.mul_(1000)
    items = np.array([[1, 1, 1, 1], [0, 1, 0, 1]], np.float32)
    assert math.isfinite(importance_weighted_bound(model, items, sigma=None, samples=10).nats)


def test_density_is_named_as_one():
    assert "density" in importance_weighted_bound(FactorAnalysis(1.0), rows(4, 5), sigma=0.6, samples=2).name


def small(name: str) -> Model:
    run = RunConfig.parse({"network": {"name": "mlp", "widths": [16]}, "model": {"name": name, "latent_dim": 3}})
    return build(run, DIGITS).train()


@pytest.mark.parametrize("name", ["vae", "iwae", "tc_vae", "factor_vae", "info_vae", "conditional_vae"])
def test_every_model_with_gaussian_codes_can_be_asked(name):
    model, items = small(name), load_dataset(RunConfig.parse({}).dataset).items("validation").take(np.arange(6))
    found = importance_weighted_bound(model, items.values, items.labels, sigma=model.pixel_sigma, samples=5)
    assert -60 < found.nats < -30, "64 pixels, untrained: near 64 log 2"
    assert ("log p(x | y)" in found.name) == model.needs_labels
    assert model.training, "left as it was"


@pytest.mark.parametrize("name", ["autoencoder", "wae_mmd", "pca"])
def test_every_other_model_says_why_not(name):
    with pytest.raises(AelibError) as caught:
        importance_weighted_bound(small(name), rows(4, 64).reshape(4, 1, 8, 8), sigma=0.1)
    assert caught.value.code == "E_ABILITY"


@pytest.mark.parametrize(
    ("values", "fields", "code"),
    [
        (rows(1, 5), {"sigma": 0.6}, "E_EMPTY"),
        (rows(4, 5), {"sigma": None}, "E_CONFIG"),
        (rows(4, 5), {"sigma": 0.0}, "E_CONFIG"),
        (rows(4, 5), {"sigma": 0.6, "samples": 0}, "E_CONFIG"),
    ],
)
def test_what_cannot_be_asked_is_answered_in_words(values, fields, code):
    with pytest.raises(AelibError) as caught:
        importance_weighted_bound(FactorAnalysis(1.0), values, **fields)
    assert caught.value.code == code


# --- active units ---


def table(codes: np.ndarray, spreads: bool = True) -> CodeTable:
    count = len(codes)
    nothing = np.zeros(count, np.int64)
    deviations = np.ones_like(codes) if spreads else None
    return CodeTable(codes, deviations, np.zeros(count, np.float32), nothing, nothing, nothing.astype(np.int8))


def test_a_dimension_is_active_when_its_mean_moves():
    swing = np.array([[-1.0], [1.0]], np.float32)
    codes = np.hstack([swing * 2, swing * 0.099, swing * 0.101, swing * 0 + 7]).astype(np.float32)
    assert active_units(table(codes)).tolist() == [True, False, True, False]  # 0.01 is 0.1 squared
    assert active_units(table(codes), least=1.0).tolist() == [True, False, False, False]


def test_codes_without_a_posterior_have_no_such_number():
    with pytest.raises(AelibError) as caught:
        active_units(table(np.zeros((3, 2), np.float32), spreads=False))
    assert caught.value.code == "E_ABILITY"
