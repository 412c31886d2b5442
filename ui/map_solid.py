"""The map in three dimensions: Plotly's, for turning; for hovering and decoding there is the flat one."""

import numpy as np
import streamlit as st

from aelib.figures.solid import points_in_space
from ui import cached, state
from ui.components.map import Gesture
from ui.components.solid import clicked

MOST = 10_000  # points: without a graphics card twice as many took half a second of processor time a move (bench.map)


def solid_map(
    run_id: str,
    rows: np.ndarray,
    points: np.ndarray,
    colour: str,
    selected: np.ndarray | None,
    picked: int | None,
) -> Gesture:
    """Draw points (n, 3) of these rows of the run's code table and return a click as the flat map's gesture.

    Args:
        run_id: The run.
        rows: (n,), of the code table.
        points: (n, 3).
        colour: ``class``, ``error`` or ``spread``.
        selected: Places among ``rows``, or None.
        picked: A place among ``rows``, or None.
    """
    table, info = cached.table(run_id), cached.info(run_id)
    shown = np.linspace(0, len(rows) - 1, min(len(rows), MOST)).astype(int)
    if picked is not None and picked not in shown:
        shown = np.append(shown, picked)
    own = rows[shown]
    names = [info.classes[label] if 0 <= label < len(info.classes) else "" for label in table.labels[own]]
    hover = [
        f"item {item}{f' · class {name}' if name else ''}" for item, name in zip(table.index[own], names, strict=True)
    ]
    values, named = _values(run_id, own, colour)
    faded = None if selected is None or len(selected) < 2 else ~np.isin(shown, selected)
    at = None if picked is None else int(np.flatnonzero(shown == picked)[0])
    figure = points_in_space(
        points[shown], shown, hover, labels=table.labels[own], classes=info.classes, values=values, named=named,
        faded=faded, picked=at,
    )  # fmt: skip
    words = f"Map of {len(shown):,} items in three dimensions, coloured by {named or 'class'}."
    st.plotly_chart(figure, key="solid", alt=words)
    taken = f"**{MOST:,} of {len(rows):,} items, evenly taken.** " if len(rows) > MOST else ""
    st.caption(
        f"{taken}Drag turns, wheel zooms, a click inspects, the legend filters. "
        "For a lasso, for the keyboard and for decoding between the points take two dimensions (Projection's settings)."
    )
    return _gesture(clicked("solid"))


def _gesture(click: dict[str, int] | None) -> Gesture:
    """A click as the flat map would tell it, once: a rerun brings the last one again."""
    if click is None or click["seq"] == state.get(state.SOLID_SEEN):
        return Gesture()
    state.put(state.SOLID_SEEN, click["seq"])
    return Gesture("click", {"kind": "click", "row": int(click["row"]), "mode": "replace"})


def _values(run_id: str, rows: np.ndarray, colour: str) -> tuple[np.ndarray | None, str]:
    table = cached.table(run_id)
    if colour == "error":
        return table.errors[rows], "reconstruction error"
    if colour == "spread" and table.spreads is not None:
        return table.spreads[rows].mean(axis=1), "posterior spread"
    return None, ""
