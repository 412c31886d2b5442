"""A journey over each page but the map: what is shown is what the library gives."""

import io
import itertools
import re
from urllib.parse import urljoin

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from aelib import codes
from aelib.datasets._base import load_dataset
from aelib.runs.folder import open_run
from tests.browser.driving import Server, choose, decoded, parameters, pixels, wait_for_parameter
from tests.waiting import wait_until

RUN = "digits-vae"


def metric(page: Page, label: str) -> str:
    return page.get_by_test_id("stMetric").filter(has_text=label).get_by_test_id("stMetricValue").inner_text()


def table_of(server: Server, name: str = RUN) -> codes.CodeTable:
    return codes.of_run(open_run(server.checkpoints, name))


def picture_of(page: Page, source: str) -> np.ndarray:
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(page.request.get(urljoin(page.url, source)).body())).convert("L"))


def test_home_shows_cards_and_opens_a_map(page, server, only_shipped):
    page.goto(server.page())
    expect(page.get_by_role("button", name="Open map")).to_have_count(3)
    for image in page.get_by_test_id("stImage").get_by_role("img").all():
        expect(image).to_be_visible()
        assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
    page.get_by_label("Filter").fill("classroom")
    page.get_by_label("Filter").press("Enter")
    expect(page.get_by_role("button", name="Open map")).to_have_count(1)
    wait_for_parameter(page, "find", "classroom")
    page.get_by_role("button", name="Open map").click()
    page.wait_for_url(re.compile(r"/map\?"))
    page.wait_for_function("() => window.__loupeMap?.ready")
    assert parameters(page)["run"] == "digits-plane"
    page.mouse.click(*page.evaluate("window.__loupeMap.toScreen(100)"))
    item = wait_for_parameter(page, "pick")
    page.get_by_role("button", name="Path to").click()
    page.wait_for_url(re.compile(r"/paths"))
    wait_for_parameter(page, "to", item)


def test_home_deletes_and_brings_back(page, server, only_shipped):
    page.goto(server.page())
    folder = server.checkpoints / "digits-autoencoder"
    expect(page.get_by_role("button", name="Open map")).to_have_count(3)
    card = page.get_by_test_id("stVerticalBlock").filter(has_text="Digits, plain").last
    card.get_by_test_id("stPopover").get_by_role("button").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("button", name="Open map")).to_have_count(2)
    assert not folder.exists()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Open map")).to_have_count(3)
    assert (folder / "weights.safetensors").exists()


@pytest.mark.slow
def test_data_shows_digits_and_another_sample(page, server):
    page.goto(server.page("data", dataset="digits"))
    sheet = page.get_by_test_id("stImage").get_by_role("img").first
    expect(sheet).to_be_visible()
    assert metric(page, "Items") == "1,797"
    first = sheet.get_attribute("src")
    shown = picture_of(page, first)
    known = {image.tobytes() for image in load_dataset(open_run(server.checkpoints, RUN).dataset()).all_items().values}
    assert _tiles_known(shown, known) >= 90, "each tile is an item, pixel by pixel"
    page.get_by_role("spinbutton", name="Sample").fill("1")
    page.get_by_role("spinbutton", name="Sample").press("Enter")
    expect(sheet).not_to_have_attribute("src", first)
    wait_for_parameter(page, "sample", "1")
    assert _tiles_known(picture_of(page, sheet.get_attribute("src")), known) >= 90
    page.get_by_role("button", name="Train on it").click()
    page.wait_for_url(re.compile("/train"))
    expect(page.get_by_role("combobox", name="Dataset")).to_have_value("digits")


def _tiles_known(sheet: np.ndarray, known: set[bytes], side: int = 8) -> int:
    """How many of a sheet's tiles (8 x 8 pixels, enlarged by a whole factor, gaps between) are items of the dataset."""
    found = 0
    for factor, gap in itertools.product(range(4, 10), range(1, 6)):
        step = side * factor + gap
        if (sheet.shape[0] + gap) % step or (sheet.shape[1] + gap) % step:
            continue
        for top, left in itertools.product(range(0, sheet.shape[0], step), range(0, sheet.shape[1], step)):
            tile = sheet[top : top + side * factor : factor, left : left + side * factor : factor]
            found += np.ascontiguousarray(tile).tobytes() in known
    return found


def test_decode_answers_the_keyboard(page, server):
    page.goto(server.page("decode", run=RUN, code="0.5,-0.5,0.25,0,1,-1,0.75,0"))
    canvas = page.locator(".loupe-console .picture canvas")
    expect(canvas).to_be_visible()
    given = [0.5, -0.5, 0.25, 0, 1, -1, 0.75, 0]
    np.testing.assert_array_equal(pixels(canvas), decoded(server.checkpoints / RUN, [given])[0])
    slider = page.get_by_role("slider", name="z2", exact=True)
    slider.focus()
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    page.wait_for_function("() => window.__loupeConsole.latencies.length > 0")
    page.wait_for_function("() => Number(new URLSearchParams(location.search).get('code').split(',')[2]) > 0.25")
    code = [float(part) for part in parameters(page)["code"].split(",")]
    assert code[:2] + code[3:] == given[:2] + given[3:], "one slider moves one number"
    np.testing.assert_allclose(page.evaluate("window.__loupeConsole.code"), code, rtol=1e-4)
    wanted = decoded(server.checkpoints / RUN, [code])[0].astype(int)
    expect(canvas).to_be_visible()
    assert np.abs(pixels(canvas) - wanted).max() <= 1, "the address has five digits"
    page.keyboard.press("Control+z")
    page.wait_for_function("() => Number(new URLSearchParams(location.search).get('code').split(',')[2]) === 0.25")
    page.get_by_role("button", name="Show me the code").click()
    expect(page.get_by_test_id("stCode").filter(has_text="load_model")).to_be_visible()
    page.reload()
    expect(canvas).to_be_visible()
    np.testing.assert_array_equal(pixels(canvas), decoded(server.checkpoints / RUN, [given])[0])


def test_decode_starts_from_an_item_and_from_the_mean(page, server):
    table = table_of(server)
    page.goto(server.page("decode", run=RUN))
    canvas = page.locator(".loupe-console .picture canvas")
    expect(canvas).to_be_visible()
    mean = decoded(server.checkpoints / RUN, table.codes.mean(axis=0, keepdims=True))[0].astype(int)
    assert np.abs(pixels(canvas) - mean).max() <= 1
    page.get_by_role("button", name="Random").click()
    wait_for_parameter(page, "code")
    page.get_by_role("button", name="Mean").click()
    page.wait_for_function(
        "mean => window.__loupeConsole.code.every((value, at) => Math.abs(value - mean[at]) < 1e-3)",
        arg=table.codes.mean(axis=0).tolist(),
    )


def test_paths_step_and_play(page, server):
    page.goto(server.page("paths", **{"run": RUN, "from": "10", "to": "20", "steps": "6"}))
    page.wait_for_function("() => Object.values(window.__loupeFilm?.frames ?? {}).filter(n => n === 6).length >= 2")
    table = table_of(server)
    start, end = (table.codes[np.flatnonzero(table.index == item)[0]].astype(np.float64) for item in (10, 20))
    line = decoded(server.checkpoints / RUN, [start + share * (end - start) for share in np.linspace(0, 1, 6)])
    large = page.locator(".loupe-film .stages .stage").filter(has_text="line").locator("canvas")
    slider = page.get_by_role("slider", name="Step along the paths")
    slider.focus()
    for step in range(1, 4):
        page.keyboard.press("ArrowRight")
        page.wait_for_function("step => window.__loupeFilm.step === step", arg=step)
        assert np.abs(pixels(large).astype(int) - line[step]).max() <= 1, "codes have five decimals"
    wait_for_parameter(page, "step", "3")

    page.get_by_role("button", name="Play").click()
    seen = page.evaluate(
        """() => new Promise((done) => {
          const steps = new Set();
          const look = () => {
            steps.add(window.__loupeFilm.step);
            if (steps.size >= 4) done([...steps]);
            else requestAnimationFrame(look);
          };
          look();
        })"""
    )
    assert len(seen) == 4, "the film runs"
    page.get_by_role("button", name="Pause").click()
    step = page.evaluate("window.__loupeFilm.step")
    assert np.abs(pixels(large).astype(int) - line[step]).max() <= 1
    if step:
        wait_for_parameter(page, "step", str(step))
    page.get_by_role("button", name="Swap A and B").click()
    wait_for_parameter(page, "from", "20")
    back = line[::-1]
    wait_until(lambda: np.abs(pixels(large).astype(int) - back[page.evaluate("window.__loupeFilm.step")]).max() <= 1)


def test_reconstructions_are_the_worst_first(page, server):
    page.goto(server.page("reconstructions", run=RUN, split="all"))
    captions = page.get_by_test_id("stCaptionContainer").filter(has_text=re.compile(r"^item \d+"))
    table = table_of(server)

    def shown() -> list[int]:
        return [int(text.split()[1]) for text in captions.all_inner_texts()]

    expect(captions).to_have_count(24)
    worst = table.index[np.argsort(-table.errors, kind="stable")]
    assert shown() == worst[:24].tolist()
    choose(page, "Show", "best")
    wait_for_parameter(page, "order", "best")
    best = table.index[np.argsort(table.errors, kind="stable")]
    for place, item in zip(captions.all(), best[:24], strict=True):
        expect(place).to_contain_text(f"item {item} ")  # one after the other, as the page is drawn
    expect(captions).to_have_count(24)
