"""The loop: the same seed gives the same bits, a resumed run ends where the unbroken one does, faults are told."""

import math
from itertools import product

import numpy as np
import pytest
import torch

from aelib.config import RunConfig
from aelib.datasets._base import Dataset, Items, split_items
from aelib.errors import AelibError
from aelib.models._base import Batch, Model, Phase, Progress, Stage, Term, build, total
from aelib.registry import MODELS
from aelib.training.batches import Batches, bounds, generator_for
from aelib.training.evaluation import evaluate
from aelib.training.loop import Report, Snapshot, train
from aelib.training.schedule import find_rate, rate_factor

ZOO = "tests.zoo.models"


@pytest.fixture(autouse=True)
def zoo():
    MODELS.packages.append(ZOO)
    yield
    MODELS.packages.remove(ZOO)


def small_data(count: int = 120, seed: int = 0) -> Dataset:
    """Pictures of 6 x 6 with one bright square each: something that can be learnt in a second."""
    random = np.random.default_rng(seed)
    images = random.integers(0, 40, (count, 1, 6, 6), dtype=np.uint8)
    for image, (x, y) in zip(images, random.integers(0, 4, (count, 2)), strict=True):
        image[0, x : x + 3, y : y + 3] = 230
    return split_items(images, random.integers(0, 2, count), validation=20, test=20, classes=("a", "b"))


DATA = small_data()


def config(model: str = "vae", network: dict | None = None, corruptions: tuple = (), **training) -> RunConfig:
    return RunConfig.parse(
        {
            "model": {"name": model, "latent_dim": 2},
            "network": {"name": "mlp", "widths": [16], **(network or {})},
            "corruptions": list(corruptions),
            "training": {"epochs": 3, "batch_size": 16, "learning_rate": 0.01, "device": "cpu", **training},
        }
    )


def trained(run: RunConfig, data: Dataset = DATA, resume: Snapshot | None = None) -> tuple[Model, list[Report]]:
    model = build(run, data.info)
    return model, [report for report in train(model, data, run, resume=resume) if report.finished]


def same(one: Model, other: Model) -> bool:
    first, second = one.state_dict(), other.state_dict()
    return first.keys() == second.keys() and all(torch.equal(first[key], second[key]) for key in first)


def figures(report: Report) -> tuple:
    return report.stage, report.epoch, report.train, report.validation, report.learning_rate, report.best


# --- same seed, same bits -----------------------------------------------------------------------------------------

VARIANTS = {
    "vae": {},
    "dropout": {"network": {"dropout": 0.4}},
    "corrupted": {"model": "autoencoder", "corruptions": ("gaussian", "masking")},
    "one_cycle": {"schedule": "one_cycle", "weight_decay": 0.1},
    "stages": {"model": "two_stages"},
    "optimisers": {"model": "two_optimisers", "patience": 1, "epochs": 4},
    "closed": {"model": "closed_form"},
}


@pytest.mark.parametrize("name", VARIANTS)
def test_the_same_seed_gives_the_same_weights_whatever_was_drawn_before(name):
    run = config(**VARIANTS[name])
    torch.manual_seed(1)
    one, first = trained(run)
    torch.manual_seed(2)
    torch.rand(17)
    two, second = trained(run)
    assert same(one, two)
    assert [figures(report) for report in first] == [figures(report) for report in second]


def test_another_seed_gives_other_weights():
    assert not same(trained(config(seed=1))[0], trained(config(seed=2))[0])


@pytest.mark.parametrize("name", VARIANTS)
def test_a_run_resumed_from_any_of_its_points_ends_as_the_unbroken_one(name, monkeypatch):
    monkeypatch.setattr("aelib.training.loop.REPORT_SECONDS", 0.0)  # a point after each step
    run = config(**VARIANTS[name])
    unbroken, rows, points = build(run, DATA.info), [], []
    for report in train(unbroken, DATA, run):
        rows += [report] if report.finished else []
        if report.snapshot:
            points.append(report.snapshot())
    assert len(points) > 12 or name == "closed"
    for point in points[:: 1 if name == "vae" else 3]:
        model, later = trained(run, resume=point)
        assert same(model, unbroken), f"from {point.values}"
        kept = rows[: point.values["rows"]]
        assert [figures(row) for row in kept + later] == [figures(row) for row in rows]
        assert len(kept) == len(rows) - len(later)


def test_a_point_holds_the_best_weights_up_to_it_and_is_not_changed_by_going_on():
    run = config(learning_rate=0.2, epochs=6, seed=3)
    model, best, points = build(run, DATA.info), {}, []
    for report in train(model, DATA, run):
        if report.finished:
            best = {k: v.clone() for k, v in model.state_dict().items()} if report.best else best
            points.append((report.snapshot(), best, report.best))
    assert not all(was_best for *_, was_best in points), "a case where the best lies further back"
    for point, expected, _ in points:
        assert point.best_weights is not None
        assert point.best_weights.keys() == expected.keys()
        assert all(torch.equal(point.best_weights[key], expected[key]) for key in expected)


def test_training_leaves_the_dataset_as_it_was():
    before = DATA.hash
    data = Dataset(DATA.splits, DATA.classes)
    trained(config(corruptions=("gaussian",)), data)
    assert data.hash == before


# --- batches ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "size", "sizes"),
    [
        (10, 4, [4, 4, 2]),
        (9, 4, [4, 5]),
        (8, 4, [4, 4]),
        (1, 4, [1]),
        (5, 5, [5]),
        (6, 5, [6]),
        (3, 1, [1, 2]),
        (0, 4, []),
    ],
)
def test_every_item_is_in_one_batch_and_a_last_batch_of_one_joins_the_one_before(count, size, sizes):
    cuts = bounds(count, size)
    assert [end - start for start, end in cuts] == sizes
    assert [row for start, end in cuts for row in range(start, end)] == list(range(count))


def test_a_last_batch_of_one_trains_with_batch_norm():
    data = small_data(57)  # 17 to learn from: 16 + 1
    network = {"name": "convolutional", "channels": [4, 4], "batch_norm": True}
    network.pop("widths", None)
    run = RunConfig.parse(
        {"model": {"name": "vae", "latent_dim": 2}, "network": network, "training": {"epochs": 1, "batch_size": 16}}
    )
    assert len(data.splits["train"]) == 17
    assert trained(run, data)[1][-1].validation["error"] > 0


def numbered(count: int = 23) -> Items:
    """Items whose first pixel says which they are."""
    images = np.zeros((count, 1, 2, 2), np.uint8)
    images[:, 0, 0, 0] = np.arange(count)
    return Items(images, np.arange(count), np.arange(count))


def order(batches: Batches, *numbers: int) -> list[int]:
    return [int(label) for batch in batches.shuffled(4, *numbers) for label in batch.labels]


def test_the_order_is_a_pure_function_of_seed_stage_and_epoch():
    batches = Batches(numbered(), (), "cpu")
    keys = [(seed, stage, epoch) for seed in (0, 1) for stage in (0, 1) for epoch in (0, 1, 2)]
    orders = [order(batches, *key) for key in keys]
    torch.manual_seed(99)
    assert [order(Batches(numbered(), (), "cpu"), *key) for key in reversed(keys)] == orders[::-1]
    assert all(sorted(found) == list(range(23)) for found in orders), "each item once"
    assert len({tuple(found) for found in orders}) == len(keys), "all different"


def test_generators_follow_from_their_numbers_alone():
    keys = list(product((0, 1, 2**32 - 1), (0, 1), (0, 1, 2), (0, 1, 3)))
    assert len({generator_for("cpu", *numbers).initial_seed() for numbers in keys}) == len(keys)
    assert generator_for("cpu", 5, 6).initial_seed() == generator_for("cpu", 5, 6).initial_seed()


def test_corruption_touches_the_inputs_and_never_the_targets():
    run = config(corruptions=({"name": "masking", "severity": 0.5},))
    items = small_data().splits["train"]
    corrupted, clean = Batches(items, run.corruptions, "cpu"), Batches(items, (), "cpu")
    for dirty, pure in zip(corrupted.shuffled(16, 1, 0, 0), clean.shuffled(16, 1, 0, 0), strict=True):
        assert torch.equal(dirty.targets, pure.targets), "same order, clean"
        assert torch.equal(pure.inputs, pure.targets)
        assert not torch.equal(dirty.inputs, dirty.targets)
    first, second = (next(corrupted.shuffled(16, 1, 0, epoch)) for epoch in (0, 1))
    assert not torch.equal(first.inputs == 0, second.inputs == 0), "another mask in each epoch"
    for dirty, again in zip(corrupted.in_order(16, 1), corrupted.in_order(16, 1), strict=True):
        assert torch.equal(dirty.inputs, again.inputs), "held-out items are always disturbed alike"
    assert all(torch.equal(batch.inputs, batch.targets) for batch in corrupted.in_order(16, 1, clean=True))
    assert torch.equal(corrupted.resting.rows.values, torch.from_numpy(items.values)), (
        "the items at rest stay as they are"
    )


def test_pixels_are_scaled_to_one():
    batch = next(Batches(Items(np.full((2, 1, 1, 2), 255, np.uint8), None, np.arange(2)), (), "cpu").in_order(2, 0))
    assert batch.targets.dtype == torch.float32
    assert bool((batch.targets == 1).all())
    assert batch.labels is None


# --- stopping and keeping the best --------------------------------------------------------------------------------


class Scripted(Model):
    """Its validation loss follows a script, whatever is learnt; ``epoch`` counts how often it was trained."""

    can_encode = False

    def __init__(self, script: list[float]) -> None:
        super().__init__(None, None, DATA.info)  # type: ignore[arg-type]
        self.script, self.latent_dim = script, 1
        self.weight = torch.nn.Parameter(torch.zeros(1, 36))
        self.register_buffer("epoch", torch.zeros((), dtype=torch.int64))

    def encode(self, items, labels=None):
        raise AssertionError("not asked")

    def decode(self, latents, labels=None):
        raise AssertionError("not asked")

    def reconstruct(self, items, labels=None):
        return torch.zeros_like(items)

    def stages(self):
        return (Stage("scripted", phases=(Phase("all", (self.weight,), self._loss),)),)

    def _loss(self, batch: Batch, progress: Progress):
        if self.training:
            self.epoch.fill_(progress.done // (progress.total // len(self.script)) + 1)
            return {"part": Term(self.weight.sum() * 0 + 1)}
        return {"part": Term(torch.tensor(self.script[int(self.epoch) - 1]))}


def scripted(script: list[float], patience: int, resume: Snapshot | None = None) -> tuple[Scripted, list[Report]]:
    model = Scripted(script)
    run = config(patience=patience, epochs=len(script))
    return model, [report for report in train(model, DATA, run, resume=resume) if report.finished]


@pytest.mark.parametrize(
    ("script", "patience", "ends", "best"),
    [
        ([5, 4, 3, 4, 4, 1, 1, 1], 2, 5, 3),
        ([5, 4, 3, 4, 4, 1, 1, 1], 3, 8, 6),
        ([5, 4, 3, 4, 4, 1, 2, 2], 0, 8, 6),
        ([1, 1, 1, 1], 1, 2, 1),  # equal is not better
        ([4, 3, 2, 1], 1, 4, 4),
        ([1, 2], 10, 2, 1),
    ],
)
def test_patience_stops_and_the_best_weights_are_restored(script, patience, ends, best):
    model, rows = scripted([float(value) for value in script], patience)
    assert rows[-1].epoch == ends
    assert rows[-1].epochs == len(script)
    assert [row.epoch for row in rows if row.best][-1] == best
    assert int(model.epoch) == best, "the buffer says which epoch's weights these are"
    assert not model.training


def test_a_resumed_run_stops_early_where_the_unbroken_one_does():
    script = [5.0, 4.0, 3.0, 4.0, 4.0, 1.0]
    run, points = config(patience=2, epochs=6), []
    for report in train(Scripted(script), DATA, run):
        points += [report.snapshot()] if report.snapshot else []
    for point in points:
        model, rows = scripted(script, 2, point)
        assert int(model.epoch) == 3
        assert [row.epoch for row in rows] == list(range(point.values["epoch"] + 1, 6))


def test_the_loss_falls_and_the_model_at_the_end_is_the_best():
    run = config(epochs=15)
    model, rows = trained(run)
    assert rows[-1].train["loss"] < 0.8 * rows[0].train["loss"]
    held_out = Batches(DATA.splits["validation"], (), "cpu")
    again = evaluate(model, held_out, next(iter(model.stages())), run.training.seed)
    assert again["loss"] == min(row.validation["loss"] for row in rows)


def test_no_epochs_keep_the_untrained_model():
    run = config(epochs=0)
    model, rows = trained(run)
    assert same(model, build(run, DATA.info))
    assert [(row.epoch, row.epochs, row.best, row.snapshot) for row in rows] == [(0, 0, True, None)]
    assert rows[0].validation["error"] > 0


def test_to_stop_is_to_cease_to_iterate():
    reports = train(build(config(epochs=50), DATA.info), DATA, config(epochs=50))
    assert next(reports).position == (0, 0, 0)
    assert next(reports).position == (0, 0, 1)
    reports.close()


# --- what is reported ---------------------------------------------------------------------------------------------


def test_parts_are_logged_under_their_names_and_the_loss_is_their_weighted_sum():
    run = config(epochs=1, corruptions=("masking",))
    row = trained(run)[1][0]
    assert set(row.train) == {"cross_entropy_above_floor", "kl", "loss"}
    assert set(row.validation) == {*row.train, "error", "error_corrupted"}
    parts = row.validation
    assert math.isclose(parts["loss"], parts["cross_entropy_above_floor"] + parts["kl"], rel_tol=1e-5)
    assert row.items_per_second > 0


def test_figures_are_means_over_items_not_over_batches():
    data = small_data(110)  # 70 to learn from: batches of 16 and one of 6
    run = config("autoencoder", epochs=1, learning_rate=1e-9)  # too slow to move: the epoch's mean is the model's
    model, rows = trained(run, data)
    everything = Batches(data.splits["train"], (), "cpu")
    whole = next(everything.in_order(1000, 0))
    (phase,) = next(iter(model.stages())).phases
    with torch.no_grad():
        expected = float(total(phase.loss(whole, Progress(1, 1))))
    assert math.isclose(rows[0].train["loss"], expected, rel_tol=1e-4)
    assert math.isclose(evaluate(model, everything, next(iter(model.stages())), 0)["loss"], expected, rel_tol=1e-4)


def test_the_error_is_the_squared_error_of_the_clean_reconstruction():
    run = config(corruptions=("gaussian",))
    model, _ = trained(run)
    items = DATA.splits["validation"]
    found = evaluate(model, Batches(items, run.corruptions, "cpu"), next(iter(model.stages())), 0)
    images = torch.from_numpy(items.values).float() / 255
    with torch.no_grad():
        expected = ((model.reconstruct(images) - images) ** 2).sum() / len(images)
    assert math.isclose(found["error"], float(expected), rel_tol=1e-5)
    assert found["error_corrupted"] != found["error"]


def test_evaluation_leaves_mode_gradients_and_random_state_alone():
    model = build(config(network={"dropout": 0.5}), DATA.info).train()
    before = torch.get_rng_state()
    evaluate(model, Batches(DATA.splits["validation"], (), "cpu"), next(iter(model.stages())), 0)
    assert model.training
    assert torch.equal(before, torch.get_rng_state())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_long_epochs_report_in_between(monkeypatch):
    monkeypatch.setattr("aelib.training.loop.REPORT_SECONDS", 0.0)
    reports = list(train(build(config(epochs=2), DATA.info), DATA, config(epochs=2)))
    first, *within = [report for report in reports if not report.finished]
    assert (first.position, first.snapshot) == ((0, 0, 0), None), "before the first step there is one too"
    assert [(report.epoch, report.step) for report in within] == [(e, s) for e in (0, 1) for s in range(1, 6)]
    assert all(report.steps == 5 and not report.validation for report in within)
    assert all(report.snapshot for report in within)
    assert [report.position for report in within] == [(0, e, s) for e in (0, 1) for s in range(1, 6)]
    quiet = trained(config(epochs=2))[1]
    assert [figures(r) for r in reports if r.finished] == [figures(r) for r in quiet], "looking changes nothing"


# --- learning rates -----------------------------------------------------------------------------------------------


def test_schedules():
    assert {rate_factor("constant", share) for share in (0, 0.3, 1)} == {1.0}
    assert rate_factor("cosine", 0.0) == 1.0
    assert math.isclose(rate_factor("cosine", 0.5), 0.5)
    assert math.isclose(rate_factor("cosine", 1.0), 0.0, abs_tol=1e-12)
    assert math.isclose(rate_factor("one_cycle", 0.0), 1 / 25)
    assert math.isclose(rate_factor("one_cycle", 0.3), 1.0)
    assert math.isclose(rate_factor("one_cycle", 1.0), 1e-4)
    for schedule in ("cosine", "one_cycle"):
        assert all(0 <= rate_factor(schedule, share / 100) <= 1 for share in range(111)), "past the end too"
        falling = [rate_factor(schedule, 0.3 + share / 100) for share in range(70)]
        assert falling == sorted(falling, reverse=True)


def test_one_cycle_is_torchs_one_cycle():
    steps, peak = 101, 0.4
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    reference = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, peak, total_steps=steps, pct_start=0.3, div_factor=25, final_div_factor=1e4 / 25
    )
    rates = []
    for _ in range(steps):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        if len(rates) < steps:
            reference.step()
    # torch puts the peak one step earlier (0.3 * 101 - 1); ours stands at 0.3 of the way: compare the shape there
    ours = [peak * rate_factor("one_cycle", step / (steps - 1)) for step in range(steps)]
    assert max(abs(one - other) for one, other in zip(ours, rates, strict=True)) < 0.03 * peak


@pytest.mark.parametrize("schedule", ["constant", "cosine", "one_cycle"])
def test_the_schedule_runs_over_all_steps(schedule):
    run = config(schedule=schedule, epochs=4, learning_rate=0.01)
    rates = [report.learning_rate for report in trained(run)[1]]
    expected = [0.01 * rate_factor(schedule, (5 * epoch + 4) / 20) for epoch in range(4)]  # at each epoch's last step
    assert rates == pytest.approx(expected)


def test_a_found_rate_is_finite_repeatable_and_trains():
    run = config(find_rate=True, network={"dropout": 0.3}, epochs=8)
    one, rows = trained(run)
    rate = rows[0].learning_rate
    assert 1e-5 < rate <= 1
    torch.rand(3)
    assert same(one, trained(run)[0]), "the trial draws nothing that is not seeded"
    assert rows[-1].validation["loss"] < 0.9 * rows[0].validation["loss"]


def test_the_trial_leaves_the_model_alone():
    model = build(config(), DATA.info)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    find_rate(model, Batches(DATA.splits["train"], (), "cpu"), 16, 0)
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


class Exploding(Scripted):
    """A loss that falls a little and then is infinite."""

    after = 20

    def __init__(self) -> None:
        super().__init__([1.0])
        self.calls = 0

    def _loss(self, batch, progress):
        self.calls += 1
        value = self.weight.sum() * 0 + (1.0 / self.calls if self.calls < self.after else float("inf"))
        return {"part": Term(value)}


@pytest.mark.parametrize("after", [1, 2, 5, 8, 20])
def test_an_explosion_in_the_trial_is_not_taken_for_a_steep_fall(after):
    model = Exploding()
    model.after = after
    rate = find_rate(model, Batches(DATA.splits["train"], (), "cpu"), 16, 0)
    assert 1e-5 < rate < np.geomspace(1e-5, 1.0, 60)[max(after, 15)]


def test_models_without_phases_have_no_rate_to_find():
    assert find_rate(build(config("closed_form"), DATA.info), Batches(DATA.splits["train"], (), "cpu"), 16, 0) == 1e-3


def test_weight_decay_pulls_weights_and_leaves_biases():
    class Still(Scripted):
        def __init__(self) -> None:
            super().__init__([1.0] * 3)
            self.bias = torch.nn.Parameter(torch.ones(36))
            torch.nn.init.ones_(self.weight)

        def stages(self):
            return (Stage("still", phases=(Phase("all", (self.weight, self.bias), self._loss),)),)

        def _loss(self, batch, progress):
            return {"part": Term((self.weight.sum() + self.bias.sum()) * 0 + 1)}

    model = Still()
    for _ in train(model, DATA, config(weight_decay=0.5, learning_rate=0.1, epochs=3)):
        after = model.weight.detach().clone()
    assert torch.allclose(after, torch.full_like(after, 0.95**15))
    assert bool((model.bias == 1).all())


# --- divergence ---------------------------------------------------------------------------------------------------


class Poisoned(Scripted):
    """Learns well until an epoch in which its loss is no number."""

    bad, where = 3, "train"

    def _loss(self, batch, progress):
        parts = super()._loss(batch, progress)
        if int(self.epoch) == self.bad and self.training == (self.where == "train"):
            with torch.no_grad():
                self.weight.fill_(float("nan"))
            return {"part": Term(parts["part"].value * float("nan"))}
        return parts


@pytest.mark.parametrize("where", ["train", "validation"])
def test_a_loss_that_is_no_number_ends_the_run_with_the_last_good_weights(where):
    model, rows = Poisoned([3.0, 2.0, 1.0, 1.0]), []
    model.where = where
    with pytest.raises(AelibError, match="epoch 3") as caught:
        rows.extend(train(model, DATA, config(epochs=4)))
    assert caught.value.code == "E_DIVERGED"
    assert "'part'" in str(caught.value)
    assert bool(torch.isfinite(model.weight).all())
    assert int(model.epoch) == 2


def test_a_learning_rate_of_ten_ends_in_words_or_in_finite_figures():
    run = RunConfig.parse(
        {
            "model": {
                "name": "vae",
                "latent_dim": 2,
                "reconstruction": "squared_error",
                "sigma": 0.001,
                "beta": 10_000,
            },
            "network": {"name": "mlp", "widths": [16]},
            "training": {"epochs": 30, "batch_size": 16, "learning_rate": 10},
        }
    )
    model = build(run, DATA.info)
    rows: list[Report] = []
    try:
        rows.extend(train(model, DATA, run))
    except AelibError as error:
        rows = []
        told = error.code
    else:
        told = "E_DIVERGED"
    assert told == "E_DIVERGED"
    assert all(math.isfinite(value) for row in rows for value in row.validation.values())
    assert all(bool(torch.isfinite(value).all()) for value in model.state_dict().values())


# --- what a model may do ------------------------------------------------------------------------------------------


class Viewed(Scripted):
    """Its gradients come as transposed and as expanded views."""

    def __init__(self) -> None:
        super().__init__([1.0] * 2)
        self.weight = torch.nn.Parameter(torch.randn(3, 5, generator=torch.Generator().manual_seed(1)))
        self.shift = torch.nn.Parameter(torch.zeros(4))
        self.goal = torch.randn(5, 3, generator=torch.Generator().manual_seed(2))

    def _loss(self, batch, progress):
        transposed = _Transposed.apply(self.weight)
        return {"part": Term((transposed - self.goal).square().sum() + self.shift.sum())}

    def stages(self):
        return (Stage("viewed", phases=(Phase("all", (self.weight, self.shift), self._loss),)),)


class _Transposed(torch.autograd.Function):
    @staticmethod
    def forward(ctx, weight):
        return weight.t().contiguous()

    @staticmethod
    def backward(ctx, gradient):
        return gradient.t()


def test_gradients_that_are_views_move_the_right_weights():
    model = Viewed()
    goal = model.goal.t()
    assert torch.autograd.grad(total(model._loss(None, None)), [model.weight])[0].stride() == (1, 3)  # type: ignore
    for _ in train(model, DATA, config(learning_rate=0.05, epochs=2)):
        moved = model.weight.detach().clone(), model.shift.detach().clone()
    ours = Viewed()
    reference = torch.optim.AdamW([ours.weight, ours.shift], lr=0.05, weight_decay=0.0, fused=False)
    for _ in range(10):
        reference.zero_grad()
        ((ours.weight - goal).square().sum() + ours.shift.sum()).backward()
        reference.step()
    assert torch.allclose(moved[0], ours.weight, atol=1e-5)
    assert torch.allclose(moved[1], ours.shift, atol=1e-5)


class Finishing(Scripted):
    """Counts how often it was finished."""

    def __init__(self, script: list[float]) -> None:
        super().__init__(script)
        self.register_buffer("finished", torch.zeros((), dtype=torch.int64))

    def stages(self):
        def finish(passes):
            self.finished += 1

        (stage,) = super().stages()
        return (Stage(stage.name, phases=stage.phases, finish=finish),)


def test_a_last_stages_finish_works_on_the_best_weights_once_and_is_kept():
    run, script, points = config(epochs=4), [3.0, 1.0, 2.0, 2.0], []
    model, rows = Finishing(script), []
    for report in train(model, DATA, run):
        rows += [report] if report.finished else []
        points += [report.snapshot()] if report.snapshot and report.finished else []
    assert (int(model.finished), int(model.epoch)) == (1, 2)
    assert rows[-1].best, "what finish made is what is saved"
    assert len(points) == 4
    for point in points:
        again = Finishing(script)
        later = list(train(again, DATA, run, resume=point))
        assert (int(again.finished), int(again.epoch)) == (1, 2)
        assert [figures(row) for row in rows[: point.values["rows"]] + later] == [figures(row) for row in rows]
