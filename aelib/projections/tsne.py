"""t-SNE: a plane that keeps the very nearest together.

What for: fine grain: which items are each other's neighbours, and small groups that UMAP draws as one.
Limits: slower than UMAP; distances between groups and their sizes mean nothing; a plane only.
Reference: van der Maaten, Hinton, 2008; repulsion by Linderman et al., "Fast interpolation-based t-SNE", 2019.
"""

import numpy as np
from pydantic import Field

from aelib.config import PluginConfig
from aelib.projections._interpolation import repulsion
from aelib.projections._linear import principal_scores
from aelib.projections._neighbours import for_layout
from aelib.projections._progress import tell

QUICK = False
EARLY, LATE = 250, 500  # steps, as in openTSNE
EXAGGERATION = 12.0  # of all attraction in the early steps


class Config(PluginConfig):
    """The parameters of Van der Maaten and Hinton."""

    perplexity: float = Field(30.0, ge=2, le=200, description="How many neighbours count, about")
    seed: int = Field(0, ge=0, le=2**31 - 1, description="Same seed, same map on one machine")


def fit(codes: np.ndarray, config: Config, labels: np.ndarray | None = None) -> np.ndarray:
    """Points (n, 2). Fewer than four items, or all codes alike, are laid out by PCA instead.

    The perplexity is at most a third of the items; started from PCA as in Kobak and Berens (2019).
    """
    start = principal_scores(codes)
    if len(codes) < 4 or np.ptp(codes, axis=0).max() == 0:
        return start
    perplexity = min(config.perplexity, (len(codes) - 1) / 3)
    _, distances = found = for_layout(codes / np.abs(codes).max(), int(3 * perplexity), config.seed)
    tell(0.1)
    ends, rows, weights = affinities(*found, perplexity) if distances.any() else affinities(found[0], distances + 1, 2)
    random = np.random.default_rng(config.seed)
    points = start / max(start[:, 0].std(), 1e-30) * 1e-4 + random.normal(0, 1e-6, start.shape)
    return _descend(points, ends, rows, weights)


def affinities(rows: np.ndarray, distances: np.ndarray, perplexity: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The symmetric affinities p of all pairs of neighbours, summing to 1, as rows of a sparse table.

    Args:
        rows: int32 (n, k), the nearest others.
        distances: float32 (n, k).
        perplexity: Of each item's own distribution.

    Returns:
        Where each item's entries end (n,), their other item and their p.
    """
    from aelib.projections._tsne_kernels import perplex

    count, width = rows.shape
    own = np.empty((count, width))
    perplex(distances.astype(np.float64) ** 2, perplexity, own)
    heads, tails = np.repeat(np.arange(count, dtype=np.int64), width), rows.ravel().astype(np.int64)
    pairs, place = np.unique(np.concatenate([heads * count + tails, tails * count + heads]), return_inverse=True)
    weights = np.bincount(place, np.tile(own.ravel(), 2)) / (2 * count)
    return np.searchsorted(pairs // count, np.arange(count), side="right"), (pairs % count).astype(np.int32), weights


def _descend(points: np.ndarray, ends: np.ndarray, rows: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Gradient descent with momentum and a gain per number (Jacobs, 1988), at the step size n / exaggeration."""
    from aelib.projections._tsne_kernels import attract

    moves, gains, pull = np.zeros_like(points), np.ones_like(points), np.empty_like(points)
    for step in range(EARLY + LATE):
        exaggeration = EXAGGERATION if step < EARLY else 1.0
        attract(points, ends, rows, weights, pull)
        push, total = repulsion(points)
        gradient = 4 * (exaggeration * pull - push / total)
        apart = np.sign(gradient) != np.sign(moves)
        gains = np.maximum(np.where(apart, gains + 0.2, gains * 0.8), 0.01)
        moves = 0.8 * moves - max(len(points) / exaggeration, 50.0) * gains * gradient
        points = points + moves
        points -= points.mean(axis=0)
        tell(0.1 + 0.9 * (step + 1) / (EARLY + LATE))
    return points.astype(np.float32)
