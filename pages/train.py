"""Fill in a form, press Train, watch the model learn."""

import secrets

import streamlit as st

from aelib.cli.settings import write_command
from aelib.config import RunConfig
from aelib.errors import AelibError
from aelib.jobs import queue, stepping
from aelib.jobs.permission import is_demo
from aelib.runs.folder import default_checkpoints
from ui import frame, run_actions, run_form, state, sweep_form, warm, watch

frame.bar("Train", [4])
warm.load_torch()
run_actions.say_demo()
form_place, watch_place = st.columns([1, 2], gap="medium")

with form_place, st.container(border=True):
    start, key = run_form.choose_start()
    top = st.container()  # filled after the form below it has been read
    config, raw = None, {}
    try:
        raw = run_form.draw(start, key)
        run_form.remember(raw)
        config = RunConfig.parse(raw)
    except AelibError as error:
        top.error(str(error), icon=":material/error:")
    name = top.text_input("Name", key=f"{key}.name", max_chars=120, placeholder="what you will call this run")
    by_steps = top.toggle("Step by step", key=f"{key}.by-steps", help="It waits for you after its first batch")
    if state.get(state.NONCE) is None:
        state.put(state.NONCE, secrets.token_hex(8))
    if (
        top.button("Train", type="primary", width="stretch", disabled=config is None or is_demo())
        and config is not None
    ):
        try:
            with top, st.spinner("Checking the data…"):
                run = queue.submit(default_checkpoints(), config, name=name, nonce=state.get(state.NONCE))
                if by_steps:
                    stepping.ask(run, "batch")
        except AelibError as error:
            top.error(str(error), icon=":material/error:")
        else:
            state.drop(state.NONCE)
            state.put_address(state.WATCH, run.id)
            state.put_address(state.FRAME, "")  # the new run's movie follows its newest frame
            st.rerun()
    if config is not None:
        sweep_form.draw(raw, key)
        st.caption("The command that does the same:")
        st.code(write_command(config), language="bash", wrap_lines=True)

with watch_place:
    watched = watch.choose()
    if watched is None:
        st.info("Nothing has been trained yet. Press Train: the curves appear here.", icon=":material/monitoring:")
    else:
        frame.name_tab(watched)
        watch.draw(watched)
    sweep_form.draw_table(default_checkpoints())
