"""The selection: one set of items shared by all views, and the short text that carries it in an address.

The text is ``method~op|op|…``: ``+x,y;x,y;…`` adds what a polygon on that method's map holds, ``-…`` takes it away,
``t12.55`` toggles items; ``rerror:0.1:0.5`` adds what a colour has in a range and ``shat%3Dnone`` what a search finds,
``R…`` and ``S…`` take it away. It stays short for large selections, and gives the same members in another browser.
"""

import numpy as np

from aelib.config import read_choice
from aelib.errors import AelibError
from aelib.registry import PROJECTIONS
from ui import cached, map_search, state

LONGEST = 4000  # characters; a longer history is not written into the address


def selected_items(run_id: str) -> np.ndarray | None:
    """The selected items (numbers in the dataset, sorted), or None."""
    text = state.address(state.LASSO)
    known = state.get(state.SELECTED)
    if known and known[:2] == (run_id, text):
        return known[2]
    items = _evaluate(run_id, text) if text and len(text) <= LONGEST else None
    state.put(state.SELECTED, (run_id, text, items))
    return items


def select(run_id: str, method: str, operation: str, keep: bool) -> None:
    """Apply one operation on top of the selection (``keep``), or on an empty one."""
    before = state.address(state.LASSO)
    items = selected_items(run_id) if keep else None
    text = f"{before}|{operation}" if keep and before.startswith(f"{method}~") else f"{method}~{operation}"
    fresh = _apply(run_id, method, operation, np.zeros(0, np.int64) if items is None else items)
    text = text if len(fresh) and len(text) <= LONGEST else ""
    state.put_address(state.LASSO, text)
    state.put(state.SELECTED, (run_id, text, fresh if len(fresh) else None))


def clear() -> None:
    """Select nothing."""
    state.put_address(state.LASSO, "")
    state.drop(state.SELECTED)


def restore(text: str) -> None:
    """Select what an earlier address said (undo and redo)."""
    state.put_address(state.LASSO, text if len(text) <= LONGEST else "")
    state.drop(state.SELECTED)


def polygon_text(polygon: list[list[float]]) -> str:
    """Corners for an operation."""
    return ";".join(f"{x:.9g},{y:.9g}" for x, y in polygon)


def rows_inside(points: np.ndarray, polygon: list[list[float]]) -> np.ndarray:
    """Rows of points (n, 2) inside a polygon by the even-odd rule, as the component draws it."""
    corners = np.asarray(polygon, np.float64)
    inside = np.zeros(len(points), bool)
    x, y = points[:, 0].astype(np.float64), points[:, 1].astype(np.float64)
    for (ax, ay), (bx, by) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        crosses = (ay > y) != (by > y)
        with np.errstate(divide="ignore", invalid="ignore"):
            inside ^= crosses & (x < (bx - ax) * (y - ay) / (by - ay) + ax)
    return np.flatnonzero(inside)


def _evaluate(run_id: str, text: str) -> np.ndarray | None:
    method, _, operations = text.partition("~")
    items = np.zeros(0, np.int64)
    try:
        for operation in operations.split("|"):
            items = _apply(run_id, method, operation, items)
    except AelibError:
        return None  # a link from elsewhere: no selection is better than a wrong one
    return items if len(items) else None


def _apply(run_id: str, method: str, operation: str, items: np.ndarray) -> np.ndarray:
    kind, rest = operation[:1], operation[1:]
    index = cached.table(run_id).index
    if kind == "t":
        toggled = [int(part) for part in rest.split(".") if part.isdecimal() and len(part) < 10]
        return np.setxor1d(items, np.intersect1d(index, toggled))
    if kind in ("r", "R", "s", "S"):
        found = map_search.found(run_id, read_choice(PROJECTIONS, method), kind.lower() + rest)
        found = _of_split(found, index, run_id)
        return np.union1d(items, found) if kind.islower() else np.setdiff1d(items, found)
    corners = [state.numbers(corner) for corner in rest.split(";")]
    if kind not in ("+", "-") or len(corners) < 3 or any(len(corner) != 2 for corner in corners):
        return items
    points = cached.points(run_id, read_choice(PROJECTIONS, method))
    if points is None:
        return items
    inside = _of_split(index[rows_inside(points, corners)], index, run_id)
    return np.union1d(items, inside) if kind == "+" else np.setdiff1d(items, inside)


def _of_split(items: np.ndarray, index: np.ndarray, run_id: str) -> np.ndarray:
    """Those of the items that are on the map."""
    return np.intersect1d(items, index[cached.table(run_id).rows(_split())])


def _split() -> str:
    asked = state.address(state.SPLIT)
    return asked if asked in ("train", "validation", "test") else "all"
