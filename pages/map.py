"""The map of a run's codes: look, hover, click, lasso, decode anywhere."""

import streamlit as st

from aelib.config import read_choice
from aelib.registry import PROJECTIONS
from ui import cached, decoding, frame, map_state
from ui.components.map import latent_map
from ui.inspector import show_item, show_place, show_selection

run_place, method_place, colour_place, split_place = frame.bar("Map", [2.4, 1.2, 1.2, 1.2])
with run_place:
    run = frame.choose_run()
table = frame.codes_of(run)
with split_place:
    split = frame.choose_split(run)
with method_place:
    method = map_state.choose_method(run.id)
with colour_place:
    colour = map_state.choose_colour(run.id)

config = read_choice(PROJECTIONS, method)
shown, note = map_state.projection_on_screen(run, config)
st.caption(f"{frame.run_facts(run)} · {note}")

rows = decoding.split_rows(run.id, split)
points = cached.points(run.id, shown)
assert points is not None, "projection_on_screen gives only what is there"
cached.prepare(run.id, shown)
view = map_state.read(run.id, points[rows], table.index[rows])

can_decode = frame.model_class(run).can_decode
stage, inspector = st.columns([2.6, 1], gap="medium")
with stage:
    gesture = latent_map(
        run.id,
        split,
        shown,
        colour,
        selection=view.selection,
        picked=view.picked,
        camera=map_state.camera(),
        marks=view.marks,
    )
if map_state.take(gesture, run.id, shown.name, table.index[rows]):
    st.rerun()
with inspector:
    if view.ground is not None and can_decode:
        show_place(run, shown, view.ground)
    elif view.picked is not None:
        show_item(run, int(rows[view.picked]))
    else:
        with st.container(border=True):
            st.markdown("**Nothing picked yet**")
            ground = ", or the empty ground to decode it" if can_decode else ""
            st.caption(f"Click a point to look at its item{ground}. Shift-drag draws a lasso.")
if view.selection is not None and len(view.selection) > 1:
    show_selection(run, rows[view.selection])
frame.show_code(map_state.code(run.id, shown))
