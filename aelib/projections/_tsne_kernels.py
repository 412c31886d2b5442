"""The inner loops of t-SNE, compiled by numba. Import this inside functions only, as ``_kernels``."""

# pyright: reportArgumentType=false, reportReturnType=false, reportPossiblyUnboundVariable=false
# (numba compiles these loops: its types are not Python's)

import numpy as np

from aelib.projections._kernels import F, compiled, inlined


@compiled
def perplex(squares: np.ndarray, perplexity: float, found: np.ndarray) -> None:
    """t-SNE's distribution over each item's neighbours, with the given perplexity (van der Maaten 2008, section 2).

    Args:
        squares: float64 (n, k), squared distances to the nearest others, nearest first.
        perplexity: 2 to the power of the entropy; less than k.
        found: float64 (n, k), filled; each row sums to 1.
    """
    count, width = squares.shape
    wanted = np.log(perplexity)
    for i in range(count):
        nearest, spread = squares[i, 0], np.mean(squares[i]) - squares[i, 0]
        low, high, sharp, total = 0.0, np.inf, 1.0 / max(spread, 1e-300), 1.0
        for _ in range(200):
            total, mean = 0.0, 0.0
            for j in range(width):
                found[i, j] = np.exp(-sharp * (squares[i, j] - nearest))
                total += found[i, j]
                mean += found[i, j] * (squares[i, j] - nearest)
            entropy = np.log(total) + sharp * mean / total
            if abs(entropy - wanted) < 1e-6 or spread <= 0.0:
                break
            if entropy > wanted:
                low = sharp
                sharp = sharp * 2.0 if high == np.inf else (low + high) / 2.0
            else:
                high = sharp
                sharp = (low + high) / 2.0
        for j in range(width):
            found[i, j] /= total


@compiled
def attract(points: np.ndarray, ends: np.ndarray, rows: np.ndarray, weights: np.ndarray, pull: np.ndarray) -> None:
    """t-SNE's pull: for each point the sum over its neighbours of p (y_i - y_j) / (1 + d^2), into ``pull`` (n, 2)."""
    start = 0
    for i in range(len(points)):
        across, up = 0.0, 0.0
        for entry in range(start, ends[i]):
            j = rows[entry]
            x, y = points[i, 0] - points[j, 0], points[i, 1] - points[j, 1]
            share = weights[entry] / (1.0 + x * x + y * y)
            across += share * x
            up += share * y
        pull[i, 0], pull[i, 1] = across, up
        start = ends[i]


@compiled
def push_all(across: np.ndarray, up: np.ndarray, push: np.ndarray) -> np.floating:
    """t-SNE's push by all pairs; gives the sum of 1 / (1 + d^2) over them.

    Args:
        across: float32 (n,), the points' first numbers; apart from the second, so that 16 pairs run at once.
        up: float32 (n,), their second.
        push: float64 (n, 2), to which the sums of (y_i - y_j) / (1 + d^2)^2 are added.
    """
    whole = np.float64(0)
    for i in range(len(across)):
        x, y, total = F(0), F(0), F(0)
        for j in range(len(across)):
            right, above = across[i] - across[j], up[i] - up[j]
            near = F(1) / (F(1) + right * right + above * above)
            total += near
            x += near * near * right
            y += near * near * above
        push[i, 0] += x
        push[i, 1] += y
        whole += total - F(1)  # without itself
    return whole


@inlined
def _lagrange(place: float) -> tuple[float, float, float]:
    """The three parabolas that are 1 at one of the nodes 1/6, 3/6, 5/6 of a box and 0 at the others."""
    a, b, c = place - 1 / 6, place - 0.5, place - 5 / 6
    return 4.5 * b * c, -9.0 * a * c, 4.5 * a * b


@compiled
def scatter(points: np.ndarray, low: np.ndarray, box: float, charges: np.ndarray, grid: np.ndarray) -> None:
    """Spread each point's charges (n, c) on the nine nodes of its box; adds to ``grid`` (c, nodes, nodes)."""
    last = grid.shape[1] // 3 - 1
    for i in range(len(points)):
        x, y = (points[i, 0] - low[0]) / box, (points[i, 1] - low[1]) / box
        column, row = min(int(x), last), min(int(y), last)
        across, up = _lagrange(x - column), _lagrange(y - row)
        for p in range(3):
            for q in range(3):
                share = across[p] * up[q]
                for c in range(charges.shape[1]):
                    grid[c, 3 * column + p, 3 * row + q] += share * charges[i, c]


@compiled
def gather(points: np.ndarray, low: np.ndarray, box: float, grid: np.ndarray, found: np.ndarray) -> None:
    """What each point feels: ``grid`` (c, nodes, nodes) read at its place, added to ``found`` (n, c)."""
    last = grid.shape[1] // 3 - 1
    for i in range(len(points)):
        x, y = (points[i, 0] - low[0]) / box, (points[i, 1] - low[1]) / box
        column, row = min(int(x), last), min(int(y), last)
        across, up = _lagrange(x - column), _lagrange(y - row)
        for p in range(3):
            for q in range(3):
                share = across[p] * up[q]
                for c in range(grid.shape[0]):
                    found[i, c] += share * grid[c, 3 * column + p, 3 * row + q]
