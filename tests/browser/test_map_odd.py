"""Maps that are hardly maps, in a browser: sentences in place of them; and half a million points."""

import contextlib
import re
import shutil
from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import expect

from aelib import codes
from aelib.runs.folder import Run
from tests.browser.driving import ROOT, seen, settle, wait_for_no_parameter, wait_for_parameter
from tests.browser.test_map import RUN, hook, open_map, wait_until_drawn
from tests.browser.test_map_instruments import drag_over
from tests.doctored import doctored


@pytest.fixture
def made(server) -> Iterator:
    """Doctored runs beside the shipped ones, gone afterwards."""
    names: list[str] = []

    def make(name: str, **changes) -> Run:
        names.append(name)
        return doctored(server.checkpoints, name, **changes)

    yield make
    for name in names:
        shutil.rmtree(server.checkpoints / name, ignore_errors=True)


def shipped_table() -> codes.CodeTable:
    return codes.of_run(Run(ROOT / "checkpoints" / "digits-plane"))


def test_one_point_and_points_in_one_place(made, page, server):
    whole = shipped_table()
    made("one-point", **vars(whole.take(np.arange(1))))
    open_map(page, server, run="one-point", method="pca")
    expect(page.get_by_text("1 item", exact=True)).to_be_visible()
    page.mouse.move(*page.evaluate("window.__loupeMap.toScreen(0)"))
    page.wait_for_function("() => window.__loupeMap?.hoverRow === 0")
    made("one-place", codes=np.ones_like(whole.codes))
    open_map(page, server, run="one-place", method="pca", colour="density")
    page.mouse.click(*page.evaluate("window.__loupeMap.toScreen(9)"))
    page.wait_for_function("() => window.__loupeMap?.selectionCount === 1")


def test_codes_with_nan_give_a_sentence_in_place_of_the_map(made, page, server):
    broken = shipped_table().codes.copy()
    broken[:3] = np.nan
    made("with-nan", codes=broken)
    page.goto(server.page("map", run="with-nan", method="pca"))
    expect(page.get_by_text("not finite", exact=False).first).to_be_visible()
    settle(page)
    assert page.locator(".map").count() == 0


def test_points_without_a_place_are_said(page, server):
    body = np.full(2 * 1797, np.nan, "<f4").tobytes()
    page.route("**/points?map=*", lambda route: route.fulfill(body=body))
    page.goto(server.page("map", run=RUN, method="umap", split="all"))
    expect(page.get_by_text("None of the points has a place", exact=False)).to_be_visible()


def test_a_server_that_fails_is_said_and_can_be_tried_again(browser, server):
    with contextlib.closing(browser.new_context()) as context:  # its console has the failed request, as it should
        page = context.new_page()
        page.route("**/points?map=*", lambda route: route.fulfill(status=503, body="busy"))
        page.goto(server.page("map", run=RUN, method="umap", split="all"))
        expect(page.get_by_text("the server answered 503", exact=False)).to_be_visible()
        page.unroute("**/points?map=*")
        page.get_by_role("button", name="Try again").click()
        wait_until_drawn(page)


def test_a_run_that_is_deleted_while_its_map_is_open(made, browser, server):
    made("short-lived")
    with contextlib.closing(browser.new_context()) as context:
        page = context.new_page()
        open_map(page, server, run="short-lived", method="axes")
        expect(page.get_by_text("trustworthiness")).to_be_visible()  # the page draws itself anew when that is known
        page.get_by_role("button", name=re.compile("^True distance")).click()
        shutil.rmtree(server.checkpoints / "short-lived")
        page.mouse.move(*page.evaluate("window.__loupeMap.toScreen(100)"))
        expect(page.locator(".map-note")).to_contain_text("short-lived")
        page.mouse.click(*page.evaluate("window.__loupeMap.toScreen(100)"))
        expect(page.get_by_text("is not here", exact=False)).to_be_visible()
        wait_until_drawn(page)


def test_a_browser_without_canvas_gets_a_sentence(new_context, server):
    page = new_context().new_page()
    page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    page.goto(server.page("map", run=RUN, method="umap", split="all", colour="error"))
    expect(page.get_by_text("no canvas to draw on", exact=False)).to_be_visible()


# ---- many points


@pytest.mark.slow
def test_half_a_million_points_are_brushed_soloed_and_panned(made, page, server):
    count, random = 500_000, np.random.default_rng(0)
    labels = random.integers(0, 10, count)
    spread = random.normal(size=(count, 2)) + 4 * np.stack([np.cos(labels), np.sin(labels)], axis=1)
    errors = random.gamma(2, size=count).astype(np.float32)
    made(
        "half-a-million",
        codes=spread.astype(np.float32),
        spreads=np.ones((count, 2), np.float32),
        errors=errors,
        labels=labels,
        index=np.arange(count),
        split=np.zeros(count, np.int8),
    )
    page.route("**/thumbnails/*", lambda route: route.fulfill(body=b""))  # the digits are not so many
    open_map(page, server, run="half-a-million", method="axes", colour="error")
    drag_over(page, 0.4, 0.7)
    low, high = (float(part) for part in wait_for_parameter(page, "lasso").split(":")[1:])
    assert hook(page, "selectionCount") == ((errors >= low) & (errors <= high)).sum()
    settle(page)
    page.locator(".map-stage").focus()
    page.keyboard.press("ArrowRight")
    wait_for_parameter(page, "camera")
    picture = seen(page.locator(".map-stage")).astype(int)
    assert (np.abs(picture - np.median(picture.reshape(-1, 3), axis=0)).max(axis=2) > 40).sum() > 20_000
    page.keyboard.press("Escape")
    wait_for_no_parameter(page, "lasso")
