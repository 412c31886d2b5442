"""The ends of paths: an item, the mean of a class or of a selection, a picture of one's own, a place on the map."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from aelib.codes import CodeTable
from aelib.errors import AelibError
from aelib.exchange.drawings import cannot_draw
from aelib.pictures import fit_picture, open_picture
from aelib.runs.folder import Run
from ui import cached, decoding, direction, drawing_use, drawn, frame, noise_choice, pictures, state, ways

ITEMS = {"A": state.FROM, "B": state.TO, "C": "third", "D": "fourth"}
KINDS = {"A": "a", "B": "b", "C": "c", "D": "d"}  # in the address: what each end is
SELECTIONS = {"A": state.FIRST, "B": state.SECOND}


class End(NamedTuple):
    """Where a path starts or ends.

    Attributes:
        given: As ``ways.code_of`` takes it.
        label: The class to decode as, for a conditional model.
        words: What it is.
        lines: The library's expression of its code, from ``run`` and its ``table``.
        picture: What stands for it: uint8 (channels, height, width).
    """

    given: dict[str, Any]
    label: int
    words: str
    lines: str
    picture: np.ndarray


def choose(run: Run, table: CodeTable, names: str = "AB") -> list[End]:
    """These ends, each in a card with its picture; kept in the address."""
    places = st.columns([1, 1, 0.9] if names == "AB" else [1] * len(names))
    found = []
    for place, name in zip(places, names, strict=False):
        with place, st.container(border=True):
            found.append(_end(run, table, name))
    if names == "AB":
        with places[2]:
            st.button(
                "Two at random", icon=":material/shuffle:", width="stretch", on_click=_random, args=(table, False)
            )
            is_unlabelled = bool(table.labels.min() < 0)
            st.button(
                "Two classes at random",
                icon=":material/shuffle:",
                width="stretch",
                disabled=is_unlabelled,
                on_click=_random,
                args=(table, True),
            )
            st.button("Swap A and B", icon=":material/swap_horiz:", width="stretch", on_click=_swap)
    return found


def put_place(name: str, place: list[float]) -> None:
    """Make an end a place on the map: its handle was dragged there."""
    state.put_address(f"{KINDS[name]}-at", ",".join(f"{value:.6g}" for value in place))
    state.put(f"choose-{KINDS[name]}", "place")


def _end(run: Run, table: CodeTable, name: str) -> End:
    choice, picture = st.columns([1.6, 1])
    with choice:
        kinds = _kinds(run, table, name)
        first = "selection" if state.address(state.ENDS) == "selections" and "selection" in kinds else "item"
        kind = state.choose(f"{name} is", kinds, KINDS[name], first, show=lambda kind: CHOICES[kind][0])
        found = CHOICES[kind][1](run, table, name)
    with picture:
        st.image(pictures.enlarged(found.picture, 96), caption=name, output_format="PNG")
    return found


def _kinds(run: Run, table: CodeTable, name: str) -> list[str]:
    """What an end can be, of this run."""
    model, info = frame.model_class(run), cached.info(run.id)
    can = {
        "class": bool(info.classes) and bool((table.labels >= 0).any()),
        "selection": name in SELECTIONS and direction.remembered(run.id, SELECTIONS[name]) is not None,
        "picture": model.can_encode and info.kind == "images" and info.item_shape[1] == info.item_shape[2],
        "drawing": model.can_encode and not cannot_draw(info) and bool(noise_choice.known(state.DRAWING)),
        "place": bool(state.address(f"{KINDS[name]}-at")),
    }
    return [kind for kind in CHOICES if can.get(kind, True)]


def _item(run: Run, table: CodeTable, name: str) -> End:
    key = ITEMS[name]
    start, asked = state.get(key), state.number(key)
    if start is None or not np.isin(start, table.index):
        start = asked if asked is not None and np.isin(asked, table.index) else int(_default(table, name))
    state.put(key, int(start))
    widget = f"end-{name}-{start}"
    typed = st.number_input(f"{name}: item", 0, int(table.index.max()), value=int(start), step=1, key=widget)
    if typed != start:
        state.put(key, int(typed))
        state.put_address(key, str(int(typed)))
        st.rerun()
    state.put_address(key, str(int(start)))
    row = int(np.flatnonzero(table.index == start)[0])
    picture = np.asarray(cached.pictures(run.id)[row])
    given = {"code": _rounded(table.codes[row])}
    return End(given, int(table.labels[row]), f"{name} is item {start}", f"table.codes[{row}]", picture)


def _class_mean(run: Run, table: CodeTable, name: str) -> End:
    classes = cached.info(run.id).classes
    there = [number for number in range(len(classes)) if (table.labels == number).any()]
    first = str(there["ABCD".index(name) % len(there)])
    label = int(
        state.choose(
            f"{name}: class",
            [str(number) for number in there],
            f"{KINDS[name]}-class",
            first,
            show=lambda number: classes[int(number)],
        )
    )
    rows = np.flatnonzero(table.labels == label)
    words = f"{name} is the mean of class {classes[label]} ({len(rows):,} items)"
    return _at_code(
        run, table.codes[rows].mean(axis=0), label, words, f"table.codes[table.labels == {label}].mean(axis=0)"
    )


def _selection_mean(run: Run, table: CodeTable, name: str) -> End:
    rows = direction.remembered(run.id, SELECTIONS[name])
    assert rows is not None, "offered only where it is there"
    labels = table.labels[rows]
    label = int(np.bincount(labels[labels >= 0]).argmax()) if (labels >= 0).any() else 0
    items = direction.as_code(run.id, SELECTIONS[name])
    st.caption(f"{len(rows):,} items, remembered on the map")
    return _at_code(
        run,
        table.codes[rows].mean(axis=0),
        label,
        f"{name} is the mean of {len(rows):,} items",
        f"table.codes[np.isin(table.index, {items})].mean(axis=0)",
    )


def _picture(run: Run, table: CodeTable, name: str) -> End:
    """An upload: fitted to the items' shape, encoded; a sentence where there is none yet."""
    kept = f"picture-{name}"
    file = st.file_uploader(f"{name}: picture", key=f"upload-{name}", max_upload_size=50)
    if file is not None:
        try:
            opened = open_picture(file.getvalue(), file.name)
        except AelibError as error:
            st.error(str(error), icon=":material/error:")
            return _item(run, table, name)
        state.put(kept, (file.name, opened.pixels, [*opened.conversions]))
    if state.get(kept) is None:
        st.info("Upload a picture (PNG, JPEG, WebP, TIFF, GIF or BMP); until then an item stands here.")
        return _item(run, table, name)
    filename, pixels, done = state.get(kept)
    channels, height, width = cached.info(run.id).picture_shape  # square: offered only then
    fitted = fit_picture(pixels, height, channels, "crop")
    became = pictures.channels_said(pixels.shape[2], channels)
    st.caption("; ".join([*done, f"its middle square at {width} × {height} pixels", *became]))
    given = {"code": _rounded(_encoded(run, fitted))}
    code = f"np.float32({given['code']})"
    return End(given, 0, f"{name} is the picture {filename}", code, fitted)


def _encoded(run: Run, picture: np.ndarray) -> np.ndarray:
    import torch

    model = cached.model(run.id)
    with torch.inference_mode():
        batch = torch.from_numpy(picture[None].astype(np.float32) / 255)
        return model.encode(batch, torch.zeros(1, dtype=torch.int64) if model.needs_labels else None).codes.numpy()[0]


def _drawing(run: Run, table: CodeTable, name: str) -> End:
    """What was drawn last, or what the address names."""
    picture, way = noise_choice.known(state.DRAWING), state.address(state.WAY) or state.get(state.WAY, "")
    given = {"code": _rounded(drawing_use.code_of(run.id, picture, way, 0))}
    return End(given, 0, f"{name} is the drawing", f"np.float32({given['code']})", drawn.item(run.id, picture, way))


def _place(run: Run, table: CodeTable, name: str) -> End:
    key = f"{KINDS[name]}-at"
    place = state.numbers(state.address(key))
    if len(place) != 2:
        state.put_address(key, "")
        st.caption("This place is none; an item stands here.")
        return _item(run, table, name)
    given = {"place": place}
    code = ways.code_of(run.id, given)
    rule = "The code is the place itself" if len(code) == 2 else "The codes nearest to a place are blended"
    st.caption(f"Its handle was dragged there. {rule}.")
    words = f"{name} is the place ({place[0]:.3g}, {place[1]:.3g}) on the map"
    label = int(table.labels[np.linalg.norm(table.codes - code, axis=1).argmin()])
    return _at_code(run, code, label, words, f"np.float32({_rounded(code)})", given)


def _at_code(
    run: Run, code: np.ndarray, label: int, words: str, lines: str, given: dict[str, Any] | None = None
) -> End:
    """An end with the picture that the decoder makes of it."""
    drawn = decoding.pictures_of(run.id, code[None].astype(np.float32), np.asarray([label]))[0].transpose(2, 0, 1)
    return End(given or {"code": _rounded(code)}, label, words, lines, drawn)


CHOICES: dict[str, tuple[str, Callable[[Run, CodeTable, str], End]]] = {
    "item": ("an item", _item),
    "class": ("the mean of a class", _class_mean),
    "selection": ("the mean of a selection", _selection_mean),
    "picture": ("a picture of mine", _picture),
    "drawing": ("my drawing", _drawing),
    "place": ("a place on the map", _place),
}


def _rounded(code: np.ndarray) -> list[float]:
    return [round(float(value), 5) for value in code]


def _default(table: CodeTable, name: str) -> int:
    """Items that are always there, A and B of different classes where there are some."""
    pair = _of_two_classes(table, seed=4) if table.labels.min() >= 0 else [0, len(table) - 1]
    if name in "CD":
        pair = _of_two_classes(table, seed=9) if table.labels.min() >= 0 else [len(table) // 3, 2 * len(table) // 3]
    return table.index[pair[0 if name in "AC" else 1]]


def _of_two_classes(table: CodeTable, seed: int | None = None) -> list[int]:
    random = np.random.default_rng(seed)
    first = int(random.integers(len(table)))
    others = np.flatnonzero(table.labels != table.labels[first])
    return [first, int(random.choice(others)) if len(others) else first]


def _random(table: CodeTable, of_classes: bool) -> None:
    rows = (
        _of_two_classes(table) if of_classes else np.random.default_rng().choice(len(table), 2, replace=len(table) < 2)
    )
    for name, row in zip("AB", rows, strict=True):
        state.put(ITEMS[name], int(table.index[row]))
        state.put(f"choose-{KINDS[name]}", "item")


def _swap() -> None:
    """Exchange all that says what A and B are."""
    for one, other in ((state.FROM, state.TO), ("choose-a", "choose-b"), ("choose-a-class", "choose-b-class")):
        a, b = state.get(one), state.get(other)
        state.put(one, b)
        state.put(other, a)
    kept = state.get("picture-A"), state.get("picture-B")
    state.put("picture-A", kept[1])
    state.put("picture-B", kept[0])
    for one, other in (("a-at", "b-at"), (state.FIRST, state.SECOND)):
        a, b = state.address(one), state.address(other)
        state.put_address(one, b)
        state.put_address(other, a)
