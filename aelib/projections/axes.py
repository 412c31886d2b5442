"""Two dimensions of the code as they are, without any projection.

What for: codes of two dimensions, where the map is the code space itself; looking at single dimensions.
Limits: shows two dimensions and hides all others.
Reference: none needed; the points are the codes.
"""

import numpy as np
from pydantic import Field

from aelib.config import PluginConfig
from aelib.errors import AelibError

QUICK = True


class Config(PluginConfig):
    """Which two dimensions."""

    across: int = Field(0, ge=0, le=4095, description="The dimension drawn from left to right")
    up: int = Field(1, ge=0, le=4095, description="The dimension drawn upwards; 0 height for codes of one number")


def fit(codes: np.ndarray, config: Config) -> np.ndarray:
    """Points (n, 2): the two columns. Raises ``E_CONFIG`` for a dimension the code does not have."""
    size = codes.shape[1]
    if config.across >= size or (config.up >= size and size > 1):
        wrong = max(config.across, config.up)
        raise AelibError("E_CONFIG", f"There is no dimension {wrong}", f"codes have {size}", f"Take 0 to {size - 1}")
    up = codes[:, config.up] if config.up < size else np.zeros(len(codes))
    return np.stack([codes[:, config.across], up], axis=1)
