"""Bring in codes made elsewhere: a file, a name, a button, and what became of it."""

from typing import BinaryIO

import streamlit as st

from aelib.errors import AelibError
from aelib.runs.folder import default_checkpoints
from ui import cached, state
from ui.run_card import plain

MEGABYTES = 200  # of an upload; the command line takes more


def offer() -> None:
    """A button on the page's first line that opens the form."""
    with st.popover("Bring codes from elsewhere", icon=":material/upload_file:"):
        st.markdown(
            "**Codes of any model, made anywhere.** An NPZ with `codes` (items × numbers) becomes something the Map "
            "opens. It may also hold `labels`, `classes`, `images`, `points`, `index`, `spreads`, `errors`, attributes "
            "(one number or text per item), and for codes of two numbers a decoded `lattice` with its "
            "`lattice_extent`. NPY, CSV and Parquet of numbers work, too."
        )
        file = st.file_uploader(
            "File with codes", ["npz", "npy", "csv", "parquet"], key="codes-file", max_upload_size=MEGABYTES
        )
        name = st.text_input("Name", key="codes-name", max_chars=120, placeholder="what you will call these codes")
        drop = st.checkbox("Leave out items whose code is not finite", key="codes-drop")
        if st.button("Import", type="primary", icon=":material/login:", disabled=file is None) and file is not None:
            _take(file, file.name, name or "", drop)
        _say_what_came()
        st.caption(
            f"From Python: `numpy.savez('codes.npz', codes=codes, labels=labels)`. Files above {MEGABYTES} MB, or with "
            "labels in another file: `python -m aelib import codes.npz --name NAME`. Nothing in a file is executed."
        )


def _take(file: BinaryIO, filename: str, name: str, drop: bool) -> None:
    from aelib.exchange.codes import import_codes

    state.drop(state.CAME)
    try:
        with st.spinner("Checking what is in it…"):
            run = import_codes(default_checkpoints(), file, name=name, filename=filename, drop_broken=drop)
    except AelibError as error:
        st.error(str(error).replace("--drop-broken", "the box above"), icon=":material/error:")
    else:
        state.put(state.CAME, run.id)


def _say_what_came() -> None:
    run_id = state.get(state.CAME)
    if run_id is None:
        return
    try:
        run, info = cached.run(run_id), cached.info(run_id)
    except AelibError:  # deleted since
        state.drop(state.CAME)
        return
    size, notes = run.raw_config["model"]["latent_dim"], run.raw_config["dataset"]["notes"]
    classes = f", {len(info.classes)} classes" if info.classes else ""
    st.success(f"{info.counts['train']:,} codes of {size} numbers{classes}.", icon=":material/check_circle:")
    for note in notes:
        st.caption(f":material/info: {plain(note)}")
    if st.button("Open map", key="open-imported", icon=":material/map:"):
        st.switch_page("../pages/map.py", query_params={state.RUN: run_id})
