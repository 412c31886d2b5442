"""Decode and Generate in a browser: a drag, locks, a film to download; new items, drawn and taken away."""

import io
import json
import re
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageSequence
from playwright.sync_api import expect

from aelib import codes, samples
from aelib.latent.traversal import walks
from aelib.runs.folder import Run
from tests.browser.driving import decoded, parameters, pixels, settle, wait_for_parameter

RUN = "digits-vae"
GIVEN = [0.5, -0.5, 0.25, 0, 1, -1, 0.75, 0]


def test_a_drag_on_decode_its_nearest_items_and_the_film(page, server):
    page.goto(server.page("decode", run=RUN, code=",".join(map(str, GIVEN)), steps="5"))
    canvas = page.locator(".loupe-console .picture canvas")
    expect(canvas).to_be_visible()
    slider = page.get_by_role("slider", name="z7", exact=True)
    box = slider.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + box["height"] / 2, steps=8)
    page.wait_for_function("() => window.__loupeConsole.latencies.length > 0")
    page.mouse.up()
    page.wait_for_function("() => Number(new URLSearchParams(location.search).get('code').split(',')[7]) > 0.5")
    code = page.evaluate("window.__loupeConsole.code")
    assert code[:7] == GIVEN[:7]
    settle(page)
    run = Run(server.checkpoints / RUN)
    wanted = decoded(run.folder, [code])[0].astype(int)
    assert np.abs(pixels(canvas) - wanted).max() <= 1

    table = codes.of_run(run)
    order = np.argsort(np.linalg.norm(table.codes - np.float32(code), axis=1), kind="stable")
    near = page.get_by_role("list", name="Nearest items").get_by_role("button")
    expect(near.first).to_have_attribute("title", re.compile(rf"^Item {table.index[order[0]]} "))
    expect(near).to_have_count(6)

    page.get_by_role("button", name="Lock z7", exact=True).click()
    page.get_by_role("button", name="Random", exact=True).click()
    drawn = page.evaluate("window.__loupeConsole.code")
    assert drawn[7] == code[7], "a locked dimension stays"
    assert sum(a != b for a, b in zip(drawn, code, strict=True)) >= 5
    page.keyboard.press("Control+z")
    assert page.evaluate("window.__loupeConsole.code") == code
    page.keyboard.press("Control+Shift+z")
    assert page.evaluate("window.__loupeConsole.code") == drawn
    page.get_by_role("button", name="Undo", exact=True).click()
    page.wait_for_function(
        "value => Number(new URLSearchParams(location.search).get('code').split(',')[0]) === value", arg=GIVEN[0]
    )
    page.reload()  # the traversal and its film follow the address
    expect(page.get_by_role("button", name="GIF")).to_be_visible()
    settle(page)

    with page.expect_download() as download:
        page.get_by_role("button", name="GIF").click()
    given = np.float32([float(part) for part in parameters(page)["code"].split(",")])
    with Image.open(download.value.path()) as film:
        frames = [np.asarray(frame.convert("L")).astype(int) for frame in ImageSequence.Iterator(film)]
    assert len(frames) == 8, "five steps there and back"
    from aelib.measures.dimensions import describe_dimensions

    shown = [dimension.number for dimension in describe_dimensions(table) if not dimension.quiet]
    first = decoded(run.folder, walks(table.codes, given, shown[:1], 5)[0])
    for frame, picture in zip(frames[:5], first, strict=True):
        factor = 12  # 96 pixels of eight
        assert np.abs(frame[: 8 * factor : factor, : 8 * factor : factor] - picture[:, :, 0].astype(int)).max() <= 1


def test_new_items_are_drawn_and_taken_away(page, server):
    page.goto(server.page("generate", run=RUN, count="16", seed="3"))
    expect(page.get_by_text("Is it a copy?")).to_be_visible()
    page.get_by_role("button", name="Draw again").click()
    wait_for_parameter(page, "seed", "4")
    settle(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="ZIP of PNGs").click()
    wanted = samples.draw(Run(server.checkpoints / RUN), 16, 4, "prior")
    with zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes())) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert (manifest["run"], manifest["seed"], len(manifest["items"])) == (RUN, 4, 16)
        for number, item in enumerate(manifest["items"]):
            with Image.open(io.BytesIO(archive.read(item["file"]))) as picture:
                drawn = np.rint(np.clip(wanted.items[number, 0], 0, 1) * 255).astype(int)
                assert np.abs(np.asarray(picture).astype(int) - drawn).max() <= 1
