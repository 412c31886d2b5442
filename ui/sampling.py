"""New items for the Generate page: where they are drawn from, and the library's lines that draw them."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import streamlit as st

from aelib import samples
from aelib.measures import copies
from aelib.runs.folder import Run
from ui import cached, frame, selection, state

COUNTS = ("16", "36", "64", "100", "256")
KINDS = {"prior": "the prior", "mixture": "a mixture over the codes", "items": "around the selection"}
EVERY = "every class in turn"
Source = Literal["prior", "mixture", "items"]


@dataclass(frozen=True)
class Wanted:
    """What is asked for.

    Attributes:
        source: A key of ``KINDS``.
        items: The selected items, for the source ``items``.
        label: The class, for a conditional model; None for all in turn.
    """

    source: Source
    count: int
    seed: int
    temperature: float
    label: int | None
    items: np.ndarray | None


def choose(run: Run, source_place: Any, count_place: Any) -> Wanted:
    """Draw the controls; ends the page with a sentence where the source has nothing to draw from."""
    model, classes = frame.model_class(run), cached.info(run.id).classes
    chosen = selection.selected_items(run.id)
    offered = [kind for kind in KINDS if kind != "prior" or model.can_sample]
    with source_place:
        source: Any = state.choose("From", offered, state.SOURCE, offered[0], show=KINDS.__getitem__, help=_help(run))
    with count_place:
        count = int(state.choose("How many", COUNTS, state.COUNT, "36"))
    heat_place, class_place, seed_place, again_place = st.columns([2, 1.4, 1, 1], vertical_alignment="bottom")
    with heat_place:
        temperature = st.slider(
            "Temperature", 0.0, 2.0, value=1.0, step=0.05, key=state.TEMPERATURE, bind="query-params",
            help="Multiplies how far each draw lies from where it is drawn around: below 1 safer and more alike, above "
            "1 bolder",
        )  # fmt: skip
    label = None
    if model.needs_labels:
        with class_place:
            named = state.choose("Class", [EVERY, *classes], state.MADE_CLASS, EVERY)
        label = None if named == EVERY else classes.index(named)
    again_place.button("Draw again", icon=":material/casino:", width="stretch", on_click=_another)
    with seed_place:
        seed = state.whole("Seed", 0, 999_999, state.SEED, 0, help="The same seed gives the same items") or 0
    if source == "items" and chosen is None:
        st.info("Nothing is selected: draw a lasso on Map, then come back.", icon=":material/info:")
        if st.button("Go to Map", type="primary", icon=":material/map:"):
            st.switch_page("../pages/map.py", query_params={state.RUN: run.id})
        st.stop()
    return Wanted(source, count, seed, temperature, label, chosen if source == "items" else None)


def draw(run: Run, wanted: Wanted) -> samples.Samples:
    """The items asked for."""
    with st.spinner("Fitting a mixture to the codes…" if wanted.source == "mixture" else "Drawing…"):
        over = cached.mixture(run.id) if wanted.source == "mixture" else None
        return samples.draw(
            run, wanted.count, wanted.seed, wanted.source,
            temperature=wanted.temperature, label=wanted.label, items=wanted.items, over=over,
        )  # fmt: skip


def judge(run: Run, drawn: samples.Samples) -> copies.Copies | str:
    """Each item's nearest training item, or the reason why there is none to be found."""
    if cached.info(run.id).missing is not None:
        return "Entries are missing in these data, so distances to training items say nothing."
    with st.spinner("Comparing with the training items…"):
        training, own = cached.training_items(run.id)
        if training.values.shape[1:] != drawn.items.shape[1:]:
            return "What is drawn has not the size of the training items, so the two cannot be compared."
        return copies.judge(drawn.items, training, own)


def words(run: Run, wanted: Wanted) -> str:
    """Where the items come from, in a sentence."""
    if wanted.source == "prior":
        return "drawn from the model's own prior, the standard normal"
    if wanted.source == "items":
        assert wanted.items is not None
        return f"drawn around {len(wanted.items):,} selected items, each moved by about the distance between neighbours"
    found = cached.mixture(run.id)
    tried = ", ".join(f"{count}: {bic:,.0f}" for count, bic in found.bic.items())
    parts = f"{len(found)} Gaussian{'s' if len(found) > 1 else ''}"
    return f"drawn from a mixture of {parts} over the training items' codes: the smallest BIC of those tried ({tried})"


def lines(run: Run, wanted: Wanted) -> str:
    """The library's lines that draw the same and judge them."""
    more = f", temperature={wanted.temperature:g}" if wanted.temperature != 1 else ""
    more += f", label={wanted.label}" if wanted.label is not None else ""
    more += f", items=np.asarray({wanted.items.tolist()})" if wanted.items is not None else ""
    return (
        "from pathlib import Path\nimport numpy as np\nfrom aelib import samples\n"
        "from aelib.datasets._base import load_dataset\nfrom aelib.measures import copies\n"
        "from aelib.runs.folder import open_run\n\n"
        f'run = open_run(Path("checkpoints"), "{run.id}")\n'
        f'drawn = samples.draw(run, {wanted.count}, {wanted.seed}, "{wanted.source}"{more})\n\n'
        'training = load_dataset(run.dataset()).splits["train"]\n'
        "judged = copies.judge(drawn.items, training, copies.own_distances(training))\n"
        "# judged.items are the nearest training items, judged.is_copy says which are copies\n"
    )


def _another() -> None:
    """Another seed, written where ``state.whole`` reads it first."""
    state.put(f"whole-{state.SEED}", (state.get(f"whole-{state.SEED}") or 0) + 1)


def _help(run: Run) -> str:
    own = "" if frame.model_class(run).can_sample else " This model has no prior of its own."
    return (
        "**The prior** is what the model was trained to fill. **A mixture** of Gaussians is fitted to the codes and "
        f"serves any model. **Around the selection** stays near the items selected on Map.{own}"
    )
