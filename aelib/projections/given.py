"""The points that came with imported codes.

What for: the map as its owner made it, with a method of his own.
Limits: only where points were imported; it cannot place anything new.
Reference: none needed; the points are the user's own.
"""

from typing import NoReturn

import numpy as np

from aelib.config import PluginConfig
from aelib.errors import AelibError

QUICK = False


class Config(PluginConfig):
    """There is nothing to set."""


def fit(codes: np.ndarray, config: Config, labels: np.ndarray | None = None) -> NoReturn:
    """Always raises ``E_ABILITY``: given points are read, never computed."""
    raise AelibError("E_ABILITY", "No points came with these codes", "", "Import them with an array `points`")
