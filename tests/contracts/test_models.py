"""What every model promises, for the shipped ones and for the test-only ones of ``tests.zoo.models``."""

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch

from aelib.config import RunConfig, allowed_range
from aelib.datasets._base import DataInfo, Dataset, load_dataset
from aelib.errors import AelibError
from aelib.models._base import Batch, Model, build, total
from aelib.models._facts import _shadow, facts_of
from aelib.models._needs import NEEDS
from aelib.registry import MODELS, NETWORKS, _folder
from aelib.training import evaluation, ways
from aelib.training.batches import Batches
from aelib.training.evaluation import evaluate
from aelib.training.loop import train
from tests.contracts._models import (
    END,
    GIANT,
    NAMES,
    NETWORK_SHAPES,
    SHAPES,
    ZOO,
    batch,
    config,
    fits,
    has_field,
    home,
    info,
    items,
    labels,
    made,
    needed,
)


@pytest.fixture(autouse=True)
def zoo() -> Iterator[None]:
    MODELS.packages.append(ZOO)
    yield
    MODELS.packages.remove(ZOO)


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
def test_it_says_what_it_serves(name):
    serves = MODELS.load(name).Model.serves
    assert serves
    assert set(serves) <= set(NEEDS)


@pytest.mark.parametrize("name", NAMES)
def test_a_closed_form_is_one_without_a_step(name):
    model = made(name)
    assert model.is_closed_form == all(stage.fit and not stage.phases for stage in model.stages())


@pytest.mark.parametrize("name", NAMES)
def test_a_field_that_is_not_always_read_names_fields_before_it_and_values_that_they_take(name):
    schema = MODELS.load(name).Config
    seen: dict = {}
    for key, field in schema.model_fields.items():
        extra = field.json_schema_extra or {}
        for other, wanted in extra.get("only_when", {}).items():
            assert other in seen, f"{key} looks at {other}, which comes later"
            for value in wanted if isinstance(wanted, list) else [wanted]:
                if value is not True:
                    schema.model_validate({other: value})
        seen[key] = field


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
    rounding = torch.autocast("cpu", torch.bfloat16, model.can_round)
    before, rounded = evaluate(model, held_out, stage, seed=0), evaluate(model, held_out, stage, 0, rounding)
    with pytest.MonkeyPatch.context() as forgetting:
        forgetting.setattr(evaluation, "_remembering", nullcontext)
        assert evaluate(model, held_out, stage, seed=0) == before, "what is not computed twice is the same"
        assert evaluate(model, held_out, stage, 0, rounding) == rounded
    assert not any("forward" in vars(layer) for layer in model.modules()), "and nothing is left behind"
    reports = [report for report in train(model, dataset, run) if report.finished]
    after = evaluate(model, held_out, stage, seed=0)
    watched = model.watch if model.watch in after else "error"
    assert after[watched] < 0.9 * before[watched]
    assert after["error"] < 0.9 * before["error"]
    assert reports[-1].validation["error"] > 0
    assert not model.training


@pytest.mark.parametrize("name", NAMES)
def test_how_many_threads_are_fastest_can_be_tried_before_anything_is_prepared(name, monkeypatch):
    monkeypatch.setattr(ways, "WORTH_PRODUCTS", 0)
    monkeypatch.setattr(ways, "ROUNDS", 1)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    monkeypatch.setattr(torch, "set_num_threads", lambda count: None)
    run = RunConfig.parse(
        {
            **needed(name),
            "network": home(name),
            "model": {"name": name},
            "training": {"batch_size": 32, "device": "cpu"},
        }
    )
    dataset = with_masks(load_dataset(run.dataset))
    model = build(run, dataset.info)
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    learn = Batches(dataset.splits["train"], run.corruptions, "cpu", run.target)
    way = ways.choose(model, learn, run.training, "cpu")
    assert way.threads in (1, 2)
    assert ("a step took" in way.sentence) == any(stage.phases for stage in model.stages())
    assert all(torch.equal(before[key], tensor) for key, tensor in model.state_dict().items())


@pytest.mark.parametrize("name", [*NAMES, *MODELS.unlisted])
def test_what_pages_read_from_its_text_is_so(name):
    """Every class attribute of the contract: pages ask for them before torch is there."""
    declared = set(vars(Model)["__annotations__"]) - {"latent_dim"}
    told, model = facts_of(name), MODELS.load(name).Model
    assert {each: getattr(told, each) for each in declared} == {each: getattr(model, each) for each in declared}


ODD = {
    "its base has its name": "from aelib.models.segmentation import Model\n\nclass Model(Model):\n    serves = ()\n",
    "a relative import": "from .two_stages import Model as Base\n\nclass Model(Base):\n    can_decode = False\n",
    "another name": "from aelib.models.segmentation import Model as Base\n\nModel = Base\n",
    "not a literal": "from aelib.models.vae import Model as Base\n\nclass Model(Base):\n    can_sample = not True\n",
}


@pytest.mark.parametrize("kind", ODD)
def test_a_text_that_is_hard_to_follow_is_read_rightly_all_the_same(kind, tmp_path, monkeypatch):
    package = tmp_path / "odd_models"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "two_stages.py").write_text("from aelib.models.vae import Model as Vae\n\nclass Model(Vae):\n    pass\n")
    (package / "odd.py").write_text(ODD[kind])
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.startswith("odd_models")]:
        monkeypatch.delitem(sys.modules, name)
    _folder.cache_clear()
    _shadow.cache_clear()
    with monkeypatch.context() as patch:  # undone before the zoo goes from the list
        patch.setattr(MODELS, "packages", [*MODELS.packages, "odd_models"])
        told, model = facts_of("odd"), MODELS.load("odd").Model
    for each in ("target", "code_shape", "can_decode", "can_sample", "serves"):
        assert getattr(told, each) == getattr(model, each)
    _folder.cache_clear()


def test_facts_of_models_load_no_torch():
    lines = "import sys\nfrom aelib.models._facts import facts_of\nfrom aelib.registry import MODELS\n"
    lines += "for name in MODELS.names(): facts_of(name)\nprint('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "False", done.stderr
