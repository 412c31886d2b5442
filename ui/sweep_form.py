"""A sweep from the page: values for some settings of the form above, and a table that fills as the runs end."""

import secrets
from pathlib import Path
from typing import Any

import streamlit as st

from aelib.errors import AelibError
from aelib.jobs import sweep
from aelib.jobs.permission import is_demo
from aelib.runs.folder import ACTIVE, default_checkpoints
from ui import state

EXAMPLE = "model.latent_dim=2,4,8\nmodel.beta=1,4"


def draw(raw: dict[str, Any], key: str) -> None:
    """Lines of settings, the number of runs they make, and a button."""
    if is_demo():
        return
    with st.expander("Sweep: this form with several values", icon=":material/grid_on:"):
        text = st.text_area(
            "One setting per line",
            placeholder=EXAMPLE,
            key=f"{key}.sweep",
            help="FIELD=VALUE,VALUE; every combination is a run",
        )
        lines = [line.strip() for line in (text or "").splitlines() if line.strip()]
        if not lines:
            st.caption("For instance `model.latent_dim=2,4,8` and `training.seed=0,1,2`: nine runs.")
            return
        name = st.text_input("Name of the sweep", key=f"{key}.sweep-name", max_chars=60) or ""
        try:
            axes = dict(sweep.read_axis(line) for line in lines)
            number = len(sweep.points(raw, axes))
        except AelibError as error:
            st.error(str(error), icon=":material/error:")
            return
        label = f"Train {number} runs" if number != 1 else "Train 1 run"
        if st.button(label, disabled=not name.strip(), key=f"{key}.sweep-go"):
            _submit(name, raw, axes)
        if not name.strip():
            st.caption("Give it a name: its table is found by it.")


def _submit(name: str, raw: dict[str, Any], axes: dict[str, list[Any]]) -> None:
    if state.get(state.SWEEP_NONCE) is None:
        state.put(state.SWEEP_NONCE, secrets.token_hex(8))
    try:
        with st.spinner("Checking every combination…"):
            runs = sweep.submit(default_checkpoints(), name, raw, axes, state.get(state.SWEEP_NONCE))
    except AelibError as error:
        st.error(str(error), icon=":material/error:")
        return
    state.drop(state.SWEEP_NONCE)
    state.put_address(state.SWEEP, name.strip())
    state.put_address(state.WATCH, runs[0].id)
    st.rerun()


def draw_table(checkpoints: Path) -> None:
    """The newest sweep's table, or that of the address; nothing where there was none."""
    known = sweep.names(checkpoints)
    if not known:
        return
    with st.container(border=True):
        asked = state.address(state.SWEEP)
        chosen = state.choose("Sweep", known, state.SWEEP, asked if asked in known else known[0])
        rows = sweep.table(sweep.of(checkpoints, chosen))
        waiting = any(row["state"] in (*ACTIVE, "queued") for row in rows)
        st.fragment(_table, run_every=2 if waiting else None)(str(checkpoints), chosen)


def _table(checkpoints: str, name: str) -> None:
    rows = sweep.table(sweep.of(Path(checkpoints), name))
    done = sum(row["state"] == "completed" for row in rows)
    st.caption(
        f"{done} of {len(rows)} completed; errors are squared errors per item, on validation unless it says test."
    )
    st.dataframe(rows, hide_index=True, width="stretch")
