"""One widget per field of a config, from its schema: a new setting needs no new form code."""

from typing import Any, Literal, get_args, get_origin

import streamlit as st
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from aelib.config import Config, PluginConfig, allowed_range, is_read
from aelib.errors import AelibError
from aelib.registry import Registry

_HIDDEN = ("name", "format")


def choose_plugin(plugins: Registry, key: str, start: str, label: str = "") -> str:
    """A select box over a registry, with the chosen plug-in's own help under it. Returns its name."""
    names = plugins.names()
    chosen = st.selectbox(
        label or plugins.kind.capitalize(),
        names,
        index=names.index(start) if start in names else 0,
        key=key,
        format_func=words,
    )
    described = plugins.help(chosen)
    st.caption(described.summary, help=f"**What for.** {described.what_for}\n\n**Limits.** {described.limits}")
    return chosen


def config_form(schema: type[Config], key: str, start: dict[str, Any], columns: int = 2) -> dict[str, Any]:
    """Draw one widget per field and return their values as plain data, not yet checked.

    A field that nothing reads while another is as it is (``aelib.config.only_when``) is left out: it keeps what it was
    opened with where it was out of use there too, and goes back to its default otherwise.

    Args:
        schema: The config's class.
        key: Prefix of the widgets' keys; another prefix is another form.
        start: Values to begin with where they differ from the defaults.
        columns: Fields side by side.
    """
    fields = {name: field for name, field in schema.model_fields.items() if name not in _HIDDEN}
    values: dict[str, Any] = {"name": start["name"]} if issubclass(schema, PluginConfig) and "name" in start else {}
    places = st.columns(columns) if len(fields) > 1 else [st.container()]
    begin = {name: _start_value(schema, name, field, start) for name, field in fields.items()}
    drawn = 0
    for name, field in fields.items():
        if not is_read(field, values):
            was_read = is_read(field, begin)
            values[name] = field.get_default(call_default_factory=True) if was_read else begin[name]
            continue
        with places[drawn % len(places)]:
            values[name] = _widget(field, name, begin[name], f"{key}.{name}")
        drawn += 1
    return values


def _start_value(schema: type[Config], name: str, field: FieldInfo, start: dict[str, Any]) -> Any:
    """The value to begin with: the given one where the field takes it (a link may hold anything), else the default."""
    default = field.get_default(call_default_factory=True)
    if name not in start:
        return default
    try:
        return getattr(schema.model_validate({name: start[name]}), name)
    except ValidationError:
        return default


def words(name: str) -> str:
    """A field's or plug-in's name for the screen."""
    return name.replace("_", " ")


def _widget(field: FieldInfo, name: str, value: Any, key: str) -> Any:
    label, help_text = words(name).capitalize(), f"{field.description or ''}. Allowed: {allowed_range(field)}."
    bounds = {
        side: getattr(part, side) for part in field.metadata for side in ("ge", "le", "gt") if hasattr(part, side)
    }
    if get_origin(field.annotation) is Literal:
        options = list(get_args(field.annotation))
        return st.selectbox(
            label, options, index=options.index(value), key=key, help=help_text, format_func=lambda o: words(str(o))
        )
    if field.annotation is bool:
        return st.toggle(label, value=value, key=key, help=help_text)
    if field.annotation is int:
        low, high = bounds.get("ge"), min(bounds.get("le", 2**53), 2**53 - 1)
        return st.number_input(label, low, high, value=value, step=1, key=key, help=help_text)
    if field.annotation is float:
        if (bounds.get("ge"), bounds.get("le")) == (0, 1):
            return st.slider(label, 0.0, 1.0, value=float(value), step=0.01, key=key, help=help_text)
        low, high = bounds.get("ge"), bounds.get("le")
        step = 0.1 if value >= 0.1 or value == 0 else value
        return st.number_input(
            label,
            None if low is None else float(low),
            None if high is None else float(high),
            value=float(value),
            step=float(step),
            format="%.4g",
            key=key,
            help=help_text,
        )
    if get_origin(field.annotation) is tuple:
        text = st.text_input(label, value=", ".join(str(part) for part in value), key=key, help=help_text)
        return _whole_numbers(text, name)
    return st.text_input(label, value=str(value), key=key, help=help_text)


def _whole_numbers(text: str, name: str) -> list[int]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(part.lstrip("-").isdecimal() and len(part) < 10 for part in parts):
        raise AelibError(
            "E_CONFIG", f"{words(name)} is not understood", f"got {text!r}", "Write whole numbers: 256, 128"
        )
    return [int(part) for part in parts]
