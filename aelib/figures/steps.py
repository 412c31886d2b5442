"""What is seen of single training steps, as Plotly figures without a title or a theme of their own."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from aelib.figures.colours import OKABE_ITO, class_palette

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_MARGIN = {"l": 48, "r": 12, "t": 8, "b": 36}
_HEIGHT = 260


def step_curves(trail: Sequence[dict[str, Any]]) -> "Figure":
    """The loss of each of the last steps.

    Args:
        trail: Oldest first, each with its ``position`` (stage, epoch, steps of it) and its ``parts``.
    """
    import plotly.graph_objects as go

    rows = [row for row in trail if row["position"][2] > 0 and "loss" in row["parts"]]  # not an epoch's means
    text = [f"epoch {row['position'][1] + 1}, batch {row['position'][2]}" for row in rows]
    values = [row["parts"]["loss"] for row in rows]
    line = go.Scatter(
        x=list(range(1 - len(rows), 1)), y=values, mode="lines+markers", text=text,
        line={"color": OKABE_ITO[0], "width": 2}, marker={"size": 5}, hovertemplate="%{text}: %{y:.4g}<extra></extra>",
    )  # fmt: skip
    figure = go.Figure(line).update_layout(margin=_MARGIN, height=_HEIGHT)
    figure.update_xaxes(title="steps before now").update_yaxes(title=None)
    return figure


def code_moves(codes: Sequence[Sequence[float]], before: Sequence[Sequence[float]], labels: Sequence[int]) -> "Figure":
    """Codes of a few items: two numbers as points with the way they came, more as one row of colours per item.

    Args:
        codes: One row per item.
        before: The same one step earlier, or empty.
        labels: Class number of each item, -1 where there is none.
    """
    import plotly.graph_objects as go

    now = np.asarray(codes, float)
    if now.shape[1] != 2:
        names = [f"z{number}" for number in range(now.shape[1])]
        most = max(1e-9, float(np.abs(now).max()))
        heat = go.Heatmap(z=now, x=names, colorscale="RdBu", zmin=-most, zmax=most, colorbar={"thickness": 10})
        figure = go.Figure(heat).update_layout(margin=_MARGIN, height=_HEIGHT)
        figure.update_yaxes(autorange="reversed", title="item").update_xaxes(title="number of the code")
        return figure
    palette = class_palette(max(labels, default=0) + 1) if max(labels, default=-1) >= 0 else []
    colours = [palette[label] if label >= 0 else OKABE_ITO[0] for label in labels]
    figure = go.Figure()
    if len(before) == len(now):
        ways = np.stack([np.asarray(before, float), now, np.full_like(now, np.nan)], axis=1).reshape(-1, 2)
        way = {"color": "rgba(128,128,128,0.7)", "width": 1.5}
        figure.add_trace(go.Scatter(x=ways[:, 0], y=ways[:, 1], mode="lines", line=way, hoverinfo="skip"))
    hover = "item %{text}: %{x:.3f}, %{y:.3f}<extra></extra>"
    numbers = [str(number + 1) for number in range(len(now))]
    figure.add_trace(
        go.Scatter(
            x=now[:, 0], y=now[:, 1], mode="markers+text", text=numbers, textposition="top center", hovertemplate=hover,
            marker={"size": 9, "color": colours},
        )
    )  # fmt: skip
    figure.update_layout(margin=_MARGIN, height=_HEIGHT, showlegend=False)
    figure.update_xaxes(title="z0").update_yaxes(title="z1")
    return figure
