"""How far a map can be trusted: as a whole, and item by item."""

import numpy as np

from aelib.latent.neighbours import others

K = 15
SAMPLE = 2000  # items; trustworthiness is quadratic
FEWEST = 40  # items; neighbourhoods of 15 say nothing of fewer
EXACT = 80_000  # items whose neighbours are all searched; of more, as many as follow
MEASURED = 20_000


def projection_quality(codes: np.ndarray, points: np.ndarray, lost: np.ndarray | None = None) -> dict[str, float]:
    """Trustworthiness (neighbours on the map are neighbours in the code space), continuity (the reverse), overlap.

    All from 0 to 1, at ``K`` neighbours. The first two on at most ``SAMPLE`` items taken with a fixed seed (Venna and
    Kaski, 2001; continuity is trustworthiness with the two spaces exchanged). Overlap is the mean share of an item's
    nearest codes that are its nearest on the map, among all items.

    Args:
        codes: (n, latent_dim).
        points: (n, 2 or 3).
        lost: What ``distortion`` found; computed when None.

    Returns:
        Empty for fewer than ``FEWEST`` items.
    """
    from scipy.spatial.distance import cdist

    if len(codes) < FEWEST:
        return {}
    rows = np.random.default_rng(0).permutation(len(codes))[:SAMPLE]
    high, low = (cdist(values[rows], values[rows]) for values in (codes, points))
    k = min(K, len(rows) // 2 - 1)
    lost = distortion(codes, points) if lost is None else lost
    return {
        "trustworthiness": round(float(trustworthiness(high, low, k)), 4),
        "continuity": round(float(trustworthiness(low, high, k)), 4),
        "overlap": round(1.0 - float(np.mean(lost)), 4) if lost is not None else 0.0,
        "items": len(rows),
    }


def trustworthiness(high: np.ndarray, low: np.ndarray, k: int) -> float:
    """How far the ``k`` nearest in the second space are neighbours in the first, 0 to 1 (Venna and Kaski, 2001).

    1 - 2 / (n k (2n - 3k - 1)) times the sum over all items and their ``k`` nearest in the second space of how far
    these rank beyond ``k`` in the first. As scikit-learn's function, which takes two seconds to import.

    Args:
        high: (n, n), distances in the first space.
        low: (n, n), distances in the second.
        k: Below n / 2.
    """
    count, own = len(high), np.eye(len(high), dtype=bool)
    high, low = np.where(own, np.inf, high), np.where(own, np.inf, low)
    near = np.argpartition(low, k - 1, axis=1)[:, :k]
    away = np.take_along_axis(high, near, axis=1)
    ranks = np.stack([(high < away[:, [place]]).sum(axis=1) + 1 for place in range(k)], axis=1)
    beyond = np.maximum(ranks - k, 0).sum()
    return 1 - 2 * float(beyond) / (count * k * (2 * count - 3 * k - 1))


def distortion(codes: np.ndarray, points: np.ndarray) -> np.ndarray | None:
    """For each item the share of its ``K`` nearest codes that are farther on the map than its ``K`` nearest there.

    0: the map keeps all its neighbours; 1: it loses them all. One minus it is the neighbour recall of Lee and
    Verleysen (2009) for one item; of points equally far all count as kept. Of more than ``EXACT`` items ``MEASURED``
    are measured, among all, and the others take the mean of the three measured ones nearest on the map.

    Returns:
        float32 (n,), or None for fewer than ``FEWEST`` items.
    """
    from scipy.spatial import KDTree

    count = len(codes)
    if count < FEWEST:
        return None
    chosen = None if count <= EXACT else np.linspace(0, count - 1, MEASURED).astype(np.int64)
    asked = np.arange(count) if chosen is None else chosen
    rows, _ = others(codes, K, chosen)
    lost = _lost(points, asked, rows)
    if chosen is None:
        return lost
    _, near = KDTree(points[chosen]).query(points, 3)
    filled = lost[near].mean(axis=1, dtype=np.float32)
    filled[chosen] = lost
    return filled


def _lost(points: np.ndarray, asked: np.ndarray, rows: np.ndarray) -> np.ndarray:
    from scipy.spatial import KDTree

    points = points.astype(np.float64)
    if np.ptp(points, axis=0).max() == 0:
        return np.zeros(len(asked), np.float32)
    reach = KDTree(points).query(points[asked], [rows.shape[1] + 1])[0]  # the first is the item itself  # pyright: ignore[reportArgumentType]
    away = np.linalg.norm(points[asked, None, :] - points[rows], axis=2)
    return (away > reach * (1 + 1e-9)).mean(axis=1, dtype=np.float32)
