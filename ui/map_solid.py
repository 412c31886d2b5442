"""The map in three dimensions: Plotly's, for turning; for hovering and decoding there is the flat one."""

import numpy as np
import streamlit as st

from aelib.config import PluginConfig
from aelib.errors import AelibError
from aelib.figures.solid import points_in_space
from ui import cached, map_colours, state
from ui.components.map import Gesture
from ui.components.solid import clicked
from ui.map_colours import Colour

MOST = 10_000  # points: without a graphics card twice as many took half a second of processor time a move (bench.map)


def solid_map(
    run_id: str,
    rows: np.ndarray,
    points: np.ndarray,
    colour: str,
    config: PluginConfig,
    selected: np.ndarray | None,
    picked: int | None,
) -> Gesture:
    """Draw points (n, 3) of these rows of the run's code table and return a click as the flat map's gesture.

    Args:
        run_id: The run.
        rows: (n,), of the code table.
        points: (n, 3).
        colour: A key of ``ui/map_colours.py``.
        config: The projection.
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
    told = _colour(run_id, colour, config)
    is_class = told is not None and told.kind == "class" and len(told.classes) <= map_colours.MOST_NAMED
    faded = None if selected is None or len(selected) < 2 else ~np.isin(shown, selected)
    at = None if picked is None else int(np.flatnonzero(shown == picked)[0])
    figure = points_in_space(
        points[shown],
        shown,
        hover,
        labels=told.values[own] if told and is_class else None,
        classes=told.classes if told and is_class else (),
        values=told.values[own].astype(np.float32) if told and not is_class else None,
        named=told.name if told else "",
        faded=faded,
        picked=at,
    )
    words = f"Map of {len(shown):,} items in three dimensions, coloured by {told.name if told else 'nothing'}."
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


def _colour(run_id: str, colour: str, config: PluginConfig) -> Colour | None:
    """None, with a sentence on screen, where the colour is not known: the points are grey then."""
    try:
        return map_colours.colour(run_id, colour, config)
    except AelibError as error:
        st.caption(f"{error} The points stay grey.")
        return None
