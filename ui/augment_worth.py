"""What new items are worth to a small classifier: asked for by a button, measured by a worker, kept with the run."""

from typing import Any

import streamlit as st

from aelib.errors import AelibError
from aelib.jobs import augmenting
from aelib.measures import augmentation
from aelib.runs.folder import Run

CLASSIFIERS = {"logistic": "logistic regression on the pixels", "neighbours": "3 nearest neighbours on the pixels"}
MOST_REAL, MOST_NEW, SEEDS = 200, 500, 10


def show(run: Run, method: str, temperature: float) -> str:
    """The settings, and what was found with them: figures, how far they have come, or the button that asks for them.

    Returns:
        The library's lines for the figures on screen; empty before.
    """
    st.markdown("**What they are worth** :small[to a small classifier, on test items]")
    places = st.columns(2)
    real = places[0].number_input("Real items of each class", 2, MOST_REAL, 10, key="augment-real")
    new = places[1].number_input("New of each class", 1, MOST_NEW, 40, key="augment-new")
    classifier = st.selectbox(
        "Classifier", list(CLASSIFIERS), format_func=CLASSIFIERS.__getitem__, key="augment-classifier"
    )
    settings: augmentation.Settings = {
        "per_class": int(real), "new_per_class": int(new), "method": method, "classifier": classifier,
        "seeds": SEEDS, "temperature": temperature,
    }  # fmt: skip
    is_asked = augmenting.is_asked(
        run, settings
    )  # before looking for the result: the worker keeps it, then clears this
    found = augmentation.kept(run, settings)
    if found is not None:
        _say(found)
        return _lines(settings)
    if is_asked:
        _wait(run, settings)
        return ""
    if st.button(
        "Measure",
        icon=":material/balance:",
        help=f"{SEEDS} seeds, at most {augmentation.MOST_TEST:,} test items; a worker does it and the run keeps it",
    ):
        augmenting.request(run, settings)
        st.rerun()
    st.caption("Not measured yet with these settings.")
    return ""


@st.fragment(run_every=1)
def _wait(run: Run, settings: augmentation.Settings) -> None:
    if _is_there(run, settings):
        st.rerun()
    if not augmenting.is_asked(run, settings):  # it was stopped in another window
        st.rerun()
    fault = augmenting.request(run, settings)
    if fault:
        st.warning(f"This came to nothing. {fault}", icon=":material/error:")
        if st.button("Try again", key="augment-again"):
            augmenting.forget_fault(run, settings)
            augmenting.request(run, settings)
            st.rerun()
        return
    share = augmenting.progress(run, settings)
    words = "waits for its worker" if share is None else f"{SEEDS} seeds, each with the new items and without"
    st.progress(share or 0.0, text=words)
    if st.button("Stop", icon=":material/stop_circle:", key="augment-stop"):
        augmenting.stop(run, settings)
        st.rerun()


def _is_there(run: Run, settings: augmentation.Settings) -> bool:
    try:
        return augmentation.kept(run, settings) is not None
    except AelibError:
        return True  # the run is gone: the page will say so


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


def _lines(settings: dict[str, Any]) -> str:
    given = ", ".join(f"{key}={value!r}" for key, value in settings.items())
    return (
        "\nfrom aelib import codes\nfrom aelib.measures import augmentation\n"
        "from aelib.runs.weights import load_model\n\n"
        "table, splits = codes.of_run(run), load_dataset(run.dataset()).splits\n"
        'own = table.codes[table.rows("train")]\n'
        f'effect = augmentation.effect(load_model(run), own, splits["train"], splits["test"], {given})\n'
    )
