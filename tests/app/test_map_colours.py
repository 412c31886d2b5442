"""What a map can be coloured by, what a brush and a search select, and what is said where there is nothing."""

import dataclasses

import numpy as np
import pytest

from aelib import codes
from aelib.config import read_choice
from aelib.datasets._base import load_dataset
from aelib.errors import AelibError
from aelib.measures.density import density
from aelib.registry import DATASETS, PROJECTIONS
from aelib.runs.folder import open_run
from aelib.runs.weights import weights_version
from tests.doctored import doctored, on_factors
from ui import shared

RUN = "digits-vae"
PCA = read_choice(PROJECTIONS, "pca")


@pytest.fixture
def run(runs):
    return open_run(runs, RUN)


@pytest.fixture
def table(run):
    return codes.of_run(run)


@pytest.fixture
def sprites(checkpoints, empty_caches):
    """A run on sprites that nobody trained: two numbers of the truth are its codes."""
    return on_factors(checkpoints, "sprites-made", {"name": "sprites", "count": 100, "size": 32}, slice(3, 5))


def values_of(run, key, config=PCA):
    from ui import map_colours

    return map_colours.colour(run.id, key, config)


def gesture(at, **value):
    at.session_state["map"] = {"selection": value, "ground": None}
    return at.run()


def selected(at, component):
    chosen = component(at)["selection"]
    return set() if chosen is None else set(chosen["rows"])


# ---- the colours


def test_each_colour_has_a_value_for_each_item(run, table, empty_caches):
    from ui import map_colours

    names = map_colours.names(run.id)
    assert {"class", "error", "spread", "kl", "support", "density", "cluster", "distortion", "dim-0"} <= set(names)
    for key in set(names) - {"distortion"}:
        found = values_of(run, key)
        assert found.values.shape == (len(table),), key
        assert found.values.dtype in (np.int32, np.float32), key


def test_kl_is_that_of_torch(run, table):
    import torch
    from torch.distributions import Normal, kl_divergence

    posterior = Normal(torch.from_numpy(table.codes).double(), torch.from_numpy(table.spreads).double())
    wanted = kl_divergence(posterior, Normal(0.0, 1.0)).sum(1).numpy()
    np.testing.assert_allclose(values_of(run, "kl").values, wanted, rtol=1e-5)


def test_density_is_the_mean_distance_to_the_five_nearest_others(run, table):
    from sklearn.neighbors import NearestNeighbors

    wanted, _ = NearestNeighbors(n_neighbors=6).fit(table.codes).kneighbors(table.codes)
    np.testing.assert_allclose(values_of(run, "density").values, wanted[:, 1:].mean(axis=1), rtol=1e-4)
    support = values_of(run, "support").values
    order = np.argsort(values_of(run, "density").values)
    assert support[order[0]] == 1
    assert support[order[-1]] == 0
    assert (np.diff(support[order]) <= 0).all()


def test_density_of_many_is_measured_against_a_stated_part():
    spread = np.random.default_rng(0).normal(size=(3000, 4)).astype(np.float32)
    found = density(spread, most_pairs=3000 * 600)
    assert found.reference == 600
    chosen = spread[np.linspace(0, 2999, 600).astype(int)]
    for row in (0, 1, 1234, 2999):
        apart = np.sort(np.linalg.norm(chosen - spread[row], axis=1))
        apart = apart[1:] if (chosen == spread[row]).all(axis=1).any() else apart
        np.testing.assert_allclose(found.distances[row], apart[:5].mean(), rtol=1e-4)


@pytest.mark.parametrize("count", [0, 1, 2, 5, 6, 7])
def test_density_of_few_and_of_equal_codes(count):
    alike = density(np.ones((count, 3)))
    assert alike.distances.shape == alike.support.shape == (count,)
    assert (alike.distances == 0).all() if count > 1 else np.isnan(alike.distances).all()
    line = density(np.arange(count, dtype=float)[:, None])
    if count > 1:
        others = [[abs(a - b) for b in range(count) if b != a] for a in range(count)]
        np.testing.assert_allclose(line.distances, [np.mean(sorted(each)[:5]) for each in others], rtol=1e-6)


def test_distance_is_that_of_numpy_and_its_route_gives_the_splits_rows(run, table):
    from ui import decoding

    item = int(table.index[17])
    wanted = np.linalg.norm(table.codes - table.codes[17], axis=1)
    np.testing.assert_allclose(values_of(run, f"distance-{item}").values, wanted, rtol=1e-5, atol=1e-6)
    body = decoding.map_array(run.id, weights_version(run), "test", f"colour-distance-{item}", "")
    np.testing.assert_allclose(np.frombuffer(body, "<f4"), wanted[table.rows("test")], rtol=1e-5, atol=1e-6)


def test_distortion_is_the_stored_projections_own_or_a_sentence(run, table, monkeypatch):
    from ui import cached

    monkeypatch.setattr(cached, "stored_projection", lambda run_id, config: None)
    with pytest.raises(AelibError, match="not known yet"):
        values_of(run, "distortion")
    lost = np.linspace(0, 1, len(table), dtype=np.float32)
    stored = dataclasses.make_dataclass("Stored", ["distortion"])(lost)
    monkeypatch.setattr(cached, "stored_projection", lambda run_id, config: stored)
    np.testing.assert_array_equal(values_of(run, "distortion").values, lost)


def test_factors_are_kinds_or_quantities(sprites):
    truth = load_dataset(sprites.dataset()).all_items().factors
    shape, size = values_of(sprites, "factor-0"), values_of(sprites, "factor-1")
    assert (shape.kind, shape.classes) == ("class", ("square", "ellipse", "heart"))
    np.testing.assert_array_equal(shape.values, truth[:, 0])
    assert size.kind == "quantity"
    np.testing.assert_array_equal(size.values, truth[:, 1])
    assert values_of(sprites, "factor-2").kind == "quantity", "40 angles are no kinds, though whole numbers"


@pytest.mark.parametrize("name", ["faces", "ratings", "signals", "spectrograms", "sprites"])
def test_factor_names_stand_in_the_datasets_module(name):
    config = DATASETS.load(name).Config()
    count = type(config).model_fields.get("count")
    small = read_choice(DATASETS, {"name": name, "count": 100} if count else name)
    dataset = load_dataset(small)
    module = DATASETS.load(name)
    assert dataset.factor_names == module.FACTORS
    for factor, kinds in getattr(module, "KINDS", {}).items():
        column = dataset.all_items().factors[:, module.FACTORS.index(factor)]
        assert set(column) <= set(range(len(kinds)))


@pytest.mark.parametrize("key", ["nothing", "dim-99", "factor-0", "distance-99999999", "error-2", "dim-x", "dim-1e3"])
def test_a_colour_that_is_not_there_is_said(key, run):
    with pytest.raises(AelibError):
        values_of(run, key)


def test_a_colour_that_cannot_be_had_leaves_the_map_and_says_why(runs, open_page, component):
    at = open_page("map", run=RUN, method="umap", colour="distortion")
    assert not at.exception
    told = component(at)
    assert told["colour"] or "not known yet" in told["colour_fault"]
    assert told["points"]["count"] > 0


@pytest.mark.parametrize("key", ["kl", "support", "density", "cluster", "dim-3"])
def test_a_colour_stands_in_the_address_and_the_route_gives_its_values(key, runs, open_page, component, table):
    from ui import decoding

    at = open_page("map", run=RUN, split="test", colour=key)
    assert not at.exception
    told = component(at)["colour"]
    assert told["key"] == key
    what = told["url"].rpartition("/")[2]
    kind = "<i4" if told["kind"] == "class" else "<f4"
    body = decoding.map_array(RUN, weights_version(open_run(runs, RUN)), "test", what, "")
    assert len(np.frombuffer(body, kind)) == len(table.rows("test"))


def test_very_many_classes_are_not_all_named(checkpoints, runs, open_page, component, empty_caches):
    labels = np.arange(1797) % 900
    labels[:50] = 7
    doctored(checkpoints, "many", classes=[f"kind {n}" for n in range(100_000)], labels=labels)
    told = component(open_page("map", run="many", method="axes", split="all"))
    assert told["colour"]["count"] == 100_000
    assert len(told["colour"]["chips"]) <= 24
    assert told["colour"]["chips"]["7"] == "kind 7"
    assert "too many to name" in told["colour"]["sentence"]
    assert len(str(told)) < 200_000, "their names are not all sent"


# ---- ranges


@pytest.mark.parametrize("key", ["error", "kl", "dim-2", "support"])
def test_a_range_selects_what_numpy_finds(key, runs, run, open_page, component):
    values = values_of(run, key).values
    low, high = (float(np.quantile(values, share)) for share in (0.2, 0.55))
    at = open_page("map", run=RUN, method="umap", split="all", colour=key)
    at = gesture(at, kind="range", colour=key, low=low, high=high, mode="replace", seq=1)
    assert not at.exception
    wanted = set(np.flatnonzero((values >= low) & (values <= high)))
    assert selected(at, component) == wanted
    again = open_page("map", **{name: at.query_params[name] for name in at.query_params})
    assert selected(again, component) == wanted, "a link carries it"
    middle = float(np.median(values[list(wanted)]))
    at = gesture(at, kind="range", colour=key, low=low, high=middle, mode="remove", seq=2)
    assert selected(at, component) == {row for row in wanted if values[row] > middle}


def test_undo_puts_an_earlier_selection_back(runs, run, open_page, component):
    at = open_page("map", run=RUN, method="umap", split="all")
    at = gesture(at, kind="click", row=5, mode="replace", seq=1)
    before = {"lasso": component(at)["address"]["lasso"], "pick": component(at)["address"]["pick"]}
    at = gesture(at, kind="search", text="3", mode="replace", seq=2)
    assert len(selected(at, component)) > 100
    at = gesture(at, kind="restore", **before, seq=3)
    assert selected(at, component) == {5}
    assert at.query_params["pick"] == before["pick"]
    at = gesture(at, kind="restore", lasso="", pick="", seq=4)
    assert selected(at, component) == set()
    assert "lasso" not in at.query_params
    assert "pick" not in at.query_params


def test_a_damaged_restore_selects_nothing(runs, open_page, component):
    at = open_page("map", run=RUN, method="umap", split="all")
    for number, lasso in enumerate(["umap~q", "nonsense", "x" * 9999, "umap~rerror:a:b", "umap~snothing%20here"]):
        at = gesture(at, kind="restore", lasso=lasso, pick="-3x", seq=number + 1)
        assert not at.exception
        assert selected(at, component) == set()


# ---- search


SEARCHES = {
    "7": lambda t, truth: t.labels == 7,
    "class 7": lambda t, truth: t.labels == 7,
    "#7": lambda t, truth: t.index == 7,
    "item 1234": lambda t, truth: t.index == 1234,
    "error>2": lambda t, truth: t.errors > 2,
    "reconstruction error <= 1.5": lambda t, truth: t.errors <= 1.5,
    "z3>0, class=5": lambda t, truth: (t.codes[:, 3] > 0) & (t.labels == 5),
    "dimension 2 < -0.5 ,error>1": lambda t, truth: (t.codes[:, 2] < -0.5) & (t.errors > 1),
    "class!=5": lambda t, truth: t.labels != 5,
    "posterior>0.2": lambda t, truth: t.spreads.mean(axis=1) > 0.2,
}


@pytest.mark.parametrize("text", SEARCHES)
def test_a_search_selects_what_it_says(text, runs, open_page, component, table):
    at = open_page("map", run=RUN, method="umap", split="all")
    at = gesture(at, kind="search", text=text, mode="replace", seq=1)
    assert not at.exception
    wanted = set(np.flatnonzero(SEARCHES[text](table, None)))
    assert wanted
    assert selected(at, component) == wanted
    assert component(at)["searched"]["count"] == len(wanted)
    again = open_page("map", **{name: at.query_params[name] for name in at.query_params})
    assert selected(again, component) == wanted, "a link carries it"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "Nothing was asked for"),
        ("quagga", "Nothing here is called"),
        ("#99999", "No item matches"),
        ("hair=red", "have no “hair”"),
        ("error=tall", "is never “tall”"),
        ("class=42", "No item matches"),
        ("dimension>1", "could be"),
        ("error>>3", "is never"),
        ("<script>alert(1)</script>", "have no “<script”"),
    ],
)
def test_a_search_that_finds_nothing_says_so_and_keeps_the_selection(text, says, runs, open_page, component):
    at = open_page("map", run=RUN, method="umap", split="all")
    at = gesture(at, kind="click", row=5, mode="replace", seq=1)
    at = gesture(at, kind="search", text=text, mode="replace", seq=2)
    assert not at.exception
    assert says in component(at)["searched"]["sentence"]
    assert selected(at, component) == {5}


def test_search_by_a_factors_kind(sprites, open_page, component):
    truth = load_dataset(sprites.dataset()).all_items().factors
    at = open_page("map", run=sprites.id, method="axes", split="all")
    for number, (text, wanted) in enumerate(
        {
            "shape=heart": truth[:, 0] == 2,
            "size>0.8": truth[:, 1] > np.float32(0.8),
            "size=0.8": np.isclose(truth[:, 1], 0.8),
            "shape=square, x<0.5": (truth[:, 0] == 0) & (truth[:, 3] < 0.5),
        }.items()
    ):
        at = gesture(at, kind="search", text=text, mode="replace", seq=number + 1)
        assert not at.exception
        assert selected(at, component) == set(np.flatnonzero(wanted)), text


# ---- maps that are hardly maps

ODD = {
    "one point": lambda t: t.take(np.arange(1)),
    "two identical": lambda t: t.take(np.zeros(2, int)),
    "all identical": lambda t: dataclasses.replace(t, codes=np.ones_like(t.codes)),
    "one dimension": lambda t: dataclasses.replace(t, codes=np.ascontiguousarray(t.codes[:, :1])),
    "no labels": lambda t: dataclasses.replace(t, labels=np.full(len(t), -1)),
    "codes with NaN": lambda t: dataclasses.replace(t, codes=np.where(np.arange(len(t))[:, None] < 3, np.nan, t.codes)),
}


@pytest.mark.parametrize("colour", ["density", "cluster"])
@pytest.mark.parametrize("odd", ODD)
def test_an_odd_map_is_shown_or_explained(odd, colour, checkpoints, runs, open_page, component, words, empty_caches):
    whole = codes.of_run(open_run(runs, "digits-plane"))
    classes = () if odd == "no labels" else None
    doctored(checkpoints, "odd", classes=classes, **vars(ODD[odd](whole)))
    shared.clear()
    at = open_page("map", run="odd", method="pca", split="all", colour=colour)
    assert not at.exception
    if at.get("bidi_component"):
        told = component(at)
        assert told["points"]["count"] == len(ODD[odd](whole))
        assert told["colour"] or told["colour_fault"]
    else:
        assert at.error, "a sentence in place of the map"
        assert "codes" in words(at)
