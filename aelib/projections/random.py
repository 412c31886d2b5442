"""A plane at random through the code space: what a map shows when nobody has chosen the view.

What for: telling structure that any view shows from structure that a method has looked for; try several seeds.
Limits: keeps distances on average only; most of what the codes know falls on top of each other.
Reference: Johnson, Lindenstrauss, "Extensions of Lipschitz mappings", 1984; Asimov, "The Grand Tour", 1985.
"""

from typing import Literal

import numpy as np
from pydantic import Field

from aelib.config import PluginConfig

QUICK = True


class Config(PluginConfig):
    """Which plane."""

    seed: int = Field(0, ge=0, le=2**31 - 1, description="Another number, another plane")
    dimensions: Literal[2, 3] = Field(2, description="2 for a plane, 3 for a space to turn")


def fit(codes: np.ndarray, config: Config, labels: np.ndarray | None = None) -> np.ndarray:
    """Points (n, 2 or 3): the codes from their mean, seen along orthonormal axes of uniformly random direction.

    Codes shorter than the points have zeros for what is missing.
    """
    size = codes.shape[1]
    drawn = np.random.default_rng(config.seed).standard_normal((size, min(size, config.dimensions)))
    axes, _ = np.linalg.qr(drawn)
    points = np.zeros((len(codes), config.dimensions), np.float32)
    points[:, : axes.shape[1]] = (codes - codes.mean(axis=0, dtype=np.float64)) @ axes
    return points
