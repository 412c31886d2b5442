"""Disturb an input and see what the model keeps and what it loses."""

import numpy as np
import streamlit as st

from aelib.corruptions._base import names_for
from aelib.registry import CORRUPTIONS
from ui import cached, disturb, forms, frame, pictures, state
from ui.inspector import support_bar

run_place, kind_place, severity_place = frame.bar("Noise", [2.4, 1.4, 2])
with run_place:
    run = frame.choose_run()
frame.need_encoder(run)
frame.need_items(run)
table, info = frame.codes_of(run), cached.info(run.id)
with kind_place:
    names = names_for(info.kind)
    what = "\n\n".join(f"**{forms.words(name)}**: {CORRUPTIONS.help(name).summary}" for name in names)
    learnt = [part["name"] for part in run.raw_config.get("corruptions", []) if part["name"] in names]
    first = learnt[0] if learnt else "gaussian"  # begins with what the run has learnt to undo
    corruption = state.choose("Corruption", names, state.CORRUPTION, first, show=forms.words, help=what)
with severity_place:
    severity = st.slider(
        "Severity", 0.0, 1.0, value=0.3, step=0.01, key=state.SEVERITY, bind="query-params",
        help=CORRUPTIONS.load(corruption).Config.model_fields["severity"].description,
    )  # fmt: skip
row, seed = disturb.choose_item(table)

result = disturb.disturb(run.id, row, corruption, severity, int(seed))
label = int(table.labels[row])
named = f" · class {info.classes[label]}" if 0 <= label < len(info.classes) else ""
st.caption(f"{frame.run_facts(run)} · item {table.index[row]}{named}")

worst = max(float(result.input_error_map.max()), float(result.output_error_map.max()), 1e-6)
places = st.columns(5)
panels = (
    ("clean item", result.clean),
    ("input, disturbed", result.disturbed),
    ("reconstruction", result.recon),
    ("error of the input", pictures.heat(result.input_error_map, worst)),
    ("error of the reconstruction", pictures.heat(result.output_error_map, worst)),
)
for place, (caption, image) in zip(places, panels, strict=True):
    place.image(pictures.enlarged(image, 224), caption=caption, width="stretch", output_format="PNG")
st.caption(f"Both error maps are on one scale: black is 0, brightest is {worst:.2f}.")

before, after, gain, moved = st.columns(4)
before.metric(
    "Error of the input", f"{result.input_error:.2f}", help="Squared error from the clean item, summed over pixels"
)
after.metric("Error of the reconstruction", f"{result.output_error:.2f}", help="From the clean item, on the same scale")
helped = result.input_error - result.output_error
gain.metric(
    "The model took away",
    f"{helped:.2f}",
    help="Negative: the reconstruction is farther from the clean item than the input was",
)
moved.metric(
    "The code moved by", f"{result.moved:.2f}", help="Distance between the codes of the clean and the disturbed input"
)
if severity == 0:
    st.caption("At severity 0 nothing is disturbed: what is left is the model's own error.")
elif helped > 0:
    st.success(f"The model **helped**: PSNR {result.input_psnr:.1f} dB in, {result.output_psnr:.1f} dB out.")
else:
    st.warning(f"The model did **not** help: PSNR {result.input_psnr:.1f} dB in, {result.output_psnr:.1f} dB out.")
share = float(cached.support(run.id).share(np.atleast_2d(result.code))[0])
support_bar(share, "The disturbed input's code lies")
frame.show_code(disturb.code(run.id, row, corruption, severity, int(seed)))
