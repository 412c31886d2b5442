"""The selection and the whole view in a browser: a link, a long history, what is downloaded, 70,000 points."""

import contextlib
import io
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, TimeoutError, expect

from aelib import codes
from aelib.datasets._base import load_dataset
from aelib.runs import selections
from aelib.runs.folder import open_run
from bench.made_runs import real_mnist, train_points
from tests.browser.driving import (
    Server,
    choose,
    parameters,
    pixels,
    serving,
    settle,
    wait_for_no_parameter,
    wait_for_parameter,
)
from tests.browser.test_map import (
    RUN,
    around,
    draw_lasso,
    hook,
    open_map,
    polygon_in_address,
    table_and_points,
    wait_until_drawn,
)


def inside(polygon: list[list[float]], points: np.ndarray) -> np.ndarray:
    """Rows by the sign of areas, edge by edge (winding number), for a polygon that does not cross itself."""
    winding = np.zeros(len(points), int)
    x, y = points.T
    for (ax, ay), (bx, by) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        left = (bx - ax) * (y - ay) - (x - ax) * (by - ay)
        winding += ((ay <= y) & (by > y) & (left > 0)).astype(int) - ((ay > y) & (by <= y) & (left < 0)).astype(int)
    return np.flatnonzero(winding)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_a_link_opens_the_same_view_in_a_new_browser(page, server, new_context):
    """Camera, method and settings, colour, split, selection and pick: one link, another browser."""
    open_map(page, server, method="axes", settings="across:2,up:5")
    expect(page.get_by_text("trustworthiness", exact=False).first).to_be_visible()  # the map then moves no more
    table, _ = table_and_points(server)
    points = table.codes[:, [2, 5]].astype(np.float64)
    choose(page, "Colour", "reconstruction error")
    wait_for_parameter(page, "colour", "error")
    settle(page)
    wait_until_drawn(page)
    draw_lasso(page, around(points, share=0.5))
    wait_for_parameter(page, "lasso")
    settle(page)
    row = int(np.linalg.norm(points - points.mean(axis=0), axis=1).argmax())
    page.keyboard.down("Shift")
    page.mouse.click(*page.evaluate("row => window.__loupeMap.toScreen(row)", row))
    page.keyboard.up("Shift")
    picked = wait_for_parameter(page, "pick")
    settle(page)
    wait_until_drawn(page)
    stage = page.locator(".map-stage")
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    page.mouse.move(box["x"] + 350, box["y"] + 300)
    page.mouse.wheel(0, -300)
    wait_for_parameter(page, "camera")
    page.wait_for_function(
        """() => {
          const wanted = (new URLSearchParams(location.search).get("camera") ?? "").split(",").map(Number);
          return Math.abs(wanted[2] / window.__loupeMap?.camera?.[2] - 1) < 1e-3;
        }"""
    )
    here = {name: hook(page, name) for name in ("camera", "selectedRows")}
    assert len(here["selectedRows"]) > 300

    other = new_context().new_page()
    other.goto(page.url)
    wait_until_drawn(other)
    other.wait_for_function("() => window.__loupeMap?.selectionCount > 0")
    assert hook(other, "selectedRows") == here["selectedRows"]
    np.testing.assert_allclose(hook(other, "camera"), here["camera"], rtol=1e-3, atol=1e-2)
    assert hook(other, "view.given.points.url") == hook(page, "view.given.points.url"), "method and its settings"
    assert hook(other, "view.given.colour.name") == hook(page, "view.given.colour.name")
    assert hook(other, "view.given.picked") == hook(page, "view.given.picked")
    expect(other.get_by_text(f"Item {picked}", exact=False).first).to_be_visible()
    settle(other)
    assert parameters(other) == parameters(page)


@pytest.mark.slow
def test_a_long_history_is_kept_and_a_new_browser_has_it_all(page, server, new_context):
    open_map(page, server)
    _, points = table_and_points(server)
    angles, reach = np.linspace(0, 6, 40), 0.12 * np.ptp(points, axis=0)
    wanted: set[int] = set()
    for number in range(6):
        ring = points[number * 250] + reach * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        before = parameters(page).get("lasso", "")
        draw_lasso(page, ring.tolist())
        page.wait_for_function("old => new URLSearchParams(location.search).get('lasso') !== old", arg=before)
        settle(page)
        rows = set(hook(page, "selectedRows"))
        assert wanted <= rows, "each shift-drag adds"
        wanted = rows
    text = parameters(page)["lasso"]
    assert "~i" in text or "=auto-" in text, "the first of them by value, or in the run's folder"
    assert len(text) <= 2000
    other = new_context().new_page()
    other.goto(page.url)
    wait_until_drawn(other)
    other.wait_for_function("() => window.__loupeMap?.selectionCount > 0")
    assert set(hook(other, "selectedRows")) == wanted


def open_popover(page, name, inside):
    """By keyboard; a rerun of the page that was still under way may close it once."""
    for _ in range(3):
        page.get_by_role("button", name=re.compile(name)).focus()
        page.keyboard.press("Enter")
        with contextlib.suppress(TimeoutError):
            inside.wait_for(timeout=10_000)
            return
    expect(inside).to_be_visible()


@pytest.mark.slow
def test_save_by_name_then_open_from_a_fresh_page_by_keyboard(page, server):
    open_map(page, server)
    table, points = table_and_points(server)
    draw_lasso(page, around(points[table.labels == 0]))
    wait_for_parameter(page, "lasso")
    settle(page)
    rows = hook(page, "selectedRows")
    field = page.get_by_role("textbox", name="Name", exact=True)
    open_popover(page, "Saved", field)
    field.fill("the noughts")
    page.keyboard.press("Enter")
    settle(page)
    expect(page.get_by_role("combobox", name="Saved with this run")).to_be_visible()
    (saved,) = [each for each in selections.listed(open_run(server.checkpoints, RUN)) if each.name == "the noughts"]
    assert saved.count == len(rows)

    open_map(page, server)
    assert hook(page, "selectionCount") == 0
    open_popover(page, "Saved", page.get_by_role("button", name="Select these"))
    press(page, "Select these")
    page.wait_for_function("count => window.__loupeMap?.selectionCount === count", arg=len(rows))
    assert hook(page, "selectedRows") == rows
    settle(page)
    page.keyboard.press("Escape")  # closes what is open
    press(page, "Clear")
    wait_for_no_parameter(page, "lasso")
    page.wait_for_function("() => window.__loupeMap?.selectionCount === 0")


@pytest.mark.slow
def test_an_export_is_downloaded_and_read_back(page, server):
    open_map(page, server)
    table, points = table_and_points(server)
    draw_lasso(page, around(points[table.labels == 1]))
    wait_for_parameter(page, "lasso")
    settle(page)
    rows = hook(page, "selectedRows")
    open_popover(page, "Export", page.get_by_role("combobox", name="As", exact=True))
    choose(page, "As", "NPZ: codes, points, labels, pictures; can be imported")
    settle(page)
    ready = page.get_by_role("button", name=re.compile(f"Download {len(rows):,} items"))
    with page.expect_download() as download:
        ready.click()
    if download.value.suggested_filename.endswith(".csv"):  # a slow rerun still held the file before
        with page.expect_download() as download:
            ready.click()
    assert download.value.suggested_filename == f"{RUN}-selection.npz"
    with np.load(io.BytesIO(Path(download.value.path()).read_bytes()), allow_pickle=False) as found:
        np.testing.assert_array_equal(found["codes"], table.codes[rows])
        np.testing.assert_array_equal(found["index"], table.index[rows])
        np.testing.assert_allclose(found["points"], points[rows], rtol=1e-6)
        items = load_dataset(open_run(server.checkpoints, RUN).dataset()).all_items()
        np.testing.assert_array_equal(found["images"], items.values[rows][:, 0])


# ---- 70,000 points


@pytest.fixture(scope="module")
def large_server(tmp_path_factory: pytest.TempPathFactory):
    """The app over one epoch of an autoencoder on the whole MNIST, with its PCA map."""
    found = real_mnist()
    if found is None:
        pytest.skip("real data folder absent: MNIST")
    folder = tmp_path_factory.mktemp("large")
    shutil.copytree(found / "MNIST", folder / "data" / "MNIST")
    (folder / "checkpoints").mkdir()
    train_points(folder / "checkpoints", folder / "data", "large")
    with serving(folder / "checkpoints", folder) as server:
        yield server


@pytest.mark.slow
def test_at_70_000_points_the_card_shows_the_items_own_picture(page, large_server: Server, monkeypatch):
    page.goto(large_server.page("map", run="large", method="pca", split="all"))
    wait_until_drawn(page)
    monkeypatch.setenv("AELIB_DATA", str(large_server.checkpoints.parent / "data"))
    run = open_run(large_server.checkpoints, "large")
    items, table = load_dataset(run.dataset()).all_items(), codes.of_run(run)
    assert len(table) == 70_000
    stage = page.locator(".map-stage").bounding_box()
    seen: set[int] = set()
    for number in range(12):
        across, up = 0.25 + 0.5 * ((number * 0.7549) % 1), 0.25 + 0.5 * ((number * 0.5698) % 1)
        page.mouse.move(stage["x"] + across * stage["width"], stage["y"] + up * stage["height"])
        page.wait_for_function(
            "before => window.__loupeMap && window.__loupeMap.hoverRow !== before", arg=max(seen, default=-2)
        )
        row = hook(page, "hoverRow")
        if row < 0 or row in seen:
            continue
        seen.add(row)
        card = page.locator(".map-card-item")
        expect(card).to_contain_text(f"item {table.index[row]}")
        expect(card.locator("canvas")).to_be_visible()
        np.testing.assert_array_equal(pixels(card.locator("canvas"))[:, :, 0], items.values[row, 0])
    assert len(seen) >= 5


@pytest.mark.slow
def test_at_70_000_points_a_lasso_takes_what_numpy_says(page, large_server: Server, new_context):
    page.goto(large_server.page("map", run="large", method="pca", split="all"))
    wait_until_drawn(page)
    _, points = table_and_points(large_server, "large", "pca")
    draw_lasso(page, around(points, share=0.4))
    wait_for_parameter(page, "lasso")
    wanted = inside(polygon_in_address(page), points).tolist()
    assert len(wanted) > 10_000
    assert hook(page, "selectedRows") == wanted, "the browser's rows"
    expect(page.get_by_test_id("stMarkdown").filter(has_text=f"{len(wanted):,} selected")).to_be_visible()
