"""The map on a page: which arrays its component fetches, and what a gesture means in rows."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import numpy as np

from aelib.config import PluginConfig
from aelib.figures.colours import class_palette, viridis
from ui import cached, decoding, frame, map_layers, state
from ui.components import modules

HEIGHT = 620


@dataclass(frozen=True)
class Gesture:
    """What the user did last on the map.

    Attributes:
        kind: ``lasso``, ``click``, ``clear``, ``ground`` or empty.
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
        colour: ``class``, ``error`` or ``spread``.
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
    figures = [{"name": "error", "url": f"{base}/errors"}]
    if cached.table(run_id).spreads is not None:
        figures.append({"name": "spread", "url": f"{base}/spread"})
    data = {
        "height": height,
        "points": {"url": f"{base}/points{suffix}", "count": len(rows)},
        "items": {"url": f"{base}/items"},
        "labels": {"url": f"{base}/labels", "classes": list(info.classes)} if info.classes else None,
        "colour": _colour(run_id, base, rows, colour),
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


def _colour(run_id: str, base: str, rows: np.ndarray, colour: str) -> dict[str, Any]:
    table = cached.table(run_id)
    if colour == "class":
        classes = cached.info(run_id).classes
        return {
            "name": "class",
            "kind": "class",
            "url": f"{base}/labels",
            "palette": class_palette(max(len(classes), 1)),
        }
    values, name, unit, what = table.errors[rows], "reconstruction error", "squared error per item", "errors"
    if colour == "spread" and table.spreads is not None:
        values, name, unit, what = table.spreads[rows].mean(axis=1), "spread", "mean standard deviation", "spread"
    low, high = (float(np.quantile(values, share)) for share in (0.01, 0.99)) if len(values) else (0.0, 1.0)
    scale = {"low": low, "high": high if high > low else low + 1.0, "palette": viridis(256), "unit": unit}
    return {"name": name, "kind": "quantity", "url": f"{base}/{what}", **scale}


def _nothing() -> None:
    """Streamlit wants a callback for each state key, so that the key is always there."""
