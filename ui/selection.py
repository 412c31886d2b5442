"""The selection: one set of items shared by all pages, and the short text that carries it in an address.

The text is ``map@split~op|op|…``. On that map and split ``+x,y;x,y;…`` adds what a polygon holds, ``-…`` takes it away,
``t12.55`` toggles items; ``rerror:0.1:0.5`` adds what a colour has in a range and ``shat%3Dnone`` what a search finds,
``R…`` and ``S…`` take it away. A text that would grow long, or a set that no gesture made, is written by value instead
(``~i…``: the first item and the steps to the next, base 36), a long set by the id it is kept under with the run
(``~=auto-…``, ``~=s-…``). So a link gives the same members in another browser, and a long history loses nothing.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import streamlit as st

from aelib.errors import AelibError
from aelib.runs import selections
from ui import cached, map_search, projection_text, state

LONGEST = 2000  # characters of the address's text; a longer one is kept with the run
_NONE = np.zeros(0, np.int64)


class Known(NamedTuple):
    """The selection as this session last had it: it goes from page to page, and from run to run on the same data."""

    run_id: str
    text: str
    items: np.ndarray


class _NotYet(Exception):
    """The map of a link's polygon is still being computed."""


def selected_items(run_id: str) -> np.ndarray | None:
    """The selected items (numbers in the dataset, sorted), or None; the address then carries them."""
    text, known = state.address(state.LASSO), _known()
    if known and text in ("", known.text):
        if known.run_id != run_id:
            put(run_id, known.items if _same_data(known.run_id, run_id) else _NONE)
            known = _known()
        elif known.text:
            state.put_address(state.LASSO, known.text)
        return known.items if known else None
    if not text:
        return None
    try:
        items = evaluate(run_id, text)
    except _NotYet:
        st.caption(":material/hourglass_top: The selection of this link appears when its map is computed.")
        return None
    except AelibError as error:  # a link from elsewhere: no selection is better than a wrong one
        st.toast(f"The selection of this link cannot be shown. {error}", icon=":material/info:")
        items = _NONE
    _keep(run_id, text, items)
    return items if len(items) else None


def select(run_id: str, shown: str, operation: str, keep: bool) -> None:
    """Apply one operation on top of the selection (``keep``), or on an empty one.

    Args:
        run_id: The run.
        shown: The map on screen, as ``projection_text.write`` has it.
        operation: See this module's text.
        keep: Whether what was selected counts.
    """
    place = f"{shown}@{_split('')}"
    before = selected_items(run_id) if keep else None
    fresh = _apply(run_id, place, operation, _NONE if before is None else before)
    history = state.address(state.LASSO)
    if before is None:
        text = f"{place}~{operation}"
    elif history.startswith(f"{place}~"):
        text = f"{history}|{operation}"
    else:  # made on another map, whose polygons mean nothing here, or by no gesture
        base = written(run_id, before)
        text = f"{place}~{base}|{operation}" if base else ""
    _keep(run_id, text, fresh)


def put(run_id: str, items: np.ndarray) -> None:
    """Select these items, whatever was selected before."""
    text = written(run_id, items) if len(items) else ""
    _keep(run_id, text and f"~{text}", items)


def clear() -> None:
    """Select nothing."""
    state.put_address(state.LASSO, "")
    state.drop(state.SELECTED)


def restore(text: str) -> None:
    """Select what an earlier address said (undo and redo)."""
    state.put_address(state.LASSO, text)
    state.drop(state.SELECTED)


def written(run_id: str, items: np.ndarray) -> str:
    """Items as one operation: by value where that is short, else kept with the run.

    Empty, with a sentence on screen, where a long one cannot be kept (a read-only folder): this session still has it.
    """
    text = _by_value(items)
    if len(text) < LONGEST:
        return text
    try:
        return f"={selections.save(cached.run(run_id), items).id}"
    except AelibError as error:
        st.toast(f"This selection is too long for a link and stays in this window. {error}", icon=":material/link_off:")
        return ""


def evaluate(run_id: str, text: str) -> np.ndarray:
    """The items that an address's text selects. Raises ``AelibError`` for what cannot be read."""
    place, _, operations = text.partition("~")
    items = _NONE
    for operation in operations.split("|"):
        items = _apply(run_id, place, operation, items)
    return items


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


def _known() -> Known | None:
    return state.get(state.SELECTED)


def _keep(run_id: str, text: str, items: np.ndarray) -> None:
    """Make this the selection, in the session and in the address."""
    if not len(items):
        clear()
        return
    if len(text) > LONGEST:
        text = written(run_id, items)
        text = text and f"~{text}"
    state.put_address(state.LASSO, text)
    state.put(state.SELECTED, Known(run_id, text, items))


def _same_data(one: str, other: str) -> bool:
    try:
        hashes = [cached.run(run_id).raw_config.get("dataset_hash") for run_id in (one, other)]
    except AelibError:
        return False  # deleted meanwhile
    return bool(hashes[0]) and hashes[0] == hashes[1]


# ---- the operations: each takes (run, place, what follows its letter, items before) and gives the items after


def _apply(run_id: str, place: str, operation: str, items: np.ndarray) -> np.ndarray:
    act = OPERATIONS.get(operation[:1])
    return act(run_id, place, operation[1:], items) if act else items


def _add(run_id: str, place: str, rest: str, items: np.ndarray) -> np.ndarray:
    return np.union1d(items, _inside(run_id, place, rest))


def _take_away(run_id: str, place: str, rest: str, items: np.ndarray) -> np.ndarray:
    return np.setdiff1d(items, _inside(run_id, place, rest))


def _toggle(run_id: str, place: str, rest: str, items: np.ndarray) -> np.ndarray:
    toggled = [int(part) for part in rest.split(".") if part.isdecimal() and len(part) < 10]
    return np.setxor1d(items, np.intersect1d(cached.table(run_id).index, toggled))


def _value(run_id: str, place: str, rest: str, items: np.ndarray) -> np.ndarray:
    try:
        steps = [int(part, 36) for part in rest.split(".") if 0 < len(part) < 9]
    except ValueError:
        raise AelibError("E_CONFIG", "Its list of items is damaged") from None
    return np.intersect1d(cached.table(run_id).index, np.cumsum(np.asarray(steps, np.int64)))


def _saved(run_id: str, place: str, rest: str, items: np.ndarray) -> np.ndarray:
    return np.intersect1d(cached.table(run_id).index, selections.items_of(cached.run(run_id), rest))


def _inside(run_id: str, place: str, polygon: str) -> np.ndarray:
    """Items of the place's split inside a polygon on its map."""
    corners = [state.numbers(corner) for corner in polygon.split(";")]
    if len(corners) < 3 or any(len(corner) != 2 for corner in corners):
        return _NONE
    table, (shown, _, split) = cached.table(run_id), place.partition("@")
    points = cached.points(run_id, projection_text.read(shown))
    if points is None:
        raise _NotYet
    if points.shape[1] != 2:
        raise AelibError("E_CONFIG", "A lasso needs a flat map")
    inside = table.index[rows_inside(points, corners)]
    return np.intersect1d(inside, table.index[table.rows(_split(split))])


def _find(kind: str) -> "Operation":
    """Add what a colour has in a range (``r``) or a search finds (``s``), on the place's split; capital: take away."""

    def act(run_id: str, place: str, rest: str, items: np.ndarray) -> np.ndarray:
        table, (shown, _, split) = cached.table(run_id), place.partition("@")
        found = map_search.found(run_id, projection_text.read(shown), kind.lower() + rest)
        found = np.intersect1d(found, table.index[table.rows(_split(split))])
        return np.union1d(items, found) if kind.islower() else np.setdiff1d(items, found)

    return act


def _by_value(items: np.ndarray) -> str:
    if len(items) > LONGEST:
        return "i" * (LONGEST + 1)  # too long whatever the numbers are
    return "i" + ".".join(np.base_repr(step, 36).lower() for step in np.diff(items, prepend=0))


def _split(named: str) -> str:
    asked = named or state.address(state.SPLIT)
    return asked if asked in ("train", "validation", "test") else "all"


Operation = Callable[[str, str, str, np.ndarray], np.ndarray]
OPERATIONS: dict[str, Operation] = {
    "+": _add,
    "-": _take_away,
    "t": _toggle,
    "i": _value,
    "=": _saved,
    **{kind: _find(kind) for kind in "rRsS"},
}
