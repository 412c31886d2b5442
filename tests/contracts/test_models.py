"""What every model promises, for the shipped ones and for the test-only ones of ``tests.zoo.models``."""

import json
import resource
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import product

import numpy as np
import pytest
import torch
from torch.distributions import Normal, kl_divergence

from aelib.config import RunConfig, allowed_range
from aelib.datasets._base import DataInfo, Dataset, load_dataset
from aelib.errors import AelibError
from aelib.losses.reconstruction import cross_entropy_above_floor, gaussian_error_per_item
from aelib.models._base import Batch, Model, Progress, build, check, total
from aelib.registry import MODELS, NETWORKS, Registry
from aelib.training.batches import Batches
from aelib.training.evaluation import evaluate
from aelib.training.loop import train

ZOO = "tests.zoo.models"
NAMES = sorted({*MODELS.names(), *Registry("model", ZOO).names()})
SHAPES = [(1, 8, 8), (3, 13, 11)]
SMALL = {
    "mlp": {"widths": [24]},
    "convolutional": {"channels": [4, 6]},
    "residual": {"channels": [4, 6]},
    "unet": {"channels": [4, 6]},
}
GIANT = {
    "mlp": {"widths": [8192] * 8},
    "convolutional": {"channels": [1024] * 7},
    "unet": {"channels": [1024] * 7},
}
END = Progress(1, 1)


@pytest.fixture(autouse=True)
def zoo() -> Iterator[None]:
    MODELS.packages.append(ZOO)
    yield
    MODELS.packages.remove(ZOO)


def info(shape: tuple[int, int, int] = (1, 8, 8)) -> DataInfo:
    return DataInfo(shape, {"train": 20, "validation": 10, "test": 10}, ("a", "b"), has_masks=True)


def network_shapes(name: str) -> set[str]:
    plugin = NETWORKS.load(name)
    body = plugin.build(plugin.Config(), info((1, 16, 16)))
    return {body.code_shape, "grid"} if getattr(body, "grid", None) else {body.code_shape}


NETWORK_SHAPES = {name: network_shapes(name) for name in NETWORKS.names()}


def needed(model: str) -> dict:
    """What a run must have before this model takes it."""
    plugin = MODELS.load(model).Model
    corruptions = {"corruptions": [{"name": "masking"}]} if plugin.needs_corruptions else {}
    return {"target": plugin.target, **corruptions}


@cache
def home(model: str, network: str = "") -> dict | None:
    """The first way in which a small network (of this name) suits the model; None where there is none.

    A model may want one activation; it then refuses the others.
    """
    names = [network] if network else sorted(NETWORKS.names(), key=lambda name: name != "mlp")
    for name, more in product(names, ({}, {"activation": "sigmoid"})):
        raw = {"name": name, **SMALL.get(name, {}), **more}
        try:
            run = RunConfig.parse({**needed(model), "network": raw, "model": {"name": model}})
            check(run.model_copy(update={"training": run.training.model_copy(update={"batch_size": 8})}), info())
        except AelibError:
            continue
        return raw
    return None


def config(model: str, network: str = "", seed: int = 0, **fields) -> RunConfig:
    return RunConfig.parse(
        {
            **needed(model),
            "network": home(model, network) or {"name": network, **SMALL.get(network, {})},
            "model": {"name": model, **fields},
            "training": {"batch_size": 8, "seed": seed},
        }
    )


def made(model: str, network: str = "", shape: tuple[int, int, int] = (1, 8, 8), **fields) -> Model:
    return build(config(model, network, **fields), info(shape))


def has_field(model: str, field: str) -> bool:
    return field in MODELS.load(model).Config.model_fields


def items(shape: tuple[int, int, int] = (1, 8, 8), count: int = 10) -> torch.Tensor:
    return torch.rand(count, *shape, generator=torch.Generator().manual_seed(5))


def batch(shape: tuple[int, int, int] = (1, 8, 8), count: int = 10, target: str = "items") -> Batch:
    clean = items(shape, count)
    targets = clean if target == "items" else (clean[:, :1] > 0.5).float()
    return Batch(clean * 0.9, targets, torch.arange(count) % 2, torch.Generator().manual_seed(6), clean)


def labels(model: Model, count: int) -> torch.Tensor | None:
    """One class per item for a model that asks for them."""
    return torch.arange(count) % 2 if model.needs_labels else None


def fits(model: str, network: str) -> bool:
    return home(model, network) is not None


@pytest.mark.parametrize("name", NAMES)
def test_a_model_takes_the_networks_of_its_code_shape_and_no_others(name):
    assert home(name), "no network at all"
    shape = MODELS.load(name).Model.code_shape
    taken = {network: fits(name, network) for network in NETWORKS.names()}
    if shape == "any":
        assert all(taken.values())
    else:
        assert all(shape in NETWORK_SHAPES[network] for network in taken if taken[network])


def passes() -> Iterator[Batch]:
    """As many items as ``info`` counts for training."""
    yield batch()
    yield batch()


TRIPLES = list(product(NAMES, NETWORKS.names(), SHAPES))


@pytest.mark.parametrize(("name", "network", "shape"), TRIPLES)
def test_codes_and_items_have_their_shapes_and_are_deterministic(name, network, shape):
    if not fits(name, network):
        assert refused(name, network, shape)
        return
    model, pictures = made(name, network, shape).eval(), items(shape, 5)
    given = labels(model, 5)
    before = pictures.clone()
    with torch.no_grad():
        state = torch.get_rng_state()
        first, second = model.encode(pictures, given), model.encode(pictures, given)
        again = model.reconstruct(pictures, given)
        recon = model.decode(first.latents, given) if model.can_decode else model.reconstruct(pictures, given)
        assert torch.equal(state, torch.get_rng_state())
    assert first.codes.shape == (5, model.latent_dim)
    assert first.codes.dtype == recon.dtype == torch.float32
    assert torch.equal(first.codes, second.codes)
    assert torch.equal(pictures, before)
    assert recon.shape == (pictures.shape if model.target == "items" else (5, 1, *shape[1:]))
    assert torch.isfinite(recon).all()
    assert torch.equal(recon, again)
    if model.code_shape == "grid":
        assert first.latents.ndim == 4
        assert first.latents.shape[:2] == (5, model.latent_dim)
        assert torch.allclose(first.latents.mean((2, 3)), first.codes, atol=1e-6), "codes are means over the grid"
    elif model.can_decode:
        assert torch.equal(first.latents, first.codes)
    if first.spreads is not None:
        assert first.spreads.shape == first.codes.shape
        assert (first.spreads > 0).all()


def refused(name: str, network: str, shape: tuple[int, int, int]) -> bool:
    """Whether a model and a network that do not fit are answered in words."""
    try:
        made(name, network, shape)
    except AelibError as error:
        return error.code == "E_CONFIG" and "network" in str(error)
    return False


@pytest.mark.parametrize("name", NAMES)
def test_what_cannot_decode_says_so(name):
    model = made(name).eval()
    if model.can_decode:
        return
    with pytest.raises(AelibError) as caught:
        model.decode(model.encode(items()).latents)
    assert caught.value.code == "E_ABILITY"
    assert caught.value.how_to_fix


@pytest.mark.parametrize("name", NAMES)
def test_one_item_is_encoded_as_among_others(name):
    model = made(name).eval()
    given = labels(model, 10)
    whole = model.encode(items(), given).codes
    alone = model.encode(items()[3:4], None if given is None else given[3:4]).codes
    assert torch.allclose(whole[3:4], alone, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_is_trained_or_fitted(name):
    model = made(name)
    before = {key: parameter.detach().clone() for key, parameter in model.named_parameters()}
    moved = set()
    for stage in model.stages():
        moved |= {id(parameter) for phase in stage.phases for parameter in phase.parameters}
        for hook in (stage.prepare, stage.fit):
            if hook:
                hook(passes)
    idle = [
        key
        for key, parameter in model.named_parameters()
        if id(parameter) not in moved and torch.equal(parameter, before[key])
    ]
    assert not idle


@pytest.mark.parametrize(("name", "network", "shape"), TRIPLES)
def test_every_part_is_finite_and_every_phase_learns(name, network, shape):
    if not fits(name, network):
        return
    model = made(name, network, shape).train()
    for stage in model.stages():
        names: list[str] = []
        for phase in stage.phases:
            state = torch.get_rng_state()
            parts = phase.loss(batch(shape, target=model.target), END)
            assert torch.equal(state, torch.get_rng_state()), "draws come from the batch's generator alone"
            assert all(term.value.shape == () and torch.isfinite(term.value) for term in parts.values())
            assert all(term.weight >= 0 for term in parts.values())
            assert all(parameter.grad is None for parameter in model.parameters()), "the loop differentiates"
            gradients = torch.autograd.grad(total(parts), phase.parameters)  # raises where one has no part in it
            assert all(torch.isfinite(gradient).all() for gradient in gradients)
            assert any(gradient.any() for gradient in gradients)
            again = phase.loss(batch(shape, target=model.target), END)
            assert all(torch.equal(parts[key].value, again[key].value) for key in parts), "same batch, same loss"
            names += parts
        assert len(set(names)) == len(names), "two phases name a part alike"
        if stage.figures:
            figures = stage.figures()
            assert figures.keys() == stage.figures().keys(), "there is an answer when nothing was counted"
            assert np.isfinite(list(figures.values())).all()
            names += figures
        assert len(set(names)) == len(names), "a figure has the name of a part"
        assert not {"loss", "error", "error_corrupted"} & set(names), "a part has a name that the loop takes"


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_same_weights(name):
    state = torch.get_rng_state()
    one, same, other = (build(config(name, seed=seed), info()).state_dict() for seed in (1, 1, 2))
    assert torch.equal(state, torch.get_rng_state()), "building leaves torch's own generator alone"
    assert all(torch.equal(one[key], same[key]) for key in one)
    if any(parameter.requires_grad for parameter in made(name).parameters()):
        assert any(not torch.equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize(("name", "network"), product(NAMES, NETWORKS.names()))
def test_config_survives_json(name, network):
    run = config(name, network, **({"latent_dim": 3} if has_field(name, "latent_dim") else {}))
    assert RunConfig.parse(json.loads(run.to_json())) == run


@pytest.mark.parametrize("value", [0, -1, 10**9, 1e9, "8", True, 2.5, float("nan"), None, [8]])
@pytest.mark.parametrize("name", NAMES)
def test_impossible_code_sizes_are_refused_with_the_range(name, value):
    if not has_field(name, "latent_dim"):
        return
    with pytest.raises(AelibError) as caught:
        config(name, latent_dim=value)
    assert caught.value.code == "E_CONFIG"
    assert "model.latent_dim" in str(caught.value)
    allowed = allowed_range(MODELS.load(name).Config.model_fields["latent_dim"])
    assert allowed in str(caught.value)
    assert "a whole number from 1 to" in allowed


@pytest.mark.parametrize("name", NAMES)
def test_unknown_setting_offers_the_nearest(name):
    field = next(field for field in MODELS.load(name).Config.model_fields if field != "name")
    with pytest.raises(AelibError) as caught:
        config(name, **{field + "s": 3})
    assert caught.value.code == "E_CONFIG"
    assert f"Did you mean {field!r}?" in str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_a_giant_is_refused_before_memory_is_touched(name):
    fields = MODELS.load(name).Config.model_fields
    largest = {
        key: part.le
        for key, field in fields.items()
        if field.annotation is int
        for part in field.metadata
        if hasattr(part, "le")
    }
    small = home(name)
    network = {**small, **GIANT[small["name"]]}
    run = RunConfig.parse({**needed(name), "network": network, "model": {"name": name, **largest}})
    wide = DataInfo((3, 128, 128), {"train": 1000, "validation": 10, "test": 10}, ("a", "b"), has_masks=True)
    before = peak_megabytes()
    with pytest.raises(AelibError) as caught:
        build(run, wide)
    assert caught.value.code == "E_TOO_LARGE"
    assert peak_megabytes() - before < 100


def peak_megabytes() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


@pytest.mark.parametrize("name", NAMES)
def test_help_is_complete(name):
    text = MODELS.help(name)
    assert all((text.summary, text.what_for, text.limits, text.reference))
    fields = MODELS.load(name).Config.model_fields
    assert all(field.description for key, field in fields.items() if key != "name")


@pytest.mark.parametrize("name", NAMES)
def test_samples_come_from_the_generator_or_are_refused(name):
    model = made(name)
    draws = [torch.Generator().manual_seed(seed) for seed in (1, 1, 2)]
    if not model.can_sample:
        with pytest.raises(AelibError) as caught:
            model.sample(3, draws[0])
        assert caught.value.code == "E_ABILITY"
        return
    one, same, other = (model.sample(3, generator) for generator in draws)
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert model.decode(one, labels(model, 3)).shape == (3, 1, 8, 8)


def with_masks(dataset: Dataset) -> Dataset:
    """The same items; a digit's mask is where it is bright."""
    parts = {
        name: replace(part, masks=((part.values > 127) * 255).astype(np.uint8)) for name, part in dataset.splits.items()
    }
    return replace(dataset, splits=parts)


@pytest.mark.parametrize("name", NAMES)
def test_three_epochs_on_digits_beat_the_untrained_model(name):
    run = RunConfig.parse(
        {
            **needed(name),
            "network": {**home(name), **({"widths": [32]} if home(name)["name"] == "mlp" else {})},
            "model": {"name": name, **({"latent_dim": 8} if has_field(name, "latent_dim") else {})},
            "training": {"epochs": 3, "batch_size": 32},
        }
    )
    dataset = with_masks(load_dataset(run.dataset))
    model = build(run, dataset.info)
    held_out = Batches(dataset.splits["validation"], run.corruptions, "cpu", run.target)
    stage = list(model.stages())[-1]
    before = evaluate(model, held_out, stage, seed=0)
    reports = [report for report in train(model, dataset, run) if report.finished]
    after = evaluate(model, held_out, stage, seed=0)
    watched = model.watch if model.watch in after else "error"
    assert after[watched] < 0.9 * before[watched]
    assert after["error"] < 0.9 * before["error"]
    assert reports[-1].validation["error"] > 0
    assert not model.training


# --- test-only models: what they are there to show -----------------------------------------------------------------


def test_closed_form_finds_the_principal_components():
    from sklearn.decomposition import PCA

    model = made("closed_form", latent_dim=3)
    next(iter(model.stages())).fit(lambda: iter([batch(count=200)]))
    pixels = items(count=200).flatten(1).numpy()
    reference = PCA(3, svd_solver="full").fit(pixels)
    expected = reference.inverse_transform(reference.transform(pixels))
    recon = model.reconstruct(items(count=200)).flatten(1).numpy()
    assert abs(recon - expected).max() < 1e-5


def test_two_stages_has_all_its_hooks_called_in_order():
    run = config("two_stages")
    run = run.model_copy(update={"training": run.training.model_copy(update={"epochs": 2, "batch_size": 100})})
    dataset = load_dataset(run.dataset)
    model = build(run, dataset.info)
    for _ in train(model, dataset, run):
        pass
    hooks = ("prepare", "after_step", "finish")
    assert model.calls == [f"{stage}.{hook}" for stage in ("outer", "all") for hook in hooks]


def test_two_optimisers_keeps_critic_and_encoder_apart():
    phases = {phase.name: phase for phase in next(iter(made("two_optimisers").stages())).phases}
    owned = {name: {id(parameter) for parameter in phase.parameters} for name, phase in phases.items()}
    assert not owned["reconstruction"] & owned["critic"]
    assert owned["regularise"] < owned["reconstruction"]
    critical = phases["critic"].loss(batch(), END)
    leaked = torch.autograd.grad(total(critical), phases["reconstruction"].parameters, allow_unused=True)
    assert all(gradient is None for gradient in leaked)


# --- autoencoder and vae: what they alone promise ---


@pytest.mark.parametrize("name", ["autoencoder", "vae", "two_optimisers", "two_stages"])
def test_a_sigmoid_output_stays_within_zero_and_one(name):
    recon = made(name).decode(1000 * torch.randn(20, made(name).latent_dim))
    assert recon.min() >= 0
    assert recon.max() <= 1


def test_an_identity_output_is_free():
    model = made("autoencoder", output="identity", reconstruction="squared_error")
    assert model.decode(1000 * torch.randn(20, 16)).max() > 1


@pytest.mark.parametrize(("activation", "low", "high"), [("relu", 0, 99), ("sigmoid", 0, 1), ("tanh", -1, 1)])
def test_code_activation_bounds_the_code(activation, low, high):
    codes = made("autoencoder", code_activation=activation).encode(100 * items()).codes
    assert low <= codes.min() <= codes.max() <= high


@pytest.mark.parametrize("name", ["autoencoder", "vae"])
def test_reconstruction_is_scored_against_the_targets(name):
    model = made(name)
    (phase,) = next(iter(model.stages())).phases
    given = batch()
    value = phase.loss(given, END)["cross_entropy_above_floor"].value
    swapped = Batch(given.inputs, given.inputs, None, torch.Generator().manual_seed(6), given.inputs)
    assert not torch.equal(value, phase.loss(swapped, END)["cross_entropy_above_floor"].value)


def test_autoencoder_loss_is_its_formula():
    for fields in (
        {},
        {"reconstruction": "squared_error"},
        {"reconstruction": "squared_error", "output": "identity"},
    ):
        model, given = made("autoencoder", **fields), batch()
        (phase,) = next(iter(model.stages())).phases
        recon = model.reconstruct(given.inputs)
        if fields:
            expected = {"squared_error": (recon - given.targets).square().sum() / 10}
        else:
            expected = {"cross_entropy_above_floor": cross_entropy_above_floor(torch.logit(recon), given.targets)}
        parts = phase.loss(given, END)
        assert parts.keys() == expected.keys()
        assert all(torch.allclose(parts[key].value, expected[key], rtol=1e-4) for key in parts)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"latent_dim": 64}, "model.latent_dim"),
        ({"latent_dim": 4096}, "model.latent_dim"),
        ({"output": "identity"}, "model.output"),
    ],
)
def test_autoencoder_refuses_what_cannot_work(fields, field):
    with pytest.raises(AelibError) as caught:
        made("autoencoder", **fields)
    assert caught.value.code == "E_CONFIG"
    assert field in str(caught.value)
    assert caught.value.how_to_fix


def test_autoencoder_takes_the_longest_allowed_code():
    assert made("autoencoder", latent_dim=63).latent_dim == 63


def test_vae_loss_is_its_formula():
    model, given = made("vae", beta=3.0, reconstruction="squared_error", sigma=0.5), batch()
    (phase,) = next(iter(model.stages())).phases
    parts = phase.loss(given, END)
    codes = model.encode(given.inputs)
    noise = torch.randn(codes.codes.shape, generator=torch.Generator().manual_seed(6))
    recon = model.decode(codes.codes + codes.spreads * noise)
    divergence = kl_divergence(Normal(codes.codes, codes.spreads), Normal(0.0, 1.0)).sum(1).mean()
    assert parts.keys() == {"gaussian_error", "kl"}
    assert torch.allclose(
        parts["gaussian_error"].value, gaussian_error_per_item(recon, given.targets, 0.5).mean(), rtol=1e-5
    )
    assert torch.allclose(parts["kl"].value, divergence, rtol=1e-3)
    assert parts["kl"].weight == 3.0


def test_vae_warms_up_linearly_and_ends_at_beta():
    (phase,) = next(iter(made("vae", beta=4.0, warm_up=0.5).stages())).phases
    weights = [phase.loss(batch(), Progress(done, 100))["kl"].weight for done in (0, 25, 50, 75, 100)]
    assert weights == [0.0, 2.0, 4.0, 4.0, 4.0]
    (phase,) = next(iter(made("vae", beta=4.0, warm_up=0.0).stages())).phases
    assert phase.loss(batch(), Progress(0, 100))["kl"].weight == 4.0


@pytest.mark.parametrize(("bias", "spread"), [(1e6, 5.0), (-1e6, -5.0)])
def test_vae_variance_cannot_run_away(bias, spread):
    model = made("vae")
    torch.nn.init.constant_(model.to_log_variance.bias, bias)
    assert torch.allclose(model.encode(items()).spreads.log(), torch.tensor(spread))
    (phase,) = next(iter(model.stages())).phases
    assert torch.isfinite(total(phase.loss(batch(), END)))
