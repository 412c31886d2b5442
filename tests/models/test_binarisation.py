"""Pixels drawn black or white at each step: one draw for input and target, the same in every validation."""

import pytest
import torch
from torch.distributions import Bernoulli, Normal, kl_divergence

from aelib.config import RunConfig
from aelib.datasets._base import load_dataset
from aelib.errors import AelibError
from aelib.models._base import build, total
from aelib.models._gaussian import draw_pixels
from aelib.training.batches import Batches
from aelib.training.evaluation import evaluate
from aelib.training.loop import train
from tests.models._small import END, VECTORS, batch_of, made, parsed, parts_of, phase_of, pictures

DYNAMIC = {"binarisation": "dynamic"}
GAUSSIAN = {"reconstruction": "squared_error"}


def drawn_by_hand(seed: int = 6) -> tuple[torch.Tensor, torch.Generator]:
    """The pixels of ``batch_of(pictures(), seed)``, and the generator after them."""
    generator = torch.Generator().manual_seed(seed)
    return torch.bernoulli(pictures(), generator=generator), generator


def test_a_draw_is_black_or_white_and_the_same_for_input_and_target():
    drawn = draw_pixels(batch_of(pictures()))
    assert set(drawn.inputs.unique().tolist()) == {0.0, 1.0}
    assert torch.equal(drawn.inputs, drawn.targets)
    assert torch.equal(drawn.inputs, drawn.items)
    assert torch.equal(drawn.inputs, drawn_by_hand()[0])


def test_a_grey_value_is_the_chance_of_white():
    grey = torch.tensor([0.0, 0.2, 0.9, 1.0]).view(1, 1, 2, 2).expand(20_000, 1, 2, 2)
    mean = draw_pixels(batch_of(grey)).inputs.mean(0).flatten()
    assert mean.tolist() == pytest.approx([0.0, 0.2, 0.9, 1.0], abs=0.015)
    assert (mean[0], mean[3]) == (0.0, 1.0)


def test_each_step_draws_anew():
    batch = batch_of(pictures())
    assert not torch.equal(draw_pixels(batch).inputs, draw_pixels(batch).inputs)


def test_the_loss_of_the_vae_is_minus_the_elbo_of_the_drawn_pixels():
    model = made("vae", warm_up=0.0, **DYNAMIC)
    pixels, generator = drawn_by_hand()
    codes = model.encode(pixels)
    posterior = Normal(codes.codes, codes.spreads)
    latents = codes.codes + codes.spreads * torch.randn(codes.codes.shape, generator=generator)
    likelihood = Bernoulli(logits=model.before_output(latents)).log_prob(pixels).flatten(1).sum(1)
    elbo = likelihood - kl_divergence(posterior, Normal(0.0, 1.0)).sum(1)
    assert total(parts_of(model, pictures())).item() == pytest.approx(-elbo.mean().item(), rel=1e-5)


def test_the_loss_of_the_iwae_is_minus_its_bound_of_the_drawn_pixels():
    model = made("iwae", samples=4, **DYNAMIC)
    pixels, generator = drawn_by_hand()
    codes = model.encode(pixels)
    posterior = Normal(codes.codes, codes.spreads)
    latents = codes.codes + codes.spreads * torch.randn((4, *codes.codes.shape), generator=generator)
    logs = []
    for latent in latents:
        likelihood = Bernoulli(logits=model.before_output(latent)).log_prob(pixels).flatten(1).sum(1)
        prior = Normal(0.0, 1.0).log_prob(latent).sum(1)
        logs.append(likelihood + prior - posterior.log_prob(latent).sum(1))
    bound = torch.stack(logs).exp().mean(0).log().mean()
    assert total(parts_of(model, pictures())).item() == pytest.approx(-bound.item(), rel=1e-5)


def test_without_it_the_grey_pixels_are_seen():
    model = made("vae", warm_up=0.0)
    same = made("vae", warm_up=0.0, **DYNAMIC)
    same.load_state_dict(model.state_dict())
    grey, drawn = total(parts_of(model, pictures())), total(parts_of(same, pictures()))
    assert drawn.item() > grey.item() + 1, "a drawn pixel cannot be told from its chance, and costs its entropy"


def test_every_validation_has_the_same_draw():
    run = parsed("vae", warm_up=0.0, **DYNAMIC)
    dataset = load_dataset(run.dataset)
    model = build(run, dataset.info)
    held_out = Batches(dataset.splits["validation"], (), "cpu")
    (stage,) = model.stages()
    assert evaluate(model, held_out, stage, seed=3) == evaluate(model, held_out, stage, seed=3)
    assert evaluate(model, held_out, stage, seed=3) != evaluate(model, held_out, stage, seed=4)


def short_run(name: str) -> RunConfig:
    run = parsed(name, widths=(24,), batch_size=128, **DYNAMIC)
    return run.model_copy(update={"training": run.training.model_copy(update={"epochs": 3})})


@pytest.mark.parametrize("name", ["vae", "iwae", "factor_vae"])
def test_a_resumed_training_ends_with_the_same_weights(name):
    run = short_run(name)
    dataset = load_dataset(run.dataset)
    whole = build(run, dataset.info)
    point = None
    for report in train(whole, dataset, run):
        if report.snapshot and point is None:
            point = report.snapshot()
    assert point is not None
    resumed = build(run, dataset.info)
    for _ in train(resumed, dataset, run, resume=point):
        pass
    for key, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[key]), key


@pytest.mark.parametrize("name", ["vae", "iwae", "tc_vae", "factor_vae", "info_vae", "conditional_vae"])
def test_every_variant_with_a_likelihood_takes_it(name):
    model = made(name, **DYNAMIC)
    grey, drawn = (phase_of(model).loss(batch_of(items), END) for items in (pictures(), drawn_by_hand()[0]))
    assert torch.isfinite(total(grey))
    assert "cross_entropy_above_floor" in grey
    assert grey.keys() == drawn.keys()


@pytest.mark.parametrize("name", ["vae", "iwae"])
@pytest.mark.parametrize(
    ("info", "fields", "says"),
    [
        (None, GAUSSIAN, "model.binarisation 'dynamic' does not go with model.reconstruction 'squared_error'"),
        (VECTORS, {}, "needs items in [0, 1]"),
    ],
)
def test_what_has_no_chance_is_refused(name, info, fields, says):
    with pytest.raises(AelibError) as caught:
        made(name, *([info] if info else []), **fields, **DYNAMIC)
    assert caught.value.code == "E_CONFIG"
    assert says in str(caught.value)
    assert caught.value.how_to_fix


def test_a_corruption_is_refused():
    run = RunConfig.parse({"corruptions": ["masking"], "model": {"name": "vae", **DYNAMIC}})
    with pytest.raises(AelibError, match="does not go with corruptions"):
        build(run, load_dataset(run.dataset).info)
