"""The map on a page: which arrays its component fetches, and what a gesture means in rows."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import numpy as np
import streamlit as st

from aelib.config import PluginConfig
from aelib.errors import AelibError
from aelib.figures.colours import viridis
from ui import cached, decoding, frame, map_colours, map_layers, map_search, state
from ui.components import modules

HEIGHT = 620
MOST_NAMES = 2000  # of classes, sent to the map's card; of more it shows the number


@dataclass(frozen=True)
class Gesture:
    """What the user did last on the map.

    Attributes:
        kind: ``lasso``, ``click``, ``clear``, ``range``, ``search``, ``inspect``, ``restore``, ``ground`` or empty.
        value: As the component sent it.
    """

    kind: str = ""
    value: dict[str, Any] | None = None


def latent_map(
    run_id: str,
    split: str,
    config: PluginConfig,
    colour: str,
    *,
    selection: np.ndarray | None,
    picked: int | None,
    camera: list[float] | None,
    marks: list[dict[str, Any]] | None = None,
    height: int = HEIGHT,
) -> Gesture:
    """Draw the map of a run and return the newest gesture.

    Args:
        run_id: The run.
        split: Whose items are shown.
        config: The projection; its points must be there.
        colour: A key of ``ui/map_colours.py``.
        selection: Rows of the split that are selected, or None.
        picked: The inspected row of the split, or None.
        camera: x, y and pixels per unit, or None for the whole map.
        marks: Named places, ``{"name", "x", "y"}``.
        height: In pixels.
    """
    version, text = cached.version(run_id), decoding.write_map(config)
    base, suffix = f"api/runs/{run_id}/{version}/{split}", f"?map={quote(text)}"
    rows, info = decoding.split_rows(run_id, split), cached.info(run_id)
    items = cached.table(run_id).index[rows]
    channels, high, wide = info.picture_shape
    can_decode = frame.model_class(cached.run(run_id)).can_decode
    figures = [{"name": "error", "url": f"{base}/errors"}] if cached.table(run_id).has_errors else []
    if cached.table(run_id).spreads is not None:
        figures.append({"name": "spread", "url": f"{base}/spread"})
    told, fault, searched = None, "", state.get(state.SEARCHED)
    try:
        with st.spinner("Working out the colour of each item…", show_time=True):
            told = map_colours.describe(run_id, rows, colour, config, base, suffix)
    except AelibError as error:  # the map stays, grey, and says why
        fault = str(error)
    data = {
        "height": height,
        "points": {"url": f"{base}/points{suffix}", "count": len(rows)},
        "items": {"url": f"{base}/items"},
        "labels": {"url": f"{base}/labels", "classes": list(info.classes[:MOST_NAMES])} if info.classes else None,
        "colour": told,
        "colour_fault": fault,
        "distances": {"url": f"{base}/colour-distance-{{item}}", "palette": viridis(256)[::-1]},
        "fields": map_search.fields(run_id),
        "searched": searched if searched and searched["run"] == run_id else None,
        "figures": figures,
        "thumbnails": {
            "url": f"{base}/thumbnails/{{chunk}}",
            "chunk": decoding.chunk_size(run_id),
            "shape": [high, wide, channels],
        },
        "decode": {"url": f"api/runs/{run_id}/decode_at", "map": text} if can_decode else None,
        "selection": None if selection is None else {"rows": selection.tolist(), "seq": state.get(state.SEEN, 0)},
        "picked": picked,
        "camera": camera,
        "marks": marks or [],
        "run": run_id,
        "address": {
            "lasso": state.address(state.LASSO),
            "pick": state.address(state.PICK),
            "seq": state.get(state.SEEN, 0),
        },
        "layers": map_layers.given(run_id, split, config, colour, None if picked is None else int(items[picked])),
    }
    data["id"] = str(hash(repr(data)))
    answer = modules.declare("map")(
        key="map", data=data, height="content", on_selection_change=_nothing, on_ground_change=_nothing
    )
    return _newest(answer)


def _newest(answer: Any) -> Gesture:
    found = [Gesture(value.get("kind", "ground"), value) for value in (answer.selection, answer.ground) if value]
    return max(found, key=lambda gesture: (gesture.value or {}).get("seq", 0), default=Gesture())


def _nothing() -> None:
    """Streamlit wants a callback for each state key, so that the key is always there."""
