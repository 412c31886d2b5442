"""Principal components: the plane in which the codes vary most.

What for: a first look at once, and a map whose straight lines are straight in the code space.
Limits: linear; more than two informative dimensions fall on top of each other.
Reference: Pearson, "On lines and planes of closest fit", 1901; signs fixed as in scikit-learn's svd_flip.
"""

import numpy as np

from aelib.config import PluginConfig

QUICK = True  # fast enough to compute while a page waits


class Config(PluginConfig):
    """PCA has no parameters."""


def fit(codes: np.ndarray, config: Config) -> np.ndarray:
    """Scores (n, 2) on the first two components; a missing second one (1-D codes) is zero."""
    centred = codes - codes.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T.astype(np.float64) @ centred)
    axes = vectors[:, np.argsort(values)[::-1][:2]]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), range(axes.shape[1])])
    points = np.zeros((len(codes), 2), np.float32)
    points[:, : axes.shape[1]] = centred @ axes
    return points
