"""What can be done with a run from the page: stop, pause, resume, take more epochs, change it while it trains."""

import json
import secrets
from collections.abc import Callable
from typing import Any

import streamlit as st

from aelib.config import RunConfig
from aelib.errors import AelibError
from aelib.jobs import queue, stopping
from aelib.jobs.permission import is_demo
from aelib.jobs.starting import start_sentence
from aelib.runs.folder import ACTIVE, Run
from ui import state

DEMO = "This is a demo: look at everything and move it; nothing here is trained, stopped, renamed or deleted."


def say_demo() -> None:
    """One sentence in demo mode."""
    if is_demo():
        st.info(DEMO, icon=":material/visibility:")


def say_progress(run: Run, state_now: str) -> None:
    """What a person should know beside the bar: no progress, cut off and taken up again, where it started."""
    if said := stopping.silence(run):
        st.warning(said, icon=":material/hourglass_disabled:")
    automatic = int(run.queue().get("automatic", 0))
    if state_now == "interrupted" and automatic >= queue.AUTOMATIC:
        st.warning(f"Cut off again after it was resumed by itself {automatic} times. Now it waits for you: Resume.")
    elif state_now == "interrupted":
        st.warning("Its worker is gone (killed, or the machine restarted). Resume goes on from the last resume point.")
    elif automatic and state_now in (*ACTIVE, "queued"):
        st.caption(f"It was cut off and resumed by itself, {automatic} of at most {queue.AUTOMATIC} times.")
    if said := start_sentence(run):
        st.caption(said)


def main_buttons(run: Run, state_now: str, row: Any) -> None:
    """Stop and pause while it waits or trains, resume and more epochs afterwards."""
    if is_demo():
        return
    if state_now in ("queued", "starting", "running"):
        if row.button("Stop", icon=":material/stop_circle:", key=f"stop-{run.id}"):
            act(lambda: queue.stop(run), run)
        if row.button("Pause", icon=":material/pause:", key=f"pause-{run.id}"):
            act(lambda: queue.pause(run), run)
    elif state_now == "stopping":
        row.caption("Stopping: two seconds at most, then it is ended.")
    elif state_now in queue.RESUMABLE:
        if row.button("Resume", icon=":material/resume:", key=f"resume-{run.id}"):
            act(lambda: queue.resume(run), run)
    elif state_now == "completed":
        with row.popover("More epochs"):
            _more_epochs(run)


def more(run: Run, state_now: str) -> None:
    """Settings that can be changed while it trains; its place in the queue while it waits."""
    if is_demo():
        return
    if state_now == "queued":
        now = int(run.queue().get("priority", 0))
        sooner, later, said = st.columns([1, 1, 2], vertical_alignment="center")
        if sooner.button("Sooner", icon=":material/arrow_upward:", width="stretch", key=f"sooner-{run.id}"):
            act(lambda: queue.prioritise(run, now + 1), run)
        if later.button("Later", icon=":material/arrow_downward:", width="stretch", key=f"later-{run.id}"):
            act(lambda: queue.prioritise(run, now - 1), run)
        said.caption(f"Priority {now}; higher starts first")
    if state_now in ("starting", "running"):
        with st.popover("Change while it trains", icon=":material/tune:"):
            _change(run)


def act(what: Callable[[], Any], watched: Run | None = None) -> None:
    """Do it and draw again; a refusal is said where the button was.

    In the panel of a ``watched`` run, which draws itself again each second, that sentence would be gone by then: there
    it stands at the head (``say_refusal``) until something else is done.
    """
    try:
        what()
    except AelibError as error:
        if watched is None:
            st.error(str(error), icon=":material/error:")
            return
        state.put(state.REFUSED, (watched.id, str(error)))
    else:
        state.drop(state.REFUSED)
    st.rerun(scope="app")


def say_refusal(run: Run) -> None:
    """Why the last thing asked of this run was not done."""
    of, sentence = state.get(state.REFUSED, ("", ""))
    if of == run.id:
        st.error(sentence, icon=":material/error:")


def _more_epochs(run: Run) -> None:
    st.caption("A new run that starts from these weights. This one stays as it is; the optimiser starts afresh.")
    epochs = int(st.number_input("Epochs", 1, 10_000, 20, key=f"more-epochs-{run.id}"))
    if st.button("Train on", type="primary", key=f"more-{run.id}"):
        act(lambda: _submit_more(run, epochs), run)


def _submit_more(run: Run, epochs: int) -> None:
    training = {**run.raw_config.get("training", {}), "epochs": epochs, "start": run.id}
    config = RunConfig.parse({**run.raw_config, "training": training, "dataset_hash": ""})
    name = run.queue().get("name") or run.id
    made = queue.submit(run.folder.parent, config, name=f"{name}, {epochs} more", nonce=secrets.token_hex(8))
    state.put_address(state.WATCH, made.id)


def _change(run: Run) -> None:
    from aelib.jobs import changing

    st.caption("Takes effect within a second, at a step that is written down: the run stays repeatable.")
    config = changing.as_it_stands(run)
    given, places = {}, st.columns(2)
    for number, (path, value) in enumerate(changing.changeable(config).items()):
        label = path.partition(".")[2].replace("_", " ").replace(".", " ").capitalize()
        step = 10.0 ** (len(str(int(1 / value))) * -1) if 0 < value < 0.1 else 0.1
        typed = places[number % 2].number_input(
            label, value=float(value), step=step, format="%.4g", key=f"change-{path}-{run.id}"
        )
        if typed != value:
            given[path] = typed
    if st.button("Change", disabled=not given, key=f"change-{run.id}"):
        act(lambda: _ask(run, given), run)


def _ask(run: Run, given: dict[str, float]) -> None:
    from aelib.jobs import changing

    changing.ask(run, given)
    st.toast("Asked. It is told below the buttons as soon as it holds.", icon=":material/tune:")


def say_changes(run: Run) -> None:
    """The changes that took effect, each with its epoch and step."""
    from aelib.jobs import changing

    rows = [row for row in changing.lines(run) if row["set"]]  # a pace changes nothing of what is learnt
    if rows:
        said = []
        for row in rows:
            _, epoch, step = row["position"]
            said.append(f"epoch {epoch + 1}, step {step + 1}: {json.dumps(row['set'])[1:-1]}")
        st.caption("Changed while it trained: " + " · ".join(said).replace('"', ""))
