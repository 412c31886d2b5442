"""Ways from one code to another."""

import numpy as np


def line(start: np.ndarray, end: np.ndarray, steps: int) -> np.ndarray:
    """Codes (steps, d) evenly along the straight line, both ends included."""
    shares = np.linspace(0.0, 1.0, steps)[:, None]
    return ((1 - shares) * start + shares * end).astype(np.float32)


def sphere(start: np.ndarray, end: np.ndarray, steps: int) -> np.ndarray:
    """Codes (steps, d) along the great circle between the two directions, with the length changing evenly.

    Under a Gaussian prior of many dimensions the data lie near a shell, which the straight line leaves. Where there is
    no single great circle (an end at the origin, or opposite directions) the line is given instead.
    Source: White, "Sampling Generative Networks", 2016, section 2.1 (slerp).
    """
    start, end = start.astype(np.float64), end.astype(np.float64)
    lengths = float(np.linalg.norm(start)), float(np.linalg.norm(end))
    if min(lengths) < 1e-8:
        return line(start, end, steps)
    a, b = start / lengths[0], end / lengths[1]
    angle = 2 * float(np.arctan2(np.linalg.norm(a - b), np.linalg.norm(a + b)))  # arccos is blind near 0 and pi
    if angle < 1e-4 or angle > np.pi - 1e-4:
        return line(start, end, steps)
    shares = np.linspace(0.0, 1.0, steps)[:, None]
    directions = (np.sin((1 - shares) * angle) * a + np.sin(shares * angle) * b) / np.sin(angle)
    return (directions * ((1 - shares) * lengths[0] + shares * lengths[1])).astype(np.float32)


PATHS = {"line": line, "sphere": sphere}
