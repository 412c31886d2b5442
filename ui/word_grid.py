"""Decode for a vector-quantised model: its codes are grids of code words; pick a cell, pick a word, see the picture."""

from typing import Any

import numpy as np
import streamlit as st

from aelib.latent import word_grid
from aelib.runs.folder import Run
from ui import cached, frame, pictures, state
from ui.components.words import word_browser


def show(run: Run, item_place: Any) -> None:
    """Draw the browser of one item's words, and its choice in ``item_place``."""
    table = frame.codes_of(run)
    with item_place:
        asked = state.whole(
            "Item",
            0,
            int(table.index.max()),
            "decode_item",
            int(table.index[0]),
            help="An item's number in the dataset",
        )
    asked = int(table.index[0]) if asked is None else asked  # emptied, here or beside a run with sliders
    rows = np.flatnonzero(table.index == asked)
    if not len(rows):
        st.info(f"There is no item {asked} in this dataset. Choose another number.", icon=":material/info:")
        return
    model, own = cached.model(run.id), cached.items(run.id).take(rows[:1])
    words = word_grid.words_of(model, own.values)[0]
    size, numbers = word_grid.codebook(model).shape
    st.caption(
        f"{frame.run_facts(run)} · its code is a grid of {words.shape[0]} × {words.shape[1]} words out of {size}, each "
        f"of {numbers} numbers; this item says {len(np.unique(words))} different ones"
    )
    changed = word_browser(run.id, int(table.index[rows[0]]), words)
    with st.container(width=220):
        pictures.row([cached.pictures(run.id)[rows[0]]], [f"item {table.index[rows[0]]} itself"], columns=1)
    frame.show_code(_lines(run, np.asarray(changed) if changed is not None else words))


def _lines(run: Run, words: np.ndarray) -> str:
    return (
        "from pathlib import Path\nimport numpy as np\nfrom aelib.latent import word_grid\n"
        "from aelib.runs.folder import open_run\nfrom aelib.runs.weights import load_model\n\n"
        f'model = load_model(open_run(Path("checkpoints"), "{run.id}"))\n'
        f"words = np.asarray({words.tolist()})\n"
        "picture = word_grid.pictures_of(model, words[None])\n"
        "near, distances = word_grid.near_words(model, words[0, 0], 12)  # to the first cell's word\n"
        "others = word_grid.pictures_of(model, word_grid.exchanged(words, 0, 0, near))\n"
    )
