"""Drive the map in a real Chromium, with made-up arrays and without Streamlit; measure its drawing.

    python tests/js/harness/check_map.py [--shots FOLDER] [--draws]

Exits with an error at the first act that does not do what design.md section 6 says. Chromium is taken from
LOUPE_CHROMIUM or /usr/bin/chromium.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import numpy as np
from playwright.sync_api import Page, Route, sync_playwright

HERE = Path(__file__).resolve().parent
PORT = 8127
BASE = f"http://127.0.0.1:{PORT}/"
ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
MAP = "window.__loupeMap"


@contextmanager
def server() -> Iterator[None]:
    """The harness's server while the block runs."""
    process = subprocess.Popen([sys.executable, str(HERE / "serve.py"), str(PORT)])
    try:
        for _ in range(200):
            try:
                urlopen(BASE, timeout=1).read()
                break
            except OSError:
                time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait()


def ask(page: Page, expression: str) -> object:
    return page.evaluate(f"{MAP}.{expression}")


def until(page: Page, expression: str) -> None:
    page.wait_for_function(expression, timeout=20_000)


def opened(page: Page, query: str) -> None:
    page.goto(f"{BASE}?{query}")
    until(page, f"{MAP} && {MAP}.ready")


def answering(body: bytes) -> Callable[[Route], None]:
    """A route that answers with these bytes."""
    return lambda route: route.fulfill(body=body)


def sent(page: Page, name: str) -> list[dict]:
    return [value for key, value in page.evaluate("harness.sent") if key == name]


def check_hover_and_click(page: Page) -> None:
    """Ring at once, card with picture, label and figures; click replaces, shift toggles, Esc clears."""
    opened(page, "n=1797")
    x, y = ask(page, "toScreen(100)")
    page.mouse.move(x, y)
    until(page, f"{MAP}.hoverRow >= 0")
    row = ask(page, "hoverRow")
    card = page.locator(".map-card-item")
    card.wait_for(state="visible")
    assert f"item {row * 3 + 5}" in card.inner_text(), card.inner_text()
    assert "KL" in card.inner_text()
    until(page, "!harness.root.querySelector('.map-card-item .map-picture').hidden")
    page.mouse.click(x, y)
    assert ask(page, "selectedRows") == [row]
    assert not card.is_visible()
    assert sent(page, "selection")[-1] | {"seq": 0} == {"kind": "click", "row": row, "mode": "replace", "seq": 0}
    page.keyboard.down("Shift")
    page.mouse.click(*ask(page, "toScreen(200)"))
    page.keyboard.up("Shift")
    assert sent(page, "selection")[-1]["mode"] == "toggle"
    assert ask(page, "selectionCount") == 2
    page.keyboard.press("Escape")
    assert ask(page, "selectionCount") == 0
    assert sent(page, "selection")[-1]["kind"] == "clear"
    numbers = [each["seq"] for each in sent(page, "selection")]
    assert numbers == sorted(set(numbers))


def check_card_leaves(page: Page) -> None:
    """The card stays a moment after the cursor left, then goes; while dragging there is none."""
    opened(page, "n=1797")
    x, y = ask(page, "toScreen(100)")
    page.mouse.move(x, y)
    card = page.locator(".map-card-item")
    card.wait_for(state="visible")
    page.mouse.move(*ask(page, "groundPoint()"))
    until(page, f"{MAP}.hoverRow === -1")
    card.wait_for(state="hidden")
    page.mouse.move(x, y)
    card.wait_for(state="visible")
    page.mouse.down()
    page.mouse.move(x + 40, y + 10, steps=4)
    assert not card.is_visible()
    page.mouse.up()


def check_lasso(page: Page) -> None:
    """Shift-drag and the lasso tool select; alt takes away; the polygon sent to Python gives the same rows."""
    opened(page, "n=1797")
    x, y = ask(page, "toScreen(100)")

    def drag(keys: list[str], half: float) -> dict:
        for key in keys:
            page.keyboard.down(key)
        page.mouse.move(x - half, y - half)
        page.mouse.down()
        for dx, dy in ((half, -half), (half, half), (-half, half)):
            page.mouse.move(x + dx, y + dy, steps=5)
        page.mouse.up()
        for key in keys:
            page.keyboard.up(key)
        return sent(page, "selection")[-1]

    lasso = drag(["Shift"], 60)
    assert (lasso["kind"], lasso["mode"]) == ("lasso", "add")
    count = ask(page, "selectionCount")
    assert count > 5
    inside = page.evaluate(
        """async (polygon) => {
             const { inside } = await import(new URL("components/map_lasso.js", document.baseURI));
             const points = new Float32Array(await (await fetch("api/points?n=1797")).arrayBuffer());
             let count = 0;
             for (let at = 0; at < points.length; at += 2) count += inside(polygon, points[at], points[at + 1]);
             return count;
           }""",
        lasso["polygon"],
    )
    assert inside == count, (inside, count)
    page.get_by_role("button", name="Lasso").click()
    assert drag(["Alt"], 25)["mode"] == "remove"
    fewer = ask(page, "selectionCount")
    assert fewer < count
    assert drag([], 25)["mode"] == "replace"
    assert ask(page, "selectionCount") == count - fewer
    page.evaluate("harness.update({selection: {rows: [1, 2]}, picked: 2})")
    assert ask(page, "selectedRows") == [1, 2]
    page.evaluate("harness.update({selection: null})")
    assert ask(page, "selectionCount") == 0


def check_ground(page: Page) -> None:
    """A click on empty ground decodes there; a double click shows the whole map and asks Python nothing."""
    opened(page, "n=1797")
    page.mouse.click(*ask(page, "groundPoint()"))
    card = page.locator(".map-card-ground")
    card.get_by_text("of the data").wait_for()
    assert "decode" in page.locator(".map-latency").inner_text()
    until(page, "harness.sent.some(([name]) => name === 'ground')")
    assert set(sent(page, "ground")[-1]) == {"x", "y", "seq"}
    page.get_by_role("button", name="Close").click()
    assert not card.is_visible()
    assert sent(page, "ground")[-1] is None
    before = len(sent(page, "ground"))
    page.get_by_role("button", name="Zoom in").click()
    until(page, f"{MAP}.view.stage.glide === null")
    page.wait_for_function("location.search.includes('camera=')")
    page.mouse.dblclick(*ask(page, "groundPoint()"))
    until(page, f"{MAP}.view.stage.whole && !{MAP}.view.stage.glide")
    page.wait_for_function("!location.search.includes('camera=')")
    assert len(sent(page, "ground")) == before
    assert "n=1797" in page.url


def check_camera(page: Page) -> None:
    """Drag pans, the wheel zooms at the cursor, keys move, the address keeps the camera, a link brings it back."""
    opened(page, "n=1797&run=a%2Cb")
    start = ask(page, "camera")
    x, y = (round(each) for each in ask(page, "toScreen(100)"))  # the browser reports whole pixels with a wheel
    under = f"(({MAP}.view.stage.toData({x} - 16, {y} - 16)))"  # the map stands 16 pixels into the page
    before = page.evaluate(under)
    page.mouse.move(x, y)
    page.mouse.wheel(0, -400)
    until(page, f"{MAP}.camera[2] > {start[2]} * 1.5 && !{MAP}.view.stage.wheel")
    after = page.evaluate(under)
    pixels = ask(page, "camera[2]")
    assert all(abs(a - b) * pixels < 1.5 for a, b in zip(after, before, strict=True)), (before, after)
    x, y = ask(page, "toScreen(100)")
    ground = ask(page, "groundPoint()")
    page.mouse.move(*ground)
    page.mouse.down()
    page.mouse.move(ground[0] + 50, ground[1] - 30, steps=5)
    page.mouse.up()
    moved = ask(page, "toScreen(100)")
    assert max(abs(moved[0] - x - 50), abs(moved[1] - y + 30)) < 0.5
    before = ask(page, "camera")
    page.keyboard.press("ArrowRight")
    assert ask(page, "camera")[0] > before[0]
    page.wait_for_function("location.search.includes('camera=')")
    assert "run=a%2Cb" in page.url
    camera = ask(page, "camera")
    page.reload()
    until(page, f"{MAP} && {MAP}.ready")
    assert all(abs(a - b) <= 1e-4 * abs(b) + 1e-6 for a, b in zip(ask(page, "camera"), camera, strict=True))
    page.locator(".map-stage").focus()
    page.keyboard.press("0")
    until(page, f"{MAP}.view.stage.whole && !{MAP}.view.stage.glide")
    page.keyboard.press("l")
    assert page.get_by_role("button", name="Lasso").get_attribute("aria-pressed") == "true"
    draws = ask(page, "draws.length")
    page.wait_for_timeout(300)
    assert ask(page, "draws.length") == draws, "an idle map draws nothing"


def check_legend_and_updates(page: Page) -> None:
    """Chips grey the others; a change of colour fetches the colour only; a new theme is taken up; unmounting cleans."""
    opened(page, "n=1797")
    chip = page.locator(".map-chip").nth(4)
    chip.click()
    assert chip.get_attribute("aria-pressed") == "true"
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    quantity = json.loads(urlopen(f"{BASE}api/data?n=1797&colour=error").read())["colour"]
    page.evaluate("colour => harness.update({colour})", quantity)
    page.locator(".map-bar").wait_for()
    until(page, f"{MAP}.ready")
    assert not [url for url in asked if "api/points" in url or "api/items" in url], asked
    page.evaluate("harness.theme('light')")
    until(page, f"{MAP}.view.stage.theme.ground === 0xfffafcfc")
    page.evaluate("harness.unmount()")
    assert page.locator(".map").count() == 0
    assert page.evaluate("window.__loupeMap === undefined")


def check_touch_and_motion(page: Page) -> None:
    """One finger pans, two zoom, a tap picks and shows the card; those who want no motion get none."""
    page.emulate_media(reduced_motion="reduce")
    opened(page, "n=1797")
    page.get_by_role("button", name="Zoom in").click()
    assert page.evaluate(f"{MAP}.view.stage.glide") is None
    client = page.context.new_cdp_session(page)

    def touch(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": x, "y": y, "id": at} for at, (x, y) in enumerate(places)]
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    page.get_by_role("button", name="whole map").click()
    x, y = ask(page, "toScreen(100)")
    touch("touchStart", (x, y))
    touch("touchEnd")
    page.locator(".map-card-item").wait_for()
    assert ask(page, "selectionCount") == 1
    touch("touchStart", (400, 400))
    for step in range(1, 6):
        touch("touchMove", (400 + 12 * step, 400 - 6 * step))
    touch("touchEnd")
    moved = ask(page, "toScreen(100)")
    assert max(abs(moved[0] - x - 60), abs(moved[1] - y + 30)) < 0.5, (moved, x, y)
    assert not page.locator(".map-card-item").is_visible()
    scale = ask(page, "camera[2]")
    touch("touchStart", (400, 300), (500, 300))
    for step in range(1, 6):
        touch("touchMove", (400 - 10 * step, 300), (500 + 10 * step, 300))
    touch("touchEnd")
    assert abs(ask(page, "camera[2]") / scale - 2) < 0.05


def check_keyboard_alone(page: Page) -> None:
    """Tab, arrows and Enter take a point; the frame shows where the focus is; full screen and back."""
    opened(page, "n=1797")
    page.keyboard.press("Tab")
    assert page.evaluate("harness.root.getRootNode().activeElement.className").startswith("map-stage")
    for _ in range(40):
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowUp")
        if ask(page, "hoverRow") >= 0:
            break
    row = ask(page, "hoverRow")
    page.keyboard.press("Enter")
    assert row >= 0
    assert ask(page, "selectedRows") == [row]
    button = page.get_by_role("button", name="Full screen")
    button.click()
    page.get_by_role("button", name="Leave full screen").wait_for()
    page.get_by_role("button", name="Leave full screen").click()
    button.wait_for()


def check_odd_maps(page: Page) -> None:
    """No points, one point, all in one place, none with a place, a server that fails: words, never a blank."""
    opened_before = "document.querySelector('#host')?.shadowRoot?"
    for n, words in ((0, "no points"), (1, "1 item")):
        page.goto(f"{BASE}?n={n}")
        page.wait_for_function(f"{opened_before}.textContent.includes('{words}')")
    opened(page, "n=1")
    page.mouse.move(*ask(page, "toScreen(0)"))
    until(page, f"{MAP}.hoverRow === 0")
    for value in (1.5, math.nan):
        body = np.full(2 * 1797, value, "<f4").tobytes()
        page.route("**/api/points*", answering(body))
        page.goto(f"{BASE}?n=1797")
        if math.isnan(value):
            page.get_by_text("None of the points has a place").wait_for()
        else:
            until(page, f"{MAP} && {MAP}.ready")
            page.mouse.click(*ask(page, "toScreen(9)"))
            assert ask(page, "selectedRows") == [0]
        page.unroute("**/api/points*")
    page.route("**/api/points*", lambda route: route.fulfill(status=503, body="busy"))
    page.goto(f"{BASE}?n=1797")
    page.get_by_text("the server answered 503").wait_for()
    page.unroute("**/api/points*")
    page.get_by_role("button", name="Try again").click()
    until(page, f"{MAP}.ready")
    page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    page.goto(f"{BASE}?n=1797")
    page.get_by_text("no canvas to draw on").wait_for()


def draw_times(page: Page) -> None:
    """Median and 95th percentile of a drawing while panning, whole map in view and zoomed in."""
    for n in (1797, 10_000, 70_000, 500_000):
        opened(page, f"n={n}&theme=dark")
        for zoom in (0, 2, 5):
            for _ in range(zoom):
                page.evaluate(f"{MAP}.view.stage.zoomMiddle(1.6)")
            until(page, f"!{MAP}.view.stage.glide")
            page.evaluate(f"{MAP}.draws.length = 0")
            page.evaluate(
                f"""() => new Promise((done) => {{
                      let step = 0;
                      const next = () => {{
                        {MAP}.view.stage.pan(step % 40 < 20 ? 3 : -3, 1 - (step % 2) * 2);
                        (step += 1) < 90 ? requestAnimationFrame(next) : done();
                      }};
                      next();
                    }})"""
            )
            draws = sorted(ask(page, "draws"))
            print(f"n={n:>7} zoom=1.6^{zoom}: draw p50 {statistics.median(draws):.2f} ms,"
                  f" p95 {draws[int(0.95 * len(draws))]:.2f} ms, {len(draws)} draws")  # fmt: skip


def act_times(page: Page) -> None:
    """What a lasso round everything, a repaint and a hover cost in the page."""
    for n in (70_000, 500_000):
        opened(page, f"n={n}")
        times = page.evaluate(
            f"""() => {{
                  const {{ data, stage }} = {MAP}.view;
                  const timed = (act) => {{
                    const start = performance.now();
                    for (let round = 0; round < 10; round += 1) act(round);
                    return ((performance.now() - start) / 10).toFixed(2);
                  }};
                  const {{ width, height }} = stage.view;
                  const circle = Array.from({{ length: 120 }}, (_, at) => stage.toData(
                    width / 2 + 200 * Math.cos(at / 19.1), height / 2 + 200 * Math.sin(at / 19.1)));
                  const [x, y] = stage.toData(width / 2, height / 2);
                  return {{
                    lasso: timed(() => data.selectInside(circle, "replace")),
                    paint: timed(() => data.painted(stage.theme)),
                    hover: timed((round) => data.nearest(x + round * 0.1, y, 14 / stage.camera.scale)),
                    selected: data.selectedCount,
                  }};
                }}"""
        )
        print(f"n={n:>7}: ms per act {times}")


def shots(page: Page, folder: Path, tag: str) -> None:
    """Pictures to look at."""
    folder.mkdir(parents=True, exist_ok=True)
    for theme in ("dark", "light"):
        for n in (1797, 10_000, 70_000):
            opened(page, f"n={n}&theme={theme}")
            page.mouse.move(*ask(page, "toScreen(100)"))
            page.locator(".map-card-item").wait_for()
            page.wait_for_timeout(200)
            page.screenshot(path=folder / f"{tag}-{theme}-{n}-hover.png")
        opened(page, f"n=1797&theme={theme}&colour=error")
        page.evaluate("harness.update({marks: [{name: 'A', x: -5, y: -5}, {name: 'B', x: 4, y: 3}]})")
        x, y = ask(page, "toScreen(100)")
        page.keyboard.down("Shift")
        page.mouse.move(x - 60, y - 60)
        page.mouse.down()
        for dx, dy in ((50, -70), (80, 20), (0, 70), (-80, 40)):
            page.mouse.move(x + dx, y + dy, steps=4)
        page.mouse.up()
        page.keyboard.up("Shift")
        page.mouse.click(*ask(page, "groundPoint()"))
        page.get_by_text("of the data").wait_for()
        page.wait_for_timeout(400)
        page.screenshot(path=folder / f"{tag}-{theme}-lasso.png")
        opened(page, f"n=1797&theme={theme}")
        x, y = ask(page, "toScreen(100)")
        page.mouse.move(x, y)
        for _ in range(4):
            page.mouse.wheel(0, -240)
        page.wait_for_timeout(900)
        page.screenshot(path=folder / f"{tag}-{theme}-pictures.png")
    opened(page, "n=500000")
    page.screenshot(path=folder / f"{tag}-dark-500000.png")


CHECKS = (
    check_hover_and_click, check_card_leaves, check_lasso, check_ground, check_camera, check_legend_and_updates,
    check_touch_and_motion, check_keyboard_alone, check_odd_maps,
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shots", type=Path)
    parser.add_argument("--draws", action="store_true")
    parser.add_argument("--only", default="")
    asked = parser.parse_args()
    with server(), sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("LOUPE_CHROMIUM", "/usr/bin/chromium"), args=ARGS
        )
        for check in CHECKS:
            if asked.only not in check.__name__:
                continue
            page = browser.new_page(viewport={"width": 1280, "height": 660})
            faults: list[str] = []
            page.on("pageerror", lambda error, faults=faults: faults.append(str(error)))
            check(page)
            assert not faults, faults
            page.close()
            print("ok", check.__name__)
        sizes = ((1280, 1), (1920, 1), (1280, 2))
        for width, ratio in sizes if asked.draws or asked.shots else ():
            page = browser.new_page(viewport={"width": width, "height": 660}, device_scale_factor=ratio)
            page.on("pageerror", lambda error: print("page error:", error))
            if asked.draws:
                print(f"view {width} x 620, device pixel ratio {ratio}")
                draw_times(page)
                act_times(page)
            if asked.shots:
                shots(page, asked.shots, f"{width}x{ratio}")
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
