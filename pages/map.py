"""The map of a run's codes: look, hover, click, lasso, decode anywhere."""

import streamlit as st

from ui import cached, decoding, frame, map_solid, map_state, movie, projection_choice, selection_panel
from ui.components.map import latent_map
from ui.inspector import show_item, show_place

run_place, method_place, colour_place, split_place = frame.bar("Map", [2.4, 1.2, 1.2, 1.2])
with run_place:
    run = frame.choose_run()
table = frame.codes_of(run)
with split_place:
    split = frame.choose_split(run)
with method_place:
    method = projection_choice.choose_method(run.id)
with colour_place:
    colour = map_state.choose_colour(run.id)

said, settings_place = st.columns([4, 1.1], vertical_alignment="center")
with settings_place:
    config = projection_choice.choose_settings(method)
shown, note = projection_choice.on_screen(run, config)
said.caption(f"{frame.run_facts(run)} · {note}", help=projection_choice.MEANINGS)

rows = decoding.split_rows(run.id, split)
points = cached.points(run.id, shown)
assert points is not None, "on_screen gives only what is there"
is_flat = points.shape[1] == 2
cached.prepare(run.id, shown if is_flat else None)
view = map_state.read(run.id, points[rows], table.index[rows])

can_decode = frame.model_class(run).can_decode
stage, inspector = st.columns([2.6, 1], gap="medium")
with stage:
    if is_flat:
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
    else:
        gesture = map_solid.solid_map(run.id, rows, points[rows], colour, shown, view.selection, view.picked)
    movie.draw_on_map(run)
if map_state.take(gesture, run.id, shown, table.index[rows]):
    st.rerun()
with inspector:
    if view.ground is not None and can_decode and is_flat:
        show_place(run, shown, view.ground)
    elif view.picked is not None:
        show_item(run, int(rows[view.picked]))
    else:
        with st.container(border=True):
            st.markdown("**Nothing picked yet**")
            ground = ", or the empty ground to decode it" if can_decode and is_flat else ""
            lasso = " Shift-drag draws a lasso." if is_flat else ""
            st.caption(f"Click a point to look at its item{ground}.{lasso}")
selection_panel.show(run, 0 if view.selection is None else len(view.selection), points)
frame.show_code(map_state.code(run.id, shown))
