"""The map's layers in a browser: each switch draws, each address opens the same view, and the ground is decoded."""

import json
import re

import numpy as np
import pytest
from playwright.sync_api import Page, Request, expect

from tests.browser.driving import Server, decoded, parameters, pixels, seen, settle, wait_for_parameter

RUN = "digits-vae"
SWITCHES = {
    "pictures": "pictures",
    "density": "density",
    "outlines": "outlines by class",
    "lattice": "decoded ground",
    "support": "support shade",
    "path": "path A → B",
    "arrows": "round trip",
    "ellipses": "posterior ellipses",
    "trail": "trail of gaussian",
}


def open_map(page: Page, server: Server, **more: str) -> None:
    page.goto(server.page("map", **{"run": RUN, "method": "pca", "split": "all", **more}))
    wait_until_drawn(page)


def wait_until_drawn(page: Page) -> None:
    page.wait_for_function("() => window.__loupeMap?.layersReady")


def open_menu(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^Layers of the map")).click()


def stage_pixels(page: Page) -> np.ndarray:
    """The map's middle, free of toolbar, legend, cards and foot line."""
    page.mouse.move(2, 2)
    return seen(page.locator(".map-stage")).astype(int)[110:-60, 380:-20]


def ground_place(page: Page) -> tuple[list[float], list[float]]:
    """A free place: client coordinates, and data coordinates."""
    return page.evaluate(
        """() => {
          const place = window.__loupeMap.groundPoint();
          const { stage } = window.__loupeMap.view;
          const box = stage.element.getBoundingClientRect();
          return [place, stage.toData(place[0] - box.left, place[1] - box.top)];
        }"""
    )


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name == "lattice" else [pytest.mark.slow]) for name in SWITCHES]
)
def test_each_switch_draws_and_its_address_opens_the_same_view(name, page, server, new_context):
    zoomed = {"camera": "0,0,420"} if name == "pictures" else {}
    open_map(page, server, layers="points", pick="12", **{"from": "3", "to": "9"}, **zoomed)
    without = stage_pixels(page)
    open_menu(page)
    page.get_by_role("checkbox", name=SWITCHES[name]).check()
    assert wait_for_parameter(page, "layers") == f"points,{name}"
    wait_until_drawn(page)
    open_menu(page)
    shown = stage_pixels(page)
    changed = (np.abs(shown - without).max(axis=2) > 12).sum()
    assert changed > 200, f"{changed} pixels differ"

    other = new_context().new_page()
    other.goto(page.url)
    wait_until_drawn(other)
    settle(other)
    again = stage_pixels(other)
    assert (np.abs(again - shown).max(axis=2) > 12).mean() < 0.002, "the link opens the same view"


def test_a_layer_that_is_off_costs_nothing_and_a_switch_fetches_that_layer_alone(page, server):
    asked: list[str] = []

    def note(request: Request) -> None:
        if "/api/runs/" in request.url:
            asked.append(request.url.split("?")[0].rpartition("/")[2])

    page.on("request", note)
    open_map(page, server, layers="points")
    page.wait_for_load_state("networkidle")
    assert asked.count("points") == 1
    assert set(asked) == {"points", "items", "labels", "errors", "spread"}
    asked.clear()
    open_menu(page)
    for name in ("density", "support shade", "round trip"):
        page.get_by_role("checkbox", name=name).check()
        wait_until_drawn(page)
    page.get_by_role("checkbox", name="points").uncheck()
    page.get_by_role("checkbox", name="support shade").uncheck()
    page.get_by_role("checkbox", name="support shade").check()
    wait_until_drawn(page)
    assert asked == ["support", "arrows"]


def test_the_menu_by_keyboard_and_its_reasons(page, server):
    open_map(page, server, method="umap", run="digits-autoencoder")
    button = page.get_by_role("button", name=re.compile("^Layers of the map"))
    button.focus()
    page.keyboard.press("Enter")
    menu = page.get_by_role("group", name="Layers of the map")
    expect(menu).to_be_visible()
    expect(menu.get_by_role("checkbox", name="points")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    wait_for_parameter(page, "layers", "points,pictures,density,lattice")
    expect(menu.get_by_role("checkbox", name="density")).to_be_checked()
    expect(menu.get_by_role("checkbox", name="posterior ellipses")).to_be_disabled()
    expect(menu).to_contain_text("without a spread")
    expect(menu).to_contain_text("Choose A and B first")
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    expect(button).to_be_focused()
    settle(page)
    page.reload()
    wait_until_drawn(page)
    assert parameters(page)["layers"].split(",") == ["points", "pictures", "density", "lattice"]


def test_the_cursor_decodes_the_ground_from_the_lattice_and_exactly_at_rest(page, server):
    open_map(page, server, run="digits-plane", method="axes")
    wait_until_drawn(page)  # the lattice is here
    (left, top), _ = ground_place(page)
    card = page.locator(".map-card-glance")
    with page.expect_response(re.compile("/decode_at$")) as response:
        page.mouse.move(left - 2, top)
        page.mouse.move(left, top)
        expect(card).to_be_visible()
    asked = json.loads(response.value.request.post_data)["points"][0]
    _, place = ground_place(page)
    np.testing.assert_allclose(asked, place, atol=0.02)
    expect(card).to_contain_text("exact")
    shown = pixels(card.locator("canvas")).astype(int)
    wanted = decoded(server.checkpoints / "digits-plane", [asked])[0].astype(int)
    assert np.abs(shown - wanted).max() <= 1
    about = json.loads(response.value.headers["x-loupe"])
    expect(card).to_contain_text(f"{round(100 * about['support'][0])} %")

    from_lattice = page.evaluate("() => window.__loupeMap.latticeLatency.lattice")
    assert from_lattice, "the lattice's picture came first"
    near = page.evaluate(
        """([x, y]) => import(performance.getEntriesByType("resource").map(({ name }) => name)
          .find((name) => name.endsWith("/map_lattice.js"))).then(({ sampled }) => {
            const { lattice } = window.__loupeMap.view.layers;
            const out = new Uint8Array(lattice.tile.reduce((product, side) => product * side, 1));
            sampled(lattice, x, y, out);
            return [...out];
          })""",
        asked,
    )
    assert np.abs(np.asarray(near) - wanted[:, :, 0].ravel()).mean() < 8, "the lattice is near to the exact picture"
    page.mouse.move(2, 2)
    expect(card).to_be_hidden()


def test_on_a_projection_the_cursor_decodes_the_blended_codes(page, server):
    open_map(page, server, method="umap", layers="points")
    (left, top), _ = ground_place(page)
    with page.expect_response(re.compile("/decode_at$")) as response:
        page.mouse.move(left - 2, top)
        page.mouse.move(left, top)
    card = page.locator(".map-card-glance")
    expect(card).to_contain_text("exact")
    about = json.loads(response.value.headers["x-loupe"])
    wanted = decoded(server.checkpoints / RUN, about["latents"])[0].astype(int)
    assert np.abs(pixels(card.locator("canvas")).astype(int) - wanted).max() <= 1
    assert page.evaluate("() => window.__loupeMap.latticeLatency.lattice.length") == 0, "no lattice while it is off"


def test_arrows_follow_the_selection(page, server):
    open_map(page, server, layers="points,arrows")
    with page.expect_response(re.compile("/layers/arrows")) as response:
        page.mouse.click(*page.evaluate("() => window.__loupeMap.toScreen(40)"))
    assert re.search(r"rows=\d+$", response.value.url)
    wait_until_drawn(page)
    open_menu(page)
    expect(page.get_by_role("group", name="Layers of the map")).to_contain_text("1 of the selection")


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_layers_at_once_in_both_themes_and_crisp(scheme, browser, server):
    context = browser.new_context(
        viewport={"width": 1920, "height": 1080}, device_scale_factor=2, color_scheme=scheme, reduced_motion="reduce"
    )
    page = context.new_page()
    layers = ",".join(["points", *SWITCHES])
    open_map(page, server, pick="12", layers=layers, **{"from": "3", "to": "9"})
    shown = "all => all.filter((each) => !each.hidden)"
    sheets = page.locator(".map-sheet")
    ratios = sheets.evaluate_all(f"all => ({shown})(all).map((each) => each.width / parseFloat(each.style.width))")
    assert ratios == [2, 2], "one under the points, one over them, a pixel of theirs for each of the screen's"
    page.locator(".map-stage").hover(position={"x": 500, "y": 300})
    scale = page.evaluate("() => window.__loupeMap.camera[2]")
    page.mouse.wheel(0, -240)
    page.wait_for_function("scale => window.__loupeMap?.camera?.[2] > 1.2 * scale", arg=scale)
    wait_until_drawn(page)
    page.wait_for_function(
        "() => window.__loupeMap?.layersReady && window.__loupeMap?.view.layers.sheets.drawn.camera.scale"
        " === window.__loupeMap?.camera?.[2]"
    )
    factors = sheets.evaluate_all(f"all => ({shown})(all).map((each) => each.style.transform.split(' ').at(-1))")
    assert factors == ["scale(1)", "scale(1)"], "drawn sharp once the zoom rests"
    context.close()
