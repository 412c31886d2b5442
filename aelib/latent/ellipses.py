"""Posteriors on a map: the covariance of a Gaussian code after a linear map."""

import numpy as np


def covariances(spreads: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Covariances on the map of codes with independent Gaussian posteriors.

    If z ~ N(m, diag(s^2)) then z W ~ N(m W, W' diag(s^2) W).

    Args:
        spreads: (n, d), standard deviations s.
        matrix: (d, 2), the map W.

    Returns:
        float32 (n, 3): the variance across, the covariance, the variance upwards.
    """
    variances = spreads.astype(np.float64) ** 2
    across, up = matrix[:, 0], matrix[:, 1]
    return np.stack([variances @ across**2, variances @ (across * up), variances @ up**2], axis=1).astype(np.float32)
