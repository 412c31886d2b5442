"""The shared selection: on every page, in every link, kept with the run; and what a projection is asked with."""

import numpy as np
import pytest

from aelib import codes
from aelib.jobs import projecting
from aelib.latent import groups
from aelib.runs import selections
from aelib.runs.folder import open_run
from ui import cached, projection_text, selection

RUN = "digits-vae"
SQUARE = [[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]]


@pytest.fixture
def table(runs):
    return codes.of_run(open_run(runs, RUN))


def lasso(at, polygon, mode="replace", seq=1):
    value = {"kind": "lasso", "polygon": polygon, "mode": mode, "seq": seq}
    at.session_state["map"] = {"selection": value, "ground": None}
    return at.run()


def click(at, row, seq, mode="toggle"):
    at.session_state["map"] = {"selection": {"kind": "click", "row": row, "mode": mode, "seq": seq}, "ground": None}
    return at.run()


def press(at, label):
    (button,) = [button for button in at.button if button.label == label]
    at = button.click().run()
    assert not at.exception
    return at


def selected(at, component):
    """Rows on the map (all splits), as a list."""
    given = component(at)["selection"]
    return given and given["rows"]


def again(at, open_page, name="map"):
    """The page's link in a new browser."""
    return open_page(name, **{key: at.query_params[key] for key in at.query_params})


def by_value(items):
    return "~i" + ".".join(np.base_repr(step, 36).lower() for step in np.diff(sorted(items), prepend=0))


def first_picture(at):
    """The montage: the first picture below the map."""
    return at.get("image")[0].proto.imgs[0]


# ---- addresses


def test_a_short_selection_stands_in_the_link_by_value(runs, open_page, component, table, words):
    at = open_page("map", run=RUN, split="all", lasso=by_value(table.index[[5, 700, 1200]]))
    assert selected(at, component) == [5, 700, 1200]
    assert "3 selected" in words(at)


def test_a_long_history_is_kept_with_the_run_and_loses_nothing(runs, open_page, component, monkeypatch):
    monkeypatch.setattr(selection, "LONGEST", 300)
    at = open_page("map", run="digits-plane", method="axes", split="all")
    for number in range(12):
        moved = (np.asarray(SQUARE) + 0.15 * number).tolist()
        at = lasso(at, moved, "add" if number else "replace", number + 1)
    rows = selected(at, component)
    assert len(rows) > 300
    assert len(at.query_params["lasso"]) < 300 + 200
    assert "=auto-" in at.query_params["lasso"]
    assert selected(again(at, open_page), component) == rows
    assert list((runs / "digits-plane" / "selections").glob("auto-*.json"))


def test_a_long_selection_stays_in_the_window_where_it_cannot_be_kept(runs, open_page, component, monkeypatch, words):
    monkeypatch.setattr(selection, "LONGEST", 20)
    (runs / "digits-plane" / "selections").write_text("no folder")
    at = lasso(open_page("map", run="digits-plane", method="axes", split="all"), SQUARE)
    assert not at.exception
    rows = selected(at, component)
    assert rows
    assert "too long for a link" in words(at)
    assert "lasso" not in at.query_params
    assert selected(at.run(), component) == rows


def test_a_lasso_on_top_of_another_maps_is_linked_whole(runs, open_page, component):
    at = lasso(open_page("map", run="digits-plane", method="axes", split="all"), SQUARE)
    first = set(selected(at, component))
    at = at.selectbox(key="choose-method").set_value("pca").run()
    at = lasso(at, (np.asarray(SQUARE) + 1.5).tolist(), "add", 2)
    rows = selected(at, component)
    assert first < set(rows)
    assert selected(again(at, open_page), component) == rows


def test_a_link_keeps_to_the_split_the_lasso_was_drawn_on(runs, open_page, component):
    at = lasso(open_page("map", run="digits-plane", method="axes", split="validation"), SQUARE)
    at = at.selectbox(key="choose-split").set_value("all").run()
    rows = selected(at, component)
    assert selected(again(at, open_page), component) == rows


@pytest.mark.parametrize(
    "text",
    ["~=s-0123456789ab", "~=../config", "~i1.zz!", "umap(neighbours:900)~+0,0;1,0;1,1", "nothing~+0,0;1,0;1,1", "~~~",
     "umap~+1,1", "axes(across:99)@all~+0,0;1,0;1,1"],
)  # fmt: skip
def test_a_link_to_a_selection_that_makes_no_sense_shows_a_working_map(text, runs, open_page, component):
    at = open_page("map", run=RUN, split="all", lasso=text)
    assert not at.exception
    assert not at.error
    assert selected(at, component) is None


def test_a_link_to_a_deleted_selection_says_so(runs, open_page, words):
    assert "it was deleted" in words(open_page("map", run=RUN, split="all", lasso="~=s-0123456789ab"))


def test_a_link_whose_map_is_not_computed_yet_selects_once_it_is(runs, open_page, component, words):
    at = lasso(open_page("map", run="digits-plane", method="umap", split="all"), [[-99, -99], [99, -99], [99, 99]])
    rows, link = selected(at, component), {key: at.query_params[key] for key in at.query_params}
    assert rows
    kept = {path: path.read_bytes() for path in (runs / "digits-plane" / "projections").glob("umap-*")}
    for path in kept:
        path.unlink()
    at = open_page("map", **link)
    assert selected(at, component) is None
    assert "appears when its map is computed" in words(at)
    for path, data in kept.items():
        path.write_bytes(data)
    assert selected(at.run(), component) == rows


# ---- every page


def test_the_selection_goes_to_other_pages(runs, open_page, component, table, words):
    at = open_page("map", run=RUN, split="all", lasso=by_value(table.index[[5, 700, 1200]]))
    at = at.switch_page("../pages/reconstructions.py").run()
    assert not at.exception
    assert at.query_params["lasso"], "the link of this page has it too"
    (toggle,) = at.toggle
    assert "Only the selection" in toggle.label
    at = toggle.set_value(True).run()
    shown = {int(text.value.split()[1]) for text in at.caption if text.value.startswith("item ")}
    rows = [row for row in (5, 700, 1200) if row in table.rows(at.selectbox(key="choose-split").value)]
    assert shown == set(table.index[rows].tolist())
    assert again(at, open_page, "reconstructions").toggle[0].value is True
    at = press(at, "Clear the selection")
    assert not at.toggle
    assert "lasso" not in at.query_params


def test_the_selection_goes_to_another_run_on_the_same_data(runs, open_page, component, table):
    at = open_page("map", run=RUN, split="all", lasso=by_value(table.index[[5, 700, 1200]]))
    at = at.selectbox(key="choose-run").set_value("digits-plane").run()
    other = codes.of_run(open_run(runs, "digits-plane"))
    assert set(other.index[selected(at, component)]) == set(table.index[[5, 700, 1200]])
    config = runs / "digits-autoencoder" / "config.json"
    config.write_text(config.read_text().replace('"dataset_hash": "', '"dataset_hash": "0'))
    at = at.selectbox(key="choose-run").set_value("digits-autoencoder").run()
    assert "lasso" not in at.query_params


# ---- what can be done with it


def test_invert_grow_and_shrink(runs, open_page, component, table):
    at = open_page("map", run=RUN, split="all", lasso=by_value(table.index[[5, 700, 1200]]))
    at = press(at, "Grow")
    grown = groups.grow(table.codes, np.asarray([5, 700, 1200]), 5)
    assert selected(at, component) == grown.tolist()
    assert selected(again(at, open_page), component) == grown.tolist()
    at.number_input(key="grow-neighbours").set_value(2)
    at = press(at, "Shrink")
    shrunk = groups.shrink(table.codes, grown, 2)
    assert selected(at, component) == (shrunk if len(shrunk) else grown).tolist()
    at = press(at, "Invert")
    assert selected(at, component) == np.setdiff1d(np.arange(len(table)), shrunk if len(shrunk) else grown).tolist()
    at = press(at, "Clear")
    assert selected(at, component) is None


def test_save_open_combine_rename_delete(runs, open_page, component, table, words):
    at = open_page("map", run=RUN, split="all", lasso=by_value(table.index[[5, 700]]))
    (box,) = [box for box in at.text_input if box.label == "Name"]
    box.set_value("two <b>items</b>")
    at = press(at, "Save this selection")
    (saved,) = selections.listed(open_run(runs, RUN))
    assert saved.name == "two <b>items</b>"
    at = click(at, 1200, 1, "replace")
    at = press(at, "Add")
    assert selected(at, component) == [5, 700, 1200]
    at = click(at, 700, 2, "replace")
    at = press(at, "Keep common")
    assert selected(at, component) == [700]
    at = press(at, "Select these")
    assert selected(at, component) == [5, 700]
    (box,) = [box for box in at.text_input if box.label == "Rename it"]
    box.set_value("two items")
    at = press(at, "Rename")
    assert [saved.name for saved in selections.listed(open_run(runs, RUN))] == ["two items"]
    at = open_page("map", run=RUN, split="all", lasso=f"~={saved.id}")
    assert selected(at, component) == [5, 700], "a link by its id outlives the renaming"
    at = press(at, "Delete")
    assert selections.listed(open_run(runs, RUN)) == []
    assert selected(at, component) == [5, 700], "what is selected stays so"


def test_a_taken_name_is_said(runs, open_page, table):
    selections.save(open_run(runs, RUN), np.asarray([1]), "mine")
    at = open_page("map", run=RUN, split="all", lasso=by_value(table.index[[5, 700]]))
    next(box for box in at.text_input if box.label == "Name").set_value("mine")
    at = press(at, "Save this selection")
    assert "already" in at.error[0].value


def test_the_montage_is_the_same_for_the_same_link_and_another_after_resampling(runs, open_page, table):
    at = open_page("map", run=RUN, split="all", lasso=by_value(table.index[::7]), montage="3")
    at = press(at, "Resample")
    assert first_picture(at).caption == "9 of 257, at random (draw 1)"
    assert at.query_params["resample"] == "1"
    assert first_picture(again(at, open_page)).url == first_picture(at).url


def test_two_selections_make_a_direction_that_paths_goes_along(
    runs, open_page, component, table, words, lines_of, tmp_path
):
    first, second = np.flatnonzero(table.labels == 3)[:50], np.flatnonzero(table.labels == 8)
    at = open_page("map", run=RUN, split="all", lasso=by_value(table.index[first]))
    at = press(at, "Remember as A")
    assert "Two selections make a direction" in words(at)
    at = open_page("map", run=RUN, first=at.query_params["first"], lasso=by_value(table.index[second]), split="all")
    at = press(at, "Remember as B")
    length = float(np.linalg.norm(table.codes[second].mean(0) - table.codes[first].mean(0)))
    assert f"**{length:.2f}**" in words(at)
    at = press(at, "Move the mean of A towards B")
    np.testing.assert_allclose(component(at)["a"]["code"], table.codes[first].mean(0), atol=2e-5)
    np.testing.assert_allclose(component(at)["b"]["code"], table.codes[second].mean(0), atol=2e-5)
    names: dict = {}
    from contextlib import chdir

    with chdir(runs.parent):
        exec(lines_of(at), names)
    np.testing.assert_allclose(names["start"], table.codes[first].mean(0), atol=1e-6)
    linked = again(at, open_page, "paths")
    assert [component(linked)[end] for end in "ab"] == [component(at)[end] for end in "ab"]
    linked = linked.selectbox(key="choose-a").set_value("item").run()
    assert "A is item" in words(linked)


# ---- the projection's settings


def test_settings_go_into_the_address_and_come_back(runs, open_page, component):
    at = open_page("map", run=RUN, method="axes", split="all")
    at.number_input(key="settings.axes..across").set_value(4)
    at = press(at, "Apply")
    assert at.query_params["settings"] == "across:4"
    assert '"across":4' in component(at)["points"]["url"].replace("%22", '"').replace("%3A", ":")
    linked = again(at, open_page)
    assert component(linked)["points"] == component(at)["points"]
    at = at.selectbox(key="choose-method").set_value("pca").run()
    assert "settings" not in at.query_params, "they are the other method's"
    at = at.selectbox(key="choose-method").set_value("axes").run()
    assert at.query_params["settings"] == "across:4", "and stay its own"
    at = press(at, "Defaults")
    assert "settings" not in at.query_params


@pytest.mark.parametrize("text", ["across:many", "nothing:1", ":::,,,", "across:4,across:1e999", "seed:" + "9" * 400])
def test_settings_that_make_no_sense_are_passed_over(text, runs, open_page, words):
    at = open_page("map", run=RUN, method="axes", split="all", settings=text)
    assert not at.exception
    assert not at.error
    assert "passed over" in words(at) or text.startswith(":")


@pytest.mark.parametrize("text", ["umap", "umap(neighbours:30,min_dist:0.25)", "axes(across:3)"])
def test_a_projection_as_a_text_comes_back(text):
    assert projection_text.write(projection_text.read(text)) == text


def test_a_method_that_needs_labels_says_so(runs, open_page, words, monkeypatch):
    from aelib.projections import umap

    monkeypatch.setattr(umap, "NEEDS_LABELS", True, raising=False)
    table = cached.table(RUN)
    monkeypatch.setattr(
        cached, "table", lambda run_id: codes.CodeTable(**{**vars(table), "labels": table.labels * 0 - 1})
    )
    at = open_page("map", run=RUN, method="umap", split="all")
    assert not at.exception
    assert "UMAP needs labels, and these items have none: PCA is shown" in words(at)


def test_progress_is_shown_where_the_worker_tells_it(runs, open_page, monkeypatch):
    for file in (runs / RUN / "projections").glob("umap-*"):
        file.unlink()
    monkeypatch.setattr(projecting, "progress", lambda run, config: 0.4, raising=False)
    at = open_page("map", run=RUN, method="umap")
    assert not at.exception
    (bar,) = [bar for bar in at.get("progress") if "UMAP is being computed" in bar.proto.text]
    assert bar.proto.value == 40


# ---- three dimensions


def test_three_dimensions_are_turned_and_clicked(runs, open_page, table, words, monkeypatch):
    points = table.codes[:, :3].copy()
    stored = cached.projections.Projection
    monkeypatch.setattr(cached, "points", lambda run_id, config: points)
    monkeypatch.setattr(cached, "stored_projection", lambda run_id, config: stored(points, config, {}, 0.0))
    at = open_page("map", run=RUN, method="pca", split="all")
    assert not at.exception
    assert len(at.get("plotly_chart")) >= 1
    assert "For a lasso" in words(at)
    at.session_state["solid-click"] = {"click": {"row": 42, "seq": 1}}
    at = at.run()
    assert not at.exception
    assert at.query_params["pick"] == str(table.index[42])
    assert f"Item {table.index[42]}" in words(at)
    at.query_params["pick"] = "12"
    assert at.run().query_params["pick"] == "12", "a rerun does not repeat the click"


def test_more_points_than_plotly_turns_are_taken_evenly_and_said(runs, open_page, table, words, monkeypatch):
    from ui import map_solid

    monkeypatch.setattr(map_solid, "MOST", 100)
    test_three_dimensions_are_turned_and_clicked(runs, open_page, table, lambda at: words(at), monkeypatch)
    at = open_page("map", run=RUN, method="pca", split="all", pick="321")
    assert "100 of 1,797 items, evenly taken" in words(at)
