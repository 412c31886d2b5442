"""A projection as a short text for addresses: ``umap``, or with what is no default ``umap(neighbours:30)``."""

from typing import Any

from aelib.config import PluginConfig, read_choice
from aelib.errors import AelibError
from aelib.registry import PROJECTIONS


def write(config: PluginConfig) -> str:
    """The whole projection."""
    text = settings(config)
    return f"{config.name}({text})" if text else config.name


def read(text: str) -> PluginConfig:
    """What ``write`` wrote. Raises ``E_UNKNOWN`` or ``E_CONFIG``."""
    method, _, rest = text.partition("(")
    return read_settings(method, rest.removesuffix(")"))


def settings(config: PluginConfig) -> str:
    """The parameters that are not the defaults: ``neighbours:30,min_dist:0.3``."""
    changed = config.model_dump(mode="json", exclude_defaults=True)
    return ",".join(f"{name}:{value}" for name, value in changed.items() if name != "name")


def read_settings(method: str, text: str) -> PluginConfig:
    """A method with its parameters. Raises ``E_UNKNOWN`` or ``E_CONFIG``."""
    if text.count(",") > 32:
        raise AelibError("E_CONFIG", "These are too many settings for a projection")
    pairs = (part.partition(":") for part in text.split(",") if part)
    return read_choice(PROJECTIONS, {"name": method} | {name: _value(value) for name, _, value in pairs})


def _value(text: str) -> Any:
    """Numbers and truth as what they are; the config's own checks do the rest."""
    if text in ("True", "False"):
        return text == "True"
    try:
        return int(text) if len(text) < 16 else text
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return text
