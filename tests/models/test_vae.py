"""The VAE's options: free bits, capacity, the variance of Gaussian pixels, and what does not go together."""

import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from aelib.datasets._base import load_dataset
from aelib.errors import AelibError
from aelib.losses.divergence import free_bits_top_up, kl_per_dimension
from aelib.losses.reconstruction import gaussian_nll_per_item
from aelib.models._base import Progress, build, total
from aelib.training.loop import train
from tests.models._small import END, PICTURES, VECTORS, batch_of, made, noise_of, parsed, parts_of, phase_of, pictures

GAUSSIAN = {"reconstruction": "squared_error"}


def kl_of(model, items) -> torch.Tensor:
    codes = model.encode(items)
    return kl_divergence(Normal(codes.codes, codes.spreads), Normal(0.0, 1.0)).mean(0)


def recon_of(model, items) -> torch.Tensor:
    codes = model.encode(items)
    return model.decode(codes.codes + codes.spreads * noise_of(*codes.codes.shape))


# --- free bits ---


def test_free_bits_by_hand():
    assert free_bits_top_up(torch.tensor([0.0, 0.2, 1.0]), 0.5).item() == pytest.approx(0.5 + 0.3)


def test_free_bits_take_the_maximum_of_the_mean_and_not_the_mean_of_the_maximum():
    mean, flat = torch.tensor([[0.0], [2.0]]), torch.zeros(2, 1)  # KL of 0 and of 2: on average 1
    kl = kl_per_dimension(mean, flat)
    assert (kl.sum() + free_bits_top_up(kl, 0.9)).item() == pytest.approx(1.0)
    assert (kl.sum() + free_bits_top_up(kl, 1.5)).item() == pytest.approx(1.5)


@pytest.mark.parametrize("least", [0.001, 0.05, 5.0])
def test_kl_and_free_bits_add_up_to_the_larger_of_both(least):
    model = made("vae", free_bits=least, beta=2.0, warm_up=0.0)
    parts = parts_of(model, pictures())
    expected = kl_of(model, pictures()).clamp(min=least).sum()
    assert (parts["kl"].value + parts["free_bits"].value).item() == pytest.approx(expected.item(), rel=1e-4)
    assert parts["kl"].weight == parts["free_bits"].weight == 2.0


def test_a_dimension_within_its_free_bits_is_not_pulled():
    model = made("vae", free_bits=50.0, warm_up=0.0)
    parts = parts_of(model, pictures())
    pull = torch.autograd.grad(parts["kl"].value + parts["free_bits"].value, list(model.to_mean.parameters()))
    assert all(torch.allclose(gradient, torch.zeros_like(gradient), atol=1e-6) for gradient in pull)


# --- capacity ---


def test_capacity_rises_and_the_distance_from_it_counts():
    model = made("vae", capacity=10.0, gamma=30.0, warm_up=0.5)
    kl = kl_of(model, pictures()).sum().item()
    for done, capacity in ((0, 0.0), (25, 5.0), (50, 10.0), (100, 10.0)):
        parts = parts_of(model, pictures(), progress=Progress(done, 100))
        assert parts["kl_from_capacity"].value.item() == pytest.approx(abs(kl - capacity), rel=1e-4)
        assert parts["kl_from_capacity"].weight == 30.0
        assert parts["kl"].value.item() == pytest.approx(kl, rel=1e-3)
        error = parts["cross_entropy_above_floor"].value.item()
        assert total(parts).item() == pytest.approx(error + 30 * abs(kl - capacity), rel=1e-4)


def test_capacity_is_reached_in_training():
    run = parsed("vae", widths=(32,), batch_size=64, capacity=6.0, gamma=100.0)
    run = run.model_copy(update={"training": run.training.model_copy(update={"epochs": 6, "learning_rate": 5e-3})})
    dataset = load_dataset(run.dataset)
    reports = [report for report in train(build(run, dataset.info), dataset, run) if report.finished]
    assert reports[-1].validation["kl"] == pytest.approx(6.0, abs=0.7)


# --- the variance of Gaussian pixels ---


def test_gaussian_nll_is_torchs():
    recon, targets = pictures().double(), pictures().flip(0).double()
    found = gaussian_nll_per_item((recon - targets).square().flatten(1).sum(1), torch.tensor(0.3).double() ** 2, 16)
    assert torch.allclose(found, -Normal(recon, 0.3).log_prob(targets).flatten(1).sum(1))


def test_a_learnt_variance_gives_the_full_likelihood():
    model = made("vae", **GAUSSIAN, variance="learned", sigma=0.4)
    expected = -Normal(recon_of(model, pictures()), 0.4).log_prob(pictures()).sum() / 10
    parts = parts_of(model, pictures())
    assert parts.keys() == {"gaussian_nll", "kl"}
    assert parts["gaussian_nll"].value.item() == pytest.approx(expected.item(), rel=1e-5)
    assert model.pixel_sigma == pytest.approx(0.4)


def test_a_learnt_variance_rests_at_the_mean_error():
    model = made("vae", **GAUSSIAN, variance="learned")
    best = (recon_of(model, pictures()) - pictures()).square().mean().sqrt().item()
    for sigma, sign in ((best, 0), (best / 2, -1), (best * 2, 1)):
        with torch.no_grad():
            model.log_sigma.fill_(math.log(sigma))
        (slope,) = torch.autograd.grad(parts_of(model, pictures())["gaussian_nll"].value, [model.log_sigma])
        assert slope.item() == pytest.approx(0, abs=1e-3) if sign == 0 else slope.item() * sign > 1


def test_the_optimal_variance_is_the_best_of_all():
    model = made("vae", **GAUSSIAN, variance="optimal")
    found = parts_of(model, pictures())["gaussian_nll"].value.item()
    recon = recon_of(model, pictures())
    mean_error = (recon - pictures()).square().mean().item()
    assert found == pytest.approx(8 * (math.log(mean_error) + 1 + math.log(2 * math.pi)), rel=1e-4)
    for sigma in torch.linspace(0.05, 1, 60).tolist():
        assert found <= -Normal(recon, sigma).log_prob(pictures()).sum().item() / 10 + 1e-3


def test_the_optimal_variance_is_kept_for_afterwards():
    run = parsed("vae", widths=(32,), batch_size=64, **GAUSSIAN, variance="optimal", sigma=5.0)
    run = run.model_copy(update={"training": run.training.model_copy(update={"epochs": 6})})
    dataset = load_dataset(run.dataset)
    model = build(run, dataset.info)
    for _ in train(model, dataset, run):
        pass
    items = torch.from_numpy(dataset.items("train").floats())
    recon = recon_of(model, items)
    assert model.pixel_sigma == pytest.approx((recon - items).square().mean().sqrt().item(), rel=0.05)
    assert "log_sigma" in model.state_dict(), "so that a resumed run and a loaded one have it"


@pytest.mark.parametrize("variance", ["learned", "optimal"])
def test_a_perfect_reconstruction_does_not_send_the_loss_to_infinity(variance):
    model = made("vae", **GAUSSIAN, variance=variance)
    (stage,) = model.stages()
    outputs = torch.logit(pictures())
    for _ in range(3):
        parts = model.error(outputs, pictures())
        assert torch.isfinite(parts["gaussian_nll"].value)
        with torch.no_grad():
            if variance == "learned":
                model.log_sigma.sub_(5)
        stage.after_step(batch_of(pictures()), Progress(0, 10))
    assert model.pixel_sigma == pytest.approx(0.001)


def test_pixels_of_a_cross_entropy_have_no_sigma():
    assert made("vae").pixel_sigma is None
    assert made("vae", **GAUSSIAN, sigma=0.2).pixel_sigma == 0.2


def test_an_identity_output_reaches_beyond_one():
    model = made("vae", VECTORS, **GAUSSIAN, output="identity")
    assert model.decode(1000 * torch.randn(20, 3)).max() > 1


@pytest.mark.parametrize(
    ("info", "fields", "field"),
    [
        (PICTURES, {"capacity": 5.0, "beta": 2.0}, "model.beta"),
        (PICTURES, {"capacity": 5.0, "free_bits": 0.1}, "model.free_bits"),
        (PICTURES, {"variance": "learned"}, "model.variance"),
        (PICTURES, {"variance": "optimal"}, "model.variance"),
        (PICTURES, {"output": "identity"}, "model.output"),
        (VECTORS, {}, "model.reconstruction"),
        (VECTORS, GAUSSIAN, "model.output"),
    ],
)
def test_what_cannot_work_is_refused_with_the_remedy(info, fields, field):
    with pytest.raises(AelibError) as caught:
        made("vae", info, **fields)
    assert caught.value.code == "E_CONFIG"
    assert field in str(caught.value)
    assert caught.value.how_to_fix


@pytest.mark.parametrize("name", ["vae", "iwae", "tc_vae", "factor_vae", "info_vae", "wae_mmd"])
def test_every_variant_takes_vectors(name):
    model = made(name, VECTORS, **GAUSSIAN, output="identity")
    items = torch.randn(8, 6, generator=torch.Generator().manual_seed(1))
    assert torch.isfinite(total(phase_of(model).loss(batch_of(items), END)))
    assert model.reconstruct(items).shape == items.shape


@pytest.mark.parametrize("name", ["vae", "iwae", "wae_mmd"])
def test_tied_layers_are_tied_around_the_code_too(name):
    run = parsed(name)
    run = run.model_copy(update={"network": run.network.model_copy(update={"tied": True})})
    model = build(run, PICTURES)
    to_code = model.to_code if name == "wae_mmd" else model.to_mean
    assert model.from_code.weight.data_ptr() == to_code.weight.data_ptr()
