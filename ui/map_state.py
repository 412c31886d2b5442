"""The Map page's view: read from the address, changed by gestures, written back to it."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from aelib.config import PluginConfig
from ui import cached, projection_text, selection, state
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
    options = ["class"] if cached.info(run_id).classes else []
    options += ["error"] if cached.table(run_id).has_errors else []
    options += ["spread"] if cached.table(run_id).spreads is not None else []
    options = options or ["none"]
    names = {"class": "class", "error": "reconstruction error", "spread": "posterior spread", "none": "nothing known"}
    return state.choose("Colour", options, state.COLOUR, options[0], show=lambda name: names[name])


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
    pick, ground, shown = "", "", projection_text.write(config)
    if gesture.kind == "closed":
        pick = state.address(state.PICK)
    elif gesture.kind == "clear":
        selection.clear()
    elif gesture.kind == "ground":
        ground = f"{float(value['x']):.9g},{float(value['y']):.9g}"
    elif gesture.kind == "lasso":
        mode, corners = value.get("mode", "replace"), selection.polygon_text(value["polygon"])
        selection.select(run_id, shown, ("-" if mode == "remove" else "+") + corners, keep=mode != "replace")
    elif gesture.kind == "click" and 0 <= int(value["row"]) < len(index):
        pick = str(index[int(value["row"])])
        selection.select(run_id, shown, f"t{pick}", keep=value.get("mode") == "toggle")
    state.put_address(state.PICK, pick)
    state.put_address(state.GROUND, ground)
    return True


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
