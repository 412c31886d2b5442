"""The plain autoencoder's penalties and tied weights, the contractive and the denoising one, each by its formula."""

import copy

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from aelib.config import RunConfig
from aelib.datasets._base import DataInfo, load_dataset, split_items
from aelib.errors import AelibError
from aelib.losses.contraction import probed_jacobian, sigmoid_layer_jacobian
from aelib.losses.emphasis import cross_entropy_above_floor_at, squared_error_at
from aelib.losses.reconstruction import cross_entropy_above_floor, squared_error
from aelib.losses.weights import weight_l1, weight_l2
from aelib.models._base import Batch, Model, Progress, build
from aelib.networks._base import Transposed
from aelib.training.loop import train

END = Progress(1, 1)
PICTURES = DataInfo((1, 8, 8), {"train": 40, "validation": 10, "test": 10})
VECTORS = DataInfo((9,), {"train": 40, "validation": 10, "test": 10}, low=-30.0, high=70.0)


def made(name: str, network: dict | None = None, info: DataInfo = PICTURES, **fields) -> Model:
    network = {"name": "mlp", "widths": [12], **(network or {})}
    raw = {"network": network, "model": {"name": name, **fields}, "training": {"batch_size": 8}}
    raw |= {"corruptions": ["masking"]} if name == "denoising" else {}
    return build(RunConfig.parse(raw), info)


def batch(shape: tuple[int, ...] = (1, 8, 8), count: int = 10) -> Batch:
    """A third of the places corrupted."""
    generator = torch.Generator().manual_seed(1)
    clean = torch.rand(count, *shape, generator=generator)
    inputs = clean.masked_fill(torch.rand(clean.shape, generator=generator) < 1 / 3, 0.0)
    return Batch(inputs, clean, None, torch.Generator().manual_seed(2), clean)


def loss(model: Model, given: Batch, stage: int = -1) -> dict:
    (phase,) = list(model.stages())[stage].phases
    return dict(phase.loss(given, END))


def refusal(*args, **fields) -> AelibError:
    with pytest.raises(AelibError) as caught:
        made(*args, **fields)
    assert caught.value.code == "E_CONFIG"
    assert caught.value.how_to_fix
    return caught.value


# --- autoencoder: penalties on weights, tied weights ---


def test_penalties_on_weights_have_the_closed_gradient_and_leave_biases_alone():
    model = made("autoencoder", latent_dim=4, l1=0.1, l2=0.2)
    parts = loss(model, batch())
    assert list(parts) == ["cross_entropy_above_floor", "weight_l1", "weight_l2"]
    assert [parts["weight_l1"].weight, parts["weight_l2"].weight] == [0.1, 0.2]
    matrices = [module.weight for module in model.modules() if isinstance(module, torch.nn.Linear)]
    assert parts["weight_l1"].value.item() == pytest.approx(sum(w.detach().abs().sum().item() for w in matrices))
    assert parts["weight_l2"].value.item() == pytest.approx(sum(w.square().sum().item() for w in matrices) / 2)
    for name, derivative in (("weight_l1", torch.sign), ("weight_l2", lambda w: w)):
        for key, parameter in model.named_parameters():
            (found,) = torch.autograd.grad(parts[name].value, parameter, retain_graph=True, allow_unused=True)
            if key.endswith("bias"):
                assert found is None
            else:
                assert torch.allclose(found, derivative(parameter.detach()))


def test_kernels_are_weights_and_the_scales_of_a_normalisation_are_not():
    parameters = [torch.full((2, 1, 3, 3), -0.5), torch.full((7,), 100.0)]
    assert weight_l1(parameters).item() == 9.0
    assert weight_l2(parameters).item() == 2.25


def test_without_penalties_there_is_one_part():
    assert list(loss(made("autoencoder", latent_dim=4), batch())) == ["cross_entropy_above_floor"]


def test_tied_weights_go_back_transposed_and_are_there_once():
    model = made("autoencoder", {"tied": True}, latent_dim=4)
    shapes = sorted(tuple(parameter.shape) for parameter in model.parameters())
    assert shapes == [(4,), (4, 12), (12,), (12,), (12, 64), (64,)]
    assert set(model.state_dict()) == {key for key, _ in model.named_parameters()}
    codes = torch.randn(3, 4)
    hidden = F.relu(codes @ model.to_code.weight + model.from_code.bias)
    expected = torch.sigmoid(hidden @ model.encoder[1].weight + model.decoder[1].bias)
    assert torch.allclose(model.decode(codes).flatten(1), expected, atol=1e-6)


def test_a_copy_of_a_tied_model_is_tied_to_itself():
    model = made("autoencoder", {"tied": True}, latent_dim=4)
    twin = copy.deepcopy(model)
    twin.to_code.weight.data.zero_()
    assert not twin.from_code.weight.any()
    assert model.from_code.weight.any()


def test_a_tied_layer_learns_from_both_ways():
    partner = torch.nn.Linear(3, 2)
    back = Transposed(partner)
    (there,) = torch.autograd.grad(partner(torch.ones(1, 3)).sum(), partner.weight)
    (home,) = torch.autograd.grad(back(torch.ones(1, 2)).sum(), partner.weight)
    (both,) = torch.autograd.grad(back(partner(torch.ones(1, 3))).sum(), partner.weight)
    assert torch.equal(there, torch.ones(2, 3))
    assert torch.equal(home, torch.ones(2, 3))
    assert not torch.equal(both, there)


@pytest.mark.parametrize("name", ["autoencoder", "denoising", "sparse", "contractive"])
def test_vectors_of_any_range_are_learnt_with_squared_error_and_a_free_output(name):
    values = np.random.default_rng(0).normal(20, 10, (200, 9)).astype(np.float32)
    dataset = split_items(values, None, 0.2, 0.2)
    raw = {
        "network": {"name": "mlp", "widths": [16]},
        "model": {"name": name, "latent_dim": 4, "reconstruction": "squared_error", "output": "identity"},
        "training": {"epochs": 30, "learning_rate": 0.02, "batch_size": 20},
    }
    run = RunConfig.parse(raw | ({"corruptions": ["dropout_features"]} if name == "denoising" else {}))
    errors = [r.validation["error"] for r in train(build(run, dataset.info), dataset, run) if r.finished]
    assert min(errors) < 0.5 * errors[0]
    assert "bce" in str(refusal(name, info=VECTORS, latent_dim=4))
    assert "sigmoid" in str(refusal(name, info=VECTORS, latent_dim=4, reconstruction="squared_error"))
    assert "model.output" in str(refusal(name, latent_dim=4, output="identity"))


# --- contractive ---


def true_jacobian(model: Model, items: torch.Tensor) -> float:
    """Mean over items of the squared norm of the whole Jacobian."""
    jacobian = torch.func.vmap(torch.func.jacrev(lambda item: model.encode(item[None]).codes[0]))(items)
    return jacobian.square().flatten(1).sum(1).mean().item()


@pytest.mark.parametrize("tied", [False, True])
def test_the_closed_form_is_the_jacobian(tied):
    model = made("contractive", {"widths": [], "tied": tied}, latent_dim=90, jacobian="exact", lam=0.7)
    model.to_code.weight.data *= 20  # far from the straight middle of the sigmoid
    given = batch()
    part = loss(model, given)["jacobian"]
    assert part.weight == 0.7
    assert part.value.item() == pytest.approx(true_jacobian(model, given.inputs), rel=1e-5)
    shown = sigmoid_layer_jacobian(model.encode(given.inputs).codes, model.to_code.weight)
    assert part.value.item() == pytest.approx(shown.item())


@pytest.mark.parametrize(
    ("network", "fields"),
    [
        ({"activation": "sigmoid", "widths": [12, 10]}, {}),
        ({"activation": "tanh"}, {"code_activation": "linear"}),
        ({"name": "convolutional", "channels": [3]}, {}),
    ],
)
def test_the_probe_is_unbiased_at_any_depth(network, fields):
    network = {"name": "mlp", **network}
    raw = {"network": network, "model": {"name": "contractive", "latent_dim": 5, **fields}}
    model = build(RunConfig.parse(raw | {"training": {"batch_size": 8}}), PICTURES)
    given, generator = batch(), torch.Generator().manual_seed(3)
    with torch.no_grad():
        draws = [probed_jacobian(model._codes, given.inputs, 1, generator)[1].item() for _ in range(600)]
    exact = true_jacobian(model, given.inputs)
    margin = 4 * np.std(draws) / np.sqrt(len(draws))
    assert margin < 0.1 * exact  # else the next line would say little
    assert abs(np.mean(draws) - exact) < margin


def test_more_probes_are_nearer_and_codes_are_those_of_the_encoder():
    model = made("contractive", latent_dim=5)
    given, generator = batch(), torch.Generator().manual_seed(3)
    spreads = []
    for probes in (1, 16):
        draws = [probed_jacobian(model._codes, given.inputs, probes, generator) for _ in range(60)]
        spreads.append(torch.stack([norm for _, norm in draws]).std().item())
        assert torch.allclose(draws[0][0], model.encode(given.inputs).codes)
    assert 2 < spreads[0] / spreads[1] < 8  # 4 in expectation


def test_the_probe_has_the_gradient_of_what_it_estimates():
    """For a linear code ||J||^2 is the sum of squared weights, with the gradient 2 W."""
    model = made("contractive", {"widths": []}, latent_dim=5, code_activation="linear", probes=64)
    given = Batch(*(batch().inputs.repeat(40, 1, 1, 1),) * 2, None, torch.Generator().manual_seed(4), batch().items)
    (found,) = torch.autograd.grad(loss(model, given)["jacobian"].value, model.to_code.weight)
    assert F.cosine_similarity(found.flatten(), model.to_code.weight.flatten(), dim=0) > 0.99
    assert (found.norm() / model.to_code.weight.norm()).item() == pytest.approx(2, rel=0.05)


def test_a_higher_price_holds_codes_stiller():
    run = {"network": {"name": "mlp", "widths": [], "tied": True}, "training": {"epochs": 5, "learning_rate": 0.005}}
    norms = []
    for lam in (0.0, 10.0):
        config = RunConfig.parse({**run, "model": {"name": "contractive", "latent_dim": 30, "lam": lam}})
        dataset = load_dataset(config.dataset)
        reports = [r for r in train(build(config, dataset.info), dataset, config) if r.finished]
        norms.append(reports[-1].validation["jacobian"])
    assert norms[1] < 0.5 * norms[0]


@pytest.mark.parametrize(
    ("network", "fields"),
    [
        ({"widths": [12]}, {}),
        ({"widths": []}, {"code_activation": "tanh"}),
    ],
)
def test_the_closed_form_is_refused_where_it_does_not_hold(network, fields):
    error = refusal("contractive", network, latent_dim=5, jacobian="exact", **fields)
    assert "model.jacobian" in str(error)
    assert "probe" in error.how_to_fix


def test_convolutions_have_no_closed_form_and_normalised_batches_no_jacobian():
    for network, fields, word in (
        ({}, {"jacobian": "exact"}, "model.jacobian"),
        ({"batch_norm": True}, {}, "network.batch_norm"),
    ):
        raw = {
            "network": {"name": "convolutional", "channels": [3], **network},
            "model": {"name": "contractive", "latent_dim": 5, **fields},
        }
        with pytest.raises(AelibError, match=word):
            RunConfig.parse(raw | {"training": {"batch_size": 8}}).check(PICTURES)


# --- denoising ---


def test_emphasis_by_hand():
    recon, targets = torch.tensor([[1.0, 0.0], [0.0, 3.0]]), torch.zeros(2, 2)
    places = torch.tensor([[True, True], [True, False]])
    assert squared_error_at(recon, targets, places).item() == 0.5
    assert squared_error_at(recon, targets, ~places).item() == 4.5


def test_the_two_halves_are_the_whole():
    given, outputs = batch(), torch.randn(10, 1, 8, 8)
    places = given.inputs != given.targets
    for half, whole in (
        (squared_error_at, squared_error),
        (cross_entropy_above_floor_at, cross_entropy_above_floor),
    ):
        parts = [half(outputs, given.targets, marked) for marked in (places, ~places)]
        assert all(part > 0 for part in parts)
        assert sum(parts).item() == pytest.approx(whole(outputs, given.targets).item(), rel=1e-5)


@pytest.mark.parametrize("kind", ["cross_entropy", "squared_error"])
def test_corrupted_and_clean_places_are_weighed_apart(kind):
    field = {"reconstruction": "bce" if kind == "cross_entropy" else kind}
    model, given = made("denoising", latent_dim=5, alpha=2.0, beta=0.5, **field), batch()
    parts = loss(model, given)
    assert {name: part.weight for name, part in parts.items()} == {f"{kind}_on_corrupted": 2.0, f"{kind}_on_clean": 0.5}
    clean = Batch(given.items, given.items, None, given.generator, given.items)
    assert loss(model, clean)[f"{kind}_on_corrupted"].value.item() == 0
    # The error on corrupted places does not feel what comes out elsewhere.
    outputs = model._before_output(model._codes(given.inputs)).detach().requires_grad_()
    part = model._emphasised(outputs, given.inputs, given.targets, model.output)[f"{kind}_on_corrupted"]
    (gradient,) = torch.autograd.grad(part.value, outputs)
    assert torch.equal(gradient != 0, given.inputs != given.targets)


def test_without_corruptions_it_is_refused():
    run = RunConfig.parse({"model": {"name": "denoising"}})
    with pytest.raises(AelibError, match="corruptions") as caught:
        build(run, load_dataset(run.dataset).info)
    assert caught.value.code == "E_CONFIG"
    assert "masking" in caught.value.how_to_fix


def test_an_error_of_nothing_and_layers_that_cannot_be_told_apart_are_refused():
    assert "model.alpha" in str(refusal("denoising", latent_dim=5, alpha=0.0, beta=0.0))
    convolutions = {"name": "convolutional", "channels": [3]}
    raw = {"network": convolutions, "corruptions": ["masking"], "training": {"batch_size": 8}}
    raw["model"] = {"name": "denoising", "latent_dim": 5, "layerwise_epochs": 1}
    with pytest.raises(AelibError, match=r"model\.layerwise_epochs") as caught:
        build(RunConfig.parse(raw), PICTURES)
    assert "mlp" in caught.value.how_to_fix


STACK = {"widths": [20, 15], "activation": "sigmoid", "dropout": 0.5}


def test_a_stack_trains_each_pair_of_layers_alone_and_then_all():
    raw = {
        "corruptions": ["masking"],
        "network": {"name": "mlp", **STACK},
        "model": {"name": "denoising", "latent_dim": 6, "layerwise_epochs": 2},
        "training": {"epochs": 1, "learning_rate": 0.01},
    }
    run = RunConfig.parse(raw)
    dataset = load_dataset(run.dataset)
    model = build(run, dataset.info)
    pairs = {
        "layer_1": {"encoder.1", "decoder.5"},
        "layer_2": {"encoder.4", "decoder.2"},
        "layer_3": {"to_code", "from_code"},
        "training": {"encoder.1", "encoder.4", "to_code", "from_code", "decoder.2", "decoder.5"},
    }
    before, moved, rows = weights_of(model), {}, []
    for report in train(model, dataset, run):
        if report.finished:
            now = weights_of(model)
            changed = {key.rpartition(".")[0] for key in now if not torch.equal(now[key], before[key])}
            moved.setdefault(report.stage, set()).update(changed)
            before = now
            rows.append((report.stage, report.validation))
    assert moved == pairs
    assert [stage for stage, _ in rows] == [name for name in ("layer_1", "layer_2", "layer_3") for _ in "12"] + [
        "training"
    ]
    for number in (0, 2, 4):  # each layer's own error falls from its first to its second epoch
        first, second = (sum(v for k, v in rows[number + i][1].items() if k.startswith("layer_")) for i in (0, 1))
        assert second < first


def weights_of(model: Model) -> dict[str, torch.Tensor]:
    return {key: value.clone() for key, value in model.state_dict().items()}


def test_a_deeper_layer_sees_masked_codes_and_is_asked_for_the_clean_ones():
    model, given = made("denoising", STACK, latent_dim=6, layerwise_epochs=1, layerwise_masking=0.4).train(), batch()
    inputs, targets = model._layer_data(2, given)
    hidden = torch.sigmoid(model.encoder[1](given.items.flatten(1)))
    expected = torch.sigmoid(model.encoder[4](hidden))  # from clean items, without dropout
    assert torch.allclose(targets, expected)
    assert not targets.requires_grad
    hit = inputs != targets
    assert (inputs[hit] == 0).all()
    assert 0.25 < hit.float().mean() < 0.55
    # Sigmoid codes are compared by cross-entropy, with the layers of the bodies themselves.
    parts = loss(model, batch(), stage=2)
    inputs, targets = model._layer_data(2, batch())
    outputs = model.from_code(model.to_code(inputs))
    marked = inputs != targets
    assert list(parts) == ["layer_3_on_corrupted", "layer_3_on_clean"]
    found = parts["layer_3_on_corrupted"].value
    assert torch.allclose(found, cross_entropy_above_floor_at(outputs, targets, marked))


def test_relu_layers_are_compared_by_squared_error():
    model = made("denoising", {"widths": [20, 15]}, latent_dim=6, layerwise_epochs=1)
    parts = loss(model, batch(), stage=1)
    inputs, targets = model._layer_data(1, batch())
    recon = F.relu(model.decoder[1](F.relu(model.encoder[3](inputs))))
    assert torch.allclose(parts["layer_2_on_clean"].value, squared_error_at(recon, targets, inputs == targets))
    outer = loss(model, batch(), stage=0)
    given = batch()
    logits = model.decoder[3](F.relu(model.encoder[1](given.inputs.flatten(1)))).view(-1, 1, 8, 8)
    expected = cross_entropy_above_floor_at(logits, given.targets, given.inputs != given.targets)
    assert torch.allclose(outer["layer_1_on_corrupted"].value, expected)


def test_a_tied_stack_moves_shared_weights_once_per_layer():
    model = made("denoising", {**STACK, "tied": True}, latent_dim=6, layerwise_epochs=1)
    for stage in list(model.stages())[:-1]:
        (phase,) = stage.phases
        assert len({id(parameter) for parameter in phase.parameters}) == len(phase.parameters) == 3
        torch.autograd.grad(sum(term.value for term in phase.loss(batch(), END).values()), phase.parameters)


def test_a_stack_goes_on_from_its_middle_as_if_unbroken():
    raw = {
        "corruptions": ["masking"],
        "network": {"name": "mlp", "widths": [12], "activation": "sigmoid"},
        "model": {"name": "denoising", "latent_dim": 4, "layerwise_epochs": 2},
        "training": {"epochs": 2, "batch_size": 200},
    }
    run = RunConfig.parse(raw)
    dataset = load_dataset(run.dataset)
    whole, broken, resumed = (build(run, dataset.info) for _ in range(3))
    list(train(whole, dataset, run))
    point = None
    for report in train(broken, dataset, run):
        if report.finished and report.stage == "layer_2":
            point = report.snapshot()
            break
    list(train(resumed, dataset, run, resume=point))
    assert all(torch.equal(value, resumed.state_dict()[key]) for key, value in whole.state_dict().items())
