"""How densely the codes lie around each item, against a stated reference where the items are many."""

from dataclasses import dataclass

import numpy as np

from aelib.latent.neighbours import nearest

K = 5  # neighbours that are averaged, as for the support of a place
MOST_PAIRS = 100_000_000  # distances measured: all of them up to 10,000 items, about a second
FEWEST = 500  # items in the reference, however many there are


@dataclass(frozen=True)
class Density:
    """Each item's distance to its neighbours in the code space.

    Attributes:
        distances: float32 (n,), the mean distance to the ``K`` nearest others of the reference; small means dense. NaN
            where there is no other item.
        reference: How many items, evenly taken, the neighbours were looked for in; n when in all.
    """

    distances: np.ndarray
    reference: int

    @property
    def support(self) -> np.ndarray:
        """The share (0..1) of the items whose neighbours lie farther than this one's, float32 (n,)."""
        known = np.sort(self.distances[np.isfinite(self.distances)])
        farther = len(known) - np.searchsorted(known, self.distances, side="right")
        return np.where(np.isfinite(self.distances), farther / max(len(known) - 1, 1), np.nan).astype(np.float32)


def density(codes: np.ndarray, most_pairs: int = MOST_PAIRS) -> Density:
    """Measure all codes (n, d) against themselves, or against as many of them as ``most_pairs`` distances allow.

    An item that belongs to the reference is measured without itself. Density by the distance to near neighbours:
    Loftsgaarden and Quesenberry 1965.
    """
    codes = np.asarray(codes, np.float32)
    count = len(codes)
    size = min(count, max(FEWEST, most_pairs // max(count, 1)))
    if count < 2:
        return Density(np.full(count, np.nan, np.float32), count)
    chosen = np.linspace(0, count - 1, size).astype(int)
    place = np.full(count, -1)
    place[chosen] = np.arange(size)
    rows, distances = nearest(codes, codes[chosen], min(K + 1, size))
    own = rows == place[:, None]
    own[:, -1] |= ~own.any(axis=1)  # of K + 1 neighbours one goes: the item itself, or the farthest
    kept = distances[~own].reshape(count, -1)
    return Density(kept.mean(axis=1).astype(np.float32), size)
