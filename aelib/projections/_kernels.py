"""The inner loops of neighbours and layouts, compiled by numba and kept in the user's cache folder.

Import this inside functions only: numba takes half a second, and the first compilation of all some ten seconds.
"""

import os
from pathlib import Path

import numpy as np

CACHE = Path.home() / ".cache" / "aelib" / "numba"


def _kept() -> bool:
    """Whether compiled code can be kept; told to numba before it is imported, unless the user told it a place."""
    folder = Path(os.environ.setdefault("NUMBA_CACHE_DIR", str(CACHE)))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


KEPT = _kept()
PUSHES = 5  # items pushed away per pull, as in umap-learn

from numba import njit  # noqa: E402

_compiled = njit(cache=KEPT, fastmath=True, nogil=True)


@_compiled
def keep_smallest(
    table: np.ndarray, squares: np.ndarray, own: np.ndarray, offset: int, rows: np.ndarray, found: np.ndarray
) -> None:
    """Merge a table of products into sorted lists of the nearest.

    Args:
        table: float32 (m, w), products of m queries with w candidates.
        squares: float32 (w,), the candidates' squared lengths: ``squares - 2 table`` ranks as the distance does.
        own: int32 (m,), each query's own row, which is left out; -1 for none.
        offset: The row of the first candidate.
        rows: int32 (m, k), the lists, nearest first; changed.
        found: float32 (m, k), their ranks; infinity where the list is not full; changed.
    """
    count, k = found.shape
    width = table.shape[1]
    for i in range(count):
        worst = found[i, k - 1]
        for start in range(0, width, 64):
            end = min(start + 64, width)
            lowest = np.float32(np.inf)
            for j in range(start, end):  # without a branch inside, so that it runs 16 numbers at once
                lowest = min(lowest, squares[j] - np.float32(2) * table[i, j])
            if lowest >= worst:
                continue
            for j in range(start, end):
                value = squares[j] - np.float32(2) * table[i, j]
                if value < worst and j + offset != own[i]:
                    place = k - 1
                    while place > 0 and found[i, place - 1] > value:
                        found[i, place] = found[i, place - 1]
                        rows[i, place] = rows[i, place - 1]
                        place -= 1
                    found[i, place] = value
                    rows[i, place] = j + offset
                    worst = found[i, k - 1]


@_compiled
def widths(distances: np.ndarray, rho: np.ndarray, sigma: np.ndarray) -> None:
    """UMAP's local scale of each item: the distance to its nearest, and the width at which the others sum to log2(k).

    McInnes et al. 2018, algorithm 3; k counts the item itself, as in umap-learn.

    Args:
        distances: float32 (n, k - 1), to the nearest others, nearest first.
        rho: float32 (n,), filled with the smallest distance above zero.
        sigma: float32 (n,), filled with the width.
    """
    count, others = distances.shape
    wanted = np.log2(others + 1.0)
    overall = np.mean(distances)
    for i in range(count):
        low, high, middle = 0.0, np.inf, 1.0
        for j in range(others):
            if distances[i, j] > 0.0:
                rho[i] = distances[i, j]
                break
        for _ in range(64):
            total = 0.0
            for j in range(others):
                beyond = distances[i, j] - rho[i]
                total += np.exp(-beyond / middle) if beyond > 0.0 else 1.0
            if abs(total - wanted) < 1e-5:
                break
            if total > wanted:
                high = middle
                middle = (low + high) / 2.0
            else:
                low = middle
                middle = middle * 2.0 if high == np.inf else (low + high) / 2.0
        least = np.mean(distances[i]) if rho[i] > 0.0 else overall
        sigma[i] = max(middle, 1e-3 * least)


@_compiled
def descend(
    points: np.ndarray,
    heads: np.ndarray,
    tails: np.ndarray,
    every: np.ndarray,
    due: np.ndarray,
    due_apart: np.ndarray,
    curve: tuple[float, float],
    first: int,
    last: int,
    epochs: int,
    random: np.ndarray,
) -> None:
    """Epochs ``first`` to ``last - 1`` of UMAP's stochastic gradient descent, with five items pushed away per pull.

    McInnes et al. 2018, algorithm 5, with umap-learn's schedule: an edge of weight w is pulled w / max(w) times per
    epoch, and the step falls from 1 to 0 over ``epochs``. One thread: the same numbers each time.

    Args:
        points: float32 (n, dimensions); changed.
        heads: int32 (e,), one end of each edge.
        tails: int32 (e,), the other.
        every: float32 (e,), epochs from one pull of an edge to its next.
        due: float32 (e,), the epoch of its next pull; changed.
        due_apart: float32 (e,), the same for pushes; changed.
        curve: a and b of the curve 1 / (1 + a d^2b).
        first: Where to go on.
        last: Where to stop.
        epochs: Of the whole descent.
        random: uint64 (1,), the state of xorshift64; changed.
    """
    count, dimensions = points.shape
    a, b = np.float32(curve[0]), np.float32(curve[1])
    state = random[0]
    away = np.empty(dimensions, np.float32)
    four = np.float32(4)
    for epoch in range(first, last):
        step = np.float32(1.0 - epoch / epochs)
        for edge in range(len(heads)):
            if due[edge] > epoch:
                continue
            i, j = heads[edge], tails[edge]
            square = np.float32(0)
            for axis in range(dimensions):
                away[axis] = points[i, axis] - points[j, axis]
                square += away[axis] * away[axis]
            if square > 0:
                power = square**b
                pull = np.float32(-2) * a * b * power / (square * (a * power + np.float32(1)))
                for axis in range(dimensions):
                    move = min(max(pull * away[axis], -four), four) * step
                    points[i, axis] += move
                    points[j, axis] -= move
            due[edge] += every[edge]
            pushes = int((epoch - due_apart[edge]) / (every[edge] / np.float32(PUSHES)))
            for _ in range(pushes):
                state ^= state << np.uint64(13)
                state ^= state >> np.uint64(7)
                state ^= state << np.uint64(17)
                other = int((state >> np.uint64(32)) * np.uint64(count) >> np.uint64(32))
                if other == i:
                    continue
                square = np.float32(0)
                for axis in range(dimensions):
                    away[axis] = points[i, axis] - points[other, axis]
                    square += away[axis] * away[axis]
                if square > 0:
                    push = np.float32(2) * b / ((np.float32(0.001) + square) * (a * square**b + np.float32(1)))
                    for axis in range(dimensions):
                        points[i, axis] += min(max(push * away[axis], -four), four) * step
            due_apart[edge] += pushes * (every[edge] / np.float32(PUSHES))
    random[0] = state
