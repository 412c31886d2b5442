"""A map's plane: which points lie nearest to a place, how well it is supported, and where new codes belong on it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aelib.latent.blend import K, weighed
from aelib.latent.neighbours import nearest
from aelib.latent.support import REFERENCE
from aelib.latent.support import K as NEIGHBOURS

if TYPE_CHECKING:
    from scipy.spatial import KDTree

SAMPLE = 4000  # rows from which a linear map is found
LARGEST = 512  # dimensions of a code for which it is looked for
STRAIGHT = 1e-3  # of the points' own spread: the error of a linear map


@dataclass(frozen=True)
class Plane:
    """Points with a tree over them, so that thousands of places are answered at once on any number of points.

    Attributes:
        tree: Over the points (n, 2).
        own: (r,), sorted: the scale of support, as in ``latent.support.Support``.
    """

    tree: "KDTree"
    own: np.ndarray

    @classmethod
    def of(cls, points: np.ndarray) -> "Plane":
        """Build the tree and measure the points against themselves, on at most ``REFERENCE`` evenly taken ones."""
        from scipy.spatial import KDTree

        tree = KDTree(np.asarray(points, np.float64))
        if len(points) < 2:
            return cls(tree, np.zeros(1))
        chosen = np.linspace(0, len(points) - 1, min(len(points), REFERENCE)).astype(int)
        _, distances = _query(tree, points[chosen], NEIGHBOURS + 1)
        return cls(tree, np.sort(distances[:, 1:].mean(axis=1)))

    def blend(self, places: np.ndarray, latents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As ``latent.blend.blend``: latents (m, d) for places (m, 2), and the rows they come from (m, k)."""
        rows, distances = _query(self.tree, places, K)
        return weighed(rows, distances, latents), rows

    def share(self, places: np.ndarray) -> np.ndarray:
        """For each place (m, 2), the share (0..1) of the points that lie farther from their neighbours than it."""
        if self.tree.n < 2:
            return np.zeros(len(places))
        _, distances = _query(self.tree, places, NEIGHBOURS + 1)
        is_own = distances[:, 0] == 0
        mean = np.where(is_own, distances[:, 1:].mean(axis=1), distances[:, :-1].mean(axis=1))
        return 1.0 - np.searchsorted(self.own, mean, side="left") / len(self.own)


def linear_map(codes: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """The linear map from codes to points, found by least squares, or None where the points follow no such map.

    Returns:
        A matrix (d, 2) and an offset (2,) with ``points = codes @ matrix + offset``; None, too, when there are too few
        codes to tell, or codes of more than ``LARGEST`` numbers.
    """
    size = codes.shape[1]
    if size > LARGEST or len(codes) < 2 * (size + 1):
        return None
    chosen = np.linspace(0, len(codes) - 1, min(len(codes), max(SAMPLE, 4 * size))).astype(int)
    given, wanted = codes[chosen].astype(np.float64), points[chosen].astype(np.float64)
    middle, goal = given.mean(axis=0), wanted.mean(axis=0)
    matrix = np.linalg.lstsq(given - middle, wanted - goal, rcond=1e-6)[0]
    error = np.abs((given - middle) @ matrix + goal - wanted).max()
    if error > STRAIGHT * max(float(wanted.std()), 1e-12):
        return None
    return matrix, goal - middle @ matrix


def placed(new_codes: np.ndarray, codes: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Where new codes (m, d) belong on the map of ``codes`` (n, d) and ``points`` (n, 2): (m, 2), float32.

    Exact where the map is linear; elsewhere the points of the nearest codes are blended, so that the map stays as it
    is.
    """
    linear = linear_map(codes, points)
    if linear is not None:
        return (new_codes @ linear[0] + linear[1]).astype(np.float32)
    rows, distances = nearest(np.asarray(new_codes, np.float32), codes, K)
    return weighed(rows, distances, points)


def _query(tree: "KDTree", places: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows (m, k) and distances (m, k) of the nearest points; fewer than ``k`` where there are fewer points."""
    k = min(k, tree.n)
    distances, rows = tree.query(np.asarray(places, np.float64), k=k)
    return np.asarray(rows).reshape(len(places), k), np.asarray(distances).reshape(len(places), k)
