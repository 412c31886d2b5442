"""The push of all points on each other, in a time that grows with their number only: t-SNE's slow half made fast.

Linderman, Rachh, Hoskins, Steinerberger, Kluger, "Fast interpolation-based t-SNE", Nature Methods 2019: the points are
spread on a grid, the grid is convolved with the kernel by Fourier transforms, and each point reads its sum back.
"""

# pyright: reportCallIssue=false, reportArgumentType=false, reportOperatorIssue=false, reportGeneralTypeIssues=false
# (scipy.fft's types are those of its dispatcher)

import numpy as np

NODES = 3  # of the interpolating polynomial in a box, along each side
LEAST_BOXES = 50
MOST_BOXES = 300  # wider maps have wider boxes
FEW = 5000  # points: up to here the sum over all pairs is as quick, and exact


def repulsion(points: np.ndarray) -> tuple[np.ndarray, float]:
    """Sums over all other points j of (y_i - y_j) / (1 + d_ij^2)^2, and of 1 / (1 + d_ij^2) over all pairs.

    Args:
        points: float64 (n, 2).

    Returns:
        float64 (n, 2), and the second sum, in which each pair counts twice.
    """
    return _all_pairs(points) if len(points) <= FEW else _by_grid(points)


def _all_pairs(points: np.ndarray) -> tuple[np.ndarray, float]:
    from aelib.projections._tsne_kernels import push_all

    push = np.zeros_like(points)
    total = push_all(
        np.ascontiguousarray(points[:, 0], np.float32), np.ascontiguousarray(points[:, 1], np.float32), push
    )
    return push, max(float(total), 1e-300)


def _by_grid(points: np.ndarray) -> tuple[np.ndarray, float]:
    from scipy import fft

    from aelib.projections._tsne_kernels import gather, scatter

    low, width = points.min(axis=0), max(float(np.ptp(points, axis=0).max()), 1e-12) * (1 + 1e-9)
    boxes = int(np.clip(np.ceil(width), LEAST_BOXES, MOST_BOXES))
    size, spacing = boxes * NODES, width / boxes / NODES
    whole = int(fft.next_fast_len(2 * size, real=True))  # pyright: ignore[reportArgumentType]
    charges = np.column_stack([np.ones(len(points)), points])
    grid = np.zeros((3, size, size), np.float32)
    scatter(points, low, width / boxes, charges, grid)
    steps = np.minimum(np.arange(whole), whole - np.arange(whole)) * spacing
    square = steps[:, None] ** 2 + steps[None, :] ** 2
    kernels = np.asarray(fft.rfft2(np.stack([1 / (1 + square), 1 / (1 + square) ** 2]).astype(np.float32)))
    spread = np.asarray(fft.rfft2(grid, (whole, whole)))
    felt = np.asarray(fft.irfft2(np.stack([spread[0] * kernels[0], *(spread * kernels[1])]), (whole, whole)))
    found = np.zeros((len(points), 4))
    gather(points, low, width / boxes, np.ascontiguousarray(felt[:, :size, :size]), found)
    total = max(float(found[:, 0].sum()) - len(points), 1e-300)  # each point has felt itself
    return points * found[:, 1:2] - found[:, 2:], total
