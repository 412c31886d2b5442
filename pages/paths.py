"""Go from one code to another and watch what lies between."""

import numpy as np
import streamlit as st

from ui import frame, path_attribute, path_downloads, path_ends, path_sheet, state, ways
from ui.components.film import film

run_place, steps_place = frame.bar("Paths", [2.4, 2])
with run_place:
    run = frame.choose_run()
frame.need_decoder(run)
table = frame.codes_of(run)
with steps_place:
    steps = st.slider("Steps", 3, ways.MOST_STEPS, value=12, key=state.STEPS, bind="query-params")

a, b = path_ends.choose(run, table)
start, end = (ways.code_of(run.id, each.given) for each in (a, b))
# Of a model that asks for none, the class would only make the film anew, and the search with it.
label = max(a.label, 0) if frame.model_class(run).needs_labels else 0
st.caption(f"{frame.run_facts(run)} · {a.words}, {b.words}, {np.linalg.norm(end - start):.2f} apart in the code space")
if np.array_equal(start, end):
    st.info("A and B are the same: the path stands still. Choose another B.", icon=":material/info:")

step = min(state.number(state.STEP) or 0, steps - 1)
step = film(run.id, (a.given, b.given), steps, step, label, on_drop=path_ends.put_place)
state.put_address(state.STEP, str(step) if step else "")
path_downloads.show(run, start, end, steps, label)

st.caption(
    "**line** goes straight. **sphere** keeps the distance to the origin, because under a Gaussian prior of many "
    "dimensions the data lie near a shell that the straight line leaves. **road** is the shortest way from item to "
    "item where each is joined to its nearest ones. **geodesic** is the way whose pictures change least, found by "
    "gradient descent through the decoder; it need not keep to the data. Lengths are sums of the distances between "
    "successive pictures."
)
c, sheet_lines = path_sheet.show(run, table, a, b)
other_lines = path_attribute.show(run, table, a, b, c)
lines = path_downloads.code(run.id, a.lines, b.lines, steps, label, frame.model_class(run).needs_labels)
frame.show_code(lines + sheet_lines + other_lines)
