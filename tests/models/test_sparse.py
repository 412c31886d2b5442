"""The four ways to sparse codes, each by its formula, and what is refused."""

import pytest
import torch
from torch.distributions import Bernoulli, kl_divergence

from aelib.config import RunConfig
from aelib.datasets._base import DataInfo, load_dataset
from aelib.errors import AelibError
from aelib.losses.sparsity import code_l1, dead_units, keep_largest, mean_active, rate_divergence
from aelib.models._base import Batch, Model, Progress, build, total
from aelib.training.batches import Batches
from aelib.training.evaluation import evaluate
from aelib.training.loop import train

PICTURES = DataInfo((1, 8, 8), {"train": 40, "validation": 10, "test": 10})
END = Progress(1, 1)


def made(network: dict | None = None, **fields) -> Model:
    network = {"name": "mlp", "widths": [12], **(network or {})}
    raw = {"network": network, "model": {"name": "sparse", **fields}, "training": {"batch_size": 8}}
    return build(RunConfig.parse(raw), PICTURES)


def batch(count: int = 10) -> Batch:
    items = torch.rand(count, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    return Batch(items, items, None, torch.Generator().manual_seed(2), items)


def loss(model: Model, progress: Progress = END) -> dict:
    (stage,) = model.stages()
    return dict(stage.phases[0].loss(batch(), progress))


# --- formulas ---


def test_l1_of_codes_by_hand():
    assert code_l1(torch.tensor([[1.0, -2.0], [0.0, 0.5]])).item() == 1.75


@pytest.mark.parametrize("rate", [0.05, 0.5, 0.9])
def test_rate_divergence_is_that_of_torchs_bernoullis(rate):
    codes = torch.rand(50, 7, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    means = codes.mean(0)
    expected = kl_divergence(Bernoulli(torch.full_like(means, rate)), Bernoulli(means)).sum()
    assert rate_divergence(codes, rate).item() == pytest.approx(expected.item(), rel=1e-12)
    assert rate_divergence(torch.full((3, 4), rate), rate).item() == pytest.approx(0, abs=1e-6)


def test_rate_divergence_is_finite_for_units_that_are_always_off_or_on():
    codes = torch.tensor([[0.0, 1.0]]).repeat(5, 1).requires_grad_()
    value = rate_divergence(codes, 0.05)
    (gradient,) = torch.autograd.grad(value, codes)
    assert torch.isfinite(value)
    assert torch.isfinite(gradient).all()


def test_the_largest_are_kept_by_hand():
    codes = torch.tensor([[3.0, -5.0, 1.0, 2.0], [-1.0, -2.0, -3.0, -4.0]], requires_grad=True)
    kept = keep_largest(codes, 2)
    assert kept.tolist() == [[3, 0, 0, 2], [-1, -2, 0, 0]]
    (gradient,) = torch.autograd.grad(kept.sum(), codes)
    assert gradient.tolist() == [[1, 0, 0, 1], [1, 1, 0, 0]]
    assert keep_largest(codes, 4).tolist() == codes.tolist()


def test_equal_numbers_do_not_make_more_than_asked_for():
    assert (keep_largest(torch.ones(3, 6), 2) != 0).sum(1).tolist() == [2, 2, 2]


def test_active_and_dead_units_by_hand():
    codes = torch.tensor([[0.0, 2.0, 0.1], [0.0, -3.0, 0.6]])
    assert mean_active(codes, 0.5).item() == 1.5
    assert dead_units(codes, 0.5).item() == 1
    assert dead_units(codes, 0.7).item() == 2


# --- the model ---


def test_counts_are_shown_and_move_nothing():
    parts = loss(made(latent_dim=20))
    assert list(parts) == ["cross_entropy_above_floor", "code_l1", "active_units", "dead_units"]
    assert [part.weight for part in parts.values()] == [1.0, 0.1, 0.0, 0.0]
    assert not parts["active_units"].value.requires_grad
    assert not parts["dead_units"].value.requires_grad
    seen = parts["cross_entropy_above_floor"].value + 0.1 * parts["code_l1"].value
    assert total(parts).item() == pytest.approx(seen.item())
    codes = made(latent_dim=20).encode(batch().inputs).codes
    assert parts["active_units"].value.item() == pytest.approx((codes > 1e-3).float().sum(1).mean().item())
    assert parts["dead_units"].value.item() == (codes.amax(0) <= 1e-3).sum().item()


def test_target_rate_has_its_part_and_a_sigmoid_is_on_above_one_half():
    model = made(latent_dim=20, sparsity="kl", code_activation="sigmoid", rho=0.1, beta=2.0)
    parts, codes = loss(model), model.encode(batch().inputs).codes
    assert parts["rate_divergence"].weight == 2.0
    assert parts["rate_divergence"].value.item() == pytest.approx(rate_divergence(codes, 0.1).item())
    assert parts["active_units"].value.item() == pytest.approx((codes > 0.5).float().sum(1).mean().item())


@pytest.mark.parametrize("tied", [False, True])
def test_weights_out_of_each_unit_keep_length_one(tied):
    raw = {
        "network": {"name": "mlp", "widths": [16], "tied": tied},
        "model": {"name": "sparse", "latent_dim": 100},
        "training": {"epochs": 1, "learning_rate": 0.05},
    }
    run = RunConfig.parse(raw)
    dataset = load_dataset(run.dataset)
    model = build(run, dataset.info)
    before = model.from_code.weight.detach().clone()
    lengths = [before.norm(dim=0)]
    list(train(model, dataset, run))
    lengths.append(model.from_code.weight.detach().norm(dim=0))
    assert all(torch.allclose(length, torch.ones(100), atol=1e-5) for length in lengths)
    assert not torch.allclose(before, model.from_code.weight, atol=0.01)


def test_the_other_ways_leave_lengths_alone():
    for fields in ({"sparsity": "top_k", "k": 3}, {"sparsity": "removed_connections"}):
        model = made(latent_dim=20, **fields)
        assert next(iter(model.stages())).after_step is None
        assert not torch.allclose(model.from_code.weight.norm(dim=0), torch.ones(20), atol=0.1)


def test_codes_have_at_most_k_units_and_k_comes_down():
    model = made(latent_dim=40, sparsity="top_k", k=4, k_start=24, code_activation="linear")
    codes = model.encode(batch().inputs).codes
    assert ((codes != 0).sum(1) == 4).all()
    whole = model.to_code(model.encoder(batch().inputs))
    assert torch.equal((codes != 0).nonzero()[:, 1].view(10, 4), whole.topk(4).indices.sort().values)
    active = [loss(model, Progress(done, 100))["active_units"].value.item() for done in (0, 25, 50, 75, 100)]
    assert active == pytest.approx([24, 14, 4, 4, 4], abs=0.5)  # one that is kept may still be nearly 0
    assert loss(made(latent_dim=40, sparsity="top_k", k=4), Progress(0, 100))["active_units"].value.item() <= 4


def test_connections_removed_for_good_have_no_part_in_anything():
    model = made({"widths": []}, latent_dim=30, sparsity="removed_connections", removed=0.8)
    removed = model.connections == 0
    assert set(model.connections.unique().tolist()) == {0, 1}
    assert 0.75 < removed.float().mean() < 0.85
    codes, recon = model.encode(batch().inputs).codes, model.reconstruct(batch().inputs)
    parts = loss(model.train())
    gradients = torch.autograd.grad(total(parts), (model.to_code.weight, model.from_code.weight))
    assert not gradients[0][removed].any()
    assert not gradients[1].T[removed].any()
    assert gradients[0][~removed].any()
    with torch.no_grad():
        model.to_code.weight[removed] = 99
        model.from_code.weight.T[removed] = 99
    assert torch.equal(model.encode(batch().inputs).codes, codes)
    assert torch.equal(model.reconstruct(batch().inputs), recon)
    assert torch.equal(loss(model)["cross_entropy_above_floor"].value, parts["cross_entropy_above_floor"].value)


def test_what_is_removed_for_good_follows_from_the_seed_and_is_kept_with_the_weights():
    raw = {"model": {"name": "sparse", "sparsity": "removed_connections"}, "training": {"batch_size": 8}}
    states = []
    for seed in (1, 1, 2):
        run = RunConfig.parse({**raw, "training": {"batch_size": 8, "seed": seed}})
        states.append(build(run, PICTURES).state_dict()["connections"])
    assert torch.equal(states[0], states[1])
    assert not torch.equal(states[0], states[2])


def test_connections_drawn_anew_differ_by_step_and_are_all_used_afterwards():
    model = made({"widths": []}, latent_dim=30, sparsity="removed_connections", removed=0.5, redrawn=True).train()
    generator = torch.Generator().manual_seed(3)
    draws = [model._connections(generator) for _ in range(400)]
    assert not torch.equal(draws[0], draws[1])
    assert set(draws[0].unique().tolist()) == {0, 2}  # what is left is scaled up
    assert (torch.stack(draws).mean(0) - 1).abs().max() < 0.3  # so that on average nothing changes
    assert "connections" not in model.state_dict()
    (phase,) = next(iter(model.stages())).phases
    one, again = (phase.loss(batch(), END)["cross_entropy_above_floor"].value for _ in "12")
    assert torch.equal(one, again)
    model.eval()
    outputs = model.decoder(model.from_code(model.code_activation(model.to_code(model.encoder(batch().inputs)))))
    assert torch.equal(model.reconstruct(batch().inputs), torch.sigmoid(outputs))
    assert not torch.equal(phase.loss(batch(), END)["cross_entropy_above_floor"].value, one)


@pytest.mark.parametrize(
    "fields",
    [
        {"lam": 0.3},
        {"sparsity": "kl", "code_activation": "sigmoid", "beta": 0.3},
        {"sparsity": "top_k", "k": 6, "k_start": 60, "code_activation": "linear"},
        {"sparsity": "removed_connections", "removed": 0.8},
        {"sparsity": "removed_connections", "redrawn": True},
    ],
)
def test_over_complete_codes_learn_in_every_way(fields):
    raw = {
        "network": {"name": "mlp", "widths": []},
        "model": {"name": "sparse", "latent_dim": 100, **fields},
        "training": {"epochs": 4, "learning_rate": 0.005},
    }
    run = RunConfig.parse(raw)
    dataset = load_dataset(run.dataset)
    model = build(run, dataset.info)
    untrained = evaluate(model, Batches(dataset.splits["validation"], (), "cpu"), next(iter(model.stages())), 0)
    rows = [report.validation for report in train(model, dataset, run) if report.finished]
    assert rows[-1]["error"] < 0.7 * untrained["error"]
    assert rows[-1]["loss"] < rows[0]["loss"]
    assert 0 <= rows[-1]["dead_units"] <= 100
    assert 0 < rows[-1]["active_units"] < 100


def test_a_higher_price_switches_more_units_off():
    active = []
    for lam in (0.0, 3.0):
        raw = {"model": {"name": "sparse", "latent_dim": 100, "lam": lam}, "training": {"epochs": 5}}
        run = RunConfig.parse({**raw, "network": {"name": "mlp", "widths": []}})
        dataset = load_dataset(run.dataset)
        rows = [report.validation for report in train(build(run, dataset.info), dataset, run) if report.finished]
        active.append(rows[-1]["active_units"])
    assert active[1] < 0.7 * active[0]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"sparsity": "kl"}, ["model.code_activation", "'relu'", "'sigmoid'"]),
        ({"sparsity": "kl", "code_activation": "tanh"}, ["model.code_activation"]),
        ({"sparsity": "top_k", "latent_dim": 10}, ["model.k 25", "1 to 10"]),
        ({"sparsity": "top_k", "k": 5, "k_start": 4}, ["model.k_start", "5 to 256"]),
        ({"sparsity": "top_k", "latent_dim": 30, "k_start": 31}, ["model.k_start", "25 to 30"]),
    ],
)
def test_what_cannot_work_is_refused_with_the_field_and_the_remedy(fields, words):
    with pytest.raises(AelibError) as caught:
        made(**fields)
    assert caught.value.code == "E_CONFIG"
    assert all(word in str(caught.value) for word in words)
