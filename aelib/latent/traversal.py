"""Walks along one dimension at a time, and the whole plane of a two-dimensional code, as codes to decode."""

import numpy as np

from aelib.errors import AelibError

EDGE = 0.025  # the outermost quantiles: 95 % of the data lie between


def quantiles(steps: int, edge: float = EDGE) -> np.ndarray:
    """``steps`` evenly spaced shares from ``edge`` to 1 - ``edge``. Raises ``E_CONFIG`` for fewer than two."""
    if steps < 2 or not 0 <= edge < 0.5:
        raise AelibError("E_CONFIG", "A walk needs at least two steps", f"steps {steps}, edge {edge}")
    return np.linspace(edge, 1 - edge, steps)


def walks(codes: np.ndarray, start: np.ndarray, dimensions: list[int], steps: int = 9) -> np.ndarray:
    """For each of these dimensions the code ``start`` with that number at the quantiles of the data.

    Quantiles and not even steps, so that each walk goes where data are and equally much of them lies between steps.

    Args:
        codes: (n, latent_dim), the data.
        start: (latent_dim,), what stays as it is in the other dimensions.
        dimensions: Numbers below latent_dim.
        steps: At least 2.

    Returns:
        float32 (len(dimensions), steps, latent_dim).
    """
    found = np.tile(np.asarray(start, np.float32), (len(dimensions), steps, 1))
    for row, number in enumerate(dimensions):
        found[row, :, number] = np.quantile(codes[:, number].astype(np.float64), quantiles(steps))
    return found


def plane(codes: np.ndarray, side: int = 20, is_normal: bool = False) -> np.ndarray:
    """The plane of a two-dimensional code: float32 (side, side, 2), the first row uppermost, left to right.

    Args:
        codes: (n, 2), the data.
        side: Pictures each way.
        is_normal: Steps at equal shares of the standard normal prior (Kingma and Welling 2014, figure 4), in place of
            equal shares of the data's own coordinates.

    Raises ``E_ABILITY`` for codes of another size.
    """
    if codes.shape[1] != 2:
        why = f"this code has {codes.shape[1]} numbers"
        raise AelibError("E_ABILITY", "Only a code of two numbers has a plane", why, "Look at the walks of Decode")
    shares = quantiles(side)
    if is_normal:
        from scipy.stats import norm

        across = up = norm.ppf(shares)
    else:
        across, up = (np.quantile(codes[:, axis].astype(np.float64), shares) for axis in (0, 1))
    return np.stack(np.meshgrid(across, up[::-1]), axis=2).astype(np.float32)
