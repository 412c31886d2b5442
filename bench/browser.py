"""A Chromium to measure in: fresh pages, frames, and the processor time of all its processes."""

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import Any

import psutil
from playwright.sync_api import Page, sync_playwright

from tests.browser.chromium import ARGUMENTS, find

VIEWPORT: Any = {"width": 1280, "height": 900}
PATIENCE_MS = 60_000

_RECORD = """() => {
  const frames = (window.__frames = []);
  window.__recording = true;
  let last;
  const tick = (now) => {
    if (last !== undefined) frames.push(now - last);
    last = now;
    if (window.__recording) requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
}"""


def path() -> str:
    """The browser's path; ends the bench with a sentence when there is none."""
    found = find()
    if found is None:
        sys.exit("This bench needs Chromium. Type: python -m tests.browser.chromium")
    return found


@contextlib.contextmanager
def fresh_page() -> Iterator[Page]:
    """A page in a browser of its own, with an empty cache; what goes wrong in the page ends the bench."""
    # Since 2025 Chromium gives no WebGL without a graphics card unless asked; Plotly's scattergl needs it.
    arguments = [*ARGUMENTS, "--enable-unsafe-swiftshader"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path(), args=arguments)
        page = browser.new_page(viewport=VIEWPORT)
        page.set_default_timeout(PATIENCE_MS)
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        yield page
        browser.close()
        if faults:
            raise RuntimeError(f"the page raised: {faults[0]}")


def until(page: Page, condition: str, argument: Any = None) -> float:
    """Wait until a JavaScript condition holds, looked at each frame; ``time.perf_counter()`` then."""
    page.wait_for_function(condition, arg=argument, polling="raf")
    return time.perf_counter()


def cpu_seconds() -> float:
    """Processor time spent so far by all processes of the browser that this process started."""
    spent = 0.0
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if "chrom" in process.name() or "headless" in process.name():
                times = process.cpu_times()
                spent += times.user + times.system
    return spent


def move_for(page: Page, seconds: float, middle: tuple[float, float], reach: tuple[float, float]) -> dict[str, Any]:
    """Move the cursor round an ellipse, up to 60 times a second, and record the page's frames meanwhile.

    Returns:
        ``frames``: ms between animation frames; ``moves``: how many the page took; ``cpu``: ms of all the browser's
        processes per move.
    """
    from math import cos, sin

    page.evaluate(_RECORD)
    before, began, moves = cpu_seconds(), time.perf_counter(), 0
    while (now := time.perf_counter() - began) < seconds:
        angle = 2.5 * now
        page.mouse.move(middle[0] + reach[0] * sin(angle), middle[1] + reach[1] * (cos(angle) - 1))
        moves += 1
        time.sleep(max(0.0, began + moves / 60 - time.perf_counter()))
    cpu = cpu_seconds() - before
    frames = page.evaluate("() => { window.__recording = false; return window.__frames; }")
    return {"frames": frames, "moves": moves, "cpu": 1000 * cpu / moves}
