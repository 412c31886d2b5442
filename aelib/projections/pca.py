"""Principal components: the plane in which the codes vary most.

What for: a first look at once, and a map whose straight lines are straight in the code space.
Limits: linear; more than two informative dimensions fall on top of each other.
Reference: Pearson, "On lines and planes of closest fit", 1901; signs fixed as in scikit-learn's svd_flip.
"""

import numpy as np

from aelib.config import PluginConfig
from aelib.projections._linear import principal_scores

QUICK = True  # fast enough to compute while a page waits


class Config(PluginConfig):
    """PCA has no parameters."""


def fit(codes: np.ndarray, config: Config) -> np.ndarray:
    """Scores (n, 2) on the first two components; a missing second one (1-D codes) is zero."""
    return principal_scores(codes)
