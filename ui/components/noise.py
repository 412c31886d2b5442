"""The Noise lab on a page: the stack of corruptions, live pictures and figures, and small maps."""

from typing import Any

from aelib.registry import CORRUPTIONS
from ui import cached, forms, small_map
from ui.components import modules


def noise_lab(
    question: dict[str, Any],
    titles: list[str],
    names: list[str],
    stack: list[dict[str, Any]],
    draw: int,
    level: float,
    clean: str,
) -> dict[str, Any] | None:
    """Draw the lab and return what was last let go of: ``stack``, ``draw`` and ``level``; None before that.

    Args:
        question: What stays the same while sliders move, see ``ui.disturb.read``; ``on`` is "input" or "code".
        titles: Of its runs.
        names: Corruptions to choose from.
        stack: Where the lab starts, ``{"name", "severity"}`` each.
        draw: Number of the draw it starts with.
        level: Noise on the code it starts with, in standard deviations.
        clean: What the clean item is called.
    """
    runs, asked = question["runs"], {key: value for key, value in question.items() if key != "on"}
    data: dict[str, Any] = {
        "noise": "api/noise",
        "places": "api/noise/places",
        "question": asked,
        "on": question["on"],
        "known": [{"name": name, "words": forms.words(name), "help": _help(name)} for name in names],
        "runs": [{"title": title, "map": small_map.given(run)} for title, run in zip(titles, runs, strict=True)],
        "clean": clean,
    }
    data["id"] = f"{question} {[cached.version(run) for run in runs]}"
    data |= {"stack": stack, "draw": draw, "level": level}
    answer = modules.declare("noise")(key="noise-lab", data=data, height="content", on_stack_change=_nothing)
    return answer.stack


def _help(name: str) -> str:
    severity = CORRUPTIONS.load(name).Config.model_fields["severity"].description
    return f"{CORRUPTIONS.help(name).summary} Severity: {severity}"


def _nothing() -> None:
    """Streamlit wants a callback for each state key, so that the key is always there."""
