"""Principal components: the plane in which the codes vary most.

What for: a first look at once, and a map whose straight lines are straight in the code space.
Limits: linear; more than two informative dimensions fall on top of each other.
Reference: Pearson, "On lines and planes of closest fit", 1901; signs fixed as in scikit-learn's svd_flip.
"""

from typing import Literal

import numpy as np
from pydantic import Field

from aelib.config import PluginConfig
from aelib.projections._linear import principal_scores

QUICK = True  # fast enough to compute while a page waits


class Config(PluginConfig):
    """How many components."""

    dimensions: Literal[2, 3] = Field(2, description="2 for a plane, 3 for a space to turn")


def fit(codes: np.ndarray, config: Config, labels: np.ndarray | None = None) -> np.ndarray:
    """Scores (n, 2 or 3) on the first components; a missing one (1-D codes) is zero."""
    return principal_scores(codes, config.dimensions)
