"""The Map page's view: read from the address, changed by gestures, written back to it."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import streamlit as st

from aelib.config import PluginConfig, read_choice
from aelib.errors import AelibError
from aelib.jobs import projecting
from aelib.registry import PROJECTIONS
from aelib.runs.folder import Run
from ui import cached, forms, selection, state
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


def choose_method(run_id: str) -> str:
    """The projection's name; codes of one or two dimensions start on their own axes."""
    names = PROJECTIONS.names()
    start = "axes" if cached.table(run_id).codes.shape[1] <= 2 else "umap"
    titles = {
        "umap": "UMAP", "pca": "PCA", "axes": "two dimensions", "tsne": "t-SNE", "lda": "LDA", "random": "random plane",
    }  # fmt: skip
    return state.choose(
        "Projection",
        names,
        state.METHOD,
        start,
        show=lambda name: titles.get(name, forms.words(name)),
        help="\n\n".join(f"**{forms.words(name)}**: {PROJECTIONS.help(name).what_for}" for name in names),
    )


def choose_colour(run_id: str) -> str:
    """What the points' colours mean."""
    options = ["class"] if cached.info(run_id).classes else []
    options += ["error"] + (["spread"] if cached.table(run_id).spreads is not None else [])
    names = {"class": "class", "error": "reconstruction error", "spread": "posterior spread"}
    return state.choose("Colour", options, state.COLOUR, options[0], show=lambda name: names[name])


def projection_on_screen(run: Run, wanted: PluginConfig) -> tuple[PluginConfig, str]:
    """The projection to draw now, and a sentence about it.

    A slow one that is not there yet is asked for from the projection worker; PCA stands in meanwhile.
    """
    stored = cached.stored_projection(run.id, wanted)
    if stored is not None:
        quality = stored.quality
        if not quality:
            return wanted, "too few items to say how far this map can be trusted"
        figures = f"trustworthiness {quality['trustworthiness']:.3f} · continuity {quality['continuity']:.3f}"
        kept = f", {quality['overlap']:.0%} of neighbours kept" if "overlap" in quality else ""
        return wanted, f"{figures} (15 neighbours, {quality['items']:,.0f} items){kept}"
    quick = bool(PROJECTIONS.load(wanted.name).QUICK)
    fault = projecting.request(run, wanted)
    if quick:
        try:
            cached.points(run.id, wanted)
        except AelibError as error:  # no labels, say: what it says now, the worker would say later
            fault, quick = str(error), False
    if fault:
        st.warning(f"{forms.words(wanted.name)} could not be computed: {fault} PCA is shown instead.")
        if st.button("Try again", key="retry-projection"):
            projecting.forget_fault(run, wanted)
            st.rerun()
    else:
        _wait_for(run.id, wanted)
    shown = wanted if quick else read_choice(PROJECTIONS, "pca")
    return shown, "its quality is being measured" if quick else "PCA for now"


@st.fragment(run_every=1)
def _wait_for(run_id: str, wanted: PluginConfig) -> None:
    """Look once a second whether the worker is done (or gone: asking again starts it anew)."""
    run = cached.run(run_id)
    if cached.stored_projection(run_id, wanted) is not None or projecting.request(run, wanted):
        st.rerun()
    if not PROJECTIONS.load(wanted.name).QUICK:
        share = projecting.progress(cached.run(run_id), wanted)
        if share is not None:
            st.progress(share)
        st.caption(
            f":material/hourglass_top: {wanted.name.upper()} is being computed; the map changes when it is done."
        )


def read(run_id: str, points: np.ndarray, index: np.ndarray) -> View:
    """The view that the address describes.

    Args:
        run_id: The run.
        points: (n, 2), the split's points.
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


def take(gesture: Gesture, run_id: str, method: str, index: np.ndarray) -> bool:
    """Write a new gesture into the address; True when the page must be drawn again."""
    value = gesture.value or {}
    if not gesture.kind or value.get("seq") == state.get(state.SEEN):
        return False
    state.put(state.SEEN, value.get("seq"))
    pick = ground = ""
    if gesture.kind == "closed":
        pick = state.address(state.PICK)
    elif gesture.kind == "clear":
        selection.clear()
    elif gesture.kind == "ground":
        ground = f"{float(value['x']):.9g},{float(value['y']):.9g}"
    elif gesture.kind == "lasso":
        mode, corners = value.get("mode", "replace"), selection.polygon_text(value["polygon"])
        selection.select(run_id, method, ("-" if mode == "remove" else "+") + corners, keep=mode != "replace")
    elif gesture.kind == "click" and 0 <= int(value["row"]) < len(index):
        pick = str(index[int(value["row"])])
        selection.select(run_id, method, f"t{pick}", keep=value.get("mode") == "toggle")
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
