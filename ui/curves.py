"""Severity curves on a page: asked for by a button, computed by a worker, several runs in one chart."""

from collections.abc import Sequence

import streamlit as st

from aelib.config import PluginConfig
from aelib.errors import AelibError
from aelib.figures.severity import severity_chart
from aelib.jobs import curving
from aelib.measures import severity
from aelib.runs.folder import Run
from ui import frame


def show(runs: Sequence[Run], stack: Sequence[PluginConfig]) -> None:
    """The curves of these runs for a stack: a chart, how far they have come, or the button that asks for them."""
    st.markdown("#### How far does it help?")
    if not stack:
        st.caption("Add a corruption: there is nothing to turn up.")
        return
    waiting = [run for run in runs if severity.kept(run, stack) is None]
    if waiting and not any(curving.is_asked(run, stack) for run in waiting):
        st.caption(
            f"The stack turned up from 0 to its worst, in {len(severity.STRENGTHS)} steps, on at most {severity.ITEMS} "
            "test items of each run; a worker computes it and the run keeps it."
        )
        if st.button("Severity curve", icon=":material/show_chart:"):
            for run in waiting:
                curving.request(run, stack)
            st.rerun()
    elif waiting:
        _wait(tuple(run.id for run in waiting), waiting, tuple(stack))
    found = {run: curve for run in runs if (curve := severity.kept(run, stack)) is not None}
    if not found:
        return
    titles = frame.titles({run.id: run for run in found})
    st.plotly_chart(
        severity_chart([(titles[run.id], curve) for run, curve in found.items()]),
        key="severity-curve",
        theme="streamlit",
    )
    for run, curve in found.items():
        helps = curve.helps_from()
        end = (
            "does not help at the worst severity"
            if helps is None
            else "helps at every severity"
            if helps == 0
            else f"helps from severity {helps:g} on"
        )
        st.caption(f"**{titles[run.id]}** {end}. Mean of {curve.items} test items; the band holds the middle 80 %.")


@st.fragment(run_every=1)
def _wait(names: tuple[str, ...], runs: Sequence[Run], stack: tuple[PluginConfig, ...]) -> None:
    for run in runs:
        if severity.kept(run, stack) is not None:
            continue
        fault = curving.request(run, stack)
        if fault:
            st.warning(f"The curve of {frame.run_title(run)} came to nothing. {fault}")
            if st.button("Try again", key=f"curve-again-{run.id}"):
                curving.forget_fault(run, stack)
                st.rerun()
        else:
            share = curving.progress(run, stack)
            st.progress(share or 0.0, text=f"{frame.run_title(run)}: " + ("waits" if share is None else "disturbing"))
    if all(_is_there(run, stack) for run in runs):
        st.rerun()


def _is_there(run: Run, stack: tuple[PluginConfig, ...]) -> bool:
    try:
        return severity.kept(run, stack) is not None
    except AelibError:
        return True  # the run is gone: the page will say so
