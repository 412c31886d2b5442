"""The importance-weighted bound in training, against torch.distributions and against a model with a known log p(x)."""

import math

import pytest
import torch
from torch.distributions import Bernoulli, MultivariateNormal, Normal

from aelib.datasets._base import DataInfo, load_dataset
from aelib.errors import AelibError
from aelib.losses.bounds import importance_weighted_bound, log_normal, log_prior_over_posterior
from aelib.losses.reconstruction import binary_entropy_floor
from aelib.models._base import build, total
from aelib.training.batches import Batches
from aelib.training.evaluation import evaluate
from tests.models._small import END, VECTORS, batch_of, made, noise_of, parsed, parts_of, phase_of, pictures, vectors


def test_log_normal_is_torchs():
    values, mean, log_variance = torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    expected = Normal(mean, torch.exp(0.5 * log_variance)).log_prob(values)
    assert torch.allclose(log_normal(values, mean, log_variance), expected)
    ratio = (Normal(0.0, 1.0).log_prob(values) - expected).sum(-1)
    assert torch.allclose(log_prior_over_posterior(values, mean, log_variance), ratio)


def test_the_bound_is_the_logarithm_of_the_mean_weight():
    weights = torch.tensor([[1.0, 8.0], [3.0, 2.0]])
    assert torch.allclose(importance_weighted_bound(weights.log()), torch.tensor([2.0, 5.0]).log())
    assert torch.isfinite(importance_weighted_bound(torch.tensor([[-2000.0], [-2001.0]]))).all()


def reference(model, items, k) -> torch.Tensor:
    """-log mean w, by torch.distributions in double precision, one draw at a time."""
    codes = model.encode(items)
    mean, spread = codes.codes.double(), codes.spreads.double()
    logs = []
    for noise in noise_of(k, *mean.shape).double():
        latents = mean + spread * noise
        logits = model.before_output(latents.float()).double()
        # The relaxed Bernoulli likelihood of grey pixels is linear in the pixel.
        one, zero = (Bernoulli(logits=logits).log_prob(torch.full_like(logits, value)) for value in (1.0, 0.0))
        likelihood = (items * one + (1 - items) * zero).flatten(1).sum(1)
        prior = Normal(0.0, 1.0).log_prob(latents).sum(1)
        logs.append(likelihood + prior - Normal(mean, spread).log_prob(latents).sum(1))
    return -torch.stack(logs).exp().mean(0).log().mean()


@pytest.mark.parametrize("k", [1, 2, 7])
def test_loss_is_minus_the_bound(k):
    model = made("iwae", samples=k)
    loss = total(parts_of(model, pictures())) + binary_entropy_floor(pictures())
    assert loss.item() == pytest.approx(reference(model, pictures(), k).item(), rel=1e-5)


def test_one_draw_is_the_elbo_of_the_vae():
    """Same weights, same noise: the same reconstruction; the KL differs only in being estimated from the draw."""
    model, vae = made("iwae", samples=1), made("vae", warm_up=0.0)
    vae.load_state_dict(model.state_dict())
    parts, plain = parts_of(model, pictures()), parts_of(vae, pictures())
    assert parts["tightening"].value.item() == 0
    assert torch.allclose(parts["cross_entropy_above_floor"].value, plain["cross_entropy_above_floor"].value)
    many = torch.stack([parts_of(model, pictures(), seed)["kl"].value for seed in range(400)])
    assert many.mean().item() == pytest.approx(plain["kl"].value.item(), abs=4 * many.std().item() / 20)


def test_the_gradient_is_that_of_the_bound():
    model = made("iwae", samples=6)
    mine = torch.autograd.grad(total(parts_of(model, pictures())), list(model.parameters()))
    theirs = torch.autograd.grad(reference(model, pictures(), 6), list(model.parameters()))
    for one, other in zip(mine, theirs, strict=True):
        assert torch.allclose(one, other.float(), rtol=1e-3, atol=1e-5)


def test_the_bound_rises_with_k_towards_the_known_likelihood():
    """Without hidden layers the model is factor analysis: x ~ N(b, W W' + sigma^2)."""
    fields = {"reconstruction": "squared_error", "output": "identity", "sigma": 0.7}
    items, values = vectors(20), []
    for k in (1, 5, 50, 200):
        model = made("iwae", VECTORS, widths=(), samples=k, **fields)
        weight, bias = model.from_code.weight.detach(), model.from_code.bias.detach()
        truth = MultivariateNormal(bias, weight @ weight.T + 0.49 * torch.eye(6)).log_prob(items).mean().item()
        constant = 3 * math.log(2 * math.pi * 0.49)  # left out of a fixed sigma's error, as its name says
        with torch.no_grad():
            losses = [total(parts_of(model, items, seed)).item() for seed in range(30)]
        values.append(-sum(losses) / 30 - constant)
    assert values == sorted(values)
    assert values[0] < truth - 0.5, "this posterior is not the true one: the ELBO must be clearly too low"
    assert values[-1] == pytest.approx(truth, abs=0.2)
    assert values[-1] < truth + 0.02


def test_validation_is_the_same_bound():
    run = parsed("iwae", samples=4)
    dataset = load_dataset(run.dataset)
    model = build(run, dataset.info).eval()
    held_out = Batches(dataset.splits["validation"], (), "cpu")
    (stage,) = model.stages()
    figures = evaluate(model, held_out, stage, seed=0)
    losses = [(len(batch.items), total(stage.phases[0].loss(batch, END)).item()) for batch in held_out.in_order(256, 0)]
    assert figures["loss"] == pytest.approx(sum(n * loss for n, loss in losses) / len(held_out), rel=1e-5)


def test_more_draws_than_memory_can_hold_are_refused():
    large = DataInfo((3, 128, 128), {"train": 1000, "validation": 300, "test": 300})
    with pytest.raises(AelibError) as caught:
        build(parsed("iwae", samples=100), large)
    assert caught.value.code == "E_TOO_LARGE"
    assert "Take at most 39" in caught.value.how_to_fix
    build(parsed("iwae", samples=39), large)


def test_the_optimal_variance_is_refused():
    with pytest.raises(AelibError) as caught:
        made("iwae", reconstruction="squared_error", variance="optimal")
    assert caught.value.code == "E_CONFIG"
    assert "'learned'" in caught.value.how_to_fix
    learnt = made("iwae", reconstruction="squared_error", variance="learned")
    gradients = torch.autograd.grad(total(phase_of(learnt).loss(batch_of(pictures()), END)), [learnt.log_sigma])
    assert gradients[0] != 0
