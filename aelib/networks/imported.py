"""The network of a model trained elsewhere, of which nothing is known.

What for: a run of imported codes names it, so that its config is whole.
Limits: it has no layers; nothing can be built from it.
Reference: none needed.
"""

from typing import NoReturn

from aelib.config import PluginConfig
from aelib.datasets._base import DataInfo
from aelib.errors import AelibError


class Config(PluginConfig):
    """Nothing is known of it."""


def build(config: Config, info: DataInfo) -> NoReturn:
    """Always raises ``E_CONFIG``."""
    raise AelibError("E_CONFIG", "The network 'imported' has no layers", "it stands for one trained elsewhere")
