"""Disturb an input and see what the model keeps and what it loses."""

import streamlit as st

from aelib.corruptions._base import names_for
from aelib.corruptions._stack import read_stack
from ui import cached, curves, disturb, disturb_code, frame, noise_choice, state
from ui.components.noise import noise_lab

run_place, beside_place, on_place = frame.bar("Noise", [2.2, 2.6, 1.3])
with run_place:
    run = frame.choose_run()
frame.need_encoder(run)
frame.need_items(run)
table, info = frame.codes_of(run), cached.info(run.id)
with beside_place:
    beside = noise_choice.choose_beside(run)
with on_place:
    meanings = {"input": "the input", "code": "the code"}
    on = state.choose("Disturb", list(meanings), state.ON, "input", show=meanings.__getitem__)
runs = [run, *beside]
lacking = [each for each in runs if disturb.no_code_noise(frame.model_class(each))] if on == "code" else []
for each in lacking:
    why = disturb.no_code_noise(frame.model_class(each))
    st.info(f"Noise cannot be laid on the codes of {frame.run_title(each)}: {why}. Disturb the input.")
if run in lacking:
    st.stop()
runs = [each for each in runs if each not in lacking]

cached.model(run.id)  # broken weights are told here, by their sentence
source = noise_choice.choose_source(run, table)
st.caption(f"{frame.run_facts(run)} · {source.words}")

told = st.session_state.get("noise-lab") or {}
stack, draw, level = noise_choice.stack(run, told.get("stack"))
question = {"runs": [each.id for each in runs], "on": on, **source.question}
names = frame.titles({each.id: each for each in runs})
titles = [names[each.id] for each in runs]
noise_lab(question, titles, names_for(info.kind), stack, draw, level, source.words.split(" · ")[0])
of_code = level if on == "code" else None
frame.show_code(disturb_code.lines(run.id, source.lines, stack, draw, of_code, source.question["label"]))
if on == "input":
    curves.show(runs, read_stack(stack, info.kind))
