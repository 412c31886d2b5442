"""Journeys over the pad with colours (painted, erased, undone), and through the worth of new items."""

import base64
import re

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from aelib.cli._train import train_in_front
from aelib.config import RunConfig
from aelib.exchange import drawings
from aelib.measures import augmentation
from aelib.runs.folder import Run
from aelib.runs.weights import load_info
from tests.browser.driving import Server, pixels, wait_for_parameter

CONFIG = {
    "dataset": {"name": "faces", "count": 200},
    "network": {"name": "mlp", "widths": [16]},
    "model": {"name": "autoencoder", "latent_dim": 2},
    "training": {"epochs": 1, "batch_size": 60, "device": "cpu"},
}


@pytest.fixture
def run(server: Server, only_shipped: None) -> Run:
    run, state = train_in_front(server.checkpoints, RunConfig.parse(CONFIG), name="faces", quiet=True)
    assert state == "completed", run.error()
    return run


def painted(page: Page) -> np.ndarray:
    return np.frombuffer(base64.b64decode(page.evaluate("window.__loupePad.body.ink")), np.uint8).reshape(128, 128, 3)


def wait_until_seen(page: Page, pixel: tuple[int, int], colour: list[int]) -> None:
    """Until the answer on screen is to a drawing that has this colour at this pixel (column, row)."""
    page.wait_for_function(
        """([[x, y], colour]) => {
          const text = window.__loupePad?.body && atob(window.__loupePad.body.ink);
          const seen = (channel) => text.charCodeAt(3 * (128 * y + x) + channel);
          return text && colour.every((value, channel) => Math.abs(seen(channel) - value) <= 2); // soft edges overlap
        }""",
        arg=[pixel, colour],
    )


@pytest.mark.slow
def test_colours_are_painted_erased_and_undone(page: Page, server: Server, run: Run) -> None:
    page.goto(server.page("draw", run=run.id))
    pad = page.locator(".loupe-pad .pad canvas")
    expect(pad).to_be_visible()
    expect(page.get_by_role("radio", name="black")).to_be_checked()
    box = pad.bounding_box()
    assert box

    def stroke(x: float, top: float, bottom: float) -> None:
        page.mouse.move(box["x"] + x * box["width"], box["y"] + top * box["height"])
        page.mouse.down()
        page.mouse.move(box["x"] + x * box["width"], box["y"] + bottom * box["height"], steps=6)
        page.mouse.up()

    page.get_by_role("radio", name="red").check()
    stroke(0.25, 0.2, 0.8)
    wait_until_seen(page, (32, 64), [0xD6, 0x27, 0x28])
    pad.focus()
    page.keyboard.press("7")
    expect(page.get_by_role("radio", name="blue")).to_be_checked()
    page.keyboard.press("Space")  # a pen in the middle of the pad
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    wait_until_seen(page, (70, 64), [0x1F, 0x5F, 0xD6])
    page.keyboard.press("e")
    expect(page.get_by_role("button", name="Eraser")).to_have_attribute("aria-pressed", "true")
    stroke(0.25, 0.4, 0.6)
    wait_until_seen(page, (32, 64), [255, 255, 255])
    page.keyboard.press("Control+z")
    wait_until_seen(page, (32, 64), [0xD6, 0x27, 0x28])
    wait_until_seen(page, (70, 64), [0x1F, 0x5F, 0xD6])
    page.wait_for_function("() => window.__loupePad.near?.items.length === 8")
    item = drawings.drawn_item(painted(page), load_info(run), "drawn", 0, True)
    np.testing.assert_array_equal(pixels(page.locator(".item canvas")), item.transpose(1, 2, 0))
    kept = wait_for_parameter(page, "drawing")

    page.reload()  # the painting is kept with its colours
    wait_until_seen(page, (70, 64), [0x1F, 0x5F, 0xD6])
    page.wait_for_function("() => window.__loupePad.near?.items.length === 8")
    np.testing.assert_array_equal(pixels(page.locator(".item canvas")), item.transpose(1, 2, 0))
    page.goto(server.page("draw", run="digits-vae", way="drawn", drawing=kept))  # on a run in grey it is ink
    page.wait_for_function("() => window.__loupePad?.near?.items.length === 8")
    expect(page.get_by_role("radio", name="red")).to_be_hidden()
    ink = np.frombuffer(base64.b64decode(page.evaluate("window.__loupePad.body.ink")), np.uint8).reshape(128, 128)
    assert ink[64, 32] > 100
    assert ink[5, 5] == 0


@pytest.mark.slow
def test_the_worth_of_new_items_is_measured_beside_the_page_and_a_data_set_deleted(page: Page, server: Server) -> None:
    folder = server.checkpoints / "digits-vae"
    page.goto(server.page("generate", run="digits-vae", count="16"))
    page.get_by_role("button", name="Measure").click()
    expect(page.locator(".st-key-augment-stop button")).to_be_visible()
    expect(page.get_by_text(re.compile("Right on 359 test items"))).to_be_visible()
    settings = {
        "per_class": 10, "new_per_class": 40, "method": "mixture", "classifier": "logistic", "seeds": 10,
        "temperature": 1.0,
    }  # fmt: skip
    found = augmentation.kept(Run(folder), settings)
    assert found is not None
    expect(page.get_by_test_id("stMetricValue").filter(has_text=f"{found.with_new.mean():.1%}").first).to_be_visible()
    page.reload()  # the run has kept it
    expect(page.get_by_text(re.compile("Right on 359 test items"))).to_be_visible()

    page.get_by_role("button", name="Write the data set").click()
    page.get_by_text("Data sets that were written (1)").click()
    (made,) = (server.checkpoints / "made-data").iterdir()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_text("Data sets that were written")).to_have_count(0)
    assert not made.exists()
