"""The deep belief net: its machines move by CD-1, free energies are what they say, pretraining is a good start."""

from itertools import product

import pytest
import torch
from torch.distributions import Normal

from aelib.config import RunConfig
from aelib.datasets._base import DataInfo, load_dataset
from aelib.errors import AelibError
from aelib.losses.free_energy import free_energy_per_item
from aelib.losses.reconstruction import squared_error
from aelib.models._base import Batch, Model, Progress, build, total
from aelib.training.batches import Batches
from aelib.training.loop import train
from aelib.training.schedule import find_rate

DIGITS = DataInfo((1, 8, 8), {"train": 1000, "validation": 100, "test": 100}, tuple("0123456789"))
FREE = {"reconstruction": "squared_error", "output": "identity"}
ENDS = {"published": {}, "free output": FREE, "logistic code": {"code_activation": "sigmoid"}}


def config(network: dict | None = None, training: dict | None = None, **model) -> RunConfig:
    return RunConfig.parse(
        {
            "network": {"name": "mlp", "widths": [20, 12], "activation": "sigmoid", **(network or {})},
            "model": {"name": "deep_belief", "latent_dim": 5, "rbm_epochs": 3, **model},
            "training": {"epochs": 2, "batch_size": 50, "device": "cpu", **(training or {})},
        }
    )


def batch(seed: int = 4) -> Batch:
    items = torch.rand(30, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    return Batch(items, items, None, torch.Generator().manual_seed(seed), items)


# --- the free energy ----------------------------------------------------------------------------------------------


def test_free_energy_is_the_log_of_the_sum_over_all_hidden_states():
    torch.manual_seed(0)
    visible, weight = torch.rand(6, 4, dtype=torch.float64), torch.randn(3, 4, dtype=torch.float64)
    b, c = torch.randn(4, dtype=torch.float64), torch.randn(3, dtype=torch.float64)
    states = torch.tensor(list(product([0.0, 1.0], repeat=3)), dtype=torch.float64)
    # E(v, h) = -b.v - c.h - h.W.v
    energies = -(visible @ b)[:, None] - states @ c - visible @ weight.T @ states.T
    expected = -torch.logsumexp(-energies, 1)
    found = free_energy_per_item(visible, c + visible @ weight.T, b)
    assert torch.allclose(found, expected)
    gaussian = free_energy_per_item(visible, c + visible @ weight.T, b, linear_visible=True)
    assert torch.allclose(gaussian, expected + visible @ b + (visible - b).square().sum(1) / 2)


def test_free_energy_of_a_linear_hidden_unit_is_its_integral():
    visible, weight, c, b = torch.tensor([[0.3, 0.8]]), torch.tensor([[1.2, -0.4]]), 0.7, torch.tensor([0.2, -0.1])
    h = torch.linspace(-15, 15, 60_001, dtype=torch.float64)
    energy = -(visible[0] @ b) + (h - c).square() / 2 - h * (visible[0] @ weight[0])
    expected = -torch.log(torch.trapezoid(torch.exp(-energy), h)) - Normal(0.0, 1.0).log_prob(torch.tensor(0.0))
    found = free_energy_per_item(visible, c + visible @ weight.T, b, linear_hidden=True)
    assert float(found) + c**2 / 2 == pytest.approx(float(expected), abs=1e-5)


# --- CD-1 ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ends", ENDS)
@pytest.mark.parametrize("number", [0, 1, 2])
def test_the_gradient_is_the_statistic_of_the_published_code(number, ends):
    """Against rbm.m and rbmhidlinear.m of 2006, written out here with W as (visible, hidden)."""
    model = build(config(**ENDS[ends]), DIGITS)
    phase = list(model.stages())[number].phases[0]
    w, hid_bias, vis_bias = (parameter.detach().double() for parameter in phase.parameters)
    w = w.T
    data = batch().items.flatten(1)
    for pair in model.pairs[:number]:
        data = torch.sigmoid(pair.down(data))
    data = data.detach().double()
    top_is_linear = number == 2 and ends != "logistic code"
    first_is_linear = number == 0 and ends == "free output"

    def up(visible):
        return visible @ w + hid_bias if top_is_linear else torch.sigmoid(visible @ w + hid_bias)

    generator = torch.Generator().manual_seed(4)
    means = up(data).float()
    if top_is_linear:
        states = means + torch.randn(means.shape, generator=generator)
    else:
        states = torch.bernoulli(means, generator=generator)
    negative = states.double() @ w.T + vis_bias
    negative = negative if first_is_linear else torch.sigmoid(negative)
    positive_statistic, negative_statistic = data.T @ up(data), negative.T @ up(negative)
    cases = len(data)
    moves = (
        (positive_statistic - negative_statistic).T / cases,
        (up(data).sum(0) - up(negative).sum(0)) / cases,
        (data.sum(0) - negative.sum(0)) / cases,
    )

    parts = phase.loss(batch(), Progress())
    gradients = torch.autograd.grad(total(parts), phase.parameters)
    for gradient, move in zip(gradients, moves, strict=True):
        assert torch.allclose(-gradient.double(), move, atol=2e-6)
    assert float(parts["rbm_squared_error"].value) == pytest.approx(
        float((data - negative).square().sum() / cases), rel=1e-5
    )
    assert parts["rbm_squared_error"].weight == 0


def test_one_step_of_the_loop_is_the_published_update():
    """momentum x last step + rate x (statistic - weight cost x w), over two epochs of one batch each."""
    dataset = load_dataset(config().dataset)
    run = config(training={"epochs": 0, "batch_size": len(dataset.splits["train"])}, rbm_epochs=2, weight_cost=0.01)
    trained, by_hand = build(run, dataset.info), build(run, dataset.info)
    for _ in train(trained, dataset, run):
        pass
    phase, batches = next(iter(by_hand.stages())).phases[0], Batches(dataset.splits["train"], (), "cpu")
    steps = [torch.zeros_like(parameter) for parameter in phase.parameters]
    for epoch in range(2):
        (given,) = batches.shuffled(len(batches), 0, 0, epoch)
        gradients = torch.autograd.grad(total(phase.loss(given, Progress(epoch, 2))), phase.parameters)
        with torch.no_grad():
            for parameter, step, gradient, cost in zip(phase.parameters, steps, gradients, (0.01, 0, 0), strict=True):
                step.mul_(0.5).add_(0.1 * (-gradient - cost * parameter))
                parameter.add_(step)
    for parameter, same in zip(phase.parameters, next(iter(trained.stages())).phases[0].parameters, strict=True):
        assert torch.allclose(parameter, same, atol=1e-6)


def test_momentum_rises_after_five_epochs_and_linear_units_take_small_steps():
    stages = list(build(config(rbm_epochs=10), DIGITS).stages())
    momenta = [
        [stage.phases[0].sgd.momentum(Progress(done, 1000)) for done in (0, 499, 500, 999)] for stage in stages[:3]
    ]
    assert momenta == [[0.5, 0.5, 0.9, 0.9]] * 3
    assert [stage.phases[0].sgd.rate for stage in stages[:3]] == [0.1, 0.1, 0.001]
    free = list(build(config(**FREE), DIGITS).stages())
    assert [stage.phases[0].sgd.rate for stage in free[:3]] == [0.001, 0.1, 0.001]


# --- the stack ----------------------------------------------------------------------------------------------------


def test_each_machine_is_a_stage_with_its_own_epochs_and_fine_tuning_is_the_last():
    stages = list(build(config(), DIGITS).stages())
    assert [(stage.name, stage.epochs) for stage in stages] == [
        ("rbm_1", 3), ("rbm_2", 3), ("rbm_3", 3), ("fine_tuning", None)
    ]  # fmt: skip
    assert [stage.name for stage in build(config(rbm_epochs=0), DIGITS).stages()] == ["fine_tuning"]


@pytest.mark.slow
def test_pretraining_is_a_better_start_than_chance():
    run = config(
        network={"widths": [64, 32]},
        training={"epochs": 0, "batch_size": 20},
        rbm_epochs=10,
        latent_dim=12,
    )
    dataset = load_dataset(run.dataset)
    model, items = build(run, dataset.info), torch.from_numpy(dataset.splits["validation"].floats())
    with torch.no_grad():
        before = float(squared_error(model.reconstruct(items), items))
    reports = [report for report in train(model, dataset, run) if report.finished]
    with torch.no_grad():
        after = float(squared_error(model.reconstruct(items), items))
    mean = torch.from_numpy(dataset.splits["train"].floats()).mean(0)
    assert after < 0.5 * before
    assert after < float(squared_error(mean.expand_as(items), items)), "better than the mean item"
    assert [report.stage for report in reports[::10]] == ["rbm_1", "rbm_2", "rbm_3", "fine_tuning"]
    assert reports[9].learning_rate == 0.1
    first = [report.validation["rbm_squared_error"] for report in reports[:10]]
    assert first[-1] < 0.7 * first[0]


@pytest.mark.parametrize("tied", [False, True])
def test_the_way_back_has_the_transposed_weights(tied):
    run = config(network={"tied": tied}, training={"epochs": 0}, rbm_epochs=1)
    dataset = load_dataset(run.dataset)
    model = build(run, dataset.info)
    start = [pair.down.weight.detach().clone() for pair in model.pairs]
    for _ in train(model, dataset, run):
        pass
    for pair, before in zip(model.pairs, start, strict=True):
        assert not torch.equal(pair.down.weight, before)
        assert torch.equal(pair.up.weight, pair.down.weight.T)


def test_fine_tuning_unties_the_two_stacks_and_lowers_the_error():
    run = config()
    dataset = load_dataset(run.dataset)
    model = build(run, dataset.info)
    reports = [report for report in train(model, dataset, run) if report.finished]
    assert all(not torch.equal(pair.up.weight, pair.down.weight.T) for pair in model.pairs)
    assert reports[-1].validation["error"] < reports[-3].validation["error"]


def test_a_run_resumed_within_a_machine_ends_as_the_unbroken_one():
    run = config(rbm_epochs=7)  # beyond the fifth epoch, where momentum rises
    dataset = load_dataset(run.dataset)
    unbroken, points = build(run, dataset.info), []
    for report in train(unbroken, dataset, run):
        points += [report.snapshot()] if report.snapshot else []
    for point in (points[5], points[-1]):
        model = build(run, dataset.info)
        for _ in train(model, dataset, run, resume=point):
            pass
        assert all(torch.equal(value, model.state_dict()[key]) for key, value in unbroken.state_dict().items())


def test_a_rate_is_looked_for_where_it_will_be_used():
    run = config()
    dataset = load_dataset(run.dataset)
    model = build(run, dataset.info)
    calls: list[str] = []
    stages = list(model.stages())
    for stage in stages:
        phase = stage.phases[0]
        loss = phase.loss
        object.__setattr__(phase, "loss", lambda b, p, loss=loss, name=stage.name: calls.append(name) or loss(b, p))
    object.__setattr__(model, "stages", lambda: stages)
    assert 1e-5 <= find_rate(_Same(model), Batches(dataset.splits["train"], (), "cpu"), 50, 0) <= 1
    assert set(calls) == {"fine_tuning"}


class _Same:
    """Stands for a model whose copy is itself, so that calls can be counted."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def __deepcopy__(self, memo: dict) -> "_Same":
        return self

    def train(self) -> Model:
        return self.model


# --- what cannot work ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("network", "fields", "said"),
    [
        ({"activation": "relu"}, {}, "network.activation 'relu'"),
        ({"name": "convolutional"}, {}, "'mlp' with activation 'sigmoid'"),
        ({"name": "unet"}, {}, "network 'unet' does not fit"),
        ({"widths": []}, FREE, "network.widths is empty"),
        ({}, {"output": "identity"}, "model.output 'identity'"),
    ],
)
def test_what_is_no_boltzmann_machine_is_refused_with_the_remedy(network, fields, said):
    name = network.get("name", "mlp")
    own = {"name": "mlp", "widths": [20, 12], "activation": "sigmoid"} if name == "mlp" else {}
    run = RunConfig.parse({"network": {**own, **network}, "model": {"name": "deep_belief", **fields}})
    with pytest.raises(AelibError) as caught:
        build(run, DIGITS)
    assert caught.value.code == "E_CONFIG"
    assert said in str(caught.value)
    assert caught.value.how_to_fix


def test_one_machine_alone_is_a_stack():
    assert [stage.name for stage in build(config({"widths": []}), DIGITS).stages()] == ["rbm_1", "fine_tuning"]


def test_vectors_outside_the_unit_range_train_with_a_free_output():
    run = RunConfig.parse({**config(**FREE).model_dump(), "dataset": {"name": "wine"}})
    run = run.model_copy(update={"training": run.training.model_copy(update={"batch_size": 16})})
    dataset = load_dataset(run.dataset)
    model = build(run, dataset.info)
    reports = [report for report in train(model, dataset, run) if report.finished]
    first = [report.validation["rbm_squared_error"] for report in reports if report.stage == "rbm_1"]
    assert first == sorted(first, reverse=True)
