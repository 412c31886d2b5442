"""The chart of severity curves: how much of the damage several runs take away as it gets worse."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aelib.figures.colours import MISSING, OKABE_ITO
from aelib.measures.severity import Curve

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def severity_chart(curves: Sequence[tuple[str, Curve]]) -> "Figure":
    """One line and its band per run; the input's own error as a dashed grey line, once where all runs share it."""
    import plotly.graph_objects as go

    figure = go.Figure()
    colours = [OKABE_ITO[at] for at in (0, 4, 2, 6)]
    seen: list[list[float]] = []
    for at, (name, curve) in enumerate(curves):
        x, colour = curve.strengths, colours[at % len(colours)]
        red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
        band = {"x": [*x, *x[::-1]], "y": [*curve.high, *curve.low[::-1]]}
        figure.add_trace(
            go.Scatter(
                **band, fill="toself", fillcolor=f"rgba({red},{green},{blue},0.16)", line={"width": 0}, name=name,
                legendgroup=name, showlegend=False, hoverinfo="skip",
            )
        )  # fmt: skip
        line = {"color": colour, "width": 2.5}
        figure.add_trace(go.Scatter(x=x, y=curve.after, name=name, legendgroup=name, mode="lines+markers", line=line))
        if curve.before not in seen:
            seen.append(curve.before)
            label = "the input" if len(seen) == 1 else f"the input of {name}"
            dashed = {"color": MISSING, "dash": "dash", "width": 2}
            figure.add_trace(go.Scatter(x=x, y=curve.before, name=label, mode="lines", line=dashed))
    figure.update_layout(
        margin={"l": 56, "r": 12, "t": 8, "b": 40}, height=320, hovermode="x unified",
        legend={"orientation": "h", "y": 1.12, "x": 0},
    )  # fmt: skip
    figure.update_xaxes(title="severity of the strongest corruption, the others in proportion", range=[0, 1])
    return figure.update_yaxes(title="squared error from the clean item", rangemode="tozero")
