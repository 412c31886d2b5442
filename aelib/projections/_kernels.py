"""The inner loops of neighbours and layouts, compiled by numba and kept in the user's cache folder.

Import this inside functions only: numba takes half a second, and the first compilation of all some ten seconds.
"""

# pyright: reportArgumentType=false, reportReturnType=false
# (numba compiles these loops: its types are not Python's)

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

F = np.float32
FAST = {
    "nnan",
    "nsz",
    "arcp",
    "contract",
    "afn",
    "reassoc",
}  # all of fastmath but for infinities: lists begin with them
compiled = njit(cache=KEPT, fastmath=FAST, nogil=True)
inlined = njit(fastmath=FAST, inline="always")


@inlined
def _insert(rows: np.ndarray, squares: np.ndarray, row: int, square: float) -> None:
    place = len(rows) - 1
    while place > 0 and squares[place - 1] > square:
        squares[place] = squares[place - 1]
        rows[place] = rows[place - 1]
        place -= 1
    squares[place] = square
    rows[place] = row


@inlined
def _measure(query: np.ndarray, block: np.ndarray, sums: np.ndarray) -> np.floating:
    """Squared distances to a block of 64 into ``sums``; gives the smallest."""
    for j in range(64):
        away = query[0] - block[0, j]
        sums[j] = away * away
    for axis in range(1, len(query)):
        value = query[axis]
        for j in range(64):
            away = value - block[axis, j]
            sums[j] += away * away
    lowest = F(np.inf)
    for j in range(64):
        lowest = min(lowest, sums[j])
    return lowest


@compiled
def keep_nearest(
    queries: np.ndarray, across: np.ndarray, own: np.ndarray, tile: int, rows: np.ndarray, squares: np.ndarray
) -> None:
    """The nearest of all codes for some, by squared differences added up: nothing is lost to rounding far from 0.

    Args:
        queries: float32 (m, d).
        across: float32 (blocks, d, 64): the codes in blocks of 64, one number of all of them after the other, so that
            many run at once; the last block is filled up with infinity.
        own: int32 (m,), each query's own row, which is left out.
        tile: Blocks at once, so that they stay in the processor's own memory.
        rows: int32 (m, k), filled, nearest first.
        squares: float32 (m, k), filled with squared distances; infinity to begin with.
    """
    count, k = squares.shape
    blocks = len(across)
    sums = np.empty(64, np.float32)
    for left in range(0, blocks, tile):
        for i in range(count):
            for block in range(left, min(left + tile, blocks)):
                if _measure(queries[i], across[block], sums) >= squares[i, k - 1]:
                    continue
                for j in range(64):
                    if sums[j] < squares[i, k - 1] and block * 64 + j != own[i]:
                        _insert(rows[i], squares[i], block * 64 + j, sums[j])


@compiled
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


@inlined
def _to_the_power(base: np.floating, exponent: np.floating) -> np.floating:
    """A float32 above 0 to the power of another, within 1e-4 of it: the C library's takes three times as long."""
    bits = np.float32(base).view(np.int32)
    whole = np.float32((bits >> np.int32(23)) - np.int32(127))
    t = np.int32((bits & np.int32(0x7FFFFF)) | np.int32(0x3F800000)).view(np.float32) - np.float32(1)
    # log2(1 + t) and 2^t for t in 0..1: least-squares polynomials
    log = t * (
        F(1.4425449)
        + t * (F(-0.7181452) + t * (F(0.4575485) + t * (F(-0.2780988) + t * (F(0.1213986) + t * F(-0.0252480)))))
    )
    y = min(max(exponent * (whole + log), F(-126)), F(126))
    below = np.floor(y)
    t = y - below
    power = F(1) + t * (
        F(0.69315308) + t * (F(0.24015361) + t * (F(0.05582631) + t * (F(0.00898934) + t * F(0.00187758))))
    )
    return power * np.int32((np.int32(below) + np.int32(127)) << np.int32(23)).view(np.float32)


@inlined
def _held(move: np.floating) -> np.floating:
    return min(max(move, F(-4)), F(4))


@compiled
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
    """Epochs ``first`` to ``last - 1`` of UMAP's stochastic gradient descent, with ``PUSHES`` pushes per pull.

    McInnes et al. 2018, algorithm 5, with umap-learn's schedule: an edge of weight w is pulled w / max(w) times per
    epoch, and the step falls from 1 to 0 over ``epochs``. The pushes of one pull are made together, from where the
    item is then. One thread: the same numbers each time.

    Args:
        points: float32 (n, 4), of which a plane uses two and leaves the others 0; changed.
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
    count = np.uint64(len(points))
    a, b = F(curve[0]), F(curve[1])
    state = random[0]
    for epoch in range(first, last):
        step = F(1.0 - epoch / epochs)
        for edge in range(len(heads)):
            if due[edge] > epoch:
                continue
            i, j = heads[edge], tails[edge]
            x, y, z = points[i, 0] - points[j, 0], points[i, 1] - points[j, 1], points[i, 2] - points[j, 2]
            square = x * x + y * y + z * z
            power = _to_the_power(square + F(1e-30), b)
            pull = F(-2) * a * b * power / ((square + F(1e-30)) * (a * power + F(1)))
            x, y, z = _held(pull * x) * step, _held(pull * y) * step, _held(pull * z) * step
            points[j, 0] -= x
            points[j, 1] -= y
            points[j, 2] -= z
            left, low, deep = points[i, 0] + x, points[i, 1] + y, points[i, 2] + z
            due[edge] += every[edge]
            pushes = int((epoch - due_apart[edge]) / (every[edge] / F(PUSHES)))
            across, up, back = F(0), F(0), F(0)
            for _ in range(pushes):
                state ^= state << np.uint64(13)
                state ^= state >> np.uint64(7)
                state ^= state << np.uint64(17)
                other = np.int64((state >> np.uint64(32)) * count >> np.uint64(32))
                x, y, z = left - points[other, 0], low - points[other, 1], deep - points[other, 2]
                square = x * x + y * y + z * z + F(1e-30)
                push = F(2) * b / ((F(0.001) + square) * (a * _to_the_power(square, b) + F(1)))
                push = F(0) if other == i else push
                across += _held(push * x)
                up += _held(push * y)
                back += _held(push * z)
            points[i, 0], points[i, 1], points[i, 2] = left + across * step, low + up * step, deep + back * step
            due_apart[edge] += pushes * (every[edge] / F(PUSHES))
    random[0] = state
