"""From command-line words to the plain values that ``RunConfig.parse`` checks."""

import json
import shlex
from typing import Any

from aelib.config import Config, PluginConfig, RunConfig, read_choice
from aelib.errors import AelibError, nearest
from aelib.registry import Registry


def read_settings(
    preset: str, choices: dict[str, str], corruptions: list[str], settings: list[str], epochs: int | None
) -> dict[str, Any]:
    """The raw run config of ``aelib train``'s options; later options win over the preset."""
    raw = _preset(preset) if preset else {}
    for section, name in choices.items():
        if name:
            raw[section] = {"name": name}
    for word in corruptions:
        name, given, severity = word.partition("=")
        raw.setdefault("corruptions", []).append(
            {"name": name, "severity": read_value(severity)} if given else {"name": name}
        )
    if epochs is not None:
        settings = [*settings, f"training.epochs={epochs}"]
    for section in ("dataset", "network", "model"):  # a field may be set without naming its plug-in again
        raw.setdefault(section, {"name": {"dataset": "digits", "network": "mlp", "model": "autoencoder"}[section]})
    for setting in settings:
        path, equals, value = setting.partition("=")
        section, dot, field = path.partition(".")
        if not equals or not section:
            raise AelibError("E_CONFIG", f"--set {setting!r} is not understood", "", "Write FIELD=VALUE")
        if dot:
            _fields(raw, section)[field] = read_value(value)
        else:
            raw[section] = read_value(value)
    return raw


def _fields(raw: dict[str, Any], section: str) -> dict[str, Any]:
    """A section's fields, to be written to; a name alone becomes ``{"name": …}``."""
    if isinstance(raw.get(section), str):
        raw[section] = {"name": raw[section]}
    fields = raw.setdefault(section, {})
    if not isinstance(fields, dict):
        why = "it is a list" if isinstance(fields, list) else "it is one value"
        raise AelibError("E_CONFIG", f"{section!r} has no fields to set", why, "See the settings with `show --json`")
    return fields


def read_plugin(plugins: Registry, name: str, settings: list[str]) -> PluginConfig:
    """One plug-in's config from its name and ``FIELD=VALUE`` words. Raises ``E_CONFIG`` or ``E_UNKNOWN``."""
    fields = {key: read_value(value) for key, _, value in (setting.partition("=") for setting in settings)}
    return read_choice(plugins, {**fields, "name": name})


def read_value(word: str) -> Any:
    """A JSON value where it is one (numbers, true, lists), comma-separated whole numbers as a list, else the text."""
    try:
        return json.loads(word)
    except (ValueError, RecursionError):
        parts = word.split(",")
        return [int(part) for part in parts] if len(parts) > 1 and all(p.strip().isdigit() for p in parts) else word


def _preset(name: str) -> dict[str, Any]:
    from aelib.presets import PRESETS

    if name not in PRESETS:
        raise AelibError("E_UNKNOWN", f"There is no preset named {name!r}", "", nearest(name, PRESETS))
    return json.loads(json.dumps(PRESETS[name].config))


def write_command(config: RunConfig) -> str:
    """The command line that trains the same run: names, and every field that is not its default."""
    words = ["python -m aelib train"]
    for section in ("dataset", "network", "model"):
        part: PluginConfig = getattr(config, section)
        words.append(f"--{section} {part.name}")
        words += _changed(section, part)
    for corruption in config.corruptions:
        words.append(f"--corruption {corruption.name}={getattr(corruption, 'severity', '')}")
    if config.target != "items":
        words.append(f"--set target={config.target}")
    words += _changed("training", config.training)
    return " ".join(words)


def _changed(section: str, part: Config) -> list[str]:
    words = []
    for name, field in type(part).model_fields.items():
        value = getattr(part, name)
        if name != "name" and value != field.get_default(call_default_factory=True):
            plain = isinstance(value, str) and read_value(value) == value  # "2026" must not come back as a number
            text = value if plain else json.dumps(value, separators=(",", ":"))
            words.append(f"--set {shlex.quote(f'{section}.{name}={text}')}")
    return words
