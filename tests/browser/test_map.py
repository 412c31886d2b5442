"""The map in a browser: hover, click, lasso, ground, camera, colours."""

import json
import re
import urllib.error
import urllib.request

import numpy as np
import pytest
from playwright.sync_api import Page, Request, expect

from aelib import codes
from aelib.config import read_choice
from aelib.datasets._base import load_dataset
from aelib.projections import _base as projections
from aelib.registry import PROJECTIONS
from aelib.runs.folder import open_run
from aelib.runs.weights import weights_version
from tests.browser.driving import (
    Server,
    choose,
    decoded,
    parameters,
    pixels,
    seen,
    settle,
    wait_for_no_parameter,
    wait_for_parameter,
)

RUN = "digits-vae"


def open_map(page: Page, server: Server, **more: str) -> None:
    page.goto(server.page("map", **{"run": RUN, "method": "umap", "split": "all", **more}))
    wait_until_drawn(page)


def wait_until_drawn(page: Page) -> None:
    page.wait_for_function("() => window.__loupeMap?.ready")


def hook(page: Page, name: str):
    return page.evaluate(f"window.__loupeMap.{name}")


def table_and_points(server: Server, name: str = RUN, method: str = "umap"):
    run = open_run(server.checkpoints, name)
    found = projections.read(run, read_choice(PROJECTIONS, method))
    assert found is not None
    return codes.of_run(run), found.points.astype(np.float64)


def on_screen(page: Page, places: list[list[float]]) -> list[list[float]]:
    """Client coordinates of data coordinates."""
    return page.evaluate(
        """places => {
          const { stage } = window.__loupeMap.view;
          const box = stage.element.getBoundingClientRect();
          return places.map(([x, y]) => {
            const [left, top] = stage.toScreen(x, y);
            return [box.left + left, box.top + top];
          });
        }""",
        places,
    )


def lonely_row(points: np.ndarray) -> int:
    """The row whose nearest other is farthest: no neighbour can take its place under the cursor."""
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    return int(distances.min(axis=1).argmax())


def even_odd(polygon: list[list[float]], points: np.ndarray) -> list[int]:
    """Rows inside, with a ray that goes up (the app's goes right)."""
    corners = np.asarray(polygon)
    inside = []
    for row, (x, y) in enumerate(points):
        crossings = 0
        for (ax, ay), (bx, by) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            if min(ax, bx) <= x < max(ax, bx):
                crossings += ay + (x - ax) / (bx - ax) * (by - ay) > y
        if crossings % 2:
            inside.append(row)
    return inside


def polygon_in_address(page: Page) -> list[list[float]]:
    corners = parameters(page)["lasso"].partition("~+")[2]
    return [[float(part) for part in corner.split(",")] for corner in corners.split(";")]


def draw_lasso(page: Page, corners: list[list[float]]) -> None:
    """Shift-drag through data coordinates."""
    places = on_screen(page, corners)
    page.keyboard.down("Shift")
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=4)
    page.mouse.up()
    page.keyboard.up("Shift")


def around(points: np.ndarray, share: float = 0.8, corners: int = 16) -> list[list[float]]:
    """A ring around most of these points."""
    centre = np.median(points, axis=0)
    radius = np.quantile(np.linalg.norm(points - centre, axis=1), share)
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    return (centre + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)).tolist()


def test_hover_shows_the_card_with_the_items_own_picture(page, server):
    open_map(page, server)
    table, points = table_and_points(server)
    row = lonely_row(points)
    page.mouse.move(*page.evaluate("row => window.__loupeMap.toScreen(row)", row))
    page.wait_for_function("row => window.__loupeMap?.hoverRow === row", arg=row)
    card = page.locator(".map-card-item")
    expect(card).to_be_visible()
    expect(card).to_contain_text(f"item {table.index[row]}")
    expect(card).to_contain_text(f"class {table.labels[row]}")
    expect(card.locator("canvas")).to_be_visible()
    items = load_dataset(open_run(server.checkpoints, RUN).dataset()).all_items()
    np.testing.assert_array_equal(pixels(card.locator("canvas"))[:, :, 0], items.values[row, 0])
    page.mouse.move(5, 5)
    expect(card).to_be_hidden()


def test_click_opens_the_inspector_and_escape_clears(page, server):
    open_map(page, server)
    table, points = table_and_points(server)
    row = lonely_row(points)
    page.mouse.click(*page.evaluate("row => window.__loupeMap.toScreen(row)", row))
    wait_for_parameter(page, "pick", str(table.index[row]))
    expect(page.get_by_text(f"Item {table.index[row]}", exact=False).first).to_be_visible()
    assert hook(page, "selectedRows") == [row]
    settle(page)
    page.keyboard.press("Escape")
    page.wait_for_function("() => window.__loupeMap?.selectionCount === 0")
    wait_for_no_parameter(page, "pick")
    wait_until_drawn(page)


def test_a_lasso_round_a_class_selects_the_same_rows_everywhere(page, server, new_context):
    open_map(page, server)
    table, points = table_and_points(server)
    draw_lasso(page, around(points[table.labels == 6]))
    wait_for_parameter(page, "lasso")
    wanted = even_odd(polygon_in_address(page), points)
    assert 50 < len(wanted) < 400, "about one class of digits"
    assert hook(page, "selectedRows") == wanted, "the browser's rows"
    expect(page.get_by_text(f"{len(wanted)} selected").first).to_be_visible()  # the foot of the map
    expect(page.get_by_test_id("stMarkdown").filter(has_text=f"{len(wanted)} selected")).to_be_visible()  # the server
    assert (table.labels[wanted] == 6).mean() > 0.5

    other = new_context().new_page()
    other.goto(page.url)
    wait_until_drawn(other)
    other.wait_for_function("() => window.__loupeMap?.selectionCount > 0")
    assert hook(other, "selectedRows") == wanted, "a link carries the selection"

    page.locator(".map-stage").focus()
    page.keyboard.press("Escape")
    page.wait_for_function("() => window.__loupeMap?.selectionCount === 0")
    wait_for_no_parameter(page, "lasso")
    expect(page.get_by_test_id("stMarkdown").filter(has_text=" selected")).to_have_count(0)


def test_the_ground_is_decoded_here_and_on_the_server(page, server):
    open_map(page, server)
    with page.expect_response(re.compile("/decode_at$")) as response:
        page.mouse.click(*hook(page, "groundPoint()"))
    about = json.loads(response.value.headers["x-loupe"])
    card = page.locator(".map-card-ground")
    expect(card).to_contain_text("decoded here")
    expect(card).to_contain_text(f"{round(100 * about['support'][0])} %")
    shown = pixels(card.locator("canvas")).astype(int)
    wanted = decoded(server.checkpoints / RUN, about["latents"])[0]
    assert np.abs(shown - wanted).max() <= 1, "latents in the header have five decimals"
    place = [float(part) for part in wait_for_parameter(page, "ground").split(",")]
    asked = json.loads(response.value.request.post_data)["points"][0]
    np.testing.assert_allclose(place, asked, rtol=1e-4)
    said = page.get_by_text(re.compile(r"nearer than \d+% of the data")).first  # without the card's thin space
    expect(said).to_be_visible()
    percent = int(re.search(r"(\d+)%", said.inner_text()).group(1))
    assert abs(percent - 100 * about["support"][0]) <= 1
    page.locator(".map-stage").focus()
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    wait_for_no_parameter(page, "ground")


@pytest.mark.slow
def test_the_camera_goes_into_the_address_and_comes_back(page, server, new_context):
    open_map(page, server)
    whole = hook(page, "camera")
    stage = page.locator(".map-stage")
    box = stage.bounding_box()
    page.mouse.move(box["x"] + 300, box["y"] + 250)
    page.mouse.wheel(0, -400)
    page.wait_for_function("scale => window.__loupeMap?.camera?.[2] > 1.3 * scale", arg=whole[2])
    page.mouse.down()
    page.mouse.move(box["x"] + 420, box["y"] + 330, steps=5)
    page.mouse.up()
    page.wait_for_function(
        """() => {
          const [x, y, scale] = (new URLSearchParams(location.search).get("camera") ?? "").split(",").map(Number);
          const now = window.__loupeMap?.camera;
          return now && Math.abs(x - now[0]) * now[2] < 0.1 && Math.abs(y - now[1]) * now[2] < 0.1;
        }"""
    )
    camera = hook(page, "camera")

    other = new_context().new_page()
    other.goto(page.url)
    wait_until_drawn(other)
    np.testing.assert_allclose(hook(other, "camera"), camera, rtol=1e-4, atol=0.1 / camera[2])

    page.get_by_role("button", name=re.compile("Show the whole map")).click()
    wait_for_no_parameter(page, "camera")
    np.testing.assert_allclose(hook(page, "camera"), whole, rtol=1e-6)


def test_another_colour_fetches_that_colour_alone(page, server):
    asked: list[str] = []

    def note(request: Request) -> None:
        if "/api/runs/" in request.url:
            asked.append(request.url.rpartition("/")[2])

    open_map(page, server)
    page.wait_for_load_state("networkidle")
    page.on("request", note)
    choose(page, "Colour", "reconstruction error")
    wait_for_parameter(page, "colour", "error")
    expect(page.get_by_role("group", name=re.compile("reconstruction error"))).to_be_visible()
    wait_until_drawn(page)
    assert set(asked) <= {"errors"}
    assert len(asked) <= 1


def test_the_map_by_keyboard(page, server):
    open_map(page, server, run="digits-plane", method="axes")
    stage = page.locator(".map-stage")
    stage.focus()
    before = hook(page, "camera")
    page.keyboard.press("+")
    page.wait_for_function("scale => window.__loupeMap?.camera?.[2] > scale", arg=before[2])
    page.keyboard.press("ArrowRight")
    page.wait_for_function("x => window.__loupeMap && window.__loupeMap.camera[0] !== x", arg=before[0])
    page.keyboard.press("0")
    page.wait_for_function("scale => Math.abs(window.__loupeMap?.camera?.[2] / scale - 1) < 1e-6", arg=before[2])
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_function("() => window.__loupeMap?.selectionCount === 1 || window.__loupeMap?.view.ground.place")
    page.keyboard.press("Escape")
    page.wait_for_function("() => window.__loupeMap?.selectionCount === 0 && !window.__loupeMap?.view.ground.place")


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_map_is_drawn_in_both_themes(scheme, new_context, server):
    page = new_context().new_page()
    page.emulate_media(color_scheme=scheme)
    open_map(page, server)
    picture = seen(page.locator(".map-stage")).astype(int)
    ground = np.median(picture.reshape(-1, 3), axis=0)
    assert (ground.mean() > 128) == (scheme == "light")
    drawn = np.abs(picture - ground).max(axis=2) > 40
    assert drawn.sum() > 1797, "each point is some pixels"


def test_the_api_is_closed_to_other_hosts_and_paths(server):
    """Asked of the real server, with Streamlit's own routes beside ours."""

    def status(path: str, host: str = "localhost", body: bytes | None = None) -> tuple[int, str]:
        request = urllib.request.Request(server.address + path, data=body, headers={"Host": host})
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.headers.get("content-security-policy", "")
        except urllib.error.HTTPError as error:
            return error.code, error.headers.get("content-security-policy", "")

    assert status("/")[0] == 200
    assert "object-src 'none'" in status("/")[1]
    for path in ("/", "/map", f"/api/runs/{RUN}/decode", "/_stcore/health"):
        assert status(path, "evil.example")[0] == 400
    for run in ("..%2f..%2fetc%2fpasswd", "%2e%2e", "%00", "digits-vae%2f..%2fdigits-vae"):
        assert status(f"/api/runs/{run}/decode", body=b"{}")[0] in (400, 404, 405)
    version = weights_version(open_run(server.checkpoints, RUN))
    code, policy = status(f"/api/runs/{RUN}/{version}/all/points?map=%7B%22name%22%3A%22umap%22%7D")
    assert code == 200
    assert "default-src 'self'" in policy
