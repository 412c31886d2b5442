"""A map of many points, ours and Plotly's: what is sent, when it is drawn, frames, and the browser's processor time."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from playwright.sync_api import Page, Response, WebSocket

from bench import pages
from bench.browser import PATIENCE_MS, VIEWPORT, move_for

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
        frame_p95: ms between frames while dragging, 95th percentile.
        cpu, hover_cpu: ms of processor time per cursor move, all of the browser's processes.
        nearest: ms of finding the point under the cursor (ours only).
        size: What is drawn on, CSS pixels.
    """

    draws: list[float]
    late: float
    frame_p95: float
    cpu: float
    hover_late: float
    hover_cpu: float
    nearest: list[float]
    size: tuple[int, int]


@dataclass(frozen=True)
class Paint:
    """What opening a link took.

    Attributes:
        seconds: From the link to the drawn points, one per visit.
        arrays: Bytes of positions and colours from our routes; 0 for a plain page.
        socket: Bytes of the page's websocket.
    """

    seconds: list[float]
    arrays: int
    socket: int


OUR_MAP, PLOTLY = pages.our_map, pages.plotly_chart


def floor(page: Page, seconds: float) -> tuple[float, float]:
    """The same moves over an empty page: share of late frames, ms of processor time per move."""
    page.goto("about:blank")
    found = move_for(page, seconds, (500, 500), REACH)
    return _late(found["frames"]), found["cpu"]


def address(url: str, run_id: str) -> str:
    """The PCA map of all items of a run."""
    return f"{url}map?run={run_id}&split=all&method=pca"


def first_paints(page: Page, link: str, drawn: Callable[[Page], float], times: int) -> Paint:
    """Open a link in ``times`` fresh contexts (empty caches), after one that warms the server up."""
    browser, seconds = page.context.browser, []
    assert browser is not None
    arrays = socket = 0
    for turn in range(times + 1):
        context = browser.new_context(viewport=VIEWPORT)
        fresh = context.new_page()
        fresh.set_default_timeout(PATIENCE_MS)
        counted = _Counted(fresh)
        began = time.perf_counter()
        fresh.goto(link, wait_until="commit")
        spent = drawn(fresh) - began
        if turn:
            seconds.append(spent)
            arrays, socket = counted.arrays(), counted.socket
        context.close()
    return Paint(seconds, arrays, socket)


class _Counted:
    """Bytes that a page gets: our routes' arrays, and the websocket's messages."""

    def __init__(self, page: Page) -> None:
        self.answers: list[Response] = []
        self.socket = 0
        page.on("response", lambda answer: self.answers.append(answer) if "/api/runs/" in answer.url else None)
        page.on("websocket", self._listen)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._add)

    def _add(self, payload: bytes | str) -> None:
        self.socket += len(payload)

    def arrays(self) -> int:
        """Positions and colours; thumbnails come by need, and are none of them."""
        wanted = [answer for answer in self.answers if "/thumbnails/" not in answer.url]
        return sum(len(answer.body()) for answer in wanted if answer.ok)


def our_map(page: Page, link: str, seconds: float) -> Pan:
    """Drag and hover our map at this address."""
    page.goto(link, wait_until="commit")
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


def solid_chart(page: Page, url: str, seconds: float) -> tuple[float, float]:
    """Turn the 3-D chart of a page: ms between frames (95th percentile), and ms of processor time per move."""
    page.goto(url, wait_until="commit")
    page.wait_for_function("() => document.querySelector('.js-plotly-plot')?._fullLayout?.scene?._scene?.glplot")
    page.wait_for_timeout(1500)
    middle = _middle(page, "document.querySelector('.js-plotly-plot').getBoundingClientRect()")
    eye = "() => JSON.stringify(document.querySelector('.js-plotly-plot')._fullLayout.scene._scene.getCamera().eye)"
    before = page.evaluate(eye)
    page.mouse.move(*middle[:2])
    page.mouse.down()
    drag = move_for(page, seconds, middle[:2], REACH)
    page.mouse.up()
    page.wait_for_timeout(500)
    if page.evaluate(eye) == before:
        raise RuntimeError("the 3-D chart did not turn under the drag")
    return float(np.quantile(drag["frames"], 0.95)), drag["cpu"]


def _pan(draws: list[float], drag: dict, hover: dict, nearest: list[float], middle: tuple) -> Pan:
    size = (round(middle[2]), round(middle[3]))
    p95 = float(np.quantile(drag["frames"], 0.95))
    return Pan(draws, _late(drag["frames"]), p95, drag["cpu"], _late(hover["frames"]), hover["cpu"], nearest, size)


def _middle(page: Page, box: str) -> tuple[float, float, float, float]:
    """Middle of an element, nudged down by half the reach, and its size."""
    found = page.evaluate(f"() => {{ const b = {box}; return [b.left, b.top, b.width, b.height]; }}")
    left, top, width, height = found
    return left + width / 2, min(top + height / 2 + REACH[1], 850), width, height


def _late(frames: list[float]) -> float:
    if len(frames) < 3:
        raise RuntimeError("the page drew hardly a frame")
    return float(np.mean(np.asarray(frames) > LATE_MS))
