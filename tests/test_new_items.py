"""New items: around given ones, hotter and colder, judged as copies, packed to take away."""

import io
import json
import zipfile

import numpy as np
import pytest
from PIL import Image
from sklearn.neighbors import NearestNeighbors

from aelib import codes, samples
from aelib.datasets._base import Items, load_dataset
from aelib.errors import AelibError
from aelib.exchange.sample_sets import to_npz, to_zip
from aelib.latent import around, mixture
from aelib.measures import copies
from aelib.runs.weights import load_info, load_model


@pytest.fixture(scope="module")
def training(tiny_run) -> Items:
    return load_dataset(tiny_run.dataset()).splits["train"]


# --- where they are drawn


def test_around_items_each_is_moved_by_about_the_reach():
    random = np.random.default_rng(0)
    data = random.normal(size=(500, 6)).astype(np.float32)
    rows = np.asarray([3, 40, 77])
    distances = NearestNeighbors(n_neighbors=2).fit(data).kneighbors(data[rows])[0][:, 1]
    assert around.reach(data, rows) == pytest.approx(np.median(distances), rel=1e-5)
    drawn = around.draw(data, rows, 3000, seed=1)
    own = ((drawn[:, None] - data[rows]) ** 2).sum(axis=2)
    counts = np.bincount(own.argmin(axis=1), minlength=3)
    assert counts.min() > 800, "each item is taken equally often"
    moved = np.sqrt(own.min(axis=1))
    assert np.sqrt((moved**2).mean()) == pytest.approx(np.median(distances), rel=0.05)
    cold = around.draw(data, rows, 4, seed=1, temperature=0)
    assert {tuple(code) for code in cold} == {tuple(code) for code in data[rows]}
    np.testing.assert_array_equal(drawn, around.draw(data, rows, 3000, seed=1))


def test_around_nothing_is_refused():
    data = np.zeros((3, 2), np.float32)
    with pytest.raises(AelibError, match="no items"):
        around.draw(data, np.zeros(0, int), 3, 0)
    data[1] = np.nan
    with pytest.raises(AelibError, match="no numbers"):
        around.draw(data, np.asarray([1]), 3, 0)
    assert around.draw(data[:1], np.asarray([0]), 2, 0).tolist() == [[0, 0], [0, 0]], "one item alone has no reach"


def test_temperature_scales_what_is_drawn_around(tiny_run):
    for source in ("prior", "mixture"):
        warm, cold = (samples.draw(tiny_run, 400, 3, source, temperature=t).latents for t in (1.0, 0.5))
        if source == "prior":
            np.testing.assert_allclose(cold, 0.5 * warm, rtol=1e-6)
        else:
            assert cold.var(axis=0).sum() < warm.var(axis=0).sum()
    found = mixture.Mixture(np.asarray([0.5, 0.5]), np.asarray([[0.0], [9.0]]), np.ones((2, 1, 1)), {2: 0.0})
    assert set(found.sample(50, 0, temperature=0).ravel()) == {0.0, 9.0}
    assert found.sample(4000, 0, 2.0)[found.sample(4000, 0, 0)[:, 0] == 0].std() == pytest.approx(2, rel=0.05)


def test_drawing_around_the_items_of_a_run(tiny_run):
    table = codes.of_run(tiny_run)
    drawn = samples.draw(tiny_run, 6, 0, "items", temperature=0, items=table.index[[5, 9]])
    assert {tuple(code) for code in drawn.latents} == {tuple(code) for code in table.codes[[5, 9]]}
    assert (drawn.source, drawn.components) == ("items", 0)
    with pytest.raises(AelibError, match="no items"):
        samples.draw(tiny_run, 6, 0, "items", items=np.asarray([10**6]))


@pytest.mark.parametrize("more", [{"temperature": -1.0}, {"temperature": float("nan")}, {"label": 10}, {"label": -1}])
def test_what_is_out_of_range_is_refused(tiny_run, more):
    with pytest.raises(AelibError) as caught:
        samples.draw(tiny_run, 3, **more)
    assert caught.value.code == "E_CONFIG"


def test_what_is_no_number_is_refused(tiny_run):
    with pytest.raises(AelibError) as caught:
        samples.decoded(load_model(tiny_run), np.full((1, 3), np.nan, np.float32), None)
    assert caught.value.code == "E_NONFINITE"
    with pytest.raises(AelibError) as caught:
        mixture.fit(np.asarray([[0.0], [np.nan], [1.0]]))
    assert caught.value.code == "E_NONFINITE"


# --- copies


def test_the_nearest_training_item_is_found_and_held_against_their_own_distances(tiny_run, training, monkeypatch):
    monkeypatch.setattr(copies, "BLOCK", 200)  # several blocks
    flat = training.values.reshape(len(training), -1) / 255
    search = NearestNeighbors(n_neighbors=2).fit(flat)
    own = copies.own_distances(training)
    chosen = np.linspace(0, len(flat) - 1, 500).astype(int)
    np.testing.assert_allclose(own, np.sort(search.kneighbors(flat[chosen])[0][:, 1]), atol=1e-5)
    drawn = samples.draw(tiny_run, 20).items
    judged = copies.judge(drawn, training, own)
    distances, rows = search.kneighbors(np.clip(drawn, 0, 1).reshape(20, -1))
    np.testing.assert_allclose(judged.distances, distances[:, 0], atol=1e-5)
    assert judged.rows.tolist() == rows[:, 0].tolist()
    assert judged.items.tolist() == training.index[rows[:, 0]].tolist()
    np.testing.assert_allclose(judged.shares, [(own < d - 1e-6).mean() for d in distances[:, 0]], atol=0.005)


def test_copies_are_told_from_strangers(training):
    own = copies.own_distances(training)
    real = training.values[:4] / 255
    noise = np.random.default_rng(0).random((4, 1, 8, 8))
    judged = copies.judge(np.concatenate([real + 0.001, noise]).astype(np.float32), training, own)
    assert judged.is_copy.tolist() == [True] * 4 + [False] * 4
    assert judged.rows[:4].tolist() == [0, 1, 2, 3]
    assert (judged.shares[4:] == 1).all()
    held_out = held_out_digits()
    assert copies.judge(held_out, training, own).is_copy.mean() < 0.12, "items of the same kind are seldom called so"
    with pytest.raises(AelibError, match="fewer than two"):
        copies.own_distances(training.take(np.asarray([0])))


def held_out_digits() -> np.ndarray:
    from aelib.config import read_choice
    from aelib.registry import DATASETS

    return load_dataset(read_choice(DATASETS, "digits")).splits["test"].floats()


# --- to take away


def test_the_zip_has_each_picture_and_says_where_it_came_from(tiny_run, training):
    drawn, info = samples.draw(tiny_run, 5, seed=4), load_info(tiny_run)
    judged = copies.judge(drawn.items, training, copies.own_distances(training))
    data = to_zip(drawn, info, {"run": tiny_run.id, "seed": 4}, judged)
    assert data == to_zip(drawn, info, {"run": tiny_run.id, "seed": 4}, judged)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        manifest = json.loads(archive.read("manifest.json"))
        assert (manifest["run"], manifest["seed"], manifest["source"]) == (tiny_run.id, 4, "prior")
        for number, item in enumerate(manifest["items"]):
            with Image.open(io.BytesIO(archive.read(item["file"]))) as picture:
                wanted = np.rint(np.clip(drawn.items[number, 0], 0, 1) * 255)
                np.testing.assert_array_equal(np.asarray(picture), wanted)
            np.testing.assert_allclose(item["code"], drawn.latents[number], atol=1e-5)
            assert item["nearest_training_item"] == judged.items[number]
            assert item["copy"] is bool(judged.is_copy[number])


def test_the_npz_can_be_brought_back(tiny_run, checkpoints):
    from aelib.exchange.codes import import_codes

    drawn, info = samples.draw(tiny_run, 30), load_info(tiny_run)
    data = to_npz(drawn, info)
    run = import_codes(checkpoints, io.BytesIO(data), filename="drawn.npz")
    np.testing.assert_array_equal(codes.of_run(run).codes, drawn.latents)
    back = load_dataset(run.dataset()).splits["train"].values
    np.testing.assert_array_equal(back, np.rint(np.clip(drawn.items, 0, 1) * 255).astype(np.uint8))
