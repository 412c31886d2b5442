"""Two or three dimensions of the code as they are, without any projection.

What for: codes of two dimensions, where the map is the code space itself; looking at single dimensions.
Limits: shows two or three dimensions and hides all others.
Reference: none needed; the points are the codes.
"""

from typing import Literal

import numpy as np
from pydantic import Field

from aelib.config import PluginConfig
from aelib.errors import AelibError

QUICK = True


class Config(PluginConfig):
    """Which dimensions."""

    across: int = Field(0, ge=0, le=4095, description="The dimension drawn from left to right")
    up: int = Field(1, ge=0, le=4095, description="The dimension drawn upwards; 0 height for codes of one number")
    dimensions: Literal[2, 3] = Field(2, description="2 for a plane, 3 for a space to turn")
    deep: int = Field(2, ge=0, le=4095, description="In a space: the third dimension; no depth for codes of two")


def fit(codes: np.ndarray, config: Config, labels: np.ndarray | None = None) -> np.ndarray:
    """Points (n, 2 or 3): the columns. Raises ``E_CONFIG`` for a dimension the code does not have.

    A code shorter than the points has zeros for what is missing.
    """
    size = codes.shape[1]
    wanted = [config.across, config.up, config.deep][: config.dimensions]
    wrong = [column for place, column in enumerate(wanted) if column >= size and size > place]
    if wrong:
        least, there = max(wrong), f"codes have {size}"
        raise AelibError("E_CONFIG", f"There is no dimension {least}", there, f"Take 0 to {size - 1}")
    points = np.zeros((len(codes), len(wanted)), np.float32)
    for place, column in enumerate(wanted):
        if column < size:
            points[:, place] = codes[:, column]
    return points
