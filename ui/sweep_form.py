"""A sweep from the page: values for some settings of the form above, and a table that fills as the runs end."""

import secrets
from pathlib import Path
from typing import Any

import streamlit as st

from aelib.errors import AelibError
from aelib.jobs import searching, sweep
from aelib.jobs.permission import is_demo
from aelib.runs.folder import ACTIVE, default_checkpoints
from ui import state

EXAMPLE = "model.latent_dim=2,4,8\nmodel.beta=1,4"
SPANS = "training.learning_rate=1e-4..1e-2:log\nmodel.latent_dim=2..16"
HOW = {
    "grid": "Every combination",
    "random": "Points drawn at random",
    "tpe": "Points that learn from those before (TPE)",
}
INSTANCE = f"For instance `model.latent_dim=2,4,8` and `training.seed=0,1,2`: nine runs, at most {sweep.LIMIT}."
SEARCH = (
    "For instance `training.learning_rate=1e-4..1e-2:log`; the lowest validation error is looked for, "
    f"in at most {sweep.LIMIT} runs."
)


def draw(raw: dict[str, Any], key: str) -> None:
    """Lines of settings, the number of runs they make, and a button."""
    if is_demo():
        return
    with st.expander("Sweep: this form with several values", icon=":material/grid_on:"):
        how = st.selectbox("How", list(HOW), format_func=HOW.__getitem__, key=f"{key}.sweep-how")
        text = st.text_area(
            "One setting per line",
            placeholder=EXAMPLE if how == "grid" else SPANS,
            key=f"{key}.sweep",
            help="FIELD=VALUE,VALUE; every combination is a run. A sampler takes FIELD=LOW..HIGH and LOW..HIGH:log too",
        )
        lines = [line.strip() for line in (text or "").splitlines() if line.strip()]
        if not lines:
            st.caption(INSTANCE if how == "grid" else SEARCH)
            return
        name = st.text_input("Name of the sweep", key=f"{key}.sweep-name", max_chars=60) or ""
        try:
            if how == "grid":
                space: dict[str, Any] = dict(sweep.read_axis(line) for line in lines)
                number = len(sweep.points(raw, space))
            else:
                space = dict(searching.read_place(line) for line in lines)
                number = int(
                    st.number_input(
                        f"Runs in all (at most {sweep.LIMIT})", 1, sweep.LIMIT, 20, key=f"{key}.sweep-points"
                    )
                )
        except AelibError as error:
            st.error(str(error), icon=":material/error:")
            return
        label = f"Train {number} runs" if number != 1 else "Train 1 run"
        # A nonce that is still here is that of a sweep which was cut off half made: the button makes the rest.
        is_there = name.strip() in sweep.names(default_checkpoints()) and state.get(state.SWEEP_NONCE) is None
        if st.button(label, disabled=is_there or not name.strip(), key=f"{key}.sweep-go") and not is_there:
            _submit(name, raw, space, how, number)  # not on the second click of a double click
        if is_there:
            st.caption("There is a sweep of this name; its table stands beside. Another one needs another name.")
        elif not name.strip():
            st.caption("Give it a name: its table is found by it.")


def _submit(name: str, raw: dict[str, Any], space: dict[str, Any], how: str, number: int) -> None:
    if state.get(state.SWEEP_NONCE) is None:
        state.put(state.SWEEP_NONCE, secrets.token_hex(8))
    try:
        with st.spinner("Checking every combination…"):
            if how == "grid":
                runs = sweep.submit(default_checkpoints(), name, raw, space, state.get(state.SWEEP_NONCE))
            else:
                runs = searching.submit(default_checkpoints(), name, raw, space, how, number)
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
        waiting = any(row["state"] in (*ACTIVE, "queued") for row in rows) or searching.is_open(checkpoints, chosen)
        st.fragment(_table, run_every=2 if waiting else None)(str(checkpoints), chosen)


def _table(checkpoints: str, name: str) -> None:
    runs = sweep.of(Path(checkpoints), name)
    rows, search = sweep.table(runs), sweep.about(runs[0]).get("search")
    if search:
        planned = f"{len(rows)} of {search['points']} points chosen"
        st.caption(f"{HOW[search['sampler']]}: {planned}; the next as soon as one has ended.")
    done = sum(row["state"] == "completed" for row in rows)
    st.caption(
        f"{done} of {len(rows)} completed; errors are squared errors per item, on validation unless it says test."
    )
    st.dataframe(rows, hide_index=True, width="stretch")
