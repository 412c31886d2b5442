"""UMAP: a plane that keeps neighbours together.

What for: seeing clusters and their neighbourhoods in codes of many dimensions.
Limits: axes, sizes of clusters and distances between them mean nothing; another seed gives another map.
Reference: McInnes, Healy, Melville, "UMAP", 2018, arXiv:1802.03426; from PCA, on exact neighbours up to 150,000 items.
"""

from typing import Literal

import numpy as np
from pydantic import Field

from aelib.config import PluginConfig
from aelib.projections._linear import principal_scores
from aelib.projections._neighbours import for_layout
from aelib.projections._progress import tell

QUICK = False  # runs in the projection worker: seconds, and compiled code that a web process need not load

TOGETHER = 5  # epochs between two reports of progress
START = 10.0  # width of the layout it starts from, as in umap-learn


class Config(PluginConfig):
    """umap-learn's parameters, under its own names where they are words."""

    neighbours: int = Field(15, ge=2, le=200, description="Few: fine detail; many: the large shape")
    min_dist: float = Field(0.1, ge=0.0, le=0.99, description="How tightly points may sit together")
    seed: int = Field(0, ge=0, le=2**31 - 1, description="Same seed, same map on one machine")
    dimensions: Literal[2, 3] = Field(2, description="2 for a plane, 3 for a space to turn")


def fit(codes: np.ndarray, config: Config, labels: np.ndarray | None = None) -> np.ndarray:
    """Points (n, 2 or 3). Fewer than four items, or all codes alike, are laid out by PCA instead: UMAP cannot."""
    start = principal_scores(codes, config.dimensions)
    if len(codes) < 4 or np.ptp(codes, axis=0).max() == 0:
        return start
    rows, distances = for_layout(codes / np.abs(codes).max(), min(config.neighbours, len(codes)) - 1, config.seed)
    tell(0.2)
    heads, tails, weights = fuzzy_graph(rows, distances)
    random = np.random.default_rng(config.seed)
    points = np.zeros((len(codes), 4), np.float32)  # of which the layout uses the first two or three
    points[:, : config.dimensions] = _spread(start, random)
    _descend(points, heads, tails, weights, curve(config.min_dist), random)
    return points[:, : config.dimensions]


def fuzzy_graph(rows: np.ndarray, distances: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edges of the fuzzy union of all local neighbourhoods (McInnes et al. 2018, algorithms 2 and 3).

    Args:
        rows: int32 (n, k - 1), the nearest others.
        distances: float32 (n, k - 1).

    Returns:
        Both ends and the weight of each edge, each pair of items in both directions, in order of the first end.
    """
    from aelib.projections._kernels import widths

    count, width = rows.shape
    rho, sigma = np.zeros(count, np.float32), np.empty(count, np.float32)
    widths(distances, rho, sigma)
    beyond = np.maximum(distances - rho[:, None], 0)
    weights = np.where(beyond > 0, np.exp(-beyond / np.maximum(sigma, 1e-30)[:, None]), 1).astype(np.float32).ravel()
    heads, tails = np.repeat(np.arange(count, dtype=np.int64), width), rows.ravel().astype(np.int64)
    keys = np.concatenate([heads * count + tails, tails * count + heads])
    pairs, place = np.unique(keys, return_inverse=True)
    there, back = np.zeros(len(pairs), np.float32), np.zeros(len(pairs), np.float32)
    there[place[: len(weights)]], back[place[len(weights) :]] = weights, weights
    union = there + back - there * back
    return (pairs // count).astype(np.int32), (pairs % count).astype(np.int32), union


def curve(min_dist: float) -> tuple[float, float]:
    """A and b of 1 / (1 + a d^2b), fitted to 1 up to ``min_dist`` and exp(min_dist - d) beyond, as umap-learn does."""
    from scipy.optimize import curve_fit

    away = np.linspace(0, 3, 300)
    wanted = np.where(away < min_dist, 1.0, np.exp(-(away - min_dist)))
    (a, b), _ = curve_fit(lambda d, a, b: 1.0 / (1.0 + a * d ** (2 * b)), away, wanted)
    return float(a), float(b)


def _spread(points: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """The start: at a fixed width, and off each other, so that twins can part."""
    scaled = points / max(np.abs(points).max(), 1e-30) * START
    noisy = scaled + random.normal(0, 1e-4, points.shape)
    low, wide = noisy.min(axis=0), np.maximum(np.ptp(noisy, axis=0), 1e-30)
    return (START * (noisy - low) / wide).astype(np.float32)


def _descend(
    points: np.ndarray,
    heads: np.ndarray,
    tails: np.ndarray,
    weights: np.ndarray,
    shape: tuple[float, float],
    random: np.random.Generator,
) -> None:
    from aelib.projections._kernels import PUSHES, descend

    epochs = 500 if len(points) <= 10_000 else 200  # umap-learn's own rule
    live = weights >= weights.max() / epochs
    heads, tails, every = heads[live], tails[live], weights.max() / weights[live]
    due, due_apart = every.copy(), every / PUSHES
    state = np.array([random.integers(1, 2**63)], np.uint64)
    for first in range(0, epochs, TOGETHER):
        last = min(first + TOGETHER, epochs)
        descend(points, heads, tails, every, due, due_apart, shape, first, last, epochs, state)
        tell(0.2 + 0.8 * last / epochs)
