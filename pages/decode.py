"""Turn the dimensions of a code and see the picture answer."""

import numpy as np
import streamlit as st

from aelib.measures.dimensions import describe_dimensions
from ui import cached, frame, state
from ui.components.console import decode_console

run_place, start_place = frame.bar("Decode", [2.4, 2])
with run_place:
    run = frame.choose_run()
frame.need_decoder(run)
table = frame.codes_of(run)
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
start = table.codes[rows[0]] if len(rows) else mean
linked = state.numbers(state.address(state.CODE))
code = linked if len(linked) == len(mean) else [float(value) for value in start]
starts = [{"name": "the mean", "code": [round(float(value), 5) for value in mean]}]
for label, name in enumerate(cached.info(run.id).classes[:20]):
    own = table.codes[table.labels == label]
    if len(own):
        starts.append({"name": f"mean of {name}", "code": [round(float(value), 5) for value in own.mean(axis=0)]})

st.caption(
    f"{frame.run_facts(run)} · {len(mean)} dimensions ordered by "
    f"{'KL' if table.spreads is not None else 'variance'}; behind each slider, how the data's codes are spread"
)
moved = decode_console(run.id, describe_dimensions(table), code, starts)
if moved is not None and len(moved) == len(mean):
    state.put_address(state.CODE, ",".join(f"{value:.5g}" for value in moved))

shown = moved or code
frame.show_code(
    "from pathlib import Path\nimport torch\nfrom aelib.runs.folder import open_run\n"
    "from aelib.runs.weights import load_model\n\n"
    f'model = load_model(open_run(Path("checkpoints"), "{run.id}"))\n'
    f"picture = model.decode(torch.tensor([{[round(value, 4) for value in shown]}]))\n"
)
