"""Measures of a run by name: what is computed, what is kept, what a run lacks."""

import json

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

from aelib.cli._train import train_in_front
from aelib.codes import of_run, reconstruct
from aelib.config import RunConfig, read_choice
from aelib.datasets._base import Items, load_dataset
from aelib.errors import AelibError
from aelib.measures import of_run as measures
from aelib.measures.active_units import active_units
from aelib.measures.likelihood import importance_weighted_bound
from aelib.measures.task import corrupted, dice_per_item, judge
from aelib.registry import CORRUPTIONS, DATASETS
from aelib.runs.weights import load_model


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Small runs by name: denoising digits, masks of sprites, ratings, a plain one."""
    folder = tmp_path_factory.mktemp("measured") / "checkpoints"
    net, short = {"name": "mlp", "widths": [16]}, {"epochs": 2, "batch_size": 32, "device": "cpu"}
    free = {"latent_dim": 4, "reconstruction": "squared_error", "output": "identity"}
    configs = {
        "denoising": {"corruptions": [{"name": "gaussian", "severity": 0.5}], "model": {"name": "denoising"}},
        "ratings": {"dataset": {"name": "ratings", "count": 120}, "model": {"name": "vae", **free}},
        "plain": {"model": {"name": "autoencoder"}},
        "masks": {
            "dataset": {"name": "sprites", "count": 100}, "target": "masks", "model": {"name": "segmentation"},
            "network": {"name": "unet", "channels": [2, 4]},
        },
    }  # fmt: skip
    runs = {}
    for name, raw in configs.items():
        config = RunConfig.parse({"network": net, "training": short, **raw})
        runs[name], state = train_in_front(folder, config, quiet=True)
        assert state == "completed", runs[name].error()
    return runs


def test_active_units_are_those_of_the_test_items(tiny_run, copy_of):
    run = copy_of(tiny_run)
    assert measures.kept(run, "active_units") is None
    found = measures.measure(run, "active_units")
    table = of_run(run)
    assert found["active"] == active_units(table.take(table.rows("test"))).sum()
    assert found["dimensions"] == 3
    assert f"{found['active']} of 3" in found["sentence"]
    assert measures.kept(run, "active_units") == {**found, "weights": measures.kept(run, "active_units")["weights"]}


def test_the_bound_is_that_of_the_formula_on_these_items(tiny_run, copy_of):
    run = copy_of(tiny_run)
    found = measures.measure(run, "bound", items=40, samples=7)
    items = measures.held_out_items(run, 40)
    assert len(items) == found["items"] == 40
    wanted = importance_weighted_bound(load_model(run), items.values, sigma=None, samples=7)
    assert found["nats"] == wanted.nats
    assert found["samples"] == 7
    assert "IWAE-7" in found["sentence"]


def test_what_was_kept_belongs_to_its_weights_and_a_damaged_file_is_none(tiny_run, copy_of):
    run = copy_of(tiny_run)
    measures.measure(run, "active_units")
    path = run.folder / "measures" / "active_units.json"
    kept = json.loads(path.read_text())
    path.write_text(json.dumps({**kept, "weights": "another"}))
    assert measures.kept(run, "active_units") is None
    for text in ("{", "[]", "{}", json.dumps({**kept, "sentence": 5})):
        path.write_text(text)
        assert measures.kept(run, "active_units") is None
        assert measures.overview(run)[0]["sentence"] == ""


def test_classes_are_asked_of_test_codes_by_training_codes_alone(tiny_run, copy_of):
    run = copy_of(tiny_run)
    table = of_run(run)
    learnt, asked = table.take(table.rows("train")), table.take(table.rows("test"))
    vote = KNeighborsClassifier(5, algorithm="brute").fit(learnt.codes, learnt.labels)
    found = measures.measure(run, "neighbours", items=10_000)
    assert found["accuracy"] == vote.score(asked.codes, asked.labels)
    assert (found["items"], found["voters"]) == (len(asked), len(learnt))
    scale = StandardScaler().fit(learnt.codes)
    plane = LogisticRegression(max_iter=10_000).fit(scale.transform(learnt.codes), learnt.labels)
    found = measures.measure(run, "probe", items=10_000)
    assert found["accuracy"] == pytest.approx(plane.score(scale.transform(asked.codes), asked.labels), abs=0.02)


def test_hidden_entries_of_ratings(trained):
    found = measures.measure(trained["ratings"], "hidden_entries")
    assert found["items"] == 24
    assert 0 < found["rmse"] < 1
    assert "hidden" in found["sentence"]


def test_each_run_says_what_it_lacks(trained, tiny_run):
    lacking = {
        name: {row["measure"] for row in measures.overview(run) if row["lacks"]}
        for name, run in {**trained, "tiny": tiny_run}.items()
    }
    assert lacking == {
        "denoising": {"active_units", "bound", "hidden_entries"},
        "ratings": {"task"},
        "plain": {"active_units", "bound", "hidden_entries", "task"},
        "masks": {"active_units", "bound", "hidden_entries"},
        "tiny": {"hidden_entries", "task"},
    }
    for name in lacking["plain"]:
        with pytest.raises(AelibError) as caught:
            measures.measure(trained["plain"], name)
        assert caught.value.code == "E_ABILITY"
        assert caught.value.how_to_fix


@pytest.mark.parametrize(
    ("name", "numbers", "code"),
    [
        ("bond", {}, "E_UNKNOWN"),
        ("bound", {"items": 1}, "E_CONFIG"),
        ("bound", {"samples": 0}, "E_CONFIG"),
        ("bound", {"samples": 10**6}, "E_CONFIG"),
    ],
)
def test_bad_questions_are_refused(tiny_run, name, numbers, code):
    with pytest.raises(AelibError) as caught:
        measures.measure(tiny_run, name, **numbers)
    assert caught.value.code == code


def test_the_task_holds_both_ends_against_the_clean_item(trained):
    run = trained["denoising"]
    config, model = run.config(), load_model(run)
    items = load_dataset(run.dataset()).splits["test"].take(np.arange(300))
    found = judge(model, items, config.corruptions)
    given = corrupted(items, config.corruptions)
    assert np.allclose(found.before, np.square(given - items.floats()).sum((1, 2, 3)), rtol=1e-5)
    recon = reconstruct(model, given)
    assert np.allclose(found.after, np.square(recon - items.floats()).sum((1, 2, 3)), rtol=1e-4)
    assert found.dice is None
    figures = measures.measure(run, "task", items=50)
    assert figures["items"] == 50
    assert f"{figures['error']:.3f}" in figures["sentence"]


def test_an_item_is_corrupted_alike_wherever_it_stands():
    items = load_dataset(read_choice(DATASETS, "digits")).splits["test"]
    noise = [read_choice(CORRUPTIONS, {"name": "gaussian", "severity": 0.3})]
    whole = corrupted(items, noise, seed=3)
    rows = np.array([40, 7, 300])
    assert np.array_equal(corrupted(items.take(rows), noise, seed=3), whole[rows])
    assert not np.array_equal(corrupted(items, noise, seed=4), whole)
    assert not np.array_equal(whole[0] - items.floats()[0], whole[1] - items.floats()[1])
    assert np.array_equal(corrupted(items, ()), items.floats())


def test_masks_are_judged_by_their_overlap(trained):
    found = measures.measure(trained["masks"], "task")
    assert 0 <= found["dice"] <= 1
    assert "Dice" in found["sentence"]
    assert "input_error" not in found


def test_dice_by_hand():
    masks = np.zeros((4, 1, 2, 2), np.float32)
    masks[0, 0, 0] = masks[1, 0, 0] = masks[2, 0, 0] = 1  # two pixels each; the last is empty
    found = np.zeros_like(masks)
    found[0, 0, 0] = 0.9
    found[1, 0, :, 0] = 0.6  # one of its two is right
    assert dice_per_item(found, masks).tolist() == [1.0, 0.5, 0.0, 1.0]


def test_items_without_labels_and_corruptions_are_judged_too(trained):
    model = load_model(trained["plain"])
    items = Items(np.zeros((3, 1, 8, 8), np.uint8), None, np.arange(3))
    assert judge(model, items, ()).after.shape == (3,)
