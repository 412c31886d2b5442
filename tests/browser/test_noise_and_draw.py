"""Journeys through the Noise lab and over the pad: what is shown is what the library gives, pixel by pixel."""

import base64
import re

import numpy as np
import torch
from playwright.sync_api import Page, expect

from aelib.corruptions._base import apply_all
from aelib.corruptions._stack import read_stack
from aelib.datasets._base import load_dataset
from aelib.exchange import drawings
from aelib.runs.folder import open_run
from aelib.runs.weights import load_info, load_model
from tests.browser.driving import Server, parameters, pixels, wait_for_parameter

RUN = "digits-vae"


def as_bytes(images: torch.Tensor) -> np.ndarray:
    return np.rint(images.numpy()[0, 0].clip(0, 1) * 255).astype(np.uint8)


def wait_for_stack(page: Page, stack: list[dict]) -> None:
    """Until the answer to this very question is on screen."""
    page.wait_for_function(
        "stack => JSON.stringify(window.__loupeNoise?.body?.stack) === JSON.stringify(stack)", arg=stack
    )


def wanted(server: Server, stack: list[dict], item: int, draw: int) -> tuple[np.ndarray, np.ndarray]:
    run = open_run(server.checkpoints, RUN)
    items = load_dataset(run.dataset()).all_items()
    clean = torch.from_numpy(items.floats()[items.index == item])
    inputs = apply_all(clean, read_stack(stack, "images"), torch.Generator().manual_seed(draw))
    with torch.inference_mode():
        return as_bytes(inputs), as_bytes(load_model(run).reconstruct(inputs))


def shown(page: Page) -> tuple[np.ndarray, np.ndarray]:
    lab = page.locator(".loupe-noise")
    return pixels(lab.locator(".given canvas"))[:, :, 0], pixels(lab.locator(".recon canvas"))[:, :, 0]


def test_noise_stacks_two_and_turns_them(page: Page, server: Server) -> None:
    page.goto(server.page("noise", run=RUN, corruption="masking", severity="0.3", item="77"))
    wait_for_stack(page, [{"name": "masking", "severity": 0.3}])
    page.get_by_role("button", name="Add a corruption").click()
    second = page.get_by_role("combobox", name="Corruption", exact=True).nth(1)
    second.select_option("salt_pepper")
    slider = page.get_by_role("slider", name="Severity of salt pepper")
    box = slider.bounding_box()
    assert box
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + box["height"] / 2, steps=8)
    page.mouse.up()
    page.wait_for_function("() => window.__loupeNoise.latencies.length > 0")
    slider.press("ArrowRight")
    level = float(slider.input_value())
    assert 0.5 < level < 0.7
    stack = [{"name": "masking", "severity": 0.3}, {"name": "salt_pepper", "severity": level}]
    wait_for_stack(page, stack)
    for found, one in zip(shown(page), wanted(server, stack, 77, 0), strict=True):
        np.testing.assert_array_equal(found, one)
    wait_for_parameter(page, "corruption", "masking,salt_pepper")

    page.get_by_role("button", name="Earlier").nth(1).press("Enter")
    wait_for_stack(page, stack[::-1])
    page.get_by_role("button", name="Another draw").click()
    page.wait_for_function("() => window.__loupeNoise.body.draw === 1")
    for found, one in zip(shown(page), wanted(server, stack[::-1], 77, 1), strict=True):
        np.testing.assert_array_equal(found, one)
    wait_for_parameter(page, "draw", "1")
    assert parameters(page)["severity"] == f"{level:g},0.3"
    page.wait_for_function("() => window.__loupeNoise.places?.[0].cloud.length === 64")
    page.get_by_role("button", name="Remove").first.click()
    page.get_by_role("button", name="Remove").first.click()
    wait_for_stack(page, [])
    expect(page.get_by_text("Nothing is disturbed: what is left")).to_be_visible()


def test_a_stroke_becomes_an_item_and_goes_to_decode(page: Page, server: Server) -> None:
    page.goto(server.page("draw", run=RUN, way="mnist"))
    pad = page.locator(".loupe-pad .pad canvas")
    expect(pad).to_be_visible()
    expect(page.get_by_text("Draw a stroke: the item it makes")).to_be_visible()
    box = pad.bounding_box()
    assert box
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.45 * box["width"], box["y"] + 0.8 * box["height"], steps=10)
    page.mouse.up()
    drawing = wait_for_parameter(page, "drawing")
    page.wait_for_function("() => window.__loupePad.near?.items.length === 8")

    run = open_run(server.checkpoints, RUN)
    ink = np.frombuffer(base64.b64decode(page.evaluate("window.__loupePad.body.ink")), np.uint8).reshape(128, 128)
    item = drawings.drawn_item(ink, load_info(run), "mnist", 0, False)
    with torch.inference_mode():
        clean = torch.from_numpy(item[None]).float() / 255
        recon, code = load_model(run).reconstruct(clean), load_model(run).encode(clean).codes.numpy()[0]
    np.testing.assert_array_equal(pixels(page.locator(".item canvas"))[:, :, 0], item[0])
    np.testing.assert_array_equal(pixels(page.locator(".recon canvas"))[:, :, 0], as_bytes(recon))

    page.reload()  # the drawing is kept under its id
    page.wait_for_function("() => window.__loupePad?.near?.items.length === 8")
    np.testing.assert_array_equal(pixels(page.locator(".item canvas"))[:, :, 0], item[0])
    assert parameters(page)["drawing"] == drawing
    page.get_by_role("button", name="Decode", exact=True).click()
    page.wait_for_url(re.compile(r"/decode"))
    given = [float(value) for value in wait_for_parameter(page, "code").split(",")]
    np.testing.assert_allclose(given, code, rtol=1e-3, atol=1e-4)
