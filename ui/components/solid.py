"""Clicks on the 3-D chart, which Streamlit itself does not tell of."""

from ui.components import modules


def clicked(chart: str) -> dict[str, int] | None:
    """The newest click on the chart with this key: ``{"row", "seq"}``, or None before the first."""
    answer = modules.declare("solid")(key=f"{chart}-click", data={"chart": chart}, on_click_change=_nothing)
    return answer.click or None


def _nothing() -> None:
    """Streamlit wants a callback for each state key, so that the key is always there."""
