"""New labelled pictures as a data set to train on, and what they are worth to a small classifier."""

from typing import Any

import numpy as np
import streamlit as st

from aelib import codes
from aelib.datasets._base import Items
from aelib.errors import AelibError
from aelib.exchange import augmented
from aelib.measures import augmentation
from aelib.runs.folder import Run, default_checkpoints
from ui import cached, state

METHODS = {"mixture": "a mixture within the class", "noise": "noise around its items"}
CLASSIFIERS = {"logistic": "logistic regression on the pixels", "neighbours": "3 nearest neighbours on the pixels"}
MOST_REAL, MOST_NEW, SEEDS = 200, 500, 10


def show(run: Run) -> None:
    """Draw the section; says in a sentence where a run has no classes."""
    st.markdown("### Augmentation")
    classes = cached.info(run.id).classes
    if not classes:
        st.caption("These items have no classes, so new ones would have no labels.")
        return
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
        _worth(run, method, temperature)
    with write, st.container(border=True):
        _write(run, method, temperature, classes)


def lines(run: Run) -> str:
    """The library's lines for what was measured last here; empty before."""
    asked, _ = state.get(state.EFFECT) or ({}, None)
    if asked.get("run") != run.id:
        return ""
    given = ", ".join(f"{key}={value!r}" for key, value in asked.items() if key != "run")
    return (
        "\nfrom aelib import codes\nfrom aelib.measures import augmentation\n"
        "from aelib.runs.weights import load_model\n\n"
        "table, splits = codes.of_run(run), load_dataset(run.dataset()).splits\n"
        'own = table.codes[table.rows("train")]\n'
        f'effect = augmentation.effect(load_model(run), own, splits["train"], splits["test"], {given})\n'
    )


def _worth(run: Run, method: Any, temperature: float) -> None:
    st.markdown("**What they are worth** :small[to a small classifier, on test items]")
    places = st.columns(2)
    real = places[0].number_input("Real items of each class", 2, MOST_REAL, 10, key="augment-real")
    new = places[1].number_input("New of each class", 1, MOST_NEW, 40, key="augment-new")
    classifier: Any = st.selectbox(
        "Classifier", list(CLASSIFIERS), format_func=CLASSIFIERS.__getitem__, key="augment-classifier"
    )
    asked = {
        "run": run.id, "per_class": int(real), "new_per_class": int(new), "method": method, "classifier": classifier,
        "seeds": SEEDS, "temperature": temperature,
    }  # fmt: skip
    if st.button(
        "Measure", icon=":material/balance:", help=f"{SEEDS} seeds, at most {augmentation.MOST_TEST:,} test items"
    ):
        _measure(run, asked)
    kept, found = state.get(state.EFFECT) or (None, None)
    if found is None or kept != asked:
        st.caption("Not measured yet with these settings.")
        return
    _say(found)


def _measure(run: Run, asked: dict[str, Any]) -> None:
    table, items = cached.table(run.id), cached.items(run.id)
    train, test = (table.rows(split) for split in ("train", "test"))
    bar = st.progress(0.0, text=f"{SEEDS} seeds, each with the new items and without")
    try:
        found = augmentation.effect(
            cached.model(run.id), table.codes[train], items.take(train), items.take(test), told=bar.progress,
            **{key: value for key, value in asked.items() if key != "run"},
        )  # fmt: skip
    except AelibError as error:
        st.error(str(error), icon=":material/error:")
        return
    finally:
        bar.empty()
    state.put(state.EFFECT, (asked, found))


def _say(found: augmentation.Effect) -> None:
    gain, spread = found.gains.mean(), found.gains.std(ddof=1)
    columns = st.columns(2)
    for place, name, values in zip(
        columns, ("Real items alone", "With the new ones"), (found.without, found.with_new), strict=True
    ):
        place.metric(name, f"{values.mean():.1%}", f"± {values.std(ddof=1):.1%}", delta_color="off", delta_arrow="off")
    better = int((found.gains > 0).sum())
    count = len(found.gains)
    st.caption(
        f"Right on {found.test:,} test items; mean ± deviation over {count} seeds. The new items change it by "
        f"**{gain:+.1%} ± {spread:.1%}** (better for {better} of {count} seeds). Learnt from {found.real} real and "
        f"{found.new} new items; the new ones were drawn from the codes of those real ones alone. The autoencoder has "
        "seen all training items, without their labels."
    )


def _write(run: Run, method: Any, temperature: float, classes: tuple[str, ...]) -> None:
    st.markdown("**A data set to train on** :small[real and new items; the test items stay real]")
    chosen = st.multiselect("Classes that get new pictures", classes, default=list(classes), key="augment-classes")
    most = max(1, min(2000, augmented.MOST_NEW // max(len(chosen), 1)))
    each = st.number_input("New pictures of each class", 1, most, min(100, most), key="augment-each")
    if st.button("Write the data set", icon=":material/create_new_folder:"):
        _make(run, method, temperature, [classes.index(name) for name in chosen], int(each))
    kept, made = state.get(state.MADE) or ("", None)
    if made is None or kept != run.id:
        st.caption(f"It goes to `{augmented.FOLDER}` in the folder of runs, as one folder of PNGs per class.")
        return
    st.success(
        f"{made.real:,} real and {made.new:,} new training pictures, {made.test:,} test pictures: `{made.folder}`",
        icon=":material/check:",
    )
    if st.button("Train on it", type="primary", icon=":material/model_training:", key="augment-train"):
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
