"""Charts of a training and of a code, as Plotly figures without a title or a theme of their own."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from aelib.figures.colours import OKABE_ITO, class_palette

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_MARGIN = {"l": 48, "r": 12, "t": 8, "b": 36}


def loss_curves(rows: Sequence[dict[str, Any]], part: str) -> "Figure":
    """One loss part over the epochs: training as a line, validation as a dashed one.

    Args:
        rows: Rows of ``metrics.jsonl``.
        part: Name of the part; rows without it are passed over.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    for kind, dash, colour in (("train", "solid", OKABE_ITO[0]), ("validation", "dash", OKABE_ITO[1])):
        seen = [(row["epoch"], row[kind][part]) for row in rows if part in row.get(kind, {})]
        if seen:
            epochs, values = zip(*seen, strict=True)
            mode = "lines" if len(seen) > 1 else "markers"
            line = {"color": colour, "dash": dash, "width": 2}
            figure.add_trace(go.Scatter(x=epochs, y=values, name=kind, mode=mode, line=line, cliponaxis=False))
    figure.update_layout(margin=_MARGIN, height=220, legend={"orientation": "h", "y": 1.15, "x": 1, "xanchor": "right"})
    figure.update_xaxes(title="epoch", rangemode="tozero").update_yaxes(title=None)
    return figure


def code_bars(code: np.ndarray, mean: np.ndarray, spread: np.ndarray, order: np.ndarray) -> "Figure":
    """One code as bars, in standard deviations from the data's mean, in the given order of dimensions.

    Args:
        code: (latent_dim,).
        mean: (latent_dim,), of the data.
        spread: (latent_dim,), standard deviation of the data.
        order: Dimension numbers, first drawn first.
    """
    import plotly.graph_objects as go

    scaled = (code - mean) / np.maximum(spread, 1e-9)
    colours = [OKABE_ITO[0] if value >= 0 else OKABE_ITO[1] for value in scaled[order]]
    names = [f"z{number}" for number in order]
    hover = "%{x}: %{customdata:.3f} (%{y:+.2f} sd)<extra></extra>"
    bars = go.Bar(x=names, y=scaled[order], marker_color=colours, customdata=code[order], hovertemplate=hover)
    figure = go.Figure(bars)
    figure.update_layout(margin={**_MARGIN, "b": 24}, height=150, bargap=0.25)
    figure.update_yaxes(title="sd", zeroline=True)
    return figure


def class_counts(classes: Sequence[str], counts: np.ndarray) -> "Figure":
    """How many items each class has, each class in its own colour."""
    import plotly.graph_objects as go

    bars = go.Bar(x=list(classes), y=counts, marker_color=class_palette(len(classes)))
    figure = go.Figure(bars).update_layout(margin=_MARGIN, height=200, bargap=0.2)
    figure.update_xaxes(type="category").update_yaxes(title="items")
    return figure


def error_histogram(errors: np.ndarray, marked: float | None = None) -> "Figure":
    """How the errors of all shown items are spread, with one of them marked."""
    import plotly.graph_objects as go

    figure = go.Figure(go.Histogram(x=errors, nbinsx=60, marker_color=OKABE_ITO[1]))
    if marked is not None:
        figure.add_vline(x=marked, line={"color": OKABE_ITO[0], "width": 2})
    figure.update_layout(margin=_MARGIN, height=200, bargap=0.02)
    figure.update_xaxes(title="squared error per item").update_yaxes(title="items")
    return figure
