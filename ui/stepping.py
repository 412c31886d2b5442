"""Step mode on the Train page: one batch, one epoch, slow motion, and what is to be seen after every step."""

import time
from functools import partial

import streamlit as st

from aelib.figures.steps import code_moves, step_curves
from aelib.jobs import changing, queue, stepping
from aelib.jobs.permission import is_demo
from aelib.registry import MODELS
from aelib.runs.folder import ACTIVE, Run
from ui import frame, run_actions

PATIENCE = 1.5  # seconds that a click waits for its step to be seen
PACES = {
    "batch": ("One batch", ":material/skip_next:", "Takes one step and waits"),
    "epoch": ("One epoch", ":material/last_page:", "Goes on to the end of the epoch and waits"),
    "slow": ("Slow motion", ":material/slow_motion_video:", "Takes so many steps a second and shows each"),
    "go": ("Full speed", ":material/fast_forward:", "Goes on without waiting"),
}


def is_walked(run: Run) -> bool:
    """Whether the run was last asked for a pace other than full speed."""
    return _pace(run) not in ("", "go")


def controls(run: Run, state_now: str) -> None:
    """The paces, for a run that waits, trains or can be resumed."""
    if is_demo() or state_now not in (*ACTIVE, "queued", *queue.RESUMABLE) or state_now == "stopping":
        return
    if MODELS.load(run.raw_config["model"]["name"]).Model.is_closed_form:
        return  # fitted at once: there is no step
    with st.expander("Step by step", icon=":material/footprint:", expanded=is_walked(run)):
        st.caption(_where(run, state_now))
        places = st.columns([1, 1, 1, 1], vertical_alignment="bottom")
        rate = st.slider(
            "Slow motion: batches a second", 0.5, 10.0, 2.0, 0.5, key=f"rate-{run.id}", help="From the next click on"
        )
        for place, (kind, (label, icon, said)) in zip(places, PACES.items(), strict=True):
            if place.button(label, icon=icon, help=said, width="stretch", key=f"pace-{kind}-{run.id}"):
                run_actions.act(partial(_ask, run, kind, rate), run)


def draw(run: Run) -> None:
    """What is to be seen after the last step; nothing where the run goes at full speed."""
    if not is_walked(run):
        return
    seen = stepping.last_step(run)
    if not seen:
        st.info("The first step is to be seen here as soon as it is taken.", icon=":material/hourglass_empty:")
        return
    _, epoch, step = seen["position"]
    where = f"Epoch {epoch + 1}, batch {step} of {seen['steps']}" if step else f"The end of epoch {epoch}"
    with st.container(border=True):
        st.markdown(f"**{where}** :small[{seen['stage']}; learning rate {seen['learning_rate']:.3g}]")
        norm = seen["gradient_norm"]
        told = {**seen["parts"], **({} if norm is None else {"gradient norm": norm})}
        for place, (name, value) in zip(st.columns(max(3, len(told))), told.items(), strict=False):
            place.metric(name.replace("_", " "), f"{value:.4g}")
        st.image(
            (run.folder / "step.png").read_bytes(), width="stretch", caption=f"from above: {frame.strip_rows(run)}"
        )
        left, right = st.columns(2)
        with left:
            st.markdown("**The loss of each batch** :small[weighted sum of the parts]")
            st.plotly_chart(step_curves(seen["trail"]), key=f"steps-{run.id}", config={"displayModeBar": False})
        with right:
            _codes(run, seen)


def _codes(run: Run, seen: dict) -> None:
    if not seen["codes"]:
        st.caption("This model has no codes to show.")
        return
    moved = "each with its way since the step before" if len(seen["codes"][0]) == 2 else "one row per item"
    st.markdown(f"**Codes of the items above** :small[{moved}]")
    figure = code_moves(seen["codes"], seen["codes_before"], seen["labels"])
    st.plotly_chart(figure, key=f"step-codes-{run.id}", config={"displayModeBar": False})


def _where(run: Run, state_now: str) -> str:
    if state_now in queue.RESUMABLE:
        return f"It is {state_now}. A click queues it, and it goes on from its last resume point at this pace."
    if run.status().get("waits"):
        return "It waits for you. What you change with *Change while it trains* holds from the next step on."
    return "The same batches with the same results as at full speed; waiting is not counted as training."


def _pace(run: Run) -> str:
    asked = [settings["pace"] for settings in run.queue().get("asked", []) if "pace" in settings]
    return asked[-1] if asked else next((row["pace"] for row in reversed(changing.lines(run)) if "pace" in row), "")


def _ask(run: Run, kind: str, rate: float) -> None:
    before = _stamp(run)
    stepping.ask(run, kind, rate)
    end = time.monotonic() + (PATIENCE if run.status().get("waits") and kind == "batch" else 0)
    while time.monotonic() < end and _stamp(run) == before:
        time.sleep(0.03)


def _stamp(run: Run) -> float:
    path = run.folder / "step.json"
    return path.stat().st_mtime if path.exists() else 0.0
