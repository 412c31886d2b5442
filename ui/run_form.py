"""The form of a run: where it starts (a preset, a clone, the defaults) and one section per part of the config."""

import json
import zlib
from typing import TYPE_CHECKING, Any

import streamlit as st

from aelib.config import TrainingConfig
from aelib.errors import AelibError
from aelib.files import parse_json
from aelib.presets import PRESETS
from aelib.registry import CORRUPTIONS, DATASETS, MODELS, NETWORKS
from ui import cached, forms, frame, state

if TYPE_CHECKING:
    from aelib.models._base import Model

_BLANK = "own settings"
_FIRST_CORRUPTION = "masking"  # what a model that needs one begins with, at its own severity of 0.25


def choose_start() -> tuple[dict[str, Any], str]:
    """What the form begins with, and the prefix of its widgets' keys (another start is another form).

    A form in the address (a link, a reload) wins over the preset or the clone it was opened from, until another of
    these is chosen.
    """
    start, key = _chosen_start()
    origin, text = key, state.address(state.FORM)
    if text and text != state.get(state.FORM_WRITTEN):
        try:
            linked = _known_parts(parse_json(text, "the form in this link"))
            state.put(state.FORM_START, (origin, linked, f"link-{zlib.crc32(text.encode())}"))
        except AelibError as error:
            st.warning(str(error))
    kept = state.get(state.FORM_START)
    return kept[1:] if kept and kept[0] == origin else (start, key)


def _known_parts(linked: Any) -> dict[str, Any]:
    """What can be used of a form that came in a link: parts that name a known plug-in; forms check their fields."""
    found: dict[str, Any] = {}
    if not isinstance(linked, dict):
        return found
    for plugins in (DATASETS, MODELS, NETWORKS):
        part = linked.get(plugins.kind)
        if isinstance(part, dict) and part.get("name") in plugins.names():
            found[plugins.kind] = part
    if isinstance(linked.get("corruptions"), list):
        found["corruptions"] = [
            part for part in linked["corruptions"] if isinstance(part, dict) and part.get("name") in CORRUPTIONS.names()
        ]
    if isinstance(linked.get("training"), dict):
        found["training"] = linked["training"]
    return found


def remember(raw: dict[str, Any]) -> None:
    """Write the form into the address, so that a reload or a link opens it as it stands."""
    text = json.dumps(raw, separators=(",", ":"))
    state.put(state.FORM_WRITTEN, text)
    state.put_address(state.FORM, text)


def _chosen_start() -> tuple[dict[str, Any], str]:
    cloned = state.address(state.CLONE)
    if cloned:
        try:
            run = cached.run(cloned)
            said, button = st.columns([3, 1])
            said.caption(f"As **{frame.run_title(run)}**")
            if button.button("Clear", help="Start from the defaults instead"):
                state.put_address(state.CLONE, "")
                st.rerun()
            return run.raw_config, f"clone-{cloned}"
        except AelibError as error:
            st.warning(str(error))
    names = [_BLANK, *PRESETS]
    chosen = state.choose(
        "Preset",
        names,
        state.PRESET,
        "convolutional_vae",
        show=lambda name: PRESETS[name].title if name in PRESETS else name,
    )
    if chosen == _BLANK:
        return {}, _BLANK
    st.caption(PRESETS[chosen].description)
    return PRESETS[chosen].config, chosen


def draw(start: dict[str, Any], key: str) -> dict[str, Any]:
    """All sections; returns the raw run config. Raises ``E_CONFIG`` for a text that is no list of numbers."""
    raw: dict[str, Any] = {}
    parts = (("dataset", DATASETS, "digits"), ("model", MODELS, "autoencoder"), ("network", NETWORKS, "mlp"))
    brought = state.get(state.BROUGHT) or {}  # the Data page's "Train on it"
    if brought:
        start, key = {**start, "dataset": brought}, f"{key}.{brought['name']}"
    for section, plugins, default in parts:
        given = start.get(section, {})
        if section == "network" and not _needs_network(raw):
            raw[section] = given or {"name": default}
            continue
        chosen = forms.choose_plugin(plugins, f"{key}.{section}", given.get("name", default))
        begin = given if given.get("name") == chosen else {"name": chosen}
        schema = plugins.load(chosen).Config
        if len(schema.model_fields) > 1:
            with st.expander(f"{forms.words(chosen)} settings", expanded=section != "network"):
                raw[section] = forms.config_form(schema, f"{key}.{section}.{chosen}", {**begin, "name": chosen})
        else:
            raw[section] = {"name": chosen}
    raw["target"] = _target(raw)
    given = {name: start.get(name, empty) for name, empty in (("corruptions", []), ("training", {}))}
    if _model(raw).is_closed_form:
        st.caption("This model is fitted at once: it has no epochs, no learning rate and no use for a corruption.")
        return raw | (given if start.get("model", {}).get("name") == raw["model"]["name"] else {})
    raw["corruptions"] = _corruptions(given["corruptions"], key, raw)
    with st.expander("Training", expanded=True):
        raw["training"] = forms.config_form(TrainingConfig, f"{key}.training", given["training"])
    return raw


def _model(raw: dict[str, Any]) -> "type[Model]":
    return MODELS.load(raw["model"]["name"]).Model


def _needs_network(raw: dict[str, Any]) -> bool:
    """Whether the chosen model builds on a network; says so where it does not."""
    if _model(raw).code_shape != "any":
        return True
    st.caption("This model makes its own layers: there is no network to choose.")
    return False


def _target(raw: dict[str, Any]) -> str:
    """What the chosen model learns; asked only where it is not the items themselves."""
    target = _model(raw).target
    if target != "items":
        st.caption(f"This model learns the dataset's {target}.")
    return target


def _corruptions(given: list[dict[str, Any]], key: str, raw: dict[str, Any]) -> list[dict[str, Any]]:
    if _model(raw).needs_corruptions and not given:
        given, key = [{"name": _FIRST_CORRUPTION}], f"{key}.{raw['model']['name']}"
    start = {part["name"]: part for part in given}
    chosen = st.multiselect(
        "Corruption of the input",
        CORRUPTIONS.names(),
        default=[name for name in start if name in CORRUPTIONS.names()],
        key=f"{key}.corruptions",
        format_func=forms.words,
        placeholder="none",
        help="Applied in this order to the inputs; the targets stay clean, which makes any model a denoising one",
    )
    if _model(raw).needs_corruptions and not chosen:
        st.warning("This model learns to undo corruptions: choose at least one.", icon=":material/grain:")
    found = []
    for name in chosen:
        st.caption(f"**{forms.words(name)}**: {CORRUPTIONS.help(name).summary}", help=CORRUPTIONS.help(name).limits)
        schema = CORRUPTIONS.load(name).Config
        begin = {**start.get(name, {}), "name": name}
        found.append(forms.config_form(schema, f"{key}.corruption.{name}", begin, columns=1))
    return found
