"""Film strips on a page: paths decoded step by step, with one slider for all."""

from typing import Any

import numpy as np

from ui import cached
from ui.components import modules


def film(run_id: str, strips: list[tuple[str, np.ndarray, str]], step: int, label: int = 0) -> int:
    """Draw the strips and return the step that is shown large.

    Args:
        run_id: The run whose decoder answers.
        strips: Name, codes (steps, latent_dim) and a note for each.
        step: Where the slider starts.
        label: The class that a conditional model decodes to.
    """
    channels, height, width = cached.info(run_id).picture_shape
    data: dict[str, Any] = {
        "decode": f"api/runs/{run_id}/decode?label={max(label, 0)}",
        "strips": [{"name": name, "codes": np.round(codes, 5).tolist(), "note": note} for name, codes, note in strips],
        "shape": [height, width, channels],
        "step": step,
    }
    data["id"] = f"{run_id} {cached.version(run_id)} {hash(repr(data))}"
    answer = modules.declare("film")(key="film", data=data, height="content", on_step_change=_nothing)
    return step if answer.step is None else int(answer.step)


def _nothing() -> None:
    """Streamlit wants a callback for each state key, so that the key is always there."""
