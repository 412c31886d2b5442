"""The map's layers as the page offers them and as the route answers: right numbers, and a reason for each absence."""

import json
from typing import Any

import numpy as np
import pytest

from aelib import codes
from aelib.config import RunConfig, read_choice
from aelib.errors import AelibError
from aelib.projections import _base as projections
from aelib.registry import PROJECTIONS
from aelib.runs.folder import Run, open_run
from aelib.runs.weights import weights_version

RUN = "digits-vae"


def unpacked(body: bytes) -> tuple[dict[str, Any], bytes]:
    length = int.from_bytes(body[:4], "little")
    assert length % 4 == 0
    return json.loads(body[4 : 4 + length]), body[4 + length :]


def layer(run: Run, what: str, method: str = "pca", split: str = "all", **query: str) -> tuple[dict[str, Any], bytes]:
    from ui import map_layers

    query = {"map": json.dumps({"name": method}), **query}
    return unpacked(map_layers.answer(run.id, weights_version(run), split, what, query))


def points_of(run: Run, method: str) -> np.ndarray:
    found = projections.read(run, read_choice(PROJECTIONS, method))
    assert found is not None
    return found.points


def offered(at: Any, component: Any) -> dict[str, dict[str, str]]:
    return {each["name"]: each for each in component(at)["layers"]["list"]}


# ---- what the page offers


def test_every_layer_is_offered_or_says_why_not(runs, open_page, component):
    at = open_page("map", run=RUN, method="umap")
    layers = offered(at, component)
    assert list(layers) == [
        "points", "pictures", "density", "outlines", "lattice", "support", "path", "arrows", "ellipses", "trail",
    ]  # fmt: skip
    absent = {name: each["why"] for name, each in layers.items() if each["why"]}
    assert set(absent) == {"path", "ellipses", "trail"}
    assert "UMAP bends" in absent["ellipses"]
    assert all(why.endswith(".") for why in absent.values())
    assert component(at)["layers"]["asked"] is None


def test_what_the_address_names_makes_the_others_possible(runs, open_page, component):
    at = open_page(
        "map", run=RUN, method="pca", pick="12", layers="points,trail", corruption="blur", **{"from": "3", "to": "9"}
    )
    layers = offered(at, component)
    assert not any(each["why"] for each in layers.values())
    assert "item=12&corruption=blur" in layers["trail"]["url"]
    assert "from=3&to=9" in layers["path"]["url"]
    assert component(at)["layers"]["asked"] == ["points", "trail"]


def test_a_model_without_spreads_says_so(runs, open_page, component):
    layers = offered(open_page("map", run="digits-autoencoder", method="pca"), component)
    assert "without a spread" in layers["ellipses"]["why"]


# ---- what the route answers


@pytest.mark.parametrize(("name", "method"), [("digits-plane", "axes"), (RUN, "pca"), ("digits-autoencoder", "umap")])
def test_each_cell_of_the_lattice_is_what_decoding_its_place_gives(name, method, runs):
    from ui import decoding

    run = open_run(runs, name)
    about, body = layer(run, "lattice", method)
    count = about["rows"] * about["columns"]
    share = np.frombuffer(body[:count], np.uint8) / 255
    tiles = np.frombuffer(body[count:], np.uint8).reshape(count, *about["tile"])
    left, right, low, high = about["extent"]
    for cell in np.random.default_rng(0).integers(0, count, 12):
        row, column = divmod(int(cell), about["columns"])
        x = left + (column + 0.5) * (right - left) / about["columns"]
        y = high - (row + 0.5) * (high - low) / about["rows"]
        wanted = decoding.decode_places(name, json.dumps({"name": method}), [[x, y]])
        assert np.abs(tiles[cell].astype(int) - wanted.pictures[0]).max() <= 1
        assert abs(share[cell] - wanted.support[0]) < 0.005


@pytest.mark.parametrize(("dataset", "side"), [({"name": "faces", "count": 100, "labels": "hat"}, 64), ("mnist", 28)])
def test_a_lattice_weighs_at_most_four_megabytes(dataset, side, checkpoints, tmp_path, monkeypatch):
    from aelib.cli._train import train_in_front
    from bench.made_runs import made_digits

    if dataset == "mnist":
        dataset = {"name": "mnist"}
        monkeypatch.setenv("AELIB_DATA", str(made_digits(tmp_path / "data", 300, scale=3, pad=2)))
    config = {
        "dataset": dataset,
        "network": {"name": "mlp", "widths": [8]},
        "model": {"name": "autoencoder", "latent_dim": 2},
        "training": {"epochs": 1, "batch_size": 50, "device": "cpu"},
    }
    run, state = train_in_front(checkpoints, RunConfig.parse(config), quiet=True)
    assert state == "completed", run.error()
    about, body = layer(run, "lattice", "axes")
    assert len(body) <= 4_000_000
    assert about["rows"] * about["columns"] >= 1024
    assert about["tile"][0] == -(-side // about["shrink"])


def test_support_over_the_map_is_the_support_of_its_places(runs):
    from ui import decoding

    run = open_run(runs, RUN)
    about, body = layer(run, "support", "umap")
    share = np.frombuffer(body, np.uint8).reshape(about["rows"], about["columns"]) / 255
    left, right, low, high = about["extent"]
    for line, column in ((0, 0), (about["rows"] // 2, about["columns"] // 2), (20, 30)):
        x = left + (column + 0.5) * (right - left) / about["columns"]
        y = high - (line + 0.5) * (high - low) / about["rows"]
        wanted = decoding.decode_places(RUN, '{"name": "umap"}', [[x, y]]).support[0]
        assert abs(share[line, column] - wanted) < 0.005
    assert share.min() == 0 < share.max()


def test_arrows_end_at_the_code_of_the_decoded_code(runs):
    import torch

    from aelib.runs.weights import load_model

    run = open_run(runs, "digits-plane")
    table, model = codes.of_run(run), load_model(run)
    about, _ = layer(run, "arrows", "axes", rows="5.700.41")
    with torch.inference_mode():
        given = torch.from_numpy(table.codes[[5, 700, 41]])
        wanted = model.encode(model.decode(given)).codes.numpy()
    np.testing.assert_allclose(about["from"], table.codes[[5, 700, 41]], atol=1e-4)
    np.testing.assert_allclose(about["to"], wanted, atol=1e-3)
    assert about["of"] == "selection"
    sample, _ = layer(run, "arrows", "axes", split="validation")
    assert sample["of"] == "sample"
    assert sample["count"] == min(300, (table.split == 1).sum())


def test_ellipses_are_the_spreads_on_a_linear_map(runs):
    run = open_run(runs, "digits-plane")
    table = codes.of_run(run)
    assert table.spreads is not None
    about, body = layer(run, "ellipses", "axes")
    shapes = np.frombuffer(body, "<f4").reshape(-1, 5)
    assert len(shapes) == about["count"] == len(table)
    rows = np.asarray(about["rows"])
    np.testing.assert_allclose(shapes[:, :2], table.codes[rows], atol=1e-5)
    np.testing.assert_allclose(shapes[:, [2, 4]], table.spreads[rows] ** 2, rtol=1e-3)
    assert np.abs(shapes[:, 3]).max() < 1e-4
    with pytest.raises(AelibError, match="UMAP bends"):
        layer(run, "ellipses", "umap")


@pytest.mark.parametrize("method", ["axes", "umap"])
def test_the_path_starts_at_a_and_ends_at_b(method, runs):
    run = open_run(runs, "digits-plane")
    table, points = codes.of_run(run), points_of(run, method)
    about, _ = layer(run, "path", method, **{"from": "3", "to": "9"})
    a, b = (int(np.flatnonzero(table.index == item)[0]) for item in (3, 9))
    np.testing.assert_allclose([about["places"][0], about["places"][-1]], points[[a, b]], atol=1e-4)
    assert len(about["support"]) == len(about["places"])
    if method == "axes":
        np.testing.assert_allclose(about["places"][12], points[[a, b]].mean(0), atol=1e-4)


def test_the_trail_starts_at_the_clean_item(runs):
    run = open_run(runs, RUN)
    table, points = codes.of_run(run), points_of(run, "umap")
    about, _ = layer(run, "trail", "umap", item="12", corruption="gaussian")
    row = int(np.flatnonzero(table.index == 12)[0])
    np.testing.assert_allclose(about["places"][0], points[row], atol=1e-4)
    assert about["moved"][0] == 0 < about["moved"][-1]
    assert about["severities"][-1] == 1


def test_outlines_name_their_class_and_an_item_of_it(runs):
    run = open_run(runs, RUN)
    table = codes.of_run(run)
    rows = np.flatnonzero(table.split == 1)
    about, _ = layer(run, "outlines", "umap", split="validation", by="class")
    assert len(about["outlines"]) == 10
    for each in about["outlines"]:
        assert str(table.labels[rows[each["row"]]]) == each["name"]
        assert all(len(ring) >= 4 for ring in each["rings"])


@pytest.mark.parametrize(
    ("what", "query", "code"),
    [
        ("nothing", {}, "E_NOT_FOUND"),
        ("path", {"from": "3"}, "E_NOT_FOUND"),
        ("path", {"from": "3", "to": "99999"}, "E_NOT_FOUND"),
        ("trail", {"item": "3", "corruption": "../x"}, "E_NOT_FOUND"),
        ("trail", {"item": "-1", "corruption": "gaussian"}, "E_NOT_FOUND"),
        ("lattice", {"map": "{"}, "E_FILE"),
        ("lattice", {"map": '{"name": "umap", "neighbours": 33}'}, "E_NOT_FOUND"),
        ("outlines", {"map": '{"name": "umap", "neighbours": 33}'}, "E_NOT_FOUND"),
    ],
)
def test_a_bad_question_gets_a_sentence(what, query, code, runs):
    with pytest.raises(AelibError) as caught:
        layer(open_run(runs, RUN), what, **query)
    assert caught.value.code == code


def test_an_old_version_is_refused(runs):
    from ui import map_layers

    with pytest.raises(AelibError) as caught:
        map_layers.answer(RUN, "0" * 16, "all", "lattice", {"map": '{"name": "pca"}'})
    assert caught.value.code == "E_NOT_FOUND"
