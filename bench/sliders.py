"""Dragging a slider: from the event to the painted picture, ours through the route and plain Streamlit's."""

import http.client
import itertools
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from playwright.sync_api import Page
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from bench.browser import until

Act = Callable[[int], None]  # makes the move of this number

WARM_UP = 5
HELD_SECONDS = 2.0
HELD_KEYS = 60
OURS = "window.__loupeConsole.latencies"
PEER = "window.__peer.latencies"

# The peer's page gets what our component has built in: the time from the event to the frame after the new picture is
# decoded and in its place. Streamlit's slider answers the key itself and raises no input event; ours is made in the
# same instant as the key's.
WATCH_PEER = """
  window.__peer = { latencies: [] };
  addEventListener("keydown", () => { window.__peer.time = performance.now(); }, true);
  const painted = (image) => {
    const time = window.__peer.time;
    if (time === undefined) return;
    image.decode().then(() => requestAnimationFrame(() => {
      window.__peer.latencies.push(performance.now() - time);
    }), () => {});
  };
  new MutationObserver((changes) => {
    for (const change of changes) {
      if (change.type === "attributes" && change.target.tagName === "IMG") painted(change.target);
      for (const node of change.addedNodes) {
        for (const image of node.querySelectorAll?.("img") ?? []) painted(image);
        if (node.tagName === "IMG") painted(node);
      }
    }
  }).observe(document, { subtree: true, childList: true, attributeFilter: ["src"] });
"""


def open_console(page: Page, url: str, run_id: str) -> None:
    """Open Decode at a run and put the focus on its first slider."""
    page.goto(f"{url}decode?run={run_id}", wait_until="commit")
    slider = page.locator(".loupe-console input[type=range]").first
    slider.wait_for(state="attached")
    slider.focus()


def open_peer(page: Page, url: str) -> None:
    """Open the plain page and put the focus on its first slider."""
    page.add_init_script(WATCH_PEER)
    page.goto(url, wait_until="commit")
    until(page, "() => document.querySelector('[data-testid=stImage] img')?.complete")
    slider = page.get_by_role("slider", name="z0")
    slider.wait_for(state="attached")
    slider.focus()


def arrows(page: Page) -> Act:
    """Presses an arrow key: ten to the right, ten to the left."""
    return lambda move: page.keyboard.press("ArrowRight" if move // 10 % 2 == 0 else "ArrowLeft")


def one_by_one(page: Page, latencies: str, moves: int, act: Act | None = None) -> list[float]:
    """Make a move (an arrow key's, unless told otherwise), wait for its picture, and so on.

    Returns ms, one per move that was painted. Raises ``RuntimeError`` when more than a twentieth of the moves never
    show: then there is nothing to quote.
    """
    act, lost = act or arrows(page), 0
    for move in range(WARM_UP + moves):
        if move == WARM_UP:
            page.evaluate(f"() => {{ {latencies}.length = 0; }}")
        seen = page.evaluate(f"() => {latencies}.length")
        act(move)
        try:
            page.wait_for_function(f"(seen) => {latencies}.length > seen", arg=seen, timeout=5000, polling="raf")
        except PlaywrightTimeout:
            lost += 1
    if lost > moves / 20:
        raise RuntimeError(f"{lost} of {moves} moves were never painted")
    return page.evaluate(f"() => {latencies}")[:moves]


def held(page: Page, latencies: str, act: Act | None = None) -> int:
    """Sixty moves in two seconds, as a drag gives them; how many pictures were painted by their end."""
    act = act or arrows(page)
    page.evaluate(f"() => {{ {latencies}.length = 0; }}")
    began = time.perf_counter()
    for move in range(HELD_KEYS):
        act(move)
        time.sleep(max(0.0, began + (move + 1) * HELD_SECONDS / HELD_KEYS - time.perf_counter()))
    return page.evaluate(f"() => {latencies}.length")


def posts(url: str, path: str, bodies: Iterator[dict[str, Any]]) -> Iterator[tuple[float, dict[str, Any]]]:
    """POST one body at a time over one connection; ms of each round trip, and the header that came with the answer."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    try:
        for each in bodies:
            body = json.dumps(each)
            began = time.perf_counter()
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"the route answered {answer.status}")
            yield 1000 * (time.perf_counter() - began), json.loads(answer.headers["X-Loupe"])
    finally:
        connection.close()


def times_of(url: str, path: str, bodies: Iterator[dict[str, Any]], count: int) -> tuple[list[float], list[float]]:
    """Ms of each round trip, and ms of each that the server says it worked; after some to warm up."""
    found = [*posts(url, path, itertools.islice(bodies, WARM_UP + count))][WARM_UP:]
    return [trip for trip, _ in found], [about["milliseconds"] for _, about in found]


def round_trips(url: str, run_id: str, codes: np.ndarray, count: int) -> tuple[list[float], list[float]]:
    """Decode one code at a time: ms of each round trip, and of its decoding and support."""
    bodies = ({"codes": [code.tolist()]} for code in itertools.cycle(codes))
    return times_of(url, f"/api/runs/{run_id}/decode", bodies, count)


def codes_of(checkpoints: Path, run_id: str) -> np.ndarray:
    """Codes of a run's items, in random order."""
    from aelib import codes
    from aelib.runs.folder import open_run

    table = codes.of_run(open_run(checkpoints, run_id))
    return table.codes[np.random.default_rng(0).permutation(len(table))]
