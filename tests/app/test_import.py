"""Codes from elsewhere on the pages: the form on Data, the card, the map, and a sentence where a model is missing."""

import io

import numpy as np
import pytest

from aelib.exchange.codes import import_codes
from aelib.runs.folder import list_runs


def bring(checkpoints, name="mine", **arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return import_codes(checkpoints, file, name=name, filename="codes.npz")


def pictured(count: int = 50, size: int = 3) -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    return {
        "codes": random.normal(size=(count, size)),
        "labels": np.arange(count) % 3,
        "images": random.integers(0, 256, (count, 6, 5), dtype=np.uint8),
    }


LATTICE = {"lattice": np.full((4, 5, 6, 7), 0.5), "lattice_extent": np.array([-2, 2, -2, 2])}
PLAIN = {"codes": np.random.default_rng(0).normal(size=(40, 5))}


def test_a_file_becomes_a_run_with_a_way_to_its_map(checkpoints, open_page, words):
    at = open_page("data")
    file = io.BytesIO()
    np.savez(file, **PLAIN)  # type: ignore[arg-type]
    at.file_uploader(key="codes-file").set_value(("codes.npz", file.getvalue(), "application/zip")).run()
    at.text_input(key="codes-name").set_value("from elsewhere")
    (button,) = [button for button in at.button if button.label == "Import"]
    at = button.click().run()
    assert not at.exception
    assert "40 codes of 5 numbers" in words(at)
    assert "drawn as bars" in words(at)
    (run,) = list_runs(checkpoints)
    assert run.queue()["name"] == "from elsewhere"
    assert at.button(key="open-imported").label == "Open map"


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"no zip", "no zip directory"), (b"", "no zip directory"), (None, "the first is row 0. Repair them")],
)
def test_a_file_that_does_not_fit_is_a_sentence(data, said, checkpoints, open_page):
    file = io.BytesIO()
    np.savez(file, codes=np.full((3, 2), np.nan))
    at = open_page("data")
    at.file_uploader(key="codes-file").set_value(("c.npz", file.getvalue() if data is None else data, "")).run()
    (button,) = [button for button in at.button if button.label == "Import"]
    at = button.click().run()
    assert not at.exception
    assert any(said in error.value for error in at.error)
    assert not list_runs(checkpoints)


def test_its_card_says_imported_and_offers_no_training(checkpoints, open_page, words):
    run = bring(checkpoints, **pictured())
    at = open_page("home")
    assert not at.exception
    assert "violet-badge[imported]" in words(at)
    assert "codes, imported from `codes.npz`" in words(at)
    assert [button.key for button in at.button if str(button.key).startswith(("open-", "like-"))] == [f"open-{run.id}"]
    assert "Nothing has been trained yet" in words(open_page("train"))


@pytest.mark.parametrize(
    "arrays",
    [pictured(), pictured(size=1), PLAIN, {"codes": np.ones((1, 1))}, {"codes": np.ones((2, 3))}],
    ids=["pictures", "one number", "codes alone", "one item", "two alike"],
)
def test_the_map_opens_whatever_came(arrays, checkpoints, open_page, component):
    run = bring(checkpoints, **arrays)
    at = open_page("map", run=run.id, method="pca", pick="0")
    assert not at.exception
    data = component(at)
    assert data["points"]["count"] == len(arrays["codes"])
    assert data["decode"] is None
    assert data["figures"] == []
    assert data["colour"]["name"] == ("class" if "labels" in arrays else "support")
    assert not [button for button in at.button if button.label in ("Path from", "Path to", "Noise")]


def test_points_that_came_are_the_first_map(checkpoints, open_page, component):
    run = bring(checkpoints, **pictured(), points=np.random.default_rng(1).normal(size=(50, 2)))
    at = open_page("map", run=run.id)
    assert not at.exception
    assert "given" in at.query_params["method"]
    assert "given" in component(at)["points"]["url"]
    assert "given" not in open_page("map", run=bring(checkpoints, **pictured()).id).query_params["method"]


def test_a_lattice_is_decoded_on_the_map_and_this_is_said(checkpoints, open_page, component, words):
    run = bring(checkpoints, **pictured(size=2), **LATTICE)
    at = open_page("map", run=run.id, ground="0.5,0.5", method="axes")
    assert not at.exception
    assert component(at)["decode"] is not None
    assert "nearest cell of the decoded lattice" in words(at)
    for page in ("decode", "paths", "generate"):
        at = open_page(page, run=run.id)
        assert not at.exception
        assert "nearest cell of the decoded lattice" in words(at)


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("decode", "imported without a decoder"),
        ("paths", "imported without a decoder"),
        ("generate", "imported without a decoder"),
        ("noise", "the model that made them is not here"),
        ("reconstructions", "the model that made them is not here"),
    ],
)
def test_other_pages_say_what_is_missing(page, said, checkpoints, open_page, words):
    run = bring(checkpoints, **pictured())
    at = open_page(page, run=run.id)
    assert not at.exception
    assert not at.error
    assert said in words(at)


def test_a_selection_shows_its_pictures(checkpoints, open_page, words):
    run = bring(checkpoints, **pictured())
    at = open_page("map", run=run.id, method="pca", lasso="pca~t1.2.3.4")
    assert not at.exception
    assert "**4 selected**" in words(at)
    assert "mean squared error" not in words(at)
