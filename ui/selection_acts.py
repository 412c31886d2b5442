"""What can be done with the selection: invert, grow, shrink, keep by name, take out, make a direction of two."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from aelib.errors import AelibError
from aelib.exchange import selections as exported
from aelib.latent import groups
from aelib.runs import selections
from aelib.runs.folder import Run
from ui import cached, direction, selection

FORMATS = {
    "csv": "CSV: item, class, error, place, code",
    "parquet": "Parquet: the same table",
    "npz": "NPZ: codes, points, labels, pictures; can be imported",
    "zip": "ZIP: one PNG per item",
}


def show(run: Run, rows: np.ndarray, points: np.ndarray | None) -> None:
    """One line of buttons.

    Args:
        run: The run.
        rows: Selected rows of the code table, maybe none.
        points: Places of all items of the run on the map on screen.
    """
    table, some = cached.table(run.id), len(rows) > 0
    with st.container(horizontal=True, gap="small"):
        if some:
            if st.button("Invert", icon=":material/flip:", help="Select what is not selected, of all splits"):
                _put(run, np.setdiff1d(np.arange(len(table)), rows))
            with st.popover("Grow, shrink", icon=":material/hub:"):
                _neighbours(run, rows)
        with st.popover(
            "Saved", icon=":material/bookmark:", help="Keep the selection with the run, or open a kept one"
        ):
            _saved(run, some)
        if some:
            with st.popover("Export", icon=":material/download:"):
                _export(run, rows, points)
        if some or direction.has_any(run.id):
            with st.popover("Direction", icon=":material/arrow_right_alt:", help="From one selection to another"):
                direction.show(run, rows)
        if some and st.button("Clear", icon=":material/close:", help="Select nothing (Esc on the map)"):
            selection.clear()
            st.rerun()


def _put(run: Run, rows: np.ndarray) -> None:
    selection.put(run.id, np.sort(cached.table(run.id).index[rows]))
    st.rerun()


def _neighbours(run: Run, rows: np.ndarray) -> None:
    codes = cached.table(run.id).codes
    k = int(st.number_input("Nearest neighbours in the code space", 1, 50, value=5, step=1, key="grow-neighbours"))
    grow = st.button("Grow", icon=":material/add:", help="Take in these neighbours of each member", width="stretch")
    shrink = st.button(
        "Shrink", icon=":material/remove:", help="Drop members with such a neighbour outside", width="stretch"
    )
    if not grow and not shrink:
        return
    try:
        with st.spinner("Looking for neighbours…"):
            found = (groups.grow if grow else groups.shrink)(codes, rows, k)
    except AelibError as error:
        st.error(str(error))
        return
    if len(found) == len(rows):
        st.info("Nothing changes: the neighbours of all members are members.", icon=":material/info:")
    elif not len(found):
        st.info("Nothing would be left: each member has a neighbour outside.", icon=":material/info:")
    else:
        _put(run, found)


def _saved(run: Run, some: bool) -> None:
    items = selection.selected_items(run.id)
    if some and items is not None:
        with st.form("save-selection", border=False, clear_on_submit=True):
            name = st.text_input("Name", max_chars=selections.LONGEST_NAME, placeholder="the odd sevens")
            if st.form_submit_button("Save this selection", icon=":material/bookmark_add:", type="primary"):
                _try(lambda: selections.save(run, items, name.strip() or " "))
    named = {saved.id: saved for saved in selections.listed(run) if saved.name}
    if not named:
        st.caption("Nothing is saved with this run yet.")
        return
    chosen = st.selectbox(
        "Saved with this run",
        list(named),
        format_func=lambda each: f"{named[each].name} ({named[each].count:,})" if each in named else each,
        key="saved-selection",
    )
    if chosen in named:
        _use_saved(run, named[chosen], items)


def _use_saved(run: Run, saved: selections.Saved, items: np.ndarray | None) -> None:
    def combine(how: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> None:
        kept = selections.items_of(run, saved.id)
        fresh = how(np.zeros(0, int) if items is None else items, kept)
        if len(fresh):
            selection.put(run.id, fresh)
        else:
            st.toast("No item is in both.", icon=":material/info:")

    with st.container(horizontal=True, gap="small"):
        if st.button("Select these", type="primary", help="Instead of what is selected now"):
            _try(lambda: combine(lambda _, kept: kept))
        if st.button("Add", disabled=items is None, help="Select these too (union)"):
            _try(lambda: combine(np.union1d))
        if st.button("Keep common", disabled=items is None, help="Select what is in both (intersection)"):
            _try(lambda: combine(np.intersect1d))
    with st.form("rename-selection", border=False):
        name = st.text_input("Rename it", saved.name, max_chars=selections.LONGEST_NAME, key=f"rename-{saved.id}")
        if st.form_submit_button("Rename"):
            _try(lambda: selections.rename(run, saved.id, name or " "))
    if st.button("Delete", icon=":material/delete:", help="Links to it will say that it is gone"):
        _try(lambda: selections.delete(run, saved.id))


def _export(run: Run, rows: np.ndarray, points: np.ndarray | None) -> None:
    kind = st.selectbox("As", list(FORMATS), format_func=FORMATS.__getitem__, key="export-format")
    table, info = cached.table(run.id).take(rows), cached.info(run.id)
    places = None if points is None else points[rows]
    pictured = kind == "npz" and info.kind == "images" and st.toggle("With the pictures", value=True)
    try:
        exported.refuse_too_large(kind, table, len(rows) * int(np.prod(info.picture_shape)) if pictured else 0)
    except AelibError as error:
        st.warning(str(error))
        return

    def made() -> bytes:
        if kind == "csv":
            return exported.to_csv(table, info.classes, places)
        if kind == "parquet":
            return exported.to_parquet(table, info.classes, places)
        if kind == "zip":
            return exported.to_zip(cached.pictures(run.id)[rows], table, info.classes)
        flat = None if places is None or places.shape[1] != 2 else places
        return exported.to_npz(table, info.classes, flat, cached.pictures(run.id)[rows] if pictured else None)

    # Made when asked for, and without drawing the page again.
    st.download_button(
        f"Download {len(rows):,} items",
        made,
        f"{run.id}-selection.{kind}",
        type="primary",
        icon=":material/download:",
        on_click="ignore",
    )
    st.caption(
        f"At most {exported.MOST_CELLS:,} numbers in a table, {exported.MOST_BYTES // 2**20} MiB of arrays, "
        f"{exported.MOST_PICTURES:,} pictures. Places are those of the map on screen."
    )


def _try(act: Callable[[], object]) -> None:
    """Do it and draw the page again, or say why not (a taken name, a read-only folder)."""
    try:
        act()
    except AelibError as error:
        st.error(str(error), icon=":material/error:")
    else:
        st.rerun()
