"""What every page shares: its title line, the choice of a run, and sentences where something is missing."""

import streamlit as st

from aelib.errors import AelibError
from aelib.registry import MODELS
from aelib.runs.folder import ACTIVE, Run, default_checkpoints, list_runs
from ui import cached, state

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
}


def header(title: str, icon: str = "") -> None:
    """The page's heading."""
    st.markdown(f"## {icon} {title}".replace("  ", " "))


def choose_run() -> Run:
    """The run that this page shows, chosen on its first line and kept in the address.

    Stops the page with a sentence and a button when there is no run that could be shown.
    """
    runs = [run for run in list_runs(default_checkpoints()) if (run.folder / "weights.safetensors.json").exists()]
    if not runs:
        nothing_yet("There is no trained run yet.", "Train one: it takes seconds on the digits.")
    by_id = {run.id: run for run in runs}
    if state.get(state.RUN) not in by_id:
        state.drop(state.RUN)
        if (asked := state.address(state.RUN)) and asked not in by_id:
            st.info(f"The run `{asked[:80]}` of this link is not here; another one is shown.", icon=":material/info:")
    chosen = st.selectbox(
        "Run",
        list(by_id),
        format_func=lambda run_id: run_title(by_id[run_id]),
        key=state.RUN,
        bind="query-params",
        help="Which trained model this page looks through",
    )
    return by_id[chosen]


def run_title(run: Run) -> str:
    """What a run is called: the user's name for it, or model, dataset and code size."""
    try:
        raw, name = run.raw_config, run.queue().get("name", "")
        size = raw.get("model", {}).get("latent_dim")
        kind = f"{_word(raw, 'model')} · {_word(raw, 'dataset')}" + (f" · {size}-d" if size else "")
        return f"{name} ({kind})" if name else kind
    except AelibError:
        return run.id


def run_facts(run: Run) -> str:
    """One line of facts: variant, network, dataset, validation error, state."""
    status, raw = run.status(), run.raw_config
    error = status.get("validation_error")
    parts = [f"{_word(raw, 'model')} with {_word(raw, 'network')} on {_word(raw, 'dataset')}"]
    parts += [f"validation error {error:.3f} per item"] if error is not None else []
    return " · ".join([*parts, status["state"]])


def badge(run_state: str) -> str:
    """A state as a coloured word for Markdown."""
    return f":{STATE_COLOURS.get(run_state, 'gray')}-badge[{run_state}]"


def nothing_yet(what: str, remedy: str) -> None:
    """Say what is missing and offer the way out; ends the page."""
    st.info(f"{what} {remedy}", icon=":material/info:")
    if st.button("Go to Train", type="primary", icon=":material/model_training:"):
        st.switch_page("pages/train.py")
    st.stop()


def need_decoder(run: Run) -> None:
    """End the page with a sentence when the run's model cannot decode."""
    if not MODELS.load(run.raw_config["model"]["name"]).Model.can_decode:
        st.info(f"A {run.raw_config['model']['name']} has no decoder: nothing can be drawn from its codes.")
        st.stop()


def choose_split(table_size: int) -> str:
    """Which items are shown; validation unless it is small or another is asked for."""
    run = state.get(state.RUN)
    counts = cached.info(run).counts
    default = "validation" if counts["validation"] >= 1000 else "all"
    options = ["validation", "train", "test", "all"]
    return st.selectbox(
        "Items",
        options,
        index=options.index(default),
        format_func=lambda split: f"{split} ({table_size if split == 'all' else counts[split]:,})",
        key=state.SPLIT,
        bind="query-params",
        help="Validation items were watched in training but not learnt from. All is taken at first where validation "
        "has fewer than 1,000 items.",
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
    left = status.get("seconds_left")
    return "" if left is None else f" · {seconds(left)} left"


def seconds(value: float) -> str:
    """A duration in words: ``41 s``, ``3 min 20 s``."""
    whole = round(value)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


def _word(raw: dict, section: str) -> str:
    return str(raw.get(section, {}).get("name", "?"))
