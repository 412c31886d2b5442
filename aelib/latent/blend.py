"""A code for any place on a map: the blend of the codes whose points lie nearest."""

import numpy as np

from aelib.latent.neighbours import nearest

K = 8


def blend(places: np.ndarray, points: np.ndarray, latents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Latents for places on a map, weighted by inverse squared distance to the nearest points (Shepard, 1968).

    On a point it is that item's own latents. UMAP's own inverse is not used: it is slow and errs more.

    Args:
        places: (m, 2), on the map.
        points: (n, 2), the map.
        latents: (n, d), same rows.

    Returns:
        Latents (m, d), float32, and the rows they were blended from (m, k), nearest first.
    """
    rows, distances = nearest(places.astype(np.float32), points, K)
    return weighed(rows, distances, latents), rows


def weighed(rows: np.ndarray, distances: np.ndarray, latents: np.ndarray) -> np.ndarray:
    """The latents of ``rows`` (m, k), weighted by inverse squared ``distances`` (m, k): (m, d), float32."""
    weights = 1.0 / np.maximum(distances.astype(np.float64), 1e-9) ** 2
    weights /= weights.sum(axis=1, keepdims=True)
    return np.einsum("mk,mkd->md", weights, latents[rows]).astype(np.float32)
