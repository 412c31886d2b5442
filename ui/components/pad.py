"""The drawing pad on a page: ink, and at once the item it makes, its reconstruction, its place and its neighbours."""

from typing import Any

from ui import cached, drawn, frame, small_map
from ui.components import modules


def drawing_pad(run_id: str, way: str, drawing: str) -> dict[str, Any] | None:
    """Draw the pad and return the drawing that was last let go of: its ``id`` and ``code``; None before that.

    Args:
        run_id: The run that looks at it.
        way: How the drawing becomes an item, one of ``ui.drawn.WAYS``.
        drawing: Id of a kept drawing to begin with, or empty.
    """
    classes = cached.info(run_id).classes if frame.model_class(cached.run(run_id)).needs_labels else ()
    data: dict[str, Any] = {
        "draw": "api/draw",
        "near": "api/draw/near",
        "question": {"run": run_id, "way": way},
        "side": drawn.SIDE,
        "map": small_map.given(run_id),
        "classes": list(classes),
        "bright": drawn.own_box(run_id)[1],
        "colour": drawn.is_colour(run_id),
    }
    data["id"] = f"{run_id} {cached.version(run_id)} {way}"
    data |= {"begin": f"api/drawn/{drawing}" if drawing else "", "drawing": drawing}
    answer = modules.declare("pad")(key="pad", data=data, height="content", on_drawing_change=_nothing)
    return answer.drawing


def _nothing() -> None:
    """Streamlit wants a callback for each state key, so that the key is always there."""
