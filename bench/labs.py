"""The labs under the hand: real pointer events on Noise, Draw and Paths, each timed from its event to the frame after.

Every lab keeps these times itself. A move goes back and forth between places that all differ, so that each one is a new
question.
"""

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Locator, Page

from bench import sliders
from bench.browser import until
from bench.sliders import Act

NOISE = "window.__loupeNoise.latencies"
PAD = "window.__loupePad.latencies"
HANDLE = "window.__loupeFilm.latencies"
ONE = {"gaussian": 0.4}
THREE = {"gaussian": 0.4, "blur": 0.3, "jpeg": 0.3}
TURN = 20  # moves one way
STEPS = 12  # of a path
QUICK_WAYS = ("line", "sphere", "road")  # they follow a drag; the geodesic is searched for when it rests
WAYS = (*QUICK_WAYS, "geodesic")
SIDE = 128  # of the pad's picture, pixels
_SETTLED = "() => window.__loupeFilm?.figures.geodesic?.share === 1"
_DROPPED = "() => window.__loupeFilm.dropped.some(({ name, share }) => name === 'geodesic' && share === 1)"
_STILL = "() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'"


def severity(page: Page, url: str, run_id: str, stack: dict[str, float]) -> Act:
    """Open Noise with a stack of corruptions and take hold of the first one's slider; the act moves it on."""
    page.mouse.up()
    names, levels = ",".join(stack), ",".join(f"{level:g}" for level in stack.values())
    page.goto(f"{url}noise?run={run_id}&corruption={names}&severity={levels}", wait_until="commit")
    until(page, "() => window.__loupeNoise?.places")
    rest(page)
    return _held(page, page.locator(".loupe-noise ol input[type=range]").first, lambda share: (share, 0.5))


def stroke(page: Page, url: str, run_id: str) -> Act:
    """Open Draw and set the pen down; the act draws on, round a figure of eight."""
    page.mouse.up()
    page.goto(f"{url}draw?run={run_id}", wait_until="commit")
    pad = page.locator(".loupe-pad .pad canvas")
    pad.wait_for()
    rest(page)
    return _held(page, pad, lambda share: (0.5 + 0.3 * np.sin(12 * share), 0.5 + 0.35 * np.sin(6 * share)))


def end(page: Page, url: str, run_id: str) -> Act:
    """Open Paths and take hold of its end A; the act moves it over the middle of the map."""
    open_paths(page, url, run_id)
    handle, field = (page.locator(f".loupe-film {name}").first for name in (".handle", ".field"))
    place, box = _box(handle), _box(field)
    page.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    page.mouse.down()

    def act(move: int) -> None:
        page.mouse.move(*_within(box, *_over_the_map(_share(move))))

    return act


def open_paths(page: Page, url: str, run_id: str) -> None:
    """Open Paths with ways of twelve steps, and wait until the search is over."""
    page.mouse.up()
    page.goto(f"{url}paths?run={run_id}&steps={STEPS}", wait_until="commit")
    until(page, _SETTLED)
    rest(page)


def drops(page: Page, count: int) -> Iterator[list[dict[str, Any]]]:
    """Drag the end A somewhere else and let go, again and again, on Paths, that is open.

    Yields for each drop, once its search is over, what was painted in answer: the name of the way, the share of its
    search that was over, and the ms from the event.
    """
    handle, field = (page.locator(f".loupe-film {name}").first for name in (".handle", ".field"))
    for turn in range(count):
        place, box = _box(handle), _box(field)
        page.mouse.move(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
        page.mouse.down()
        page.mouse.move(*_within(box, *_over_the_map((0.13 + 0.618034 * turn) % 1)), steps=3)
        page.evaluate("() => { window.__loupeFilm.dropped = []; }")
        page.mouse.up()
        until(page, _DROPPED)
        yield page.evaluate("() => window.__loupeFilm.dropped")
        rest(page)


def whole_strip(seen: list[dict[str, Any]]) -> float:
    """Ms from a drop until all four ways had been painted, the geodesic as far as it was then."""
    first = {}
    for each in seen:
        first.setdefault(each["name"], each["milliseconds"])
    if set(first) != set(WAYS):
        raise RuntimeError(f"only {', '.join(first)} came")
    return max(first.values())


def searched(seen: list[dict[str, Any]]) -> tuple[float, int]:
    """Ms from a drop until the geodesic was found and painted, and how many pictures of it were painted before that."""
    own = [each for each in seen if each["name"] == "geodesic"]
    over = next(number for number, each in enumerate(own) if each["share"] == 1)
    return own[over]["milliseconds"], over


def rest(page: Page) -> None:
    """Wait until no script runs; it would share the processor with what is measured."""
    until(page, _STILL)
    page.wait_for_timeout(700)  # a held key or a slider is told after 300 ms: then it runs once more
    until(page, _STILL)


def noise_bodies(run_id: str, items: np.ndarray, stack: dict[str, float]) -> Iterator[dict[str, Any]]:
    """Questions to the route as a drag asks them: one item, the first severity another each time."""
    move = 0
    while True:
        levels = [round(_share(move), 2), *list(stack.values())[1:]]
        parts = [{"name": name, "severity": level} for name, level in zip(stack, levels, strict=True)]
        yield {"runs": [run_id], "item": int(items[0]), "stack": parts, "draw": 0}
        move += 1


def ink_bodies(run_id: str) -> Iterator[dict[str, Any]]:
    """Questions as a stroke asks them: more ink each time."""
    ink, move = np.zeros((SIDE, SIDE), np.uint8), 0
    while True:
        angle = 0.15 * move
        row, column = int(64 + 40 * np.sin(angle)), int(64 + 30 * np.sin(2 * angle))
        ink[row - 6 : row + 6, column - 6 : column + 6] = 255
        yield {"run": run_id, "way": "items", "ink": base64.b64encode(ink.tobytes()).decode()}
        move += 1


def path_bodies(codes: np.ndarray, ways: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Questions for ways between items, two others each time."""
    for start, finish in zip(codes[::2], codes[1::2], strict=False):
        yield {"a": {"code": start.tolist()}, "b": {"code": finish.tolist()}, "steps": STEPS, "ways": list(ways)}


def searches_alone(url: str, run_id: str, codes: np.ndarray, count: int) -> list[float]:
    """Ms that the route needs for a geodesic from its first round to its last, between items."""
    spent = []
    for body in path_bodies(codes[: 2 * count + 2], ("geodesic",)):
        trips = []
        for milliseconds, about in sliders.posts(url, f"/api/runs/{run_id}/paths", (body for _ in range(99))):
            trips.append(milliseconds)
            if about["ways"][0]["share"] == 1:
                break
        spent.append(sum(trips))
    return spent[1:]  # the first one loads what is needed


def items_of(checkpoints: Path, run_id: str) -> np.ndarray:
    """Numbers of a run's items."""
    from aelib import codes
    from aelib.runs.folder import open_run

    return codes.of_run(open_run(checkpoints, run_id)).index


def _held(page: Page, target: Locator, path: Callable[[float], tuple[float, float]]) -> Act:
    """Press on a target; the act then moves along a path over it."""
    target.scroll_into_view_if_needed()
    box = _box(target)
    page.mouse.move(*_within(box, *path(_share(-1))))
    page.mouse.down()

    def act(move: int) -> None:
        page.mouse.move(*_within(box, *path(_share(move))))

    return act


def _share(move: int) -> float:
    """0.15 to 0.85 and back, never twice the same in a row."""
    return 0.15 + 0.7 * abs(move % (2 * TURN) - TURN) / TURN


def _over_the_map(share: float) -> tuple[float, float]:
    return 0.25 + 0.5 * share, 0.5 + 0.25 * float(np.sin(6 * share))


def _within(box: Any, across: float, down: float) -> tuple[float, float]:
    return box["x"] + across * box["width"], box["y"] + down * box["height"]


def _box(target: Locator) -> Any:
    box = target.bounding_box()
    if box is None:
        raise RuntimeError("there is nothing to take hold of")
    return box
