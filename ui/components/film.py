"""Film strips on a page: the ways from A to B with one slider for all, their figures, and a map with the ends."""

from collections.abc import Callable
from typing import Any

from aelib.figures.colours import OKABE_ITO
from ui import cached, path_map, state, ways
from ui.components import modules

COLOURS = dict(zip(ways.WAYS, (OKABE_ITO[1], OKABE_ITO[0], OKABE_ITO[2], OKABE_ITO[6]), strict=True))


def film(
    run_id: str,
    ends: tuple[dict[str, Any], dict[str, Any]],
    steps: int,
    step: int,
    label: int = 0,
    on_drop: Callable[[str, list[float]], None] = lambda end, place: None,
) -> int:
    """Draw the strips and return the step that is shown large.

    Args:
        run_id: The run whose decoder answers.
        ends: A and B, as ``ways.code_of`` takes them.
        steps: Pictures on each way.
        step: Where the slider starts.
        label: The class that a conditional model decodes to.
        on_drop: Told of the end ("A" or "B") and its place on the map when a handle was let go.
    """
    channels, height, width = cached.info(run_id).picture_shape
    places = [
        end["place"] if "place" in end else path_map.placed(run_id, ways.code_of(run_id, end)[None])[0].tolist()
        for end in ends
    ]
    data: dict[str, Any] = {
        "id": f"{run_id} {cached.version(run_id)} {steps} {label}",
        "paths": f"api/runs/{run_id}/paths",
        "ways": [{"name": name, "colour": COLOURS[name], "help": words} for name, words in ways.WAYS.items()],
        "a": ends[0],
        "b": ends[1],
        "places": places,
        "steps": steps,
        "label": label,
        "shape": [height, width, channels],
        "step": step,
        "map": path_map.given(run_id),
    }

    def dropped() -> None:
        told = state.get("film", {}).get("drop")
        if told and told["paths"] == data["paths"]:  # told late, it may be of the run before
            on_drop(str(told["end"]), [float(value) for value in told["place"]])

    answer = modules.declare("film")(
        key="film", data=data, height="content", on_step_change=_nothing, on_drop_change=dropped
    )
    return step if answer.step is None else int(answer.step)


def _nothing() -> None:
    """Streamlit wants a callback for each state key, so that the key is always there."""
