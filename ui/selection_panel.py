"""What stands under the map: how much is selected, of what, its members and its middle, and what to do with it."""

import html

import numpy as np
import streamlit as st

from aelib.figures.colours import class_palette
from aelib.latent import groups
from aelib.runs.folder import Run
from ui import cached, decoding, frame, pictures, selection, selection_acts, state
from ui.inspector import short_class, support_bar

LARGEST = 8  # pictures on a side of the montage
EXAMPLES = 6


def show(run: Run, on_map: int, points: np.ndarray | None) -> None:
    """The panel of the shared selection.

    Args:
        run: The run.
        on_map: How many of the selected items the map on screen shows.
        points: Places of all items of the run on that map, for exports.
    """
    items, table = selection.selected_items(run.id), cached.table(run.id)
    rows = np.zeros(0, int) if items is None else np.flatnonzero(np.isin(table.index, items))
    with st.container(border=True):
        _head(run, rows, on_map)
        selection_acts.show(run, rows, points)
        if len(rows) < 2:
            return
        members, middle, examples = st.columns([2.2, 1, 2.2], gap="medium")
        with members:
            _montage(run.id, rows)
        with middle:
            _mean(run, rows)
        with examples:
            _examples(run, rows)


def _head(run: Run, rows: np.ndarray, on_map: int) -> None:
    table, classes = cached.table(run.id), cached.info(run.id).classes
    if not len(rows):
        st.caption("**No selection yet.** Shift-drag on a flat map draws a lasso; shift-click collects items.")
        return
    elsewhere = f" · {on_map:,} of them on this map" if on_map != len(rows) else ""
    error = f" · mean squared error {table.errors[rows].mean():.2f}" if table.has_errors else ""
    st.markdown(f"**{len(rows):,} selected**{elsewhere}{error}")
    if classes and (table.labels[rows] >= 0).any():
        st.html(_class_mix(table.labels[rows], classes))


@st.fragment
def _montage(run_id: str, rows: np.ndarray) -> None:
    """Members drawn at random, the same ones for the same link."""
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
        side = state.whole("Montage, pictures a side", 1, LARGEST, state.MONTAGE, 5)
        seed = state.number(state.RESAMPLE) or 0
        if st.button("Resample", icon=":material/casino:", disabled=len(rows) <= (side or 1) ** 2):
            seed += 1
            state.put_address(state.RESAMPLE, str(seed))
    count = min((side or 1) ** 2, len(rows))
    chosen = np.sort(np.random.default_rng(seed).choice(rows, count, replace=False)) if count < len(rows) else rows
    note = f"{count} of {len(rows):,}, at random (draw {seed})" if count < len(rows) else "all of them"
    drawn = cached.pictures(run_id)[chosen]
    sheet = pictures.sheet(drawn, max(48, 384 // (side or 1)), columns=side or 1)
    st.image(sheet, caption=note, output_format="PNG")


def _mean(run: Run, rows: np.ndarray) -> None:
    st.markdown("**Mean code**")
    model = frame.model_class(run)
    if not model.can_decode or model.code_shape == "grid":
        st.caption("Nothing is drawn from a mean code here: this model has no decoder for one.")
        return
    table = cached.table(run.id)
    mean = table.codes[rows].mean(axis=0, keepdims=True)
    labels = table.labels[rows]
    decoded = decoding.decode_codes(run.id, mean, most_common(labels))
    picture = pictures.enlarged(decoded.pictures[0].transpose(2, 0, 1), 128)
    st.image(picture, caption="decoded", output_format="PNG")
    support_bar(float(decoded.support[0]))
    if st.button("Open in Decode", key="mean-in-decode", icon=":material/tune:"):
        code = ",".join(f"{value:.5g}" for value in mean[0])
        st.switch_page("../pages/decode.py", query_params={state.RUN: run.id, state.CODE: code})


def _examples(run: Run, rows: np.ndarray) -> None:
    table, drawn = cached.table(run.id), cached.pictures(run.id)
    st.markdown("**Typical** :small[nearest to the mean code]")
    near = groups.typical(table.codes, rows, EXAMPLES)
    pictures.row(list(drawn[near]), [_caption(run, row) for row in near], columns=EXAMPLES)
    kinds = {"far": "farthest from the mean code"} | ({"error": "largest error"} if table.has_errors else {})
    kind = st.segmented_control(
        "Odd", list(kinds), default="far", format_func=kinds.__getitem__, key="odd-kind", required=True
    )
    far = groups.odd(table.codes, rows, EXAMPLES)
    if kind == "error":
        far = rows[np.argsort(-table.errors[rows], kind="stable")[:EXAMPLES]]
    pictures.row(list(drawn[far]), [_caption(run, row) for row in far], columns=EXAMPLES)


def most_common(labels: np.ndarray) -> int:
    """The label that most items have; 0 where none has one."""
    return int(np.bincount(labels[labels >= 0]).argmax()) if (labels >= 0).any() else 0


def _caption(run: Run, row: int) -> str:
    return short_class(run, row) or f"#{cached.table(run.id).index[row]}"


def _class_mix(labels: np.ndarray, classes: tuple[str, ...]) -> str:
    """A bar of the classes' shares; the names are text, escaped."""
    counts = np.bincount(labels[labels >= 0], minlength=len(classes))
    palette, whole = class_palette(len(classes)), max(int(counts.sum()), 1)
    largest = np.argsort(-counts, kind="stable")[:60]  # thinner ones could not be seen
    parts = "".join(
        f'<span title="{html.escape(classes[c])}: {counts[c]}" style="flex:{counts[c]};background:{palette[c]}"></span>'
        for c in sorted(largest)
        if counts[c]
    )
    top = ", ".join(f"{html.escape(classes[c])} {counts[c] / whole:.0%}" for c in largest[:4] if counts[c])
    return f'<div style="display:flex;height:10px;border-radius:5px;overflow:hidden">{parts}</div><small>{top}</small>'
