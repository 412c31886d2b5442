"""Directions of attributes: an item moved along one, how well it holds on items it was not made from; analogies."""

from typing import NamedTuple

import numpy as np
import streamlit as st

from aelib.codes import CodeTable
from aelib.errors import AelibError
from aelib.latent.attribute import Attribute, analogy, attribute
from aelib.runs.folder import Run
from ui import cached, decoding, direction, frame, path_ends, pictures, state, ways

OTHERS = "others"
AMOUNTS = np.linspace(-1, 2, 7)


class Group(NamedTuple):
    """What a direction can lead from or to.

    Attributes:
        title: As it is offered.
        rows: Of the code table.
        lines: The library's expression of its rows, from ``run`` and its ``table``.
    """

    title: str
    rows: np.ndarray
    lines: str


def show(run: Run, table: CodeTable, a: path_ends.End, b: path_ends.End, of_sheet: path_ends.End | None) -> str:
    """Both parts, each behind a switch that stands in the address; an open sheet's C is the analogy's, too.

    Returns:
        The library's lines that give what is open; they go on from those of the paths.
    """
    lines = ""
    if _is_open("An attribute: move A along the direction from one group to another", "attribute"):
        lines += _attribute(run, table, a)
    if _is_open("An analogy: A is to B as C is to what?", "analogy"):
        lines += _analogy(run, table, a, b, of_sheet)
    return lines


def _is_open(words: str, key: str) -> bool:
    is_open = st.toggle(words, value=bool(state.address(key)), key=f"{key}-open")
    state.put_address(key, "1" if is_open else "")
    return is_open


def _attribute(run: Run, table: CodeTable, a: path_ends.End) -> str:
    groups = _groups(run, table)
    if len(groups) < 2:
        st.info(
            "These data have no two classes. Remember two selections on the Map, as A and B: they make a direction.",
            icon=":material/info:",
        )
        return ""
    names = list(groups)
    from_place, to_place, amount_place = st.columns([1, 1, 2], vertical_alignment="bottom")
    with from_place:
        source = state.choose("From", [OTHERS, *names], "of-from", names[0], show=lambda key: _title(key, groups))
    with to_place:
        goal = state.choose("To", names, "of-to", names[1], show=lambda key: _title(key, groups))
    amount = amount_place.slider("How far A goes", -1.0, 2.0, 1.0, 0.1, key="attribute-amount")
    second = groups[goal].rows
    first = np.setdiff1d(np.arange(len(table)), second) if source == OTHERS else groups[source].rows
    try:
        found = attribute(table.codes, first, second)
    except AelibError as error:
        st.info(str(error), icon=":material/info:")
        return ""
    start, label = ways.code_of(run.id, a.given), max(a.label, 0)
    codes = (start + np.append(AMOUNTS, amount)[:, None] * found.step).astype(np.float32)
    drawn = decoding.pictures_of(run.id, codes, np.full(len(codes), label)).transpose(0, 3, 1, 2)
    strip_place, one_place = st.columns([4, 1])
    strip_place.image(
        pictures.sheet(drawn[:-1], 88, columns=len(AMOUNTS)),
        caption="A moved by " + ", ".join(f"{value:g}" for value in AMOUNTS) + " of the direction's length",
        output_format="PNG",
    )
    lowest = cached.support(run.id).share(codes[-1:])[0]
    one_place.image(
        pictures.enlarged(drawn[-1], 88),
        caption=f"moved by {amount:g}: nearer than {lowest:.0%} of the data",
        output_format="PNG",
    )
    st.caption(_told(found))
    away = "np.setdiff1d(np.arange(len(table)), second)" if source == OTHERS else groups[source].lines
    return (
        "\nfrom aelib.latent.attribute import attribute\n\n"
        f"second = {groups[goal].lines}\nfirst = {away}\n"
        "found = attribute(table.codes, first, second)  # found.effect, found.right\n"
        f"amounts = np.append(np.linspace(-1, 2, {len(AMOUNTS)}), {amount:g})\n"
        "moved = (start + amounts[:, None] * found.step).astype(np.float32)\n"
        "moved_pictures = decode(torch.from_numpy(moved))\n"
    )


def _groups(run: Run, table: CodeTable) -> dict[str, Group]:
    """What a direction can lead from and to."""
    both, found = direction.both(run.id), {}
    for name, key, rows in zip("AB", direction.NAMES, both or (), strict=False):
        items = direction.as_code(run.id, key)
        found[name] = Group(f"selection {name}", rows, f"np.flatnonzero(np.isin(table.index, {items}))")
    for number, name in enumerate(cached.info(run.id).classes):
        rows = np.flatnonzero(table.labels == number)
        if len(rows):
            found[str(number)] = Group(f"class {name}", rows, f"np.flatnonzero(table.labels == {number})")
    return found


def _title(key: str, groups: dict[str, Group]) -> str:
    return "all others" if key == OTHERS else groups[key].title


def _told(found: Attribute) -> str:
    clear = "more than chance gives" if abs(found.effect) > found.by_chance else "no more than chance gives"
    return (
        f"Made from {found.trained:,} items, told on {found.held_out:,} others: Cohen's d **{found.effect:.2f}** "
        f"({clear}: between random groups |d| stays below {found.by_chance:.2f} in 95 of 100 draws), and "
        f"**{found.right:.0%}** of the held-out items lie on their own group's side."
    )


def _analogy(run: Run, table: CodeTable, a: path_ends.End, b: path_ends.End, of_sheet: path_ends.End | None) -> str:
    c = of_sheet or path_ends.choose(run, table, "C")[0]
    one, other, third = (ways.code_of(run.id, end.given) for end in (a, b, c))
    answer, rows = analogy(one, other, third, table.codes)
    drawn = decoding.pictures_of(run.id, answer[None], np.asarray([max(c.label, 0)])).transpose(0, 3, 1, 2)
    share = cached.support(run.id).share(answer[None])[0]
    answer_place, near_place = st.columns([1, 4])
    answer_place.image(
        pictures.enlarged(drawn[0], 96),
        caption=f"C + B − A: nearer than {share:.0%} of the data",
        output_format="PNG",
    )
    near_place.image(
        pictures.sheet(np.asarray(cached.pictures(run.id)[rows]), 96, columns=len(rows)),
        caption="the items nearest to it: " + ", ".join(str(table.index[row]) for row in rows),
        output_format="PNG",
    )
    label = f", torch.tensor([{max(c.label, 0)}])" if frame.model_class(run).needs_labels else ""
    return (
        "\nfrom aelib.latent.attribute import analogy\n\n"
        f"answer, nearest_rows = analogy(start, end, {c.lines}, table.codes)\n"
        f"answer_picture = model.decode(torch.from_numpy(answer[None]){label})\n"
        "nearest_items = table.index[nearest_rows]\n"
    )
