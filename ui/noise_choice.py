"""What the Noise lab looks at: which item, drawing or upload, which runs, which stack of corruptions."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from aelib.codes import CodeTable
from aelib.corruptions._base import names_for
from aelib.corruptions._stack import stack_of
from aelib.errors import AelibError
from aelib.exchange.drawings import cannot_draw
from aelib.runs.folder import Run, default_checkpoints, list_runs
from ui import cached, disturb, drawn, frame, pictures, state

SOURCES = {"item": "an item", "drawing": "a drawing", "upload": "an upload"}
STACK, DRAW, LEVEL = "noise-stack", "noise-draw", "noise-level"  # kept for the session
NOTHING = "none"  # in an address: an empty stack


@dataclass(frozen=True)
class Source:
    """What is disturbed.

    Attributes:
        question: ``{"item": number}`` or ``{"picture": id, "way": …}``, with the ``label``.
        words: What it is.
        lines: The library's lines that give it as ``clean`` (1, …), from ``run``.
    """

    question: dict[str, Any]
    words: str
    lines: str


def choose_source(run: Run, table: CodeTable) -> Source:
    """The item, drawing or upload that is disturbed; kept in the address. Stops the page where there is none yet."""
    info = cached.info(run.id)
    if info.kind != "images":
        return choose_item(run, table)
    kind_place, rest = st.columns([1, 4])
    with kind_place:
        kind = state.choose("Look at", list(SOURCES), state.SOURCE, "item", show=SOURCES.__getitem__)
    with rest:
        if kind == "item":
            return choose_item(run, table)
        return _drawing(run) if kind == "drawing" else _upload(run)


def choose_item(run: Run, table: CodeTable) -> Source:
    """An item by number, a random one, or the run's worst; kept in the address."""
    start = state.get(state.ITEM)
    if start is None or not np.isin(start, table.index):
        asked = state.number(state.ITEM)
        start = asked if asked is not None and np.isin(asked, table.index) else table.index[table.rows("validation")[0]]
    item_place, other_place, worst_place, _ = st.columns([1, 1, 1, 1], vertical_alignment="bottom")
    typed = item_place.number_input(
        "Item", 0, int(table.index.max()), value=int(start), step=1, key=f"noise-item-{start}"
    )
    if other_place.button("Another item", icon=":material/shuffle:", width="stretch"):
        typed = int(np.random.default_rng().choice(table.index))
    if worst_place.button(
        "The worst item",
        icon=":material/trending_down:",
        width="stretch",
        help="Of the validation items, the one with the largest error of its reconstruction",
    ):
        rows = table.rows("validation")
        typed = int(table.index[rows[np.nanargmax(table.errors[rows])]])
    state.put(state.ITEM, int(typed))
    state.put_address(state.ITEM, str(int(typed)))
    if typed != start:
        st.rerun()
    row = int(np.flatnonzero(table.index == start)[0])
    label, classes = int(table.labels[row]), cached.info(run.id).classes
    named = f" · class {classes[label]}" if 0 <= label < len(classes) else ""
    lines = (
        "from aelib.datasets._base import load_dataset\n"
        f"items = load_dataset(run.dataset()).all_items()  # item {start} is in row {row}\n"
        f"clean = torch.from_numpy(items.floats()[{row} : {row + 1}])\n"
    )
    return Source({"item": int(start), "label": label if label >= 0 else None}, f"item {start}{named}", lines)


def choose_way(run_id: str) -> str:
    """How a drawing becomes an item. Where there is one way only, it is not remembered for other runs."""
    ways = drawn.ways(run_id)
    if len(ways) == 1:
        st.selectbox("Scaled", ways, format_func=drawn.WAYS.__getitem__, disabled=True, key="the-only-way")
        return ways[0]
    return state.choose("Scaled", ways, state.WAY, ways[0], show=drawn.WAYS.__getitem__)


def _drawing(run: Run) -> Source:
    if reason := cannot_draw(cached.info(run.id)):
        st.info(f"A drawing cannot be an item of these data: {reason}. Take a run of pictures.")
        st.stop()
    picture = known(state.DRAWING)
    way_place, label_place, again = st.columns([1.4, 1, 1], vertical_alignment="bottom")
    if not picture:
        with again:
            _to_draw(run)
        st.info("There is no drawing yet: make one on the Draw page.", icon=":material/draw:")
        st.stop()
    with way_place:
        way = choose_way(run.id)
    with again:
        _to_draw(run)
    st.caption(drawn.rule(run.id, way))
    return _picture(run, picture, way, "the drawing", label_place)


def _upload(run: Run) -> Source:
    file_place, fit_place, label_place = st.columns([2, 1, 1])
    file = file_place.file_uploader("Picture (PNG, JPEG, WebP, TIFF, GIF, BMP)", key="noise-upload", max_upload_size=50)
    if file is not None and state.get("upload-seen") != file.file_id:
        try:
            picture, words = drawn.keep_upload(file.getvalue(), file.name)
        except AelibError as error:
            st.error(str(error), icon=":material/error:")
            st.stop()
        state.put("upload-seen", file.file_id)
        state.put("upload-words", words)
        state.put(state.UPLOAD, picture)
        state.put_address(state.UPLOAD, picture)
    picture = known(state.UPLOAD)
    if not picture:
        st.info("Upload a picture: any size, colour or grey; it becomes an item of this run's shape.")
        st.stop()
    with fit_place:
        fit = state.choose("Fit", list(drawn.FITS), "fit", "crop", show=drawn.FITS.__getitem__)
    channels, height, width = cached.info(run.id).picture_shape
    own = drawn.picture(picture).shape
    done = [*state.get("upload-words", []), f"{own[1]} × {own[0]} became {width} × {height}"]
    done += pictures.channels_said(own[2], channels)
    st.caption(f"What was done: {'; '.join(done)}.")
    return _picture(run, picture, fit, "the upload", label_place)


def _picture(run: Run, picture: str, way: str, words: str, label_place: Any) -> Source:
    label = None
    if frame.model_class(run).needs_labels:
        classes = cached.info(run.id).classes
        label = label_place.selectbox("As class", range(len(classes)), format_func=classes.__getitem__)
    drawn.item(run.id, picture, way)  # one that cannot be an item is told here
    return Source({"picture": picture, "way": way, "label": label}, words, drawn.lines(run.id, picture, way))


def known(key: str) -> str:
    """The id of the drawing or upload that the address names, or this session's last one; empty where there is none."""
    for picture in (state.address(key), state.get(key, "")):
        if picture and drawn.is_kept(picture):
            state.put(key, picture)
            state.put_address(key, picture)
            return picture
    state.put_address(key, "")
    return ""


def _to_draw(run: Run) -> None:
    if st.button("Draw", icon=":material/draw:", width="stretch"):
        st.switch_page("../pages/draw.py", query_params={state.RUN: run.id})


def choose_beside(run: Run) -> list[Run]:
    """Other runs that see the same input: of the same item shape, and that give a reconstruction of it."""
    shape, others = cached.info(run.id).item_shape, {}
    for other in list_runs(default_checkpoints()):
        try:
            if other.id == run.id or not frame.has_weights(other):
                continue
            model = frame.model_class(other)
            if model.can_encode and model.target == "items" and cached.info(other.id).item_shape == shape:
                others[other.id] = other
        except AelibError:
            continue  # a broken run cannot be looked through
    asked = [name for name in state.address(state.BESIDE).split(",") if name in others]
    kept = state.get("beside-runs", [])
    start = [name for name in (asked or kept) if name in others][: disturb.MOST_RUNS - 1]
    titles = frame.titles(others)
    key = f"beside-{run.id}"
    if key not in st.session_state:
        state.put(key, start)
    chosen = st.multiselect(
        "Beside it",
        list(others),
        key=key,
        format_func=titles.__getitem__,
        max_selections=disturb.MOST_RUNS - 1,
        placeholder="other runs" if others else "no other run of this shape",
        disabled=not others,
        help="Runs whose items have the same shape: they get the very same disturbed input",
    )
    state.put("beside-runs", chosen)
    state.put_address(state.BESIDE, ",".join(chosen))
    return [others[name] for name in chosen]


def stack(run: Run, told: dict[str, Any] | None) -> tuple[list[dict[str, Any]], int, float]:
    """The stack, the number of the draw and the noise on the code: told by the lab, else of the address or session."""
    kind = cached.info(run.id).kind
    names = names_for(kind)
    if told and told.get("seq") != state.get("noise-told"):
        state.put("noise-told", told.get("seq"))
        state.put(STACK, told["stack"])
        state.put(DRAW, int(told["draw"]))
        state.put(LEVEL, float(told["level"]))
    elif state.get("noise-written") != (_asked := _in_address()) and any(_asked):
        names_asked, levels = _asked[0] or _first(run, names), _asked[1]
        asked = stack_of(names_asked, levels, kind)
        if asked or names_asked == NOTHING:
            state.put(STACK, asked)
        draw, level = state.number("draw"), state.numbers(_asked[3])
        state.put(DRAW, draw if draw is not None and draw <= 9999 else 0)
        state.put(LEVEL, level[0] if len(level) == 1 and 0 <= level[0] <= disturb.MOST_CODE else 1.0)
    kept = state.get(STACK)
    if kept is None or any(part["name"] not in names for part in kept):
        kept = stack_of(_first(run, names), "", kind)
        state.put(STACK, kept)
    draw, level = state.get(DRAW, 0), state.get(LEVEL, 1.0)
    state.put_address(state.CORRUPTION, ",".join(part["name"] for part in kept) or NOTHING)
    state.put_address(state.SEVERITY, ",".join(f"{part['severity']:g}" for part in kept))
    state.put_address("draw", str(draw) if draw else "")
    state.put_address("level", f"{level:g}" if level != 1.0 else "")
    state.put("noise-written", _in_address())
    state.put(f"address-seen-{state.CORRUPTION}", kept[0]["name"] if kept else "")  # the Map's trail begins with it
    return kept, draw, level


def _first(run: Run, names: list[str]) -> str:
    """The corruption to begin with: what the run has learnt to undo."""
    learnt = [part["name"] for part in run.raw_config.get("corruptions", []) if part.get("name") in names]
    return learnt[0] if learnt else "gaussian"


def _in_address() -> tuple[str, str, str, str]:
    return state.address(state.CORRUPTION), state.address(state.SEVERITY), state.address("draw"), state.address("level")
