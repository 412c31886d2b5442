"""UMAP: a plane that keeps neighbours together.

What for: seeing clusters and their neighbourhoods in codes of many dimensions.
Limits: axes, sizes of clusters and distances between them mean nothing; slow on its first use in a process.
Reference: McInnes, Healy, Melville, "UMAP", 2018, arXiv:1802.03426; computed by umap-learn.
"""

import warnings

import numpy as np
from pydantic import Field

from aelib.config import PluginConfig
from aelib.projections._linear import principal_scores

QUICK = False  # runs in the projection worker only: numba's threads abort a web process


class Config(PluginConfig):
    """umap-learn's parameters, under its own names where they are words."""

    neighbours: int = Field(15, ge=2, le=200, description="Few: fine detail; many: the large shape")
    min_dist: float = Field(0.1, ge=0.0, le=0.99, description="How tightly points may sit together")
    seed: int = Field(0, ge=0, le=2**31 - 1, description="Same seed, same map on one machine")


def fit(codes: np.ndarray, config: Config) -> np.ndarray:
    """Points (n, 2). Fewer than four items, or all codes alike, are laid out by PCA instead: UMAP cannot."""
    if len(codes) < 4 or np.ptp(codes, axis=0).max() == 0:
        return principal_scores(codes)
    neighbours = min(config.neighbours, len(codes) - 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of TensorFlow, which it wants for other things; of one thread under a seed
        from umap import UMAP

        return UMAP(n_neighbors=neighbours, min_dist=config.min_dist, random_state=config.seed).fit_transform(codes)
