"""Points in space, as a Plotly figure that turns under the hand."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from aelib.figures.colours import MISSING, class_palette

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

HEIGHT = 620


def points_in_space(
    points: np.ndarray,
    rows: np.ndarray,
    hover: Sequence[str],
    *,
    labels: np.ndarray | None = None,
    classes: tuple[str, ...] = (),
    values: np.ndarray | None = None,
    named: str = "",
    faded: np.ndarray | None = None,
    picked: int | None = None,
) -> "Figure":
    """A cloud coloured by class, with a legend, or by a quantity, with a bar.

    Args:
        points: (n, 3).
        rows: (n,), given back with a click as ``customdata``.
        hover: One short text per point.
        labels: (n,), for colours by class; -1 is grey.
        classes: Their names.
        values: (n,), for colours by a quantity.
        named: What the quantity is.
        faded: bool (n,), points to grey, or None.
        picked: Place of the point to ring, or None.
    """
    import plotly.graph_objects as go

    figure, faded = go.Figure(), np.zeros(len(points), bool) if faded is None else faded
    size = 4 if len(points) <= 3000 else 3 if len(points) <= 10_000 else 2

    def add(chosen: np.ndarray, name: str, marker: dict[str, Any], legend: bool) -> None:
        if len(chosen):
            x, y, z = points[chosen].T
            figure.add_scatter3d(
                x=x, y=y, z=z, mode="markers", name=name, marker={"size": size, "line": {"width": 0}} | marker,
                customdata=rows[chosen], text=[hover[at] for at in chosen], hovertemplate="%{text}<extra></extra>",
                showlegend=legend,
            )  # fmt: skip

    add(np.flatnonzero(faded), "not selected", {"color": MISSING, "opacity": 0.25}, True)
    shown = np.flatnonzero(~faded)
    if values is not None:
        own = values[shown]
        known = own[np.isfinite(own)]
        low, high = np.quantile(known, (0.01, 0.99)) if len(known) else (0, 1)
        bar = {"title": {"text": named, "side": "right"}, "thickness": 12, "len": 0.7}
        scale = {"colorscale": "Viridis", "cmin": low, "cmax": max(high, low + 1e-9), "colorbar": bar}
        add(shown, named, {"color": own} | scale, False)
    else:
        own, palette = np.full(len(shown), -1) if labels is None else labels[shown], class_palette(len(classes))
        for label in np.unique(own):
            known = 0 <= label < len(classes)
            name, colour = (classes[label], palette[label]) if known else ("no class", MISSING)
            add(shown[own == label], name, {"color": colour}, len(classes) > 0)
    if picked is not None:
        ring = {"size": size + 8, "symbol": "circle-open", "color": "#E69F00", "line": {"width": 3}}
        add(np.asarray([picked]), "picked", ring, False)
    plain = {"showticklabels": False, "title": "", "showspikes": False}
    figure.update_layout(
        height=HEIGHT,
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        scene={"xaxis": plain, "yaxis": plain, "zaxis": plain, "aspectmode": "data"},
        dragmode="turntable",
        legend={"itemsizing": "constant", "bgcolor": "rgba(0,0,0,0)", "orientation": "h", "y": 0, "yanchor": "bottom"},
        uirevision="one camera for all colours",
    )
    return figure
