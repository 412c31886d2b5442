"""What every page shares: its title line, the choice of a run, and sentences where something is missing."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from aelib.codes import CodeTable
from aelib.errors import AelibError
from aelib.models._facts import facts_of
from aelib.runs.folder import ACTIVE, Run, default_checkpoints, list_runs
from ui import cached, state

if TYPE_CHECKING:
    from aelib.models._base import Model

SMALL = 1000  # validation items; with fewer, a map shows all items at first
STATE_COLOURS = {
    "completed": "green",
    "running": "orange",
    "starting": "orange",
    "stopping": "orange",
    "queued": "blue",
    "failed": "red",
    "interrupted": "red",
    "stopped": "gray",
    "paused": "gray",
    "broken": "red",
    "imported": "violet",
}


def bar(title: str, widths: Sequence[float]) -> list[Any]:
    """The page's first line: its heading, and places of these widths beside it for what it shows."""
    state.put(state.TITLE, title)
    name_tab()
    heading, *places = st.columns([max(0.9, 0.12 * len(title)), *widths], vertical_alignment="bottom")
    heading.markdown(f"## {title}")
    return places


def name_tab(run: Run | None = None) -> None:
    """Name the browser's tab after the page, and the run that it shows."""
    parts = [state.get(state.TITLE, ""), *([] if run is None else [run_title(run)]), "Latent Loupe"]
    st.set_page_config(page_title=" · ".join(part for part in parts if part))


def choose_run() -> Run:
    """The run that this page shows, chosen on its first line and kept in the address.

    Stops the page with a sentence and a button when there is no run that could be shown.
    """
    runs = {run.id: run for run in list_runs(default_checkpoints()) if has_weights(run)}
    if not runs:
        nothing_yet("There is no trained run yet.", "Train one: it takes seconds on the digits.")
    asked = state.address(state.RUN)
    if asked and asked not in runs:
        st.toast(f"The run {asked[:80]!r} of this link is not here; another one is shown.", icon=":material/info:")
    chosen = state.choose(
        "Run",
        list(runs),
        state.RUN,
        next(iter(runs)),
        show=titles(runs).__getitem__,
        help="Which trained model this page looks through",
    )
    name_tab(runs[chosen])
    return runs[chosen]


def titles(runs: dict[str, Run]) -> dict[str, str]:
    """What runs are called, by id; runs of one name with their ids, for a select box knows them by their words."""
    found = {run_id: run_title(run) for run_id, run in runs.items()}
    several = {title for title, count in Counter(found.values()).items() if count > 1}
    return {run_id: f"{title} · {run_id}" if title in several else title for run_id, title in found.items()}


def has_weights(run: Run) -> bool:
    """Whether a run has weights to look through."""
    return (run.folder / "weights.safetensors.json").exists()


def codes_of(run: Run) -> CodeTable:
    """The run's code table; says so while items still have to be encoded (a run that has not ended yet)."""
    with st.spinner("Encoding all items with the weights as they are now…", show_time=True):
        return cached.table(run.id)


def run_title(run: Run) -> str:
    """What a run is called: the user's name for it, or model, dataset and code size."""
    try:
        raw, name = run.raw_config, run.queue().get("name", "")
        size = raw.get("model", {}).get("latent_dim")
        kind = "imported codes" if run.is_imported else f"{_word(raw, 'model')} · {_word(raw, 'dataset')}"
        kind += f" · {size}-d" if size else ""
        return f"{name} ({kind})" if name else kind
    except AelibError:
        return run.id


def run_facts(run: Run) -> str:
    """One line of facts: variant, network, dataset, validation error, state."""
    status, raw = run.status(), run.raw_config
    if run.is_imported:
        lattice = " with a decoded lattice" if raw["model"]["name"] == "imported_lattice" else ""
        source = raw["dataset"].get("source", "").replace("`", "")
        return f"codes{lattice}, imported" + (f" from `{source}`" if source else "")
    error = status.get("validation_error")
    parts = [f"{_word(raw, 'model')} with {_word(raw, 'network')} on {_word(raw, 'dataset')}"]
    place = "on clean items" if raw.get("corruptions") else "per item"
    parts += [f"validation error {error:.3f} {place}"] if error is not None else []
    return " · ".join([*parts, status["state"]])


def badge(run_state: str) -> str:
    """A state as a coloured word for Markdown."""
    return f":{STATE_COLOURS.get(run_state, 'gray')}-badge[{run_state}]"


def nothing_yet(what: str, remedy: str) -> None:
    """Say what is missing and offer the way out; ends the page."""
    st.info(f"{what} {remedy}", icon=":material/info:")
    if st.button("Go to Train", type="primary", icon=":material/model_training:"):
        st.switch_page("../pages/train.py")
    st.stop()


def need_decoder(run: Run) -> None:
    """End the page with a sentence when nothing can be drawn from a vector that this run's model calls a code."""
    model = model_class(run)
    name = run.raw_config["model"]["name"].replace("_", " ")
    if run.is_imported:
        _say_what_was_imported(model.can_decode)
        return
    if not model.can_decode:
        st.info(f"The model {name} has no bottleneck: its pictures go round the code, so nothing is drawn from one.")
        st.stop()
    if model.code_shape == "grid":
        st.info(f"The codes of {name} are grids of code words; a vector of them is for maps and neighbours only.")
        st.stop()


def _say_what_was_imported(has_lattice: bool) -> None:
    if has_lattice:
        st.caption(":material/grid_on: Each picture is the nearest cell of the decoded lattice that was imported.")
        return
    st.info(
        "These codes were imported without a decoder, so nothing can be drawn from one. Train a model here, or import "
        "codes of two numbers with a decoded `lattice` (docs/bring-your-codes.md).",
        icon=":material/info:",
    )
    st.stop()


def need_encoder(run: Run) -> None:
    """End the page with a sentence when the run's model cannot encode an item."""
    if not model_class(run).can_encode:
        st.info(
            "These codes were imported, and the model that made them is not here: no item can be encoded or "
            "reconstructed. The Map shows what came; to use this page, train a model here.",
            icon=":material/info:",
        )
        if st.button("Open map", type="primary", icon=":material/map:"):
            st.switch_page("../pages/map.py", query_params={state.RUN: run.id})
        st.stop()


def need_items(run: Run) -> None:
    """End the page with a sentence when the run's model gives something else than items."""
    target = model_class(run).target
    if target != "items":
        name = run.raw_config["model"]["name"].replace("_", " ")
        st.info(f"The model {name} gives {target}, which cannot be held against the clean item. See Reconstructions.")
        st.stop()


def strip_rows(run: Run) -> str:
    """What the rows of a run's strips are, from above."""
    between = ["corrupted"] if run.raw_config.get("corruptions") else []
    masks = run.raw_config.get("target") == "masks"
    return ", ".join(["items", *between, "masks found" if masks else "reconstructions"])


def model_class(run: Run) -> "type[Model]":
    """What a run's model needs and what it can do: its class attributes, without torch being loaded for them."""
    return facts_of(run.raw_config["model"]["name"])


def choose_split(run: Run) -> str:
    """Which items are shown: validation, unless it is small or another split is asked for."""
    counts = cached.info(run.id).counts
    counts = {**counts, "all": sum(counts.values())}
    default = "validation" if counts["validation"] >= SMALL else "all"
    return state.choose(
        "Items",
        [split for split in ("validation", "train", "test", "all") if counts[split]],
        state.SPLIT,
        default,
        show=lambda split: f"{split} ({counts[split]:,})",
        help=f"Validation items were watched in training but not learnt from. Where they are fewer than {SMALL:,}, "
        "all items are shown at first.",
    )


def show_code(lines: str) -> None:
    """The ``aelib`` lines that give the same result."""
    with st.popover("Show me the code", icon=":material/code:"):
        st.code(lines, language="python")


def active_runs() -> list[Run]:
    """Runs that wait or work, oldest first."""
    found = []
    for run in reversed(list_runs(default_checkpoints())):
        try:
            if run.status()["state"] in (*ACTIVE, "queued"):
                found.append(run)
        except AelibError:
            continue
    return found


@st.fragment(run_every=2)
def running_work() -> None:
    """Running work at the foot of the sidebar, always in sight."""
    for run in active_runs()[:3]:
        status = run.status()
        with st.container(border=True):
            st.caption(f"**{run_title(run)}** {badge(status['state'])}")
            epochs, epoch = status.get("epochs") or 1, status.get("epoch", 0)
            st.progress(min(1.0, epoch / epochs), text=f"epoch {epoch} of {epochs}{_left(status)}")


def _left(status: dict) -> str:
    left = None if status.get("waits") else status.get("seconds_left")
    return " · waits for you" if status.get("waits") else "" if left is None else f" · {seconds(left)} left"


def seconds(value: float) -> str:
    """A duration in words: ``41 s``, ``3 min 20 s``."""
    whole = round(value)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


def _word(raw: dict, section: str) -> str:
    return str(raw.get(section, {}).get("name", "?"))
