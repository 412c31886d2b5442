"""Draw an item and see what the model makes of it while the pen moves."""

import streamlit as st

from aelib.exchange.drawings import cannot_draw
from ui import cached, drawing_use, drawn, frame, noise_choice, small_map, state
from ui.components.pad import drawing_pad

run_place, way_place, _ = frame.bar("Draw", [2.4, 1.6, 2])
with run_place:
    run = frame.choose_run()
frame.need_encoder(run)
frame.need_items(run)
if reason := cannot_draw(cached.info(run.id)):
    st.info(f"A drawing cannot be an item of these data: {reason}. Take a run of pictures.", icon=":material/info:")
    st.stop()
with way_place:
    way = noise_choice.choose_way(run.id)
table = frame.codes_of(run)
cached.model(run.id)  # broken weights are told here, by their sentence
cached.prepare(run.id, small_map.projection(run.id))
st.caption(f"{frame.run_facts(run)} · {drawn.rule(run.id, way)}")

told = drawing_pad(run.id, way, noise_choice.known(state.DRAWING))
if told is not None:
    state.put(state.DRAWING, told["id"])
    state.put_address(state.DRAWING, told["id"])
picture = noise_choice.known(state.DRAWING)
if picture:
    label = int(told.get("label") or 0) if told else 0
    drawing_use.links(run, table, picture, way, label)
    frame.show_code(drawing_use.lines(run.id, picture, way, label))
