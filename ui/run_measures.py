"""Measures of a run, each by its button: what is kept is shown, what this run lacks is said."""

import streamlit as st

from aelib.measures import of_run
from aelib.runs.folder import Run
from ui import warm


def draw(run: Run) -> None:
    """A list of measures with what was found; a press computes one and keeps it in the run's folder."""
    rows = {row["measure"]: row for row in of_run.overview(run)}
    lacking = [f"{of_run.MEASURES[name].title}: {row['lacks']}." for name, row in rows.items() if row["lacks"]]
    for name, row in rows.items():
        if row["lacks"]:
            continue
        asked = of_run.MEASURES[name]
        place = st.container(border=True)
        place.markdown(f"**{asked.title}**", help=asked.what)
        sentence = row["sentence"]
        if place.button("Measure again" if sentence else "Measure", key=f"measure-{name}"):
            with place, st.spinner(f"At most {of_run.ITEMS} test items, {of_run.SAMPLES} draws each where any…"):
                warm.load_torch()
                sentence = of_run.measure(run, name)["sentence"]
        place.caption(sentence or f"Not measured yet: takes seconds, on at most {of_run.ITEMS} test items.")
    if lacking:
        with st.expander("Not for this run"):
            for line in lacking:
                st.caption(line)
