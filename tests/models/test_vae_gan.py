"""The VAE-GAN: three nets, three isolated gradients, each loss against its formula."""

import pytest
import torch
from torch.distributions import Normal, kl_divergence
from torch.nn import functional as F

from aelib.config import RunConfig
from aelib.datasets._base import DataInfo
from aelib.errors import AelibError
from aelib.models._base import Batch, Model, build, total
from aelib.models._discriminator import item_body
from tests.models._small import END, VECTORS, batch_of, made, phase_of, pictures, vectors

SMALL = {"discriminator_channels": 4}
NAMES = ["encoder", "decoder", "discriminator"]


def ids(parameters) -> set[int]:
    return {id(parameter) for parameter in parameters}


def verdict(model: Model, items: torch.Tensor) -> torch.Tensor:
    return model.judge_verdict(model.judge_features(items))


def drawn(model: Model, given: Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """Decoded draws from the posterior and from the prior, by the batch's first two draws."""
    generator = torch.Generator().manual_seed(6)
    codes = model.encode(given.inputs)
    latents = codes.codes + codes.spreads * torch.randn(codes.codes.shape, generator=generator)
    return model.decode(latents), model.decode(torch.randn(codes.codes.shape, generator=generator))


def test_the_phases_share_no_parameter_and_own_all():
    model = made("vae_gan", **SMALL)
    phases = next(iter(model.stages())).phases
    assert [phase.name for phase in phases] == NAMES
    owned = [ids(phase.parameters) for phase in phases]
    assert set.union(*owned) == ids(model.parameters())
    assert sum(map(len, owned)) == len(ids(model.parameters()))


@pytest.mark.parametrize("number", range(3))
def test_each_phase_moves_its_own_net_only(number):
    """One step of each as the loop takes it; the other two nets keep every bit."""
    model = made("vae_gan", **SMALL)
    phases = next(iter(model.stages())).phases
    before = [[parameter.detach().clone() for parameter in phase.parameters] for phase in phases]
    loss = total(phases[number].loss(batch_of(pictures()), END))
    optimiser = torch.optim.SGD(phases[number].parameters, lr=0.1)
    gradients = torch.autograd.grad(loss, phases[number].parameters)
    for parameter, gradient in zip(phases[number].parameters, gradients, strict=True):
        parameter.grad = gradient
    optimiser.step()
    for place, (phase, kept) in enumerate(zip(phases, before, strict=True)):
        same = [torch.equal(now, then) for now, then in zip(phase.parameters, kept, strict=True)]
        assert all(same) if place != number else not any(same)


@pytest.mark.parametrize(("number", "strangers"), [(1, [0]), (2, [0, 1])])
def test_what_is_detached_gets_no_gradient_at_all(number, strangers):
    model = made("vae_gan", **SMALL)
    loss = total(phase_of(model, number).loss(batch_of(pictures()), END))
    for stranger in strangers:
        own = phase_of(model, stranger).parameters
        leaked = torch.autograd.grad(loss, own, allow_unused=True, retain_graph=True)
        assert all(gradient is None for gradient in leaked)


def test_the_encoder_is_told_nothing_of_the_contest():
    """Its loss does not change when the discriminator's last layer does."""
    model = made("vae_gan", **SMALL)
    before = total(phase_of(model, 0).loss(batch_of(pictures()), END))
    torch.nn.init.normal_(model.judge_verdict.weight)
    assert torch.equal(before, total(phase_of(model, 0).loss(batch_of(pictures()), END)))


def test_the_encoders_loss_is_its_formula():
    model, given = made("vae_gan", beta=2.0, **SMALL), batch_of(pictures())
    parts = phase_of(model, 0).loss(given, END)
    codes, (decoded, _) = model.encode(pictures()), drawn(model, given)
    kl = kl_divergence(Normal(codes.codes, codes.spreads), Normal(0.0, 1.0)).sum(1).mean()
    away = model.judge_features(given.targets) - model.judge_features(decoded)
    assert parts.keys() == {"kl", "feature_error"}
    assert parts["kl"].weight == 2.0
    assert torch.allclose(parts["kl"].value, kl, rtol=1e-3)
    assert torch.allclose(parts["feature_error"].value, away.square().sum() / 20, rtol=1e-5)


@pytest.mark.parametrize("fooling", ["minimax", "non_saturating"])
def test_the_decoders_loss_is_its_formula(fooling):
    model, given = made("vae_gan", gamma=0.3, fooling=fooling, **SMALL), batch_of(pictures())
    parts = phase_of(model, 1).loss(given, END)
    decoded, sampled = drawn(model, given)
    away = model.judge_features(given.targets) - model.judge_features(decoded)
    assert torch.allclose(parts["decoder_feature_error"].value, away.square().sum() / 20, rtol=1e-5)
    assert parts["decoder_feature_error"].weight == 0.3
    assert parts["fooling"].weight == 1
    odds = [torch.sigmoid(verdict(model, items)) for items in (decoded, sampled)]
    terms = [torch.log(1 - part).mean() if fooling == "minimax" else -torch.log(part).mean() for part in odds]
    assert torch.allclose(parts["fooling"].value, sum(terms), rtol=1e-4)


@pytest.mark.parametrize("fooling", ["minimax", "non_saturating"])
def test_fooling_pulls_the_decoder_against_the_discriminator(fooling):
    """The fault of another library: its decoder is trained to help the discriminator."""
    model = made("vae_gan", gamma=0.0, fooling=fooling, **SMALL)
    phase, judge = phase_of(model, 1), phase_of(model, 2)
    before = judge.loss(batch_of(pictures()), END)["discriminator"].value.item()
    optimiser = torch.optim.SGD(phase.parameters, lr=0.05)
    for _ in range(5):
        optimiser.zero_grad()
        total(phase.loss(batch_of(pictures()), END)).backward()
        optimiser.step()
    assert judge.loss(batch_of(pictures()), END)["discriminator"].value.item() > before


def test_the_discriminators_loss_is_its_formula():
    model, given = made("vae_gan", **SMALL), batch_of(pictures())
    parts = phase_of(model, 2).loss(given, END)
    called, (decoded, sampled) = F.binary_cross_entropy_with_logits, drawn(model, given)
    truths = [(given.targets, 1.0), (decoded, 0.0), (sampled, 0.0)]
    judged = [called(verdict(model, items), torch.full((10, 1), truth)) for items, truth in truths]
    assert torch.allclose(parts["discriminator"].value, sum(judged), rtol=1e-5)
    assert parts["discriminator_accuracy"].weight == 0


@pytest.mark.parametrize(
    ("shape", "kind"), [((1, 4, 4), torch.nn.Linear), ((1, 8, 8), torch.nn.Conv2d), ((3, 33, 40), torch.nn.Conv2d)]
)
def test_the_discriminator_suits_the_items(shape, kind):
    body, features = item_body(DataInfo(shape, {"train": 10}), 4)
    assert any(isinstance(module, kind) for module in body.modules())
    made_of = body(torch.rand(2, *shape))
    assert made_of.shape == (2, features)
    alone = body(torch.rand(2, *shape, generator=torch.Generator().manual_seed(0))[:1])
    assert alone.shape == (1, features)


def test_no_item_changes_the_features_of_another():
    body, _ = item_body(DataInfo((1, 8, 8), {"train": 10}), 4)
    items = torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(body(items)[:1], body(items[:1]), atol=1e-6)


def test_vectors_are_taken_with_a_free_output():
    model = made("vae_gan", VECTORS, output="identity", **SMALL)
    for number in range(3):
        assert torch.isfinite(total(phase_of(model, number).loss(batch_of(vectors()), END)))


def test_shared_weights_and_unreachable_items_are_refused():
    tied = RunConfig.parse(
        {"network": {"name": "mlp", "widths": [8], "tied": True}, "model": "vae_gan", "training": {"batch_size": 8}}
    )
    with pytest.raises(AelibError, match=r"network\.tied") as caught:
        build(tied, DataInfo((1, 4, 4), {"train": 40, "validation": 10, "test": 10}))
    assert caught.value.code == "E_CONFIG"
    with pytest.raises(AelibError, match=r"model\.output") as caught:
        made("vae_gan", VECTORS)
    assert caught.value.how_to_fix
