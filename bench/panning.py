"""Dragging and hovering a map of many points, ours and Plotly's: frames, drawing, and the browser's processor time."""

from dataclasses import dataclass

import numpy as np
from playwright.sync_api import Page

from bench import pages
from bench.browser import move_for

LATE_MS = 25.0  # a frame later than this is seen as a stutter
REACH = (150.0, 90.0)  # of the drag, CSS pixels
STAGE = "window.__loupeMap.view.stage"

_HOVER_TIMES = """() => {
  const { view } = window.__loupeMap;
  const { width, height } = view.stage.view;
  const spent = [];
  for (let round = 0; round < 200; round += 1) {
    const start = performance.now();
    for (let at = 0; at < 20; at += 1) {
      const step = 20 * round + at;
      view.rowAt(width * ((step * 0.754877) % 1), height * ((step * 0.56984) % 1));
    }
    spent.push((performance.now() - start) / 20);
  }
  return spent;
}"""


@dataclass(frozen=True)
class Pan:
    """What a drag and a hover cost.

    Attributes:
        draws: ms of script for each drawing of the points while dragging (ours only).
        late, hover_late: Share of frames more than ``LATE_MS`` after the one before.
        cpu, hover_cpu: ms of processor time per cursor move, all of the browser's processes.
        nearest: ms of finding the point under the cursor (ours only).
        size: What is drawn on, CSS pixels.
    """

    draws: list[float]
    late: float
    cpu: float
    hover_late: float
    hover_cpu: float
    nearest: list[float]
    size: tuple[int, int]


def floor(page: Page, seconds: float) -> tuple[float, float]:
    """The same moves over an empty page: share of late frames, ms of processor time per move."""
    page.goto("about:blank")
    found = move_for(page, seconds, (500, 500), REACH)
    return _late(found["frames"]), found["cpu"]


def our_map(page: Page, url: str, run_id: str, seconds: float) -> Pan:
    """Drag and hover the PCA map of all items of a run."""
    page.goto(f"{url}map?run={run_id}&split=all&method=pca", wait_until="commit")
    pages.our_map(page)
    page.wait_for_timeout(1500)  # the server goes on with its imports for a moment
    middle = _middle(page, f"{STAGE}.element.getBoundingClientRect()")
    hover = move_for(page, seconds, middle[:2], REACH)
    page.mouse.move(*middle[:2])
    page.evaluate(f"() => {{ {STAGE}.draws.length = 0; }}")
    before = page.evaluate("() => window.__loupeMap.camera")
    page.mouse.down()
    drag = move_for(page, seconds, middle[:2], REACH)
    moved = page.evaluate("() => window.__loupeMap.camera")
    page.mouse.up()
    draws = page.evaluate("() => window.__loupeMap.draws")
    if moved == before or len(draws) < 10:
        raise RuntimeError("the map did not move under the drag")
    nearest = page.evaluate(_HOVER_TIMES)
    return _pan(draws, drag, hover, nearest, middle)


def plotly_chart(page: Page, url: str, seconds: float) -> Pan:
    """Drag and hover a plain page's scattergl."""
    page.goto(url, wait_until="commit")
    pages.plotly_chart(page)
    page.wait_for_timeout(1500)
    middle = _middle(page, "document.querySelector('.js-plotly-plot .nsewdrag').getBoundingClientRect()")
    hover = move_for(page, seconds, middle[:2], REACH)
    page.mouse.move(*middle[:2])
    axis = "() => document.querySelector('.js-plotly-plot')._fullLayout.xaxis.range"
    before = page.evaluate(axis)
    page.mouse.down()
    drag = move_for(page, seconds, middle[:2], REACH)
    page.mouse.up()
    page.wait_for_timeout(500)
    if page.evaluate(axis) == before:
        raise RuntimeError("the plain page's chart did not move under the drag")
    return _pan([], drag, hover, [], middle)


def _pan(draws: list[float], drag: dict, hover: dict, nearest: list[float], middle: tuple) -> Pan:
    size = (round(middle[2]), round(middle[3]))
    return Pan(draws, _late(drag["frames"]), drag["cpu"], _late(hover["frames"]), hover["cpu"], nearest, size)


def _middle(page: Page, box: str) -> tuple[float, float, float, float]:
    """Middle of an element, nudged down by half the reach, and its size."""
    found = page.evaluate(f"() => {{ const b = {box}; return [b.left, b.top, b.width, b.height]; }}")
    left, top, width, height = found
    return left + width / 2, min(top + height / 2 + REACH[1], 850), width, height


def _late(frames: list[float]) -> float:
    if len(frames) < 3:
        raise RuntimeError("the page drew hardly a frame")
    return float(np.mean(np.asarray(frames) > LATE_MS))
