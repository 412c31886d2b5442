"""The decode console on a page: one slider per dimension, and the picture they make."""

from typing import Any, NamedTuple

from aelib.measures.dimensions import Dimension
from ui import cached, frame
from ui.components import modules


class Moved(NamedTuple):
    """Where the sliders were last let go of.

    Attributes:
        code: One number per dimension.
        label: The class it is decoded as, for a conditional model; else 0.
        seq: Counts up: which of two is the newer one.
    """

    code: list[float]
    label: int
    seq: int


def decode_console(
    run_id: str, dimensions: list[Dimension], code: list[float], starts: list[dict[str, Any]], label: int = 0
) -> Moved | None:
    """Draw the console and return the code that was last let go of, or None.

    Args:
        run_id: The run whose decoder answers.
        dimensions: As ``describe_dimensions`` gives them, the most informative first.
        code: Where the sliders start, by dimension number.
        starts: Codes one can start from, ``{"name", "code"}``, with a ``label`` where they are of a class.
        label: The class to begin with, for a conditional model.
    """
    table = cached.table(run_id)
    unit = "KL {:.2f} nats" if table.spreads is not None else "variance {:.3g}"
    by_number = sorted(dimensions, key=lambda dimension: dimension.number)
    info = cached.info(run_id)
    channels, height, width = info.picture_shape
    data = {
        "decode": f"api/runs/{run_id}/decode",
        "nearest": f"api/runs/{run_id}/nearest",
        "latent_dim": len(dimensions),
        "code": [round(value, 5) for value in code],
        "order": [dimension.number for dimension in dimensions],
        "inactive": [dimension.number for dimension in dimensions if dimension.quiet],
        "dimensions": [
            {
                "name": f"z{dimension.number}",
                "low": dimension.low,
                "high": dimension.high,
                "mean": dimension.mean,
                "std": dimension.std,
                "histogram": dimension.histogram,
                "note": unit.format(dimension.weight),
            }
            for dimension in by_number
        ],
        "starts": starts,
        "shape": [height, width, channels],
        "classes": list(info.classes) if frame.model_class(cached.run(run_id)).needs_labels else [],
        "label": label,
    }
    data["id"] = f"{run_id} {cached.version(run_id)} {data['code']} {label}"
    answer = modules.declare("console")(key="console", data=data, height="content", on_code_change=_nothing)
    told = answer.code
    return Moved(told["code"], int(told.get("label", 0)), int(told.get("seq", 0))) if told else None


def _nothing() -> None:
    """Streamlit wants a callback for each state key, so that the key is always there."""
