"""The FactorVAE: who moves whom, and that the discriminator finds a known total correlation."""

import math

import pytest
import torch
from torch.nn import functional as F

from aelib.datasets._base import DataInfo
from aelib.errors import AelibError
from aelib.models._base import total
from aelib.models.factor_vae import permute_dimensions
from tests.models._small import END, batch_of, made, parts_of, phase_of, pictures

SMALL = {"discriminator_layers": 2, "discriminator_units": 32}


def test_the_two_phases_share_no_parameter_and_own_all():
    model = made("factor_vae", **SMALL)
    coding, judging = ({id(p) for p in phase_of(model, number).parameters} for number in (0, 1))
    assert not coding & judging
    assert coding | judging == {id(p) for p in model.parameters()}
    assert judging == {id(p) for p in model.discriminator.parameters()}


def test_total_correlation_reaches_the_encoder_and_not_the_decoder():
    model = made("factor_vae", **SMALL)
    value = parts_of(model, pictures())["total_correlation"].value
    back = [*model.decoder.parameters(), *model.from_code.parameters()]
    there = [*model.encoder.parameters(), *model.to_mean.parameters(), *model.to_log_variance.parameters()]
    assert all(g is None for g in torch.autograd.grad(value, back, allow_unused=True, retain_graph=True))
    assert all(g is not None and g.any() for g in torch.autograd.grad(value, there))


def test_the_discriminators_phase_leaks_nothing_into_the_autoencoder():
    model = made("factor_vae", **SMALL)
    loss = total(phase_of(model, 1).loss(batch_of(pictures()), END))
    leaked = torch.autograd.grad(loss, phase_of(model, 0).parameters, allow_unused=True, retain_graph=True)
    assert all(gradient is None for gradient in leaked)
    assert all(gradient.any() for gradient in torch.autograd.grad(loss, phase_of(model, 1).parameters))


def test_the_papers_weight_and_the_discriminators_rate():
    model = made("factor_vae", gamma=6.4, **SMALL)
    parts = parts_of(model, pictures())
    assert parts["total_correlation"].weight == 6.4
    assert parts["kl"].weight == 1
    assert phase_of(model, 1).rate == 0.1


def test_permuting_keeps_every_column_and_breaks_the_rows():
    latents = torch.arange(40.0).reshape(20, 2)
    permuted = permute_dimensions(latents, torch.Generator().manual_seed(0))
    assert torch.equal(permuted.sort(0).values, latents)
    assert not torch.equal(permuted[:, 0] + 1, permuted[:, 1])


def test_the_discriminators_loss_is_a_cross_entropy_of_halves():
    model, given = made("factor_vae", **SMALL), batch_of(pictures())
    found = phase_of(model, 1).loss(given, END)["discriminator"].value
    generator = torch.Generator().manual_seed(6)
    codes = model.encode(pictures())
    latents = codes.codes + codes.spreads * torch.randn(10, 3, generator=generator)
    rows = torch.cat([latents[:5], permute_dimensions(latents[5:], generator)])
    truth = torch.cat([torch.ones(5, 1), torch.zeros(5, 1)])
    assert torch.allclose(found, F.binary_cross_entropy_with_logits(model.discriminator(rows), truth))


def test_a_trained_discriminator_reads_the_known_total_correlation():
    """Codes of a correlated Gaussian: -log(1 - rho^2) / 2, and positive: the sign that the encoder evades."""
    info = DataInfo((2,), {"train": 5000, "validation": 10, "test": 10}, low=-5.0, high=5.0)
    fields = {"latent_dim": 2, "reconstruction": "squared_error", "output": "identity"}
    model = made("factor_vae", info, widths=(), **fields, **SMALL)
    with torch.no_grad():
        model.to_mean.weight.copy_(torch.eye(2))
        model.to_mean.bias.zero_()
        model.to_log_variance.weight.zero_()
        model.to_log_variance.bias.fill_(-9.0)
    rho, generator = 0.9, torch.Generator().manual_seed(0)

    def items(count: int) -> torch.Tensor:
        one, other = torch.randn(2, count, generator=generator)
        return torch.stack([one, rho * one + math.sqrt(1 - rho**2) * other], 1)

    phase = phase_of(model, 1)
    optimiser = torch.optim.Adam(phase.parameters, lr=5e-3)
    for step in range(200):
        optimiser.zero_grad()
        total(phase.loss(batch_of(items(1024), seed=step), END)).backward()
        optimiser.step()
    found = parts_of(model, items(8000))["total_correlation"].value.item()
    assert found == pytest.approx(-0.5 * math.log(1 - rho**2), abs=0.15)


def test_too_small_batches_are_refused():
    with pytest.raises(AelibError) as caught:
        made("factor_vae", batch_size=3)
    assert caught.value.code == "E_CONFIG"
    assert "training.batch_size" in str(caught.value)
    assert "4" in caught.value.how_to_fix
