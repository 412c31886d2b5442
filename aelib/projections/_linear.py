"""The arithmetic of principal components, for every method that needs a linear map."""

import numpy as np


def principal_scores(codes: np.ndarray, dimensions: int = 2) -> np.ndarray:
    """Scores (n, dimensions), float32, of codes (n, d) on their first principal components.

    A missing component (1-D codes) is zero. The largest entry of each component is positive, as in scikit-learn's
    ``svd_flip(u_based_decision=False)``.
    """
    centred = codes - codes.mean(axis=0, dtype=np.float64)
    values, vectors = np.linalg.eigh(centred.T @ centred)
    axes = vectors[:, np.argsort(values)[::-1][:dimensions]]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), range(axes.shape[1])])
    points = np.zeros((len(codes), dimensions), np.float32)
    points[:, : axes.shape[1]] = centred @ axes
    return points
