"""Codes near given items: each of them moved a little, by about the distance that lies between neighbours there."""

import numpy as np

from aelib.errors import AelibError
from aelib.latent.neighbours import nearest

MOST_ROWS = 2000  # items whose neighbours are looked up, evenly taken


def draw(codes: np.ndarray, rows: np.ndarray, count: int, seed: int, temperature: float = 1.0) -> np.ndarray:
    """Draws around items: one of them each time, plus normal noise.

    The noise is equally spread in all dimensions; its length is about ``temperature`` times ``reach``. This is a kernel
    density estimate over these items (Parzen 1962, On estimation of a probability density function and mode).

    Args:
        codes: (n, latent_dim), all codes.
        rows: (m,), the items; each is taken equally often as far as ``count`` allows, in an order by chance.
        count: How many.
        seed: The same seed gives the same draws.
        temperature: 0 gives the items' own codes.

    Returns:
        float32 (count, latent_dim).

    Raises:
        AelibError: ``E_EMPTY`` without items, ``E_NONFINITE`` for codes that are no numbers.
    """
    if not len(rows):
        raise AelibError("E_EMPTY", "There are no items to draw around", "none is selected here", "Select some on Map")
    if not np.isfinite(codes[rows]).all():
        raise AelibError("E_NONFINITE", "The codes of these items are no numbers", "", "Select others")
    random = np.random.default_rng(seed)
    order = np.concatenate([random.permutation(rows) for _ in range(-(-count // len(rows)))])[:count]
    noise = random.standard_normal((count, codes.shape[1])) / np.sqrt(codes.shape[1])
    return (codes[order] + temperature * reach(codes, rows) * noise).astype(np.float32)


def reach(codes: np.ndarray, rows: np.ndarray) -> float:
    """The median distance from these items to the nearest other item of the data; 0 where there is no other."""
    chosen = rows[np.linspace(0, len(rows) - 1, min(len(rows), MOST_ROWS)).astype(int)]
    _, distances = nearest(codes[chosen], codes, 2)
    return float(np.median(distances[:, 1])) if distances.shape[1] > 1 else 0.0
