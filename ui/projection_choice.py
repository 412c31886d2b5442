"""Which projection a map shows: its method, its settings in a form, and what stands on screen while it is computed."""

from typing import Any

import streamlit as st

from aelib.config import PluginConfig, read_choice
from aelib.errors import AelibError
from aelib.jobs import projecting
from aelib.registry import PROJECTIONS
from aelib.runs.folder import Run
from ui import cached, forms, projection_text, state

TITLES = {
    "umap": "UMAP",
    "pca": "PCA",
    "tsne": "t-SNE",
    "lda": "LDA",
    "pacmap": "PaCMAP",
    "axes": "two dimensions",
    "given": "as imported",
}
MEANINGS = (
    "**Trustworthiness**: are neighbours on the map neighbours in the code space? 1: all of them. "
    "**Continuity**: the other way round, are neighbours in the code space still neighbours on the map? "
    "**Neighbour overlap**: the share of an item's nearest codes that are among its nearest points."
)


def title(method: str) -> str:
    """A method's name for the screen."""
    return TITLES.get(method, forms.words(method))


def on_screen(run: Run, wanted: PluginConfig) -> tuple[PluginConfig, str]:
    """The projection to draw now, and a sentence about it.

    A slow one that is not there yet is asked for from the projection worker; PCA stands in meanwhile.
    """
    place = st.container()  # always there: a map below that moved to another place in the page would be made anew
    pca, plugin = read_choice(PROJECTIONS, "pca"), PROJECTIONS.load(wanted.name)
    if getattr(plugin, "NEEDS_LABELS", False) and (cached.table(run.id).labels < 0).all():
        return pca, f"{title(wanted.name)} needs labels, and these items have none: PCA is shown"
    stored = cached.stored_projection(run.id, wanted)
    if stored is not None:
        return wanted, _quality(stored.quality)
    quick = bool(plugin.QUICK)
    fault = projecting.request(run, wanted)
    with place:
        if fault:
            _tell_fault(run, wanted, fault, quick)
        else:
            _wait_for(run.id, wanted)
    if quick:
        return wanted, "its quality could not be measured" if fault else "its quality is being measured"
    return pca, "PCA in its place" if fault else "PCA for now"


def choose_method(run_id: str) -> str:
    """The projection's name; codes of one or two dimensions start on their own axes."""
    names = PROJECTIONS.names()
    start = "axes" if cached.table(run_id).codes.shape[1] <= 2 else "umap"
    if cached.stored_projection(run_id, read_choice(PROJECTIONS, "given")) is not None:  # a map came with the codes
        names, start = ["given", *names], "given"
    return state.choose(
        "Projection",
        names,
        state.METHOD,
        start,
        show=title,
        help="\n\n".join(f"**{title(name)}**: {PROJECTIONS.help(name).what_for}" for name in names),
    )


def choose_settings(method: str) -> PluginConfig:
    """The method with its settings, from a form behind a button; they stand in the address and stay per method."""
    kept: dict[str, PluginConfig] = {**state.get(state.SETTINGS_KEPT, {})}
    text = state.address(state.SETTINGS)
    if text and text != state.get(state.SETTINGS_SEEN):  # else they are those of the method that was left
        try:
            kept[method] = projection_text.read_settings(method, text)
        except AelibError as error:
            st.toast(f"The settings of this link are passed over. {error}", icon=":material/info:")
    config = kept.get(method) or read_choice(PROJECTIONS, method)
    if len(PROJECTIONS.load(method).Config.model_fields) > 1:
        config = _form(method, config)
    _keep(method, config)
    return config


def _keep(method: str, config: PluginConfig) -> None:
    text = projection_text.settings(config)
    state.put(state.SETTINGS_KEPT, {**state.get(state.SETTINGS_KEPT, {}), method: config})
    state.put(state.SETTINGS_SEEN, text)
    state.put_address(state.SETTINGS, text)


def _form(method: str, config: PluginConfig) -> PluginConfig:
    """The settings behind a button; another method, or another link, is another form."""
    schema, start = PROJECTIONS.load(method).Config, config.model_dump()
    changed = projection_text.settings(config)
    with st.popover(
        f"{title(method)} settings",
        icon=":material/tune:",
        help=f"Not the defaults: {changed}" if changed else "Its parameters",
        type="primary" if changed else "secondary",
        width="stretch",
    ):
        st.markdown(f"**{title(method)}**", help=PROJECTIONS.help(method).limits)
        with st.form(f"settings-{method}", border=False):
            values = forms.config_form(schema, f"settings.{method}.{changed}", start, columns=1)
            apply, reset = st.columns(2)
            applied = apply.form_submit_button("Apply", type="primary", width="stretch")
            back = reset.form_submit_button("Defaults", width="stretch", disabled=not changed)
    if back or applied:
        found: dict[str, Any] | str = method if back else values
        try:
            fresh = read_choice(PROJECTIONS, found)
        except AelibError as error:
            st.error(str(error))
            return config
        if fresh != config:
            _keep(method, fresh)
            st.rerun()
    return config


def _quality(quality: dict[str, float]) -> str:
    if not quality:
        return "too few items to say how far this map can be trusted"
    names = (("trustworthiness", "trustworthiness"), ("continuity", "continuity"), ("overlap", "neighbour overlap"))
    figures = [f"{words} {quality[name]:.3f}" for name, words in names if name in quality]
    return f"{' · '.join(figures)} (15 neighbours, {quality['items']:,.0f} items)"


def _tell_fault(run: Run, wanted: PluginConfig, fault: str, quick: bool) -> None:
    what = "The quality of this map could not be measured" if quick else f"{title(wanted.name)} could not be computed"
    st.warning(f"{what}: {fault}{'' if quick else ' PCA is shown instead.'}")
    if st.button("Try again", key="retry-projection", icon=":material/refresh:"):
        projecting.forget_fault(run, wanted)
        st.rerun()


@st.fragment(run_every=1)
def _wait_for(run_id: str, wanted: PluginConfig) -> None:
    """Look once a second whether the worker is done (or gone: asking again starts it anew)."""
    run = cached.run(run_id)
    if cached.stored_projection(run_id, wanted) is not None or projecting.request(run, wanted):
        st.rerun()
    if PROJECTIONS.load(wanted.name).QUICK:
        return
    share = projecting.progress(run, wanted)
    words = f"{title(wanted.name)} is being computed; the map changes when it is done."
    said, stop = st.columns([6, 1], vertical_alignment="center")
    with said:
        if share is None:
            st.caption(f":material/hourglass_top: {words}")
        else:
            st.progress(min(max(share, 0.0), 1.0), text=words)
    if stop.button("Stop", key="stop-projection", icon=":material/stop:", help="PCA stays; it can be asked for again"):
        projecting.stop(run, wanted)
