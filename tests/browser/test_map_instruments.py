"""The map's instruments in a browser: legend, brush, search, undo, keyboard, touch, true distance, odd maps."""

import re

import numpy as np
import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.driving import (
    parameters,
    settle,
    wait_for_no_parameter,
    wait_for_parameter,
)
from tests.browser.test_map import hook, on_screen, open_map, table_and_points, wait_until_drawn
from tests.waiting import wait_until


def selected_rows(page: Page, count: int) -> set[int]:
    """What the map shows as selected, once it is so many and the page has heard of it."""
    page.wait_for_function("count => window.__loupeMap?.selectionCount === count", arg=count)
    settle(page)
    return set(hook(page, "selectedRows"))


def drag_over(page: Page, low: float, high: float) -> None:
    """Brush these shares of the histogram."""
    box = page.locator(".map-histogram .map-bar").bounding_box()
    assert box
    page.mouse.move(box["x"] + low * box["width"], box["y"] - 10)
    page.mouse.down()
    page.mouse.move(box["x"] + high * box["width"], box["y"] - 10, steps=6)
    page.mouse.up()


def touch(page: Page, kind: str, *places: tuple[float, float]) -> None:
    """Fingers on the screen: ``touchStart``, ``touchMove`` or ``touchEnd``."""
    points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(places)]
    if not hasattr(page, "_fingers"):
        page._fingers = page.context.new_cdp_session(page)
    page._fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


# ---- legend and brush


def test_a_brush_selects_the_range_that_python_finds(page, server, new_context):
    open_map(page, server, colour="error")
    table, _ = table_and_points(server)
    drag_over(page, 0.3, 0.6)
    operation = wait_for_parameter(page, "lasso").partition("~")[2]
    low, high = (float(part) for part in operation.removeprefix("rerror:").split(":"))
    wanted = set(np.flatnonzero((table.errors >= low) & (table.errors <= high)))
    assert 100 < len(wanted) < 1700
    assert selected_rows(page, len(wanted)) == wanted
    expect(page.get_by_test_id("stMarkdown").filter(has_text=f"{len(wanted):,} selected")).to_be_visible()
    other = new_context().new_page()
    other.goto(page.url)
    wait_until_drawn(other)
    assert selected_rows(other, len(wanted)) == wanted, "a link carries it"

    page.get_by_role("slider", name="highest value selected").focus()
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    page.wait_for_function(
        "was => new URLSearchParams(location.search).get('lasso') !== was", arg=f"umap@all~{operation}"
    )
    closer = float(parameters(page)["lasso"].rpartition(":")[2])
    assert closer < high
    wanted = set(np.flatnonzero((table.errors >= low) & (table.errors <= closer)))
    assert selected_rows(page, len(wanted)) == wanted
    page.locator(".map-histogram").dblclick(position={"x": 70, "y": 10})
    wait_for_no_parameter(page, "lasso")
    assert hook(page, "selectionCount") == 0


def test_a_brush_to_the_ends_takes_what_lies_beyond_the_bar(page, server):
    open_map(page, server, colour="error")
    drag_over(page, 0.5, 1.2)
    low, high = (float(part) for part in wait_for_parameter(page, "lasso").split(":")[1:])
    table, _ = table_and_points(server)
    assert high == pytest.approx(table.errors.max())
    wanted = set(np.flatnonzero(table.errors >= low))
    assert selected_rows(page, len(wanted)) == wanted


def test_the_legend_filters_and_solos_and_counts(page, server):
    open_map(page, server)
    table, _ = table_and_points(server)
    chip = page.get_by_role("button", name=re.compile(rf"^4\s*{(table.labels == 4).sum()}$"))
    lit = "() => (window.__loupeMap.view.stage.painting.lit ?? []).reduce((sum, each) => sum + each, 0)"
    chip.click()
    expect(chip).to_have_attribute("aria-pressed", "true")
    page.wait_for_function(f"count => ({lit})() === count", arg=int((table.labels == 4).sum()))
    page.get_by_role("button", name=re.compile("^7")).click()
    page.wait_for_function(f"count => ({lit})() === count", arg=int(np.isin(table.labels, [4, 7]).sum()))
    page.get_by_role("button", name=re.compile("^9")).dblclick()
    page.wait_for_function(f"count => ({lit})() === count", arg=int((table.labels == 9).sum()))
    page.get_by_role("button", name="only 2").click(force=True)
    page.wait_for_function(f"count => ({lit})() === count", arg=int((table.labels == 2).sum()))
    page.get_by_role("button", name="only 2").click(force=True)
    page.wait_for_function(f"() => ({lit})() === 0")


# ---- search


def test_search_by_keyboard_and_what_finds_nothing(page, server):
    open_map(page, server)
    table, _ = table_and_points(server)
    page.locator(".map-stage").focus()
    page.keyboard.press("/")
    field = page.get_by_role("combobox", name=re.compile("Search the map"))
    expect(field).to_be_focused()
    page.keyboard.type("err")
    option = page.get_by_role("option", name=re.compile("reconstruction error>"))
    expect(option).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(field).to_have_value("reconstruction error>")
    page.keyboard.type("2")
    page.keyboard.press("Enter")
    wanted = set(np.flatnonzero(table.errors > 2))
    assert selected_rows(page, len(wanted)) == wanted
    expect(page.get_by_text(f"{len(wanted)} found")).to_be_visible()
    assert parameters(page)["lasso"].startswith("umap@all~s")

    field.fill("<img src=x onerror=alert(1)>")
    field.press("Enter")
    expect(page.get_by_text("The items have no", exact=False)).to_be_visible()
    assert hook(page, "selectionCount") == len(wanted), "a search that finds nothing changes nothing"
    field.press("Escape")
    expect(page.locator(".map-stage")).to_be_focused()


# ---- undo and redo


def test_undo_and_redo_of_selections_and_views(page, server):
    open_map(page, server)
    _, points = table_and_points(server)
    whole = hook(page, "camera")
    page.locator(".map-stage").focus()
    page.keyboard.press("+")
    near = wait_for_parameter(page, "camera")
    page.mouse.click(*on_screen(page, [points[100].tolist()])[0])
    row = set(hook(page, "selectedRows"))
    assert len(row) == 1
    pick = wait_for_parameter(page, "pick")
    settle(page)
    page.locator(".map-stage").focus()
    page.keyboard.press("Control+z")
    wait_for_no_parameter(page, "pick")
    page.wait_for_function("() => window.__loupeMap?.selectionCount === 0")
    wait_for_parameter(page, "camera", near)  # the view stays: it was the selection that was undone
    settle(page)
    page.keyboard.press("Control+z")
    wait_for_no_parameter(page, "camera")
    np.testing.assert_allclose(hook(page, "camera"), whole, rtol=1e-6)
    expect(page.get_by_role("button", name=re.compile("^Undo"))).to_have_attribute("aria-disabled", "true")
    page.get_by_role("button", name=re.compile("^Redo")).click()
    wait_for_parameter(page, "camera", near)
    page.keyboard.press("Control+Shift+z")
    wait_for_parameter(page, "pick", pick)
    page.wait_for_function("() => window.__loupeMap?.selectionCount === 1")
    assert set(hook(page, "selectedRows")) == row


def test_an_undo_that_is_quicker_than_the_server_takes_back_the_last_selection(page, server):
    open_map(page, server)
    _, points = table_and_points(server)
    near, far = on_screen(page, [points[100].tolist(), points[900].tolist()])
    page.mouse.click(*near)
    pick = wait_for_parameter(page, "pick")
    row = set(hook(page, "selectedRows"))
    settle(page)
    for undone, left in ((1, row), (2, set())):
        page.mouse.click(*far)  # the server has hardly heard of it when the keys come
        for _ in range(undone):
            page.keyboard.press("Control+z")
        wait_until(lambda left=left: set(hook(page, "selectedRows")) == left)
        settle(page)
        assert set(hook(page, "selectedRows")) == left
        assert parameters(page).get("pick", "") == (pick if left else "")


# ---- keyboard


@pytest.mark.slow
def test_tab_walks_through_the_selection_and_leaves(page, server):
    open_map(page, server)
    table, _ = table_and_points(server)
    field = page.get_by_role("combobox", name=re.compile("Search the map"))
    rows = [11, 500, 1700]
    for number, row in enumerate(rows):
        field.fill(f"#{table.index[row]}")
        field.press("Shift+Enter")
        page.wait_for_function("count => window.__loupeMap?.selectionCount === count", arg=number + 1)
        settle(page)
    stage = page.locator(".map-stage")
    stage.focus()
    card, said = page.locator(".map-card-item"), page.locator(".map-unseen[aria-live]")
    for number, row in enumerate(sorted(rows)):
        page.keyboard.press("Tab")
        page.wait_for_function("row => window.__loupeMap?.hoverRow === row", arg=row)
        expect(card).to_contain_text(f"item {table.index[row]}")
        expect(said).to_contain_text(f"item {table.index[row]}, class {table.labels[row]}, {number + 1} of 3")
    page.keyboard.press("Shift+Tab")
    page.wait_for_function("row => window.__loupeMap?.hoverRow === row", arg=500)
    page.keyboard.press("Enter")
    wait_for_parameter(page, "pick", str(table.index[500]))
    settle(page)
    assert set(hook(page, "selectedRows")) == set(rows), "looking at one keeps the selection"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(stage).not_to_be_focused()
    stage.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    expect(stage).not_to_be_focused()
    assert hook(page, "selectionCount") == 3, "the first Escape ended the walk alone"


def test_every_icon_has_a_name_and_a_tooltip_with_its_key(page, server):
    open_map(page, server)
    buttons = page.locator(".map-toolbar .map-button")
    keys = {"Lasso": "L", "Zoom in": "+", "Undo": "Ctrl-Z", "True distance": "D", "Full screen": "F"}
    names = [button.get_attribute("aria-label") or "" for button in buttons.all()]
    assert all(names)
    assert len(set(names)) == len(names)
    for name, key in keys.items():
        (found,) = [each for each in names if each.startswith(name)]
        assert key in found
    page.locator(".map-stage").focus()
    page.keyboard.press("Tab")
    shown = "() => getComputedStyle(document.querySelector('.map-button') ?? window.__loupeMap.view.frame.element"
    page.wait_for_function(f"{shown}.querySelector('.map-button:focus-visible'), '::after').visibility === 'visible'")


# ---- true distance


@pytest.mark.slow
def test_true_distance_colours_by_the_distance_in_the_code_space(page, server, new_context):
    open_map(page, server)
    table, _ = table_and_points(server)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/api/runs/" in request.url else None)
    page.get_by_role("button", name=re.compile("^True distance")).click()
    expect(page.get_by_text("True distance: point at an item", exact=False)).to_be_visible()
    for row in (100, 900):
        page.mouse.move(*page.evaluate("row => window.__loupeMap.toScreen(row)", row))
        page.wait_for_function("() => window.__loupeMap?.hoverRow >= 0")
        row = hook(page, "hoverRow")
        item = int(table.index[row])
        expect(page.get_by_role("group", name=re.compile(f"distance to item {item} "))).to_be_visible()
        shown = np.asarray(page.evaluate("() => [...window.__loupeMap.view.data.over.values]"))
        np.testing.assert_allclose(shown, np.linalg.norm(table.codes - table.codes[row], axis=1), rtol=1e-5, atol=1e-6)
    assert not [url for url in asked if "/points" in url], "only the distances are asked for"
    drag_over(page, 0.3, -0.2)
    high = float(wait_for_parameter(page, "lasso").rpartition(":")[2])
    distances = np.linalg.norm(table.codes - table.codes[row], axis=1)
    assert selected_rows(page, int((distances <= high).sum())) == set(np.flatnonzero(distances <= high))
    other = new_context().new_page()
    other.goto(page.url)
    wait_until_drawn(other)
    expect(other.get_by_text("True distance", exact=False).first).to_be_visible()
    page.locator(".map-stage").focus()
    page.keyboard.press("d")
    wait_for_no_parameter(page, "distance")
    expect(page.get_by_role("group", name=re.compile("Colours: class"))).to_be_visible()


def test_of_many_points_hovered_the_newest_wins(page, server):
    open_map(page, server)
    table, _ = table_and_points(server)
    held: list[Route] = []
    page.route("**/colour-distance-*", lambda route: held.append(route), times=1)
    page.get_by_role("button", name=re.compile("^True distance")).click()
    hovering = "row => window.__loupeMap.view.hover.set(row)"
    with page.expect_request("**/colour-distance-*"):
        page.evaluate(hovering, 3)
    for row in (40, 500, 77):
        page.evaluate(hovering, row)
    (first,) = held
    first.continue_()
    page.wait_for_function("key => window.__loupeMap?.view.data.over?.key === key", arg=f"distance-{table.index[77]}")


# ---- touch, full screen, sharpness


@pytest.mark.slow
def test_fingers_pan_zoom_pick_and_draw(page, server):
    open_map(page, server)
    box = page.locator(".map-stage").bounding_box()
    assert box
    x, y = page.evaluate("window.__loupeMap.toScreen(100)")
    touch(page, "touchStart", (x, y))
    touch(page, "touchEnd")
    expect(page.locator(".map-card-item")).to_be_visible()
    page.wait_for_function("() => window.__loupeMap?.selectionCount === 1")
    wait_for_parameter(page, "pick")
    settle(page)

    x, y = page.evaluate("window.__loupeMap.toScreen(100)")
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.6)
    touch(page, "touchStart", middle)
    for step in range(1, 6):
        touch(page, "touchMove", (middle[0] + 12 * step, middle[1] - 6 * step))
    touch(page, "touchEnd")
    moved = page.evaluate("window.__loupeMap.toScreen(100)")
    np.testing.assert_allclose(moved, [x + 60, y - 30], atol=0.5)
    expect(page.locator(".map-card-item")).to_be_hidden()

    scale = hook(page, "camera")[2]
    left, top = middle
    touch(page, "touchStart", (left - 50, top), (left + 50, top))
    for step in range(1, 6):
        touch(page, "touchMove", (left - 50 - 10 * step, top), (left + 50 + 10 * step, top))
    touch(page, "touchEnd")
    assert hook(page, "camera")[2] == pytest.approx(2 * scale, rel=0.05)

    page.get_by_role("button", name=re.compile("Show the whole map")).click()
    _, points = table_and_points(server)
    ring = on_screen(page, (points.mean(axis=0) + 0.3 * np.ptp(points, axis=0) * CORNERS).tolist())
    touch(page, "touchStart", tuple(ring[0]))
    page.wait_for_function("() => window.__loupeMap?.view.stroke")  # the finger rested
    for place in ring[1:]:
        touch(page, "touchMove", tuple(place))
    touch(page, "touchEnd")
    page.wait_for_function("() => new URLSearchParams(location.search).get('lasso').includes('~+')")
    assert hook(page, "selectionCount") > 100


CORNERS = np.array([[-1, -1], [0, -1.2], [1, -1], [1.2, 0], [1, 1], [0, 1.2], [-1, 1], [-1.2, 0]])


@pytest.mark.slow
def test_full_screen_and_back(page, server):
    open_map(page, server)
    before = page.locator(".map-stage").bounding_box()
    page.get_by_role("button", name="Full screen (F)").click()
    leave = page.get_by_role("button", name="Leave full screen (F)")
    expect(leave).to_be_visible()
    page.wait_for_function("high => window.__loupeMap?.view.stage.view.height > high", arg=before["height"])
    page.locator(".map-stage").focus()
    page.keyboard.press("f")
    expect(page.get_by_role("button", name="Full screen (F)")).to_be_visible()


@pytest.mark.slow
@pytest.mark.parametrize("ratio", [1, 2])
def test_the_map_is_drawn_in_the_screens_own_pixels(ratio, browser, server):
    context = browser.new_context(viewport={"width": 1280, "height": 900}, device_scale_factor=ratio)
    page = context.new_page()
    open_map(page, server, colour="error")
    for place in (".map-stage canvas:visible >> nth=0", ".map-bars"):
        canvas = page.locator(place)
        wide, shown = canvas.evaluate("canvas => [canvas.width, canvas.clientWidth]")
        assert wide == ratio * shown, place
    context.close()
