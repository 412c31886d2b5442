"""The loop: the same seed gives the same bits, a resumed run ends where the unbroken one does."""

from itertools import product

import numpy as np
import pytest
import torch

from aelib.config import RunConfig
from aelib.datasets._base import Dataset, Items
from aelib.models._base import build
from aelib.training.batches import Batches, bounds, generator_for
from aelib.training.loop import train
from tests.training._small import (
    DATA,
    VARIANTS,
    config,
    figures,
    numbered,
    order,
    same,
    small_data,
    trained,
)

# --- same seed, same bits -----------------------------------------------------------------------------------------


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
