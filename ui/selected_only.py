"""A switch that narrows a page to the shared selection."""

import numpy as np
import streamlit as st

from aelib.runs.folder import Run
from ui import cached, selection, state


def choose(run: Run, rows: np.ndarray) -> np.ndarray:
    """These rows of the code table, or those of them that are selected; offered while something is selected."""
    items = selection.selected_items(run.id)
    if items is None:
        state.put_address(state.ONLY, "")
        return rows
    chosen = rows[np.isin(cached.table(run.id).index[rows], items)]
    words = f"Only the selection: {len(chosen):,} of these {len(rows):,} items"
    asked = state.get(state.ONLY_WIDGET, state.address(state.ONLY) == "selection")
    state.put(state.ONLY_WIDGET, asked)  # written at each run: on another page the key is another widget
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        narrowed = st.toggle(words, key=state.ONLY_WIDGET, disabled=not len(chosen))
        if st.button("Clear the selection", type="tertiary", icon=":material/close:"):
            selection.clear()
            st.rerun()
    state.put_address(state.ONLY, "selection" if narrowed and len(chosen) else "")
    return chosen if narrowed and len(chosen) else rows
