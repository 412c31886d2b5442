"""The two ends of a path: items named by number, taken from the map or drawn at random, or two selections' means."""

from typing import NamedTuple

import numpy as np
import streamlit as st

from aelib.codes import CodeTable
from aelib.runs.folder import Run
from ui import cached, direction, pictures, state


class Ends(NamedTuple):
    """Where a path starts and ends.

    Attributes:
        start, end: Codes (latent_dim,).
        label: The class to decode as, for a conditional model.
        words: What they are.
        lines: The library's lines that give them, as ``start`` and ``end``, from ``run`` and its ``table``.
    """

    start: np.ndarray
    end: np.ndarray
    label: int
    words: str
    lines: str


def ends(run: Run, table: CodeTable) -> Ends:
    """Two items, or (where the map's Direction has two selections) their mean codes; kept in the address."""
    groups = direction.both(run.id)
    kinds = {"items": "two items", "selections": "means of selections A and B"}
    kind = "items"
    if groups is not None:
        kind = state.choose("From and to", list(kinds), state.ENDS, "selections", show=kinds.__getitem__)
    if groups is None or kind == "items":
        a, b = choose(run, table)
        words = f"A is item {table.index[a]}, B is item {table.index[b]}"
        lines = f"start, end = table.codes[{a}], table.codes[{b}]"
        return Ends(table.codes[a], table.codes[b], int(table.labels[a]), words, lines)
    labels = table.labels[groups[0]]
    label = int(np.bincount(labels[labels >= 0]).argmax()) if (labels >= 0).any() else 0
    start, end = (table.codes[rows].mean(axis=0) for rows in groups)
    words = f"A is the mean of {len(groups[0]):,} items, B that of {len(groups[1]):,}"
    return Ends(start, end, label, words, _mean_lines(run.id))


def _mean_lines(run_id: str) -> str:
    lines = ["import numpy as np", "from aelib.runs import selections"]
    for name, key in (("start", state.FIRST), ("end", state.SECOND)):
        lines.append(f"{name} = table.codes[np.isin(table.index, {direction.as_code(run_id, key)})].mean(axis=0)")
    return "\n".join(lines)


def choose(run: Run, table: CodeTable) -> tuple[int, int]:
    """Rows of A and B in the code table; shown with their pictures, kept in the address."""
    rows = []
    places = st.columns([1, 1, 1.4])
    for place, name, key in ((places[0], "A", state.FROM), (places[1], "B", state.TO)):
        with place, st.container(border=True):
            rows.append(_end(run, table, name, key))
    with places[2]:
        if st.button("Two at random", icon=":material/shuffle:", width="stretch"):
            _put(table, np.random.default_rng().choice(len(table), 2, replace=len(table) < 2))
        if st.button(
            "Two classes at random", icon=":material/shuffle:", width="stretch", disabled=table.labels.min() < 0
        ):
            _put(table, _of_two_classes(table))
        st.button("Swap A and B", icon=":material/swap_horiz:", width="stretch", on_click=_swap)
        st.caption("Or click items on the map and press 'Path from here' and 'Path to here'.")
    return rows[0], rows[1]


def _end(run: Run, table: CodeTable, name: str, key: str) -> int:
    start = state.get(key)
    if start is None or not np.isin(start, table.index):
        asked = state.number(key)
        start = asked if asked is not None and np.isin(asked, table.index) else int(_default(table, name))
    state.put(key, int(start))
    number, picture = st.columns([1.4, 1])
    with number:
        typed = st.number_input(
            f"{name}: item", 0, int(table.index.max()), value=int(start), step=1, key=f"end-{name}-{start}"
        )
    if typed != start:
        state.put(key, int(typed))
        state.put_address(key, str(int(typed)))
        st.rerun()
    state.put_address(key, str(int(start)))
    row = int(np.flatnonzero(table.index == start)[0])
    with picture:
        label, classes = int(table.labels[row]), cached.info(run.id).classes
        caption = f"class {classes[label]}" if 0 <= label < len(classes) else None
        st.image(pictures.enlarged(cached.pictures(run.id)[row], 96), caption=caption, output_format="PNG")
    return row


def _default(table: CodeTable, name: str) -> int:
    """Two items that are always there, of different classes where there are some."""
    pair = _of_two_classes(table, seed=4) if table.labels.min() >= 0 else [0, len(table) - 1]
    return table.index[pair[0 if name == "A" else 1]]


def _of_two_classes(table: CodeTable, seed: int | None = None) -> list[int]:
    random = np.random.default_rng(seed)
    first = int(random.integers(len(table)))
    others = np.flatnonzero(table.labels != table.labels[first])
    return [first, int(random.choice(others)) if len(others) else first]


def _put(table: CodeTable, rows: "np.ndarray | list[int]") -> None:
    for key, row in zip((state.FROM, state.TO), rows, strict=True):
        state.put(key, int(table.index[row]))
    st.rerun()


def _swap() -> None:
    a, b = state.get(state.FROM), state.get(state.TO)
    state.put(state.FROM, b)
    state.put(state.TO, a)
