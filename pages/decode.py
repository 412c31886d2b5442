"""Turn the dimensions of a code and see the picture answer."""

from typing import Any

import numpy as np
import streamlit as st

from aelib.measures.dimensions import describe_dimensions
from ui import cached, frame, known_factors, state, walks, word_grid
from ui.components.console import decode_console

run_place, start_place = frame.bar("Decode", [2.4, 2])
with run_place:
    run = frame.choose_run()
if frame.model_class(run).code_shape == "grid":
    word_grid.show(run, start_place)
    st.stop()
frame.need_decoder(run)
table, model = frame.codes_of(run), frame.model_class(run)
mean = table.codes.mean(axis=0)
with start_place:
    asked = state.whole(
        "Start from item",
        0,
        int(table.index.max()),
        "decode_item",
        None,
        placeholder="the mean of all codes",
        help="An item's number in the dataset, as the map shows it",
    )

rows = np.flatnonzero(table.index == asked) if asked is not None else []
if asked is not None and not len(rows):
    st.caption(f":material/info: There is no item {asked} in this dataset; the sliders stand at the mean.")
start = table.codes[rows[0]] if len(rows) else mean
begin = (run.id, asked)
if state.get(state.CONSOLE_BEGIN, begin) != begin:  # another item: where the sliders stood counts no more
    state.put_address(state.CODE, "")
    state.put_address(state.AS, "")
    state.put(state.CONSOLE_STALE, state.get(state.CONSOLE_SEEN))
state.put(state.CONSOLE_BEGIN, begin)
linked = state.numbers(state.address(state.CODE))
code = linked if len(linked) == len(mean) else [float(value) for value in start]
classes = cached.info(run.id).classes
own_label = max(int(table.labels[rows[0]]), 0) if len(rows) else 0
label = min(own_label if (given := state.number(state.AS)) is None else given, max(len(classes) - 1, 0))

starts: list[dict[str, Any]] = [{"name": "the mean", "code": [round(float(value), 5) for value in mean]}]
for number, name in enumerate(classes[:20]):
    own = table.codes[table.labels == number]
    if len(own):
        place = {"name": f"mean of {name}", "code": [round(float(value), 5) for value in own.mean(axis=0)]}
        starts.append(place | ({"label": number} if model.needs_labels else {}))

dimensions = describe_dimensions(table)
st.caption(
    f"{frame.run_facts(run)} · {len(mean)} dimensions ordered by "
    f"{'KL' if table.spreads is not None else 'variance'}; behind each slider, how the data's codes are spread"
)
moved = decode_console(run.id, dimensions, code, starts, label if model.needs_labels else 0)
if moved is not None:
    state.put(state.CONSOLE_SEEN, moved.seq)
if moved is not None and len(moved.code) == len(mean) and moved.seq != state.get(state.CONSOLE_STALE):
    state.put_address(state.CODE, ",".join(f"{value:.5g}" for value in moved.code))
    state.put_address(state.AS, str(moved.label) if model.needs_labels and moved.label else "")
    code, label = moved.code, moved.label

walk_place, factor_place = st.columns([1.5, 1], gap="large")
with walk_place:
    walks.show(run.id, dimensions, code, label)
with factor_place:
    st.markdown("**What the dimensions do**")
    known_factors.show(run.id, dimensions)

shown, as_class = [round(value, 4) for value in code], f", torch.tensor([{label}])"
frame.show_code(
    "from pathlib import Path\nimport numpy as np\nimport torch\nfrom aelib import codes\n"
    "from aelib.latent.traversal import walks\nfrom aelib.runs.folder import open_run\n"
    "from aelib.runs.weights import load_model\n\n"
    f'run = open_run(Path("checkpoints"), "{run.id}")\ntable, model = codes.of_run(run), load_model(run)\n'
    f"code = {shown}\n"
    f"picture = model.decode(torch.tensor([code]){as_class if model.needs_labels else ''})\n\n"
    f"steps = walks(table.codes, np.float32(code), {walks.rows_of(dimensions)}, {state.number(state.STEPS) or 9})\n"
    + (
        f"labels = torch.full((steps.shape[0] * steps.shape[1],), {label})\n"
        "traversal = model.decode(torch.from_numpy(steps).flatten(0, 1), labels)\n"
        if model.needs_labels
        else "traversal = model.decode(torch.from_numpy(steps).flatten(0, 1))  # row by row\n"
    )
)
