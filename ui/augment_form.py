"""New labelled pictures: what they are worth to a small classifier, and a data set of them to train on."""

from typing import Any

import streamlit as st

from aelib.runs.folder import Run
from ui import augment_worth, cached, made_data

METHODS = {"mixture": "a mixture within the class", "noise": "noise around its items"}


def show(run: Run) -> str:
    """Draw the section; says in a sentence where a run has no classes.

    Returns:
        The library's lines for what is measured with the settings on screen; empty before.
    """
    st.markdown("### Augmentation")
    if not cached.info(run.id).classes:
        st.caption("These items have no classes, so new ones would have no labels.")
        return ""
    st.caption(
        "New pictures drawn class by class from the codes of the training items. A new picture carries the label of "
        "the class that it was drawn from; nothing checks whether it looks like it."
    )
    method_place, heat_place = st.columns(2)
    with method_place:
        method: Any = st.selectbox("How", list(METHODS), format_func=METHODS.__getitem__, key="augment-method")
    temperature = heat_place.slider("Temperature of the new pictures", 0.0, 2.0, 1.0, 0.05, key="augment-heat")
    worth, write = st.columns(2, gap="large")
    with worth, st.container(border=True):
        lines = augment_worth.show(run, method, temperature)
    with write, st.container(border=True):
        made_data.form(run, method, temperature)
    made_data.listed()
    return lines
