"""Look at a dataset before anything is trained on it; bring a folder of your own pictures."""

import numpy as np
import streamlit as st

from aelib.config import read_choice
from aelib.datasets._base import data_folder, load_dataset
from aelib.drawing import as_pictures
from aelib.errors import AelibError
from aelib.figures.charts import class_counts
from aelib.registry import DATASETS
from ui import forms, frame, import_form, pictures, state

COUNT = 96

(bring_place,) = frame.bar("Data", [4])
with bring_place:
    import_form.offer()
choice, stage = st.columns([1, 2.6], gap="medium")
with choice, st.container(border=True):
    names = DATASETS.names()
    name = state.choose("Dataset", names, state.DATASET, "digits", show=forms.words)
    described = DATASETS.help(name)
    st.markdown(f"{described.summary}\n\n**What for.** {described.what_for}\n\n**Limits.** {described.limits}")
    st.caption(described.reference)
    schema = DATASETS.load(name).Config
    raw = {"name": name}
    if len(schema.model_fields) > 1:
        start = {key: value for key, value in st.query_params.items() if key in schema.model_fields}
        start = {key: int(value) if value.isdecimal() else value for key, value in start.items()}
        raw = forms.config_form(schema, f"data.{name}", {**start, "name": name}, columns=1)
        for key, value in raw.items():
            state.put_address(key, str(value) if key != "name" else "")
    st.caption(f"Data folder: `{data_folder()}` (set by AELIB_DATA)")

with stage:
    try:
        with st.spinner(f"Reading {forms.words(name)}…"):
            dataset = load_dataset(read_choice(DATASETS, raw))
    except AelibError as error:
        st.error(str(error), icon=":material/error:")
        st.stop()
    info = dataset.info
    facts = st.columns(4)
    facts[0].metric("Items", f"{sum(info.counts.values()):,}")
    facts[1].metric("Train · validation · test", " · ".join(f"{count:,}" for count in info.counts.values()))
    facts[2].metric(
        "Shape",
        "×".join(str(side) for side in info.item_shape),
        help="channels × height × width, or the length of a vector",
    )
    facts[3].metric("Classes", len(info.classes) or "none")
    for note in dataset.notes:
        st.caption(f":material/info: {note}")

    split_place, class_place, draw_place = st.columns(3)
    with split_place:
        split = state.choose("Items", ["train", "validation", "test"], state.DATA_SPLIT, "train")
    with class_place:
        only = state.choose("Class", ["every class", *info.classes], state.CLASS, "every class")
    with draw_place:
        draw = state.whole("Sample", 0, 9999, "sample", 0, help="Another random sample") or 0
    items = dataset.items(split)
    rows = np.arange(len(items))
    if only != "every class" and items.labels is not None:
        rows = rows[items.labels == info.classes.index(only)]
    rows = np.random.default_rng(draw).permutation(rows)[:COUNT]
    if len(rows):
        st.image(
            pictures.sheet(as_pictures(items.values[rows], info.low, info.high), 56, columns=16),
            width="stretch",
            output_format="PNG",
        )
        st.caption(f"{len(rows)} of {len(items):,} {split} items, drawn at random")
    else:
        st.info("There are no such items in this split.", icon=":material/info:")
    if items.labels is not None and info.classes:
        counts = np.bincount(items.labels, minlength=len(info.classes))
        st.plotly_chart(class_counts(info.classes, counts), key="counts", config={"displayModeBar": False})
    if st.button("Train on it", type="primary", icon=":material/model_training:"):
        state.put(state.BROUGHT, raw)
        st.switch_page("../pages/train.py", query_params={})
frame.show_code(
    "from aelib.config import read_choice\nfrom aelib.datasets._base import load_dataset\n"
    f"from aelib.registry import DATASETS\n\ndataset = load_dataset(read_choice(DATASETS, {raw!r}))\n"
    'items = dataset.splits["train"]  # items.values: uint8 (n, channels, height, width) or float32 (n, features)\n'
)
