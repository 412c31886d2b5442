"""The adversarial autoencoder: who moves whom, in which order, and each phase's loss against its formula."""

import pytest
import torch
from torch.nn import functional as F

from aelib.errors import AelibError
from aelib.losses.adversarial import accuracy
from aelib.models._base import total
from tests.models._small import END, VECTORS, batch_of, made, noise_of, phase_of, pictures, vectors

SMALL = {"discriminator_layers": 2, "discriminator_units": 16}


def ids(parameters) -> set[int]:
    return {id(parameter) for parameter in parameters}


def test_three_phases_in_the_papers_order_with_rates_of_their_own():
    model = made("adversarial", discriminator_rate=0.3, regularisation_rate=0.7, **SMALL)
    phases = next(iter(model.stages())).phases
    assert [phase.name for phase in phases] == ["reconstruction", "discriminator", "regularisation"]
    assert [phase.rate for phase in phases] == [1.0, 0.3, 0.7]


def test_who_owns_what():
    model = made("adversarial", **SMALL)
    both, judging, encoding = (ids(phase_of(model, number).parameters) for number in range(3))
    assert both | judging == ids(model.parameters())
    assert not both & judging
    assert encoding == ids([*model.encoder.parameters(), *model.to_code.parameters()])


def test_the_reconstruction_knows_no_discriminator():
    model = made("adversarial", **SMALL)
    loss = total(phase_of(model, 0).loss(batch_of(pictures()), END))
    assert all(g.any() for g in torch.autograd.grad(loss, phase_of(model, 0).parameters, retain_graph=True))
    leaked = torch.autograd.grad(loss, tuple(model.discriminator.parameters()), allow_unused=True)
    assert all(gradient is None for gradient in leaked)


def test_the_discriminators_phase_leaks_nothing_into_the_autoencoder():
    model = made("adversarial", **SMALL)
    loss = total(phase_of(model, 1).loss(batch_of(pictures()), END))
    leaked = torch.autograd.grad(loss, phase_of(model, 0).parameters, allow_unused=True, retain_graph=True)
    assert all(gradient is None for gradient in leaked)
    assert all(gradient.any() for gradient in torch.autograd.grad(loss, phase_of(model, 1).parameters))


def test_the_regularisation_reaches_the_encoder_and_not_the_decoder():
    model = made("adversarial", **SMALL)
    loss = total(phase_of(model, 2).loss(batch_of(pictures()), END))
    back = [*model.decoder.parameters(), *model.from_code.parameters()]
    assert all(g is None for g in torch.autograd.grad(loss, back, allow_unused=True, retain_graph=True))
    assert all(gradient.any() for gradient in torch.autograd.grad(loss, phase_of(model, 2).parameters))


def test_the_regularisation_makes_codes_look_real_to_the_discriminator():
    model = made("adversarial", **SMALL)
    phase = phase_of(model, 2)
    before = model.discriminator(model.encode(pictures()).codes).mean()
    optimiser = torch.optim.SGD(phase.parameters, lr=0.01)
    for _ in range(5):
        optimiser.zero_grad()
        total(phase.loss(batch_of(pictures()), END)).backward()
        optimiser.step()
    assert model.discriminator(model.encode(pictures()).codes).mean() > before


def test_losses_are_their_formulas():
    model = made("adversarial", **SMALL)
    codes, prior = model.encode(pictures()).codes, noise_of(10, 3)
    real, made_up = model.discriminator(prior), model.discriminator(codes)
    judged = phase_of(model, 1).loss(batch_of(pictures()), END)
    called = F.binary_cross_entropy_with_logits
    expected = called(real, torch.ones(10, 1)) + called(made_up, torch.zeros(10, 1))
    assert torch.allclose(judged["discriminator"].value, expected)
    share = ((torch.sigmoid(real) > 0.5).sum() + (torch.sigmoid(made_up) < 0.5).sum()) / 20
    assert torch.allclose(judged["discriminator_accuracy"].value, share)
    assert judged["discriminator_accuracy"].weight == 0
    fooled = phase_of(model, 2).loss(batch_of(pictures()), END)
    assert fooled.keys() == {"regularisation"}
    assert torch.allclose(fooled["regularisation"].value, called(made_up, torch.ones(10, 1)))


def test_accuracy_weighs_both_kinds_alike():
    assert accuracy(torch.tensor([1.0, 1.0, 1.0, -1.0]), torch.tensor([5.0])) == 0.375
    assert accuracy(torch.tensor([1.0]), torch.tensor([-1.0, -2.0])) == 1


def test_the_prior_is_the_standard_normal():
    model = made("adversarial", **SMALL)
    draws = model.sample(20_000, torch.Generator().manual_seed(0))
    assert draws.shape == (20_000, 3)
    assert draws.mean(0).abs().max() < 0.03
    assert torch.allclose(draws.T.cov(), torch.eye(3), atol=0.05)


def test_vectors_are_taken_with_squared_error():
    model = made("adversarial", VECTORS, reconstruction="squared_error", output="identity", **SMALL)
    assert phase_of(model, 0).loss(batch_of(vectors()), END).keys() == {"squared_error"}


def test_a_code_with_ends_is_refused():
    with pytest.raises(AelibError) as caught:
        made("adversarial", code_activation="sigmoid")
    assert caught.value.code == "E_CONFIG"
    assert "model.code_activation" in str(caught.value)
    assert "linear" in caught.value.how_to_fix
