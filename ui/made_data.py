"""Data sets of real and new pictures: written, listed, trained on and deleted."""

from typing import Any

import numpy as np
import streamlit as st

from aelib import codes
from aelib.datasets._base import Items
from aelib.errors import AelibError
from aelib.exchange import augmented
from aelib.jobs.permission import is_demo
from aelib.measures import augmentation
from aelib.runs.folder import Run, default_checkpoints
from ui import cached, run_actions, state


def form(run: Run, method: Any, temperature: float) -> None:
    """What shall be written, and the button that writes it."""
    st.markdown("**A data set to train on** :small[real and new items; the test items stay real]")
    if is_demo():
        st.caption("Nothing is written in the demo.")
        return
    classes = cached.info(run.id).classes
    chosen = st.multiselect("Classes that get new pictures", classes, default=list(classes), key="augment-classes")
    most = max(1, min(2000, augmented.MOST_NEW // max(len(chosen), 1)))
    each = st.number_input("New pictures of each class", 1, most, min(100, most), key="augment-each")
    if st.button("Write the data set", icon=":material/create_new_folder:"):
        _make(run, method, temperature, [classes.index(name) for name in chosen], int(each))
    kept, made = state.get(state.MADE) or ("", None)
    if made is None or kept != run.id or not made.folder.is_dir():
        st.caption(f"It goes to `{augmented.FOLDER}` in the folder of runs, as one folder of PNGs per class.")
        return
    st.success(f"{_counts(made)}: `{made.folder}`", icon=":material/check:")
    if st.button("Train on it", type="primary", icon=":material/model_training:", key="augment-train"):
        _train_on(made)


def listed() -> None:
    """All data sets that were written here; nothing where there is none."""
    found = augmented.written(default_checkpoints())
    if not found:
        return
    readers = {} if is_demo() else augmented.readers(default_checkpoints())
    with st.expander(f"Data sets that were written ({len(found)})", icon=":material/folder:"):
        for made in found:
            name = made.folder.name
            words, train, delete = st.columns([4, 1, 1], vertical_alignment="center")
            words.markdown(f"`{name}` :small[{_counts(made)}]")
            if train.button("Train on it", key=f"train-{name}", width="stretch"):
                _train_on(made)
            if not is_demo():
                with delete.popover("Delete", icon=":material/delete:", width="stretch"):
                    _delete(made, len(readers.get(made.folder.resolve(), [])))


def _delete(made: augmented.Made, count: int) -> None:
    name, checkpoints = made.folder.name, default_checkpoints()
    what = "1 run reads it and will show" if count == 1 else f"{count} runs read it and will show"
    st.caption(f"{_counts(made)}, gone for good. " + (f"{what} no items any more." if count else "No run reads it."))
    if st.button("Delete for good", type="primary", key=f"delete-{name}"):
        run_actions.act(lambda: augmented.delete(checkpoints, made))


def _counts(made: augmented.Made) -> str:
    return f"{made.real:,} real and {made.new:,} new training pictures, {made.test:,} test pictures"


def _train_on(made: augmented.Made) -> None:
    state.put(state.BROUGHT, made.dataset)
    st.switch_page("../pages/train.py", query_params={})


def _make(run: Run, method: Any, temperature: float, numbers: list[int], each: int) -> None:
    try:
        with st.spinner("Drawing and writing…", show_time=True):
            table, items = cached.table(run.id), cached.items(run.id)
            training, test = (items.take(table.rows(split)) for split in ("train", "test"))
            drawn, labels = _drawn(run, table, training, method, temperature, numbers, each)
            about = {"run": run.id, "method": method, "temperature": temperature, "per_class": each}
            info = cached.info(run.id)
            made = augmented.write(default_checkpoints(), info, training, test, drawn, labels, about)
    except AelibError as error:
        st.error(str(error), icon=":material/error:")
        return
    state.put(state.MADE, (run.id, made))


def _drawn(
    run: Run, table: codes.CodeTable, training: Items, method: Any, heat: float, numbers: list[int], each: int
) -> tuple[np.ndarray, np.ndarray]:
    assert training.labels is not None, "there are classes"
    missing = sorted(set(numbers) - set(training.labels.tolist()))
    if missing or not numbers:
        name = cached.info(run.id).classes[missing[0]] if missing else ""
        what = f"Class {name!r} has no training items" if missing else "No class is chosen"
        raise AelibError("E_EMPTY", what, "there is nothing to draw from", "Choose other classes")
    labels = np.where(np.isin(training.labels, numbers), training.labels, -1)
    return augmentation.draw(cached.model(run.id), table.codes[table.rows("train")], labels, each, method, 0, heat)
