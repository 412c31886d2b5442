"""Nearest codes by plain distance."""

import numpy as np

CHUNK = 512  # query rows at once: bounds the distance table to 512 x n


def nearest(queries: np.ndarray, codes: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The ``k`` nearest rows of ``codes`` for each query, nearest first, by exact Euclidean distance.

    Args:
        queries: (m, d).
        codes: (n, d).
        k: At most n are given.

    Returns:
        Row numbers (m, k) and distances (m, k), float32.
    """
    k = min(k, len(codes))
    squares = np.einsum("ij,ij->i", codes, codes)
    rows, distances = [], []
    for start in range(0, len(queries), CHUNK):
        part = queries[start : start + CHUNK]
        table = squares - 2.0 * (part @ codes.T)  # ranks as the squared distance does
        found = np.argpartition(table, k - 1, axis=1)[:, :k]
        exact = np.linalg.norm(part[:, None, :] - codes[found], axis=2)  # no cancellation in what is reported
        order = np.argsort(exact, axis=1, kind="stable")
        rows.append(np.take_along_axis(found, order, axis=1))
        distances.append(np.take_along_axis(exact, order, axis=1))
    if not rows:
        return np.zeros((0, k), np.int64), np.zeros((0, k), np.float32)
    return np.concatenate(rows), np.concatenate(distances).astype(np.float32)
