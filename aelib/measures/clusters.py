"""Groups in the code space, found without labels."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from aelib.errors import AelibError

FITTED = 4000  # codes that are clustered; of more, the rest follow their nearest: HDBSCAN is quadratic
FEWEST = 10  # codes: fewer are no groups
LEAST_SHARE = 0.01  # of the codes that a cluster of HDBSCAN has at least
COUNT = 10  # clusters of k-means unless asked otherwise

Method = Literal["hdbscan", "kmeans"]


@dataclass(frozen=True)
class Clusters:
    """Which cluster each item belongs to.

    Attributes:
        labels: int32 (n,), 0 for the largest cluster and so on; -1 for items in none.
        method: ``hdbscan`` or ``kmeans``.
        sentence: What was done and what came out, for the screen.
    """

    labels: np.ndarray
    method: str
    sentence: str

    @property
    def count(self) -> int:
        """How many clusters there are."""
        return int(self.labels.max(initial=-1)) + 1


def clusters(codes: np.ndarray, method: Method = "hdbscan", count: int | None = None, seed: int = 0) -> Clusters:
    """Cluster codes, in the code space and never on a map.

    Of more than ``FITTED`` codes as many are clustered, taken with a fixed seed, and each other item goes where its
    nearest clustered code went, into no cluster too.

    Args:
        codes: (n, latent_dim), finite.
        method: HDBSCAN finds dense groups and leaves the rest in none (Campello, Moulavi, Sander, 2013); k-means parts
            all codes into ``count`` (Lloyd, 1982). Both computed by scikit-learn.
        count: Of k-means, at least 2; ``COUNT`` when None.
        seed: Of the sample, and of k-means' start.

    Raises:
        AelibError: ``E_CODES`` for codes that are not finite, ``E_CONFIG`` for a count below 2.
    """
    codes = np.asarray(codes, np.float32)
    if not np.isfinite(codes).all():
        raise AelibError("E_CODES", "The codes cannot be clustered", "some are not finite")
    if count is not None and count < 2:
        raise AelibError("E_CONFIG", f"{count} clusters are no clusters", "", "Take at least 2")
    name = {"hdbscan": "HDBSCAN", "kmeans": "k-means"}[method]
    nowhere = np.full(len(codes), -1, np.int32)
    if len(codes) < FEWEST:
        return Clusters(nowhere, method, f"too few items to look for clusters: {len(codes)}, wanted {FEWEST}")
    if np.ptp(codes, axis=0).max() == 0:
        return Clusters(nowhere, method, "no clusters: all codes are alike")
    rows = np.arange(len(codes))
    if len(codes) > FITTED:
        rows = np.sort(np.random.default_rng(seed).permutation(len(codes))[:FITTED])
    taken = codes[rows]
    found = _dense(taken) if method == "hdbscan" else _parted(taken, count or COUNT, seed)
    labels = _by_size(found if len(rows) == len(codes) else found[_nearest_one(codes, taken)])
    return Clusters(labels, method, _said(labels, name, len(rows)))


def _dense(codes: np.ndarray) -> np.ndarray:
    from sklearn.cluster import HDBSCAN

    least = max(5, round(LEAST_SHARE * len(codes)))
    return HDBSCAN(min_cluster_size=least, min_samples=5, copy=True).fit_predict(codes)  # pyright: ignore[reportArgumentType]


def _parted(codes: np.ndarray, count: int, seed: int) -> np.ndarray:
    from sklearn.cluster import KMeans

    distinct = len(np.unique(codes, axis=0))
    return KMeans(min(count, distinct), n_init=3, random_state=seed).fit_predict(codes)  # pyright: ignore[reportArgumentType]


def _nearest_one(codes: np.ndarray, taken: np.ndarray, chunk: int = 2048) -> np.ndarray:
    centre = taken.mean(axis=0)
    codes, taken = codes - centre, taken - centre
    squares = np.einsum("ij,ij->i", taken, taken)
    starts = range(0, len(codes), chunk)
    return np.concatenate([(squares - 2 * (codes[at : at + chunk] @ taken.T)).argmin(axis=1) for at in starts])


def _by_size(found: np.ndarray) -> np.ndarray:
    counts = np.bincount(found[found >= 0])
    order = np.argsort(-counts, kind="stable")
    order = order[counts[order] > 0]
    numbers = np.full(len(counts) + 1, -1, np.int32)  # the last is for -1
    numbers[order] = np.arange(len(order))
    return numbers[found]


def _said(labels: np.ndarray, name: str, fitted: int) -> str:
    number, outside = int(labels.max()) + 1, int((labels < 0).sum())
    if number == 0:
        return f"{name} finds no clusters in the code space: no group is denser than its surroundings"
    parts = [f"{number} cluster{'s' if number > 1 else ''} by {name} in the code space"]
    parts += [f"fitted on {fitted:,} of {len(labels):,} items, the others go with their nearest"] * (
        fitted < len(labels)
    )
    parts += [f"{outside:,} items in none"] * (outside > 0)
    return "; ".join(parts)
