"""Go from one code to another and watch what lies between."""

import numpy as np
import streamlit as st

from aelib.latent.paths import PATHS
from ui import cached, frame, path_ends, state
from ui.components.film import film

run_place, steps_place = frame.bar("Paths", [2.4, 2])
with run_place:
    run = frame.choose_run()
frame.need_decoder(run)
table = frame.codes_of(run)
with steps_place:
    steps = st.slider("Steps", 3, 24, value=12, key=state.STEPS, bind="query-params")

start, end, label, words, ends_lines = path_ends.ends(run, table)
st.caption(f"{frame.run_facts(run)} · {words}, {np.linalg.norm(end - start):.2f} apart in the code space")
if np.array_equal(start, end):
    st.info("A and B are the same: the path stands still. Choose another B.", icon=":material/info:")

scale = cached.support(run.id)
strips = []
for name, path in PATHS.items():
    codes = path(start, end, steps)
    lowest = float(scale.share(codes).min())
    strips.append((name, codes, f"lowest support on the way: nearer than {lowest:.0%} of the data"))
step = film(run.id, strips, min(state.number(state.STEP) or 0, steps - 1), label)
state.put_address(state.STEP, str(step) if step else "")

st.caption(
    "**line** goes straight; **sphere** keeps the distance to the origin, because under a Gaussian prior of many "
    "dimensions the data lie near a shell that the straight line leaves."
)
frame.show_code(
    "from pathlib import Path\nimport torch\nfrom aelib import codes\nfrom aelib.latent.paths import line, sphere\n"
    "from aelib.runs.folder import open_run\nfrom aelib.runs.weights import load_model\n\n"
    f'run = open_run(Path("checkpoints"), "{run.id}")\n'
    "table, model = codes.of_run(run), load_model(run)\n"
    f"{ends_lines}\npath = sphere(start, end, {steps})\n"
    "pictures = model.decode(torch.from_numpy(path))\n"
)
