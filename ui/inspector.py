"""What stands beside the map: one item, or one place."""

from typing import Any

import numpy as np
import streamlit as st

from aelib.codes import reconstruct, targets
from aelib.config import PluginConfig
from aelib.drawing import as_pictures
from aelib.figures.charts import code_bars
from aelib.latent.neighbours import nearest
from aelib.measures.dimensions import describe_dimensions
from aelib.measures.reconstruction import error_rank
from aelib.runs.folder import Run
from ui import cached, decoding, frame, pictures, state

NEIGHBOURS = 6


def show_item(run: Run, row: int) -> None:
    """One item: original, reconstruction and error on one scale, its code as bars, its nearest neighbours.

    Args:
        run: The run.
        row: The item's row in the code table.
    """
    table, items = cached.table(run.id), cached.items(run.id)
    own, info, drawn = items.take(np.asarray([row])), cached.info(run.id), cached.pictures(run.id)
    support = f"nearer than {cached.support(run.id).share(table.codes[row : row + 1])[0]:.0%} of the data"
    with st.container(border=True):
        st.markdown(f"**Item {table.index[row]}**{_class_of(run, row)}")
        if frame.model_class(run).can_encode:
            recon = reconstruct(cached.model(run.id), own.values, own.labels)
            error = pictures.error_maps(info, recon, targets(cached.model(run.id), own))[0]
            pictures.row([drawn[row], as_pictures(recon, info.low, info.high)[0]], ["input", "recon"], error)
        else:
            caption = "as imported" if info.kind == "images" else "its code as bars; no picture came"
            pictures.row([drawn[row]], [caption], columns=2, size=224)
        if table.has_errors:
            rank = error_rank(float(table.errors[row]), table.errors)
            support = (
                f"squared error **{table.errors[row]:.2f}**, larger than that of {rank:.0%} of all items · {support}"
            )
        st.caption(support)
    with st.container(border=True):
        dimensions = describe_dimensions(table)
        kind = "KL" if table.spreads is not None else "variance"
        st.markdown(f"**Code** :small[ordered by {kind}, in standard deviations of the data]")
        order = np.asarray([dimension.number for dimension in dimensions if not dimension.quiet][:32], int)
        bars = code_bars(table.codes[row], table.codes.mean(axis=0), table.codes.std(axis=0), order)
        st.plotly_chart(bars, key="code-bars", config={"displayModeBar": False})
    with st.container(border=True):
        st.markdown("**Nearest in the code space** :small[true distance, not the map's]")
        rows, distances = nearest(table.codes[row : row + 1], table.codes, NEIGHBOURS + 1)
        near = [(int(r), float(d)) for r, d in zip(rows[0], distances[0], strict=True) if r != row][:NEIGHBOURS]
        pictures.row([drawn[r] for r, _ in near], [short_class(run, r) or f"{d:.2f}" for r, d in near], columns=6)
    _use_item(run, int(table.index[row]))


def show_place(run: Run, config: PluginConfig, place: tuple[float, float]) -> None:
    """One place of the map: the decoded picture, its support, and the items it was blended from."""
    drawn = cached.pictures(run.id)
    decoded = decoding.decode_places(run.id, decoding.write_map(config), [list(place)])
    with st.container(border=True):
        st.markdown("**A place between the points**")
        st.image(
            pictures.enlarged(decoded.pictures[0].transpose(2, 0, 1), 192), caption="decoded here", output_format="PNG"
        )
        support_bar(float(decoded.support[0]))
        rows = decoded.more["nearest"][0]
        is_grid = frame.model_class(run).code_shape == "grid"
        how = "The place is the code itself." if not rows else "Its code blends those of the nearest items on this map."
        how = "The nearest cell of the decoded lattice that was imported." if run.is_imported else how
        st.caption("Decoded: the nearest item's own grid of code words." if is_grid else how)
    if rows:
        with st.container(border=True):
            st.markdown("**Nearest items on the map**")
            pictures.row([drawn[row] for row in rows[:6]], [short_class(run, row) for row in rows[:6]], columns=6)
    if not is_grid and st.button("Open in Decode", icon=":material/tune:"):
        code = ",".join(f"{value:.5g}" for value in decoded.more["latents"][0])
        st.switch_page("../pages/decode.py", query_params={state.RUN: run.id, state.CODE: code})


def support_bar(share: float, what: str = "") -> None:
    """The support as a bar and a sentence; ``what`` says whose it is."""
    st.progress(min(max(share, 0.0), 1.0), text=f"{what} nearer than {share:.0%} of the data".strip())


def _use_item(run: Run, item: int) -> None:
    places, model = st.container(horizontal=True, gap="small"), frame.model_class(run)
    if model.can_decode:
        _use_for_path(places, item)
    if model.can_encode and places.button("Noise", help="Open this item on the Noise page", icon=":material/grain:"):
        state.put(state.ITEM, item)
        st.switch_page("../pages/noise.py")


def _use_for_path(places: Any, item: int) -> None:
    if places.button(
        "Path from", help="Make this item A of a path; then pick another one", icon=":material/trip_origin:"
    ):
        state.put(state.FROM, item)
        state.put("choose-a", "item")
        st.rerun()
    if places.button("Path to", help="Make this item B and open the Paths page", icon=":material/flag:"):
        state.put(state.TO, item)
        state.put("choose-b", "item")
        st.switch_page("../pages/paths.py")


def _class_of(run: Run, row: int) -> str:
    name = short_class(run, row)
    return f" · class {name}" if name else ""


def short_class(run: Run, row: int) -> str:
    """The name of a row's class, or an empty text."""
    classes, label = cached.info(run.id).classes, int(cached.table(run.id).labels[row])
    return classes[label] if 0 <= label < len(classes) else ""
