"""Map: gestures become a view, a view becomes an address, an address becomes the same view."""

import itertools
import json

import numpy as np
import pytest

from aelib import codes
from aelib.config import read_choice
from aelib.projections import _base as projections
from aelib.registry import PROJECTIONS
from aelib.runs.folder import open_run

LASSOS = {
    "a square": [[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]],
    "a hook": [[-2.0, -2.0], [2.0, -2.0], [2.0, 2.0], [1.0, 2.0], [1.0, -1.0], [-1.0, -1.0], [-1.0, 2.0], [-2.0, 2.0]],
    "a star that crosses itself": [[0.0, 2.5], [1.47, -2.02], [-2.38, 0.77], [2.38, 0.77], [-1.47, -2.02]],
    "a sliver": [[-3.0, 0.0], [3.0, 0.02], [3.0, 0.05]],
}


def inside(polygon, point) -> bool:
    """Even-odd, one point at a time, with a ray that goes up (the app's goes right) and corners as floats."""
    x, y = float(point[0]), float(point[1])
    crossings = 0
    for (ax, ay), (bx, by) in itertools.pairwise([*polygon, polygon[0]]):
        if min(ax, bx) <= x < max(ax, bx):
            share = (x - ax) / (bx - ax)
            crossings += ay + share * (by - ay) > y
    return crossings % 2 == 1


def points_of(folder, name, method):
    """All points, and the run's table."""
    run = open_run(folder, name)
    found = projections.read(run, read_choice(PROJECTIONS, method))
    assert found is not None
    return found.points, codes.of_run(run)


def gesture(at, **state):
    """What the component would tell: the state of one of its two keys."""
    at.session_state["map"] = {"selection": None, "ground": None, **state}
    return at.run()


@pytest.mark.parametrize("shape", LASSOS)
@pytest.mark.parametrize("split", ["all", "validation"])
def test_a_lasso_selects_what_it_holds(shape, split, runs, open_page, component, words):
    points, table = points_of(runs, "digits-plane", "axes")
    rows = table.rows(split)
    wanted = [at for at, row in enumerate(rows) if inside(LASSOS[shape], points[row])]
    at = open_page("map", run="digits-plane", method="axes", split=split)
    at = gesture(at, selection={"kind": "lasso", "polygon": LASSOS[shape], "mode": "replace", "seq": 1})
    assert not at.exception
    assert component(at)["selection"]["rows"] == wanted
    assert f"{len(wanted):,} selected" in words(at)


def test_a_lasso_on_a_split_takes_no_items_of_another(runs, open_page, component):
    points, table = points_of(runs, "digits-plane", "axes")
    at = open_page("map", run="digits-plane", method="axes", split="validation")
    polygon = LASSOS["a square"]
    at = gesture(at, selection={"kind": "lasso", "polygon": polygon, "mode": "replace", "seq": 1})
    at = at.selectbox(key="choose-split").set_value("all").run()
    wanted = [int(row) for row in table.rows("validation") if inside(polygon, points[row])]
    assert component(at)["selection"]["rows"] == wanted, "what was not on the map was not selected"


def test_lassos_add_and_take_away(runs, open_page, component):
    points, _ = points_of(runs, "digits-plane", "axes")
    at = open_page("map", run="digits-plane", method="axes", split="all")
    square, star = LASSOS["a square"], LASSOS["a star that crosses itself"]
    for number, (polygon, mode) in enumerate([(square, "replace"), (star, "add"), (LASSOS["a hook"], "remove")]):
        at = gesture(at, selection={"kind": "lasso", "polygon": polygon, "mode": mode, "seq": number + 1})
    wanted = [
        row
        for row, point in enumerate(points)
        if (inside(square, point) or inside(star, point)) and not inside(LASSOS["a hook"], point)
    ]
    assert component(at)["selection"]["rows"] == wanted
    again = open_page("map", **{key: at.query_params[key] for key in at.query_params})
    assert component(again)["selection"]["rows"] == wanted, "a link carries it"


def test_the_selection_is_the_same_items_on_another_map_and_split(runs, open_page, component):
    _, table = points_of(runs, "digits-plane", "axes")
    at = open_page("map", run="digits-plane", method="axes", split="all")
    at = gesture(at, selection={"kind": "lasso", "polygon": LASSOS["a square"], "mode": "replace", "seq": 1})
    items = {int(table.index[row]) for row in component(at)["selection"]["rows"]}
    at = at.selectbox(key="choose-method").set_value("umap").run()
    assert {int(table.index[row]) for row in component(at)["selection"]["rows"]} == items
    at = at.selectbox(key="choose-split").set_value("test").run()
    test = table.index[table.rows("test")]
    assert {int(test[row]) for row in component(at)["selection"]["rows"]} == items & set(test.tolist())


def test_a_click_opens_the_inspector(runs, open_page, component, words):
    _, table = points_of(runs, "digits-vae", "umap")
    row = 42
    rows = table.rows("validation")
    at = open_page("map", run="digits-vae", method="umap", split="validation")
    at = gesture(at, selection={"kind": "click", "row": row, "mode": "replace", "seq": 1})
    assert not at.exception
    item = int(table.index[rows[row]])
    assert at.query_params["pick"] == str(item)
    assert component(at)["picked"] == row
    assert f"Item {item}" in words(at)
    assert f"{table.errors[rows[row]]:.2f}" in words(at)
    at = gesture(at, selection={"kind": "clear", "seq": 2})
    assert "pick" not in at.query_params
    assert component(at)["picked"] is None


def test_clicks_with_shift_collect_items(runs, open_page, component):
    at = open_page("map", run="digits-vae", method="umap", split="all")
    for number, row in enumerate([7, 900, 3, 7]):
        at = gesture(at, selection={"kind": "click", "row": row, "mode": "toggle", "seq": number + 1})
    assert component(at)["selection"]["rows"] == [3, 900], "the second click on 7 took it out again"
    at = gesture(at, selection={"kind": "clear", "seq": 9})
    assert component(at)["selection"] is None
    assert "lasso" not in at.query_params


def test_an_old_gesture_is_taken_once(runs, open_page, component):
    at = open_page("map", run="digits-vae", method="umap", split="all")
    at = gesture(at, selection={"kind": "click", "row": 5, "mode": "replace", "seq": 1})
    at.query_params["pick"] = "12"
    at = at.run()
    assert at.query_params["pick"] == "12", "a rerun does not repeat the click"


def brute_blend(place, points, table, k=8):
    """Shepard's weights over the k nearest points, in plain double arithmetic."""
    distances = [float(np.hypot(point[0] - place[0], point[1] - place[1])) for point in points.astype(float)]
    order = sorted(range(len(distances)), key=distances.__getitem__)[:k]
    weights = [1 / max(distances[row], 1e-9) ** 2 for row in order]
    codes = [table.codes[row].astype(float) for row in order]
    return sum(w * code for w, code in zip(weights, codes, strict=True)) / sum(weights), order


def test_the_ground_is_decoded_by_blending(runs, open_page, words):
    points, table = points_of(runs, "digits-vae", "umap")
    low, high = points.min(axis=0), points.max(axis=0)
    x, y = (float(value) for value in low + 0.37 * (high - low))
    at = open_page("map", run="digits-vae", method="umap", split="all")
    at = gesture(at, ground={"x": x, "y": y, "seq": 1})
    assert not at.exception
    place = [float(part) for part in at.query_params["ground"].split(",")]
    np.testing.assert_allclose(place, [x, y], rtol=1e-4)
    assert "A place between the points" in words(at)
    wanted, _ = brute_blend(place, points, table)
    (button,) = [button for button in at.button if button.label == "Open in Decode"]
    at = button.click().run()
    assert not at.exception
    np.testing.assert_allclose([float(part) for part in at.query_params["code"].split(",")], wanted, atol=2e-3)


def test_on_its_own_axes_the_place_is_the_code(runs, open_page, component):
    at = open_page("map", run="digits-plane", method="axes", split="all", ground="0.5,-1.25")
    (button,) = [button for button in at.button if button.label == "Open in Decode"]
    at = button.click().run()
    assert component(at)["code"] == [0.5, -1.25]


def test_a_click_after_the_ground_closes_the_place(runs, open_page, words):
    at = open_page("map", run="digits-plane", method="axes", split="all", ground="0.5,-1.25")
    at = gesture(at, selection={"kind": "click", "row": 5, "mode": "replace", "seq": 1})
    assert "ground" not in at.query_params
    assert "A place between the points" not in words(at)


@pytest.mark.parametrize("colour", ["class", "error", "spread"])
def test_each_colour(colour, runs, open_page, component):
    at = open_page("map", run="digits-vae", colour=colour)
    assert not at.exception
    assert at.selectbox(key="choose-colour").value == colour
    given = component(at)["colour"]
    assert given["kind"] == ("class" if colour == "class" else "quantity")
    if colour != "class":
        assert given["low"] < given["high"]


def test_a_plain_autoencoder_has_no_spread(runs, open_page):
    at = open_page("map", run="digits-autoencoder", colour="spread")
    assert not at.exception
    assert at.selectbox(key="choose-colour").value == "class"


def test_small_validation_splits_show_all_items_and_say_how_many(runs, open_page, component, words):
    at = open_page("map", run="digits-vae")
    assert at.selectbox(key="choose-split").value == "all"
    assert component(at)["points"]["count"] == 1797
    shown = at.selectbox(key="choose-split").set_value("test").run()
    assert component(shown)["points"]["count"] == 359
    assert "trustworthiness" in words(at)


def test_path_ends_are_marked_where_they_lie(runs, open_page, component):
    points, table = points_of(runs, "digits-plane", "axes")
    at = open_page("map", run="digits-plane", method="axes", split="all", pick=str(int(table.index[17])))
    (button,) = [button for button in at.button if button.label.startswith("Path from")]
    at = button.click().run()
    assert not at.exception
    (mark,) = component(at)["marks"]
    assert mark["name"] == "A"
    np.testing.assert_allclose([mark["x"], mark["y"]], points[17], rtol=1e-5)


def test_a_map_that_is_not_computed_is_asked_for_and_pca_stands_in(
    runs, open_page, component, words, nothing_in_the_background
):
    for file in (runs / "digits-vae" / "projections").glob("umap-*"):
        file.unlink()
    at = open_page("map", run="digits-vae", method="umap")
    assert not at.exception
    assert "PCA" in words(at)
    assert "UMAP is being computed" in words(at)
    assert json.loads(component(at)["decode"]["map"])["name"] == "pca"
    assert set(nothing_in_the_background) == {"aelib.jobs.projecting"}
    (request,) = (runs / ".projecting").glob("*.json")
    assert json.loads(request.read_text())["run"] == "digits-vae"


def test_a_map_that_is_computed_can_be_stopped(runs, open_page, nothing_in_the_background):
    for file in (runs / "digits-vae" / "projections").glob("umap-*"):
        file.unlink()
    at = open_page("map", run="digits-vae", method="umap").button(key="stop-projection").click().run()
    assert not at.exception
    (request,) = (runs / ".projecting").glob("*.json")
    assert request.with_suffix(".stop").exists()


def test_a_map_that_failed_says_why_and_can_be_tried_again(runs, open_page, words):
    for file in (runs / "digits-vae" / "projections").glob("umap-*"):
        file.unlink()
    open_page("map", run="digits-vae", method="umap")
    (request,) = (runs / ".projecting").glob("*.json")
    request.with_suffix(".fault").write_text(json.dumps({"sentence": "It ran out of memory."}))
    at = open_page("map", run="digits-vae", method="umap")
    assert not at.exception
    assert "It ran out of memory." in words(at)
    at = at.button(key="retry-projection").click().run()
    assert not at.exception
    assert "It ran out of memory." not in words(at)
