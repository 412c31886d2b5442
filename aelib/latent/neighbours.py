"""Nearest codes by plain distance."""

import numpy as np

CHUNK = 512  # query rows at once: bounds the distance table to 512 x n
SPARE = 16  # more candidates than asked for are measured exactly, so that rounding cannot lose one


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
    if k == 0 or len(queries) == 0:
        return np.zeros((len(queries), k), np.int64), np.zeros((len(queries), k), np.float32)
    centre = codes.mean(axis=0)  # far from the origin, squares would swallow the differences that rank
    codes, queries = codes - centre, queries - centre
    squares = np.einsum("ij,ij->i", codes, codes)
    wide = min(k + SPARE, len(codes))
    rows, distances = [], []
    for start in range(0, len(queries), CHUNK):
        part = queries[start : start + CHUNK]
        table = squares - 2.0 * (part @ codes.T)  # ranks as the squared distance does, but for rounding
        found = np.argpartition(table, wide - 1, axis=1)[:, :wide]
        exact = np.linalg.norm(part[:, None, :] - codes[found], axis=2)
        order = np.argsort(exact, axis=1, kind="stable")[:, :k]
        rows.append(np.take_along_axis(found, order, axis=1))
        distances.append(np.take_along_axis(exact, order, axis=1))
    return np.concatenate(rows), np.concatenate(distances).astype(np.float32)
