"""Two remembered selections, A and B, and the direction from the mean code of one to that of the other."""

import numpy as np
import streamlit as st

from aelib.errors import AelibError
from aelib.latent import groups
from aelib.runs.folder import Run
from ui import cached, frame, selection, state

NAMES = {state.FIRST: "A", state.SECOND: "B"}


def has_any(run_id: str) -> bool:
    """Whether A or B is remembered."""
    return any(remembered(run_id, key) is not None for key in NAMES)


def remembered(run_id: str, key: str) -> np.ndarray | None:
    """Rows of the code table of A (``state.FIRST``) or B (``state.SECOND``), or None; the address then carries them."""
    text, known = state.address(key), state.get(f"remembered-{key}")
    if known is None or known.run_id != run_id or text not in ("", known.text):
        if not text:
            return None
        try:
            known = selection.Known(run_id, text, selection.evaluate(run_id, f"~{text}"))
        except AelibError as error:
            st.toast(f"Selection {NAMES[key]} of this link cannot be shown. {error}", icon=":material/info:")
            state.put_address(key, "")
            return None
        state.put(f"remembered-{key}", known)
    state.put_address(key, known.text)
    rows = np.flatnonzero(np.isin(cached.table(run_id).index, known.items))
    return rows if len(rows) else None


def as_code(run_id: str, key: str) -> str:
    """The library's expression for the items of A or B."""
    known: selection.Known = state.get(f"remembered-{key}")
    if known.text.startswith("="):
        return f'selections.items_of(run, "{known.text[1:]}")'
    return repr(known.items.tolist())


def remember(run_id: str, key: str, rows: np.ndarray) -> None:
    """Make these rows A or B."""
    items = np.sort(cached.table(run_id).index[rows])
    text = selection.written(run_id, items)
    state.put(f"remembered-{key}", selection.Known(run_id, text, items))
    state.put_address(key, text)


def both(run_id: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Rows of A and of B, where both are remembered."""
    first, second = remembered(run_id, state.FIRST), remembered(run_id, state.SECOND)
    return None if first is None or second is None else (first, second)


def show(run: Run, rows: np.ndarray) -> None:
    """Remember the selection as A or as B; with both, the direction's length, and Paths along it."""
    for key, name in NAMES.items():
        known = remembered(run.id, key)
        words = "nothing yet" if known is None else f"{len(known):,} items"
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            if st.button(f"Remember as {name}", disabled=not len(rows), key=f"remember-{key}"):
                remember(run.id, key, rows)
                st.rerun()
            st.caption(words)
    found = both(run.id)
    if found is None:
        st.caption("Two selections make a direction: remember one as A and another one as B.")
        return
    codes = cached.table(run.id).codes
    length = float(np.linalg.norm(groups.direction(codes, *found)))
    st.markdown(f"From the mean of A to the mean of B: **{length:.2f}** in the code space", help=_scale(codes))
    model = frame.model_class(run)
    if not model.can_decode or model.code_shape == "grid":
        st.caption("This model draws nothing from a mean code, so there is no path to look at.")
    elif st.button("Move the mean of A towards B", type="primary", icon=":material/route:"):
        here = {state.RUN: run.id, "a": "selection", "b": "selection"}
        st.switch_page("../pages/paths.py", query_params=here | {key: state.address(key) for key in NAMES})


def _scale(codes: np.ndarray) -> str:
    spread = float(np.sqrt(codes.var(axis=0).sum()))
    return f"An item lies {spread:.2f} from the mean of all items, as a root mean square."
