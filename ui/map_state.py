"""The Map page's view: read from the address, changed by gestures, written back to it."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from aelib.config import PluginConfig
from ui import map_colours, map_search, projection_text, selection, state
from ui.components.map import Gesture


@dataclass(frozen=True)
class View:
    """What is selected on the map.

    Attributes:
        selection: Rows of the split, or None.
        picked: The inspected row, or None.
        ground: The decoded place (x, y), or None.
        marks: Path ends to draw.
    """

    selection: np.ndarray | None
    picked: int | None
    ground: tuple[float, float] | None
    marks: list[dict[str, Any]] = field(default_factory=list)


def choose_colour(run_id: str) -> str:
    """What the points' colours mean."""
    names = map_colours.names(run_id)
    help_text = (
        "Classes have a colour each, quantities a scale, what is missing is grey. The legend on the map filters: press "
        "a class, or draw over the histogram. The ruler on the map colours by true distance to the point you are on."
    )
    return state.choose(
        "Colour", list(names), state.COLOUR, next(iter(names)), show=lambda key: names[key], help=help_text
    )


def read(run_id: str, points: np.ndarray, index: np.ndarray) -> View:
    """The view that the address describes.

    Args:
        run_id: The run.
        points: (n, 2) or (n, 3), the split's points.
        index: (n,), the split's items by their number in the dataset: addresses name items, not rows.
    """
    items = selection.selected_items(run_id)
    rows = None if items is None else np.flatnonzero(np.isin(index, items))
    place = state.numbers(state.address(state.GROUND))
    marks = []
    for name, key in (("A", state.FROM), ("B", state.TO)):
        row = _row_of(state.get(key), index)
        if row is not None:
            marks.append({"name": name, "x": float(points[row, 0]), "y": float(points[row, 1])})
    return View(
        rows if rows is not None and len(rows) else None,
        _row_of(state.number(state.PICK), index),
        (place[0], place[1]) if len(place) == 2 else None,
        marks,
    )


def take(gesture: Gesture, run_id: str, config: PluginConfig, index: np.ndarray) -> bool:
    """Write a new gesture into the address; True when the page must be drawn again."""
    value = gesture.value or {}
    number = value.get("seq")  # a 3-D map has none: it tells each click once
    if not gesture.kind or (number is not None and number == state.get(state.SEEN)):
        return False
    if number is not None:
        state.put(state.SEEN, number)
    pick = ground = ""
    if gesture.kind == "closed":
        pick = state.address(state.PICK)
    elif gesture.kind == "clear":
        selection.clear()
    elif gesture.kind == "ground":
        ground = f"{float(value['x']):.9g},{float(value['y']):.9g}"
    elif gesture.kind in ("lasso", "range", "search"):
        _select(gesture.kind, value, run_id, config)
    elif gesture.kind in ("click", "inspect") and 0 <= int(value["row"]) < len(index):
        pick = str(index[int(value["row"])])
        if gesture.kind == "click":
            selection.select(run_id, projection_text.write(config), f"t{pick}", keep=value.get("mode") == "toggle")
    elif gesture.kind == "restore":
        selection.restore(str(value.get("lasso", "")))
        pick = str(value.get("pick", ""))
    state.put_address(state.PICK, pick)
    state.put_address(state.GROUND, ground)
    return True


def _select(kind: str, value: dict[str, Any], run_id: str, config: PluginConfig) -> None:
    """A lasso, a range of a colour or a search: one operation on the selection."""
    mode, shown = value.get("mode", "replace"), projection_text.write(config)
    if kind == "lasso":
        operation = ("-" if mode == "remove" else "+") + selection.polygon_text(value["polygon"])
    else:
        operation = map_search.operation(run_id, config, value)
    if operation:
        selection.select(run_id, shown, operation, keep=mode != "replace")


def camera() -> list[float] | None:
    """The camera of the address: x, y, pixels per unit."""
    found = state.numbers(state.address("camera"))
    return found if len(found) == 3 and found[2] > 0 else None


def code(run_id: str, config: PluginConfig) -> str:
    """The library's lines for this map."""
    return (
        "from pathlib import Path\n"
        "from aelib import codes\nfrom aelib.config import read_choice\nfrom aelib.jobs.projecting import compute\n"
        "from aelib.registry import PROJECTIONS\nfrom aelib.runs.folder import open_run\n\n"
        f'run = open_run(Path("checkpoints"), "{run_id}")\n'
        "table = codes.of_run(run)  # codes, labels, errors of all items\n"
        f"points = compute(run, read_choice(PROJECTIONS, {config.model_dump(mode='json')!r})).points\n"
    )


def _row_of(item: int | None, index: np.ndarray) -> int | None:
    found = np.flatnonzero(index == item) if item is not None else []
    return int(found[0]) if len(found) else None
