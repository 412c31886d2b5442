"""Watching a run: progress, named loss curves, a strip of reconstructions per epoch, and what can be done with it."""

import time

import streamlit as st

from aelib.errors import AelibError
from aelib.figures.charts import loss_curves
from aelib.jobs import queue
from aelib.runs.folder import ACTIVE, Run, default_checkpoints, list_runs
from ui import frame, movie, run_actions, state, stepping

BESIDE = 2  # curves beside the movie
UNITS = {
    "loss": "weighted sum of the parts",
    "error": "squared error per item, pixels in [0, 1]",
    "error_corrupted": "squared error from corrupted inputs to clean items",
    "cross_entropy_above_floor": "nats per item above the floor",
    "gaussian_error": "nats per item, without its constant",
    "squared_error": "per item, summed over its features",
    "kl": "nats per item, before its weight",
    "squared_error_on_corrupted": "per item, summed over places that the corruption changed",
    "squared_error_on_clean": "per item, summed over places left as they were",
    "cross_entropy_on_corrupted": "nats per item above the floor, over places that the corruption changed",
    "cross_entropy_on_clean": "nats per item above the floor, over places left as they were",
    "weight_l1": "sum of |w|, before its weight",
    "weight_l2": "half the sum of w², before its weight",
    "code_l1": "sum of |h| per item, before its weight",
    "rate_divergence": "nats, summed over units, before its weight",
    "active_units": "units on per item; moves nothing",
    "dead_units": "units on for no item of a batch; moves nothing",
    "gradient_norm": "Euclidean length of all gradients, mean over batches",
    "active_dimensions": "numbers of the code whose mean varies by more than 0.01 over validation items",
    "learning_rate": "at the epoch's end",
    "jacobian": "squared norm of dh/dx per item, before its weight",
}

GAUGES = ("gradient_norm", "active_dimensions", "learning_rate")  # drawn after the parts of the loss


def choose() -> Run | None:
    """The watched run: that of the address, else the newest."""
    runs = {run.id: run for run in list_runs(default_checkpoints()) if not _is_imported(run)}
    if not runs:
        return None
    ids, asked = list(runs), state.address(state.WATCH)
    place = ids.index(asked) if asked in runs else 0
    chosen = st.selectbox(
        "Watching", ids, index=place, format_func=lambda run_id: f"{frame.run_title(runs[run_id])} · {run_id}"
    )
    if chosen != (asked or ids[0]):
        state.put_address(state.WATCH, chosen)
        state.put_address(state.FRAME, "")  # a moment of another run's movie
    return runs[chosen]


def _is_imported(run: Run) -> bool:
    try:
        return run.is_imported
    except AelibError:  # a broken folder is shown, with its fault
        return False


def draw(run: Run) -> None:
    """The whole panel; it draws itself again each second while the run is active."""
    active = run.status()["state"] in (*ACTIVE, "queued")
    st.fragment(_panel, run_every=(0.5 if stepping.is_walked(run) else 1) if active else None)(run.id, active)


def _panel(run_id: str, was_active: bool) -> None:
    try:
        _draw(Run(default_checkpoints() / run_id), was_active)
    except AelibError as error:  # a broken file of this run; the form beside it goes on
        st.error(str(error), icon=":material/error:")


def _draw(run: Run, was_active: bool) -> None:
    status = run.status()
    now_active = status["state"] in (*ACTIVE, "queued")
    if was_active and not now_active:
        st.rerun()  # the last redraw, without the timer
    _head(run, status)
    stepping.draw(run)
    rows = run.metrics()
    _movie_and_curves(run, rows)
    _strips(run)
    if rows and not now_active:
        _figures(status)
    log = run.folder / "worker.log"
    if status["state"] == "failed" and log.exists():
        with st.expander("Worker log"):
            st.code(log.read_text("utf-8", errors="replace")[-4000:])


def _head(run: Run, status: dict) -> None:
    state_now = status["state"]
    epochs, epoch = status.get("epochs") or 1, status.get("epoch", 0)
    steps = status.get("steps") or 0
    whole = min(1.0, (epoch + (status.get("step", 0) / steps if steps else 0)) / epochs) if epochs else 1.0
    facts = [f"epoch {epoch} of {epochs}"]
    if state_now == "running":
        left = status.get("seconds_left")
        walked = stepping.is_walked(run)  # then it is a person who takes the time
        facts += [f"{frame.seconds(left)} left"] if left is not None and not walked else []
        facts += [f"learning rate {status['learning_rate']:.3g}"] if status.get("learning_rate") else []
        facts += [f"{status.get('items_per_second', 0):,} items/s", f"on {status.get('device', '?')}"]
        facts = ["waits for you: Step by step" if status.get("waits") else "", *facts]
    elif state_now == "queued":
        places = queue.runs_per_device()
        facts = [f"waits for its turn: {'one run' if places == 1 else f'{places} runs'} at a time per device"]
    elif status.get("seconds") is not None:
        took = f"took {frame.seconds(status['seconds'])}"
        facts.append(f"{took} on {status['device']}" if status.get("device") else f"{took}, on another machine")
    st.markdown(f"**{frame.run_title(run)}** {frame.badge(state_now)}")
    st.progress(whole, text=" · ".join(filter(None, facts)))
    with st.container():  # a place of its own: what comes and goes here would close an open popover below it
        if status.get("problem"):
            st.error(status["problem"], icon=":material/error:")
        run_actions.say_refusal(run)
        run_actions.say_progress(run, state_now)
        if status.get("way"):
            st.caption(f"How it computes: {status['way']}")
    _buttons(run, state_now)
    run_actions.more(run, state_now)
    stepping.controls(run, state_now)
    run_actions.say_changes(run)


def _buttons(run: Run, state_now: str) -> None:
    row = st.container(horizontal=True, gap="small")
    run_actions.main_buttons(run, state_now, row)
    if row.button("Clone", icon=":material/content_copy:", key=f"clone-{run.id}"):
        state.put_address(state.CLONE, run.id)
        st.rerun(scope="app")
    has_weights = frame.has_weights(run)
    if has_weights and row.button("Open map", icon=":material/map:", key=f"map-{run.id}"):
        st.switch_page("../pages/map.py", query_params={state.RUN: run.id})
    if has_weights and row.button("Reconstructions", key=f"recon-{run.id}"):
        st.switch_page("../pages/reconstructions.py", query_params={state.RUN: run.id})


def _movie_and_curves(run: Run, rows: list[dict]) -> None:
    """The movie with the first curves beside it, the others below; without a movie all curves below each other."""
    rows = [{**row, "train": {**row.get("train", {}), **_gauged(row)}} for row in rows]
    names = _named_parts(rows)
    if run.status()["state"] != "queued":
        watched, beside = st.columns([1.45, 1])
        with watched:
            movie.draw(run)
        with beside:
            for name in names[:BESIDE]:
                _curve(rows, name)
        names = names[BESIDE:]
    for start in range(0, len(names), 2):
        for place, name in zip(st.columns(2), names[start : start + 2], strict=False):
            with place:
                _curve(rows, name)


def _curve(rows: list[dict], name: str) -> None:
    with st.container(border=True):
        st.markdown(f"**{name.replace('_', ' ')}** :small[{UNITS.get(name, '')}]")
        st.plotly_chart(loss_curves(rows, name), key=f"curve-{name}", config={"displayModeBar": False})


def _named_parts(rows: list[dict]) -> list[str]:
    """A chart each, training against validation; parts of all stages in the order they appear."""
    names = list(dict.fromkeys(name for row in rows for kind in ("validation", "train") for name in row.get(kind, {})))
    parts = [name for name in names if name not in GAUGES]
    if len(parts) == 3 and "loss" in parts:
        names.remove("loss")  # one part only: the loss is that part again
    first = [name for name in ("error", "loss") if name in names]
    moved = len({row["learning_rate"] for row in rows}) > 1
    gauges = [name for name in GAUGES if name in names and (moved or name != "learning_rate")]
    return [name for name in names if name not in (*first, *gauges)] + first + gauges


def _gauged(row: dict) -> dict:
    """What is measured of the model itself, beside its loss: shown like a part."""
    return {**row.get("gauges", {}), "learning_rate": row["learning_rate"]} if "gauges" in row else {}


def _strips(run: Run) -> None:
    previews = run.previews()
    if not previews:
        return
    with st.container(border=True):
        rows = frame.strip_rows(run)
        st.markdown(f"**The same items, epoch by epoch** :small[from above: {rows}; validation]")
        epochs = [int(path.stem.rpartition("-")[2]) for path in previews]
        chosen = epochs[-1]
        if len(epochs) > 1:
            follow = st.toggle("Follow the newest", value=True, key=f"follow-{run.id}")
            if not follow:
                chosen = st.select_slider("Epoch", epochs, value=epochs[-1], key=f"epoch-{run.id}")
        st.image(previews[epochs.index(chosen)].read_bytes(), width="stretch", caption=f"epoch {chosen}")


def _figures(status: dict) -> None:
    validation, test = status.get("validation_error"), status.get("test_error")
    if validation is None:
        return
    places = st.columns(3)
    places[0].metric("Validation error", f"{validation:.3f}", help="Squared error per item of the best weights")
    told = "–" if test is None else f"{test:.3f}"  # of a run that was stopped: it is judged when it completes
    places[1].metric("Test error", told, help="The same on test items, which nothing was chosen by")
    ended = status.get("ended")
    places[2].metric("Ended", time.strftime("%d %b %H:%M", time.localtime(ended)) if ended else "–")
