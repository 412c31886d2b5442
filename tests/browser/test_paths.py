"""Paths in a browser: an end is dragged on the map, another moved by keys, the strips follow; the film is kept."""

import numpy as np
from PIL import Image, ImageSequence
from playwright.sync_api import expect

from aelib.latent.paths import line
from tests.browser.driving import decoded, parameters, pixels, settle, wait_for_parameter

RUN = "digits-plane"
SETTLED = "() => window.__loupeFilm?.figures.geodesic?.share === 1"


def test_an_end_is_dragged_and_the_film_is_taken_away(page, server):
    page.goto(server.page("paths", **{"run": RUN, "from": "10", "to": "1", "steps": "6"}))
    page.wait_for_function(SETTLED)
    settle(page)
    handle = page.get_by_role("button", name="End A on the map")
    box = handle.bounding_box()
    left, top = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    asked = page.evaluate("window.__loupeFilm.answers")
    page.mouse.move(left, top)
    page.mouse.down()
    page.mouse.move(left + 40, top + 25, steps=8)
    page.wait_for_function("asked => window.__loupeFilm.answers > asked", arg=asked)
    assert "a-at" not in parameters(page), "the strips follow before the handle is let go"
    page.mouse.up()
    start = np.float32([float(part) for part in wait_for_parameter(page, "a-at").split(",")])
    wait_for_parameter(page, "a", "place")

    page.get_by_role("button", name="End B on the map").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Shift+ArrowUp")
    end = np.float32([float(part) for part in wait_for_parameter(page, "b-at").split(",")])
    expect(page.get_by_text("B is the place")).to_be_visible()
    settle(page)
    page.wait_for_function(SETTLED)

    wanted = decoded(server.checkpoints / RUN, line(start, end, 6)).astype(int)
    strip = page.get_by_label("line", exact=True).locator(".thumb canvas")
    expect(strip).to_have_count(6)
    for number in range(6):
        assert np.abs(pixels(strip.nth(number)) - wanted[number]).max() <= 1
    figures = page.evaluate("window.__loupeFilm.figures")
    assert figures["geodesic"]["length"] <= figures["line"]["length"] * 1.001
    assert page.get_by_role("row", name="road").get_by_role("cell").first.inner_text() != "–"

    with page.expect_download() as download:
        page.get_by_role("button", name="GIF").click()
    with Image.open(download.value.path()) as film:
        frames = [np.asarray(frame.convert("L")).astype(int) for frame in ImageSequence.Iterator(film)]
    assert len(frames) == 10, "six steps there and back"
    for frame, picture in zip(frames[:6], wanted, strict=True):
        assert np.abs(frame[:96:12, :96:12] - picture[:, :, 0]).max() <= 1
