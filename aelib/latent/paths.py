"""Ways from one code to another, and what tells a good way from one that leaves the data."""

from typing import NamedTuple

import numpy as np

NO_ANGLE = 1e-4  # radians: nearer to 0 or to a half turn there is no single great circle


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
    a, b, angle = _directions(start, end)
    if not NO_ANGLE <= angle <= np.pi - NO_ANGLE:
        return line(start, end, steps)
    shares = np.linspace(0.0, 1.0, steps)[:, None]
    directions = (np.sin((1 - shares) * angle) * a + np.sin(shares * angle) * b) / np.sin(angle)
    lengths = (1 - shares) * np.linalg.norm(start) + shares * np.linalg.norm(end)
    return (directions * lengths).astype(np.float32)


def why_straight(start: np.ndarray, end: np.ndarray) -> str:
    """Why ``sphere`` gives the line between these ends, as a sentence; empty where it goes along a great circle."""
    _, _, angle = _directions(start.astype(np.float64), end.astype(np.float64))
    if np.isnan(angle):
        return "An end lies at the origin, which has no direction: this is the line."
    if angle > np.pi - NO_ANGLE:
        return "A and B lie opposite each other, so that every great circle joins them: this is the line."
    return "A and B lie in one direction: this is the line." if angle < NO_ANGLE else ""


def sheet(corners: np.ndarray, side: int) -> np.ndarray:
    """The bilinear sheet between four codes: float32 (side, side, d).

    Args:
        corners: (4, d): A at the upper left, B at the upper right, C at the lower left, D at the lower right.
        side: Codes each way, at least 2.
    """
    shares = np.linspace(0.0, 1.0, side)
    across, down = shares[None, :, None], shares[:, None, None]
    a, b, c, d = corners.astype(np.float64)
    return ((1 - down) * ((1 - across) * a + across * b) + down * ((1 - across) * c + across * d)).astype(np.float32)


def evenly(points: np.ndarray, steps: int) -> np.ndarray:
    """Points (steps, d) at equal distances along a polyline (m, d), both ends included."""
    points = np.asarray(points, np.float64)
    way = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    places = np.linspace(0.0, way[-1], steps)
    return np.stack([np.interp(places, way, column) for column in points.T], axis=1).astype(np.float32)


class Figures(NamedTuple):
    """What a way is like.

    Attributes:
        length: Sum of the Euclidean distances between successive pictures, over all their numbers.
        jump: The largest of these distances.
        lowest: The lowest support (0..1) of its codes.
    """

    length: float
    jump: float
    lowest: float


def figures(pictures: np.ndarray, support: np.ndarray) -> Figures:
    """Figures of a way from its decoded pictures (steps, ...) and the support (steps,) of its codes.

    Lengths of ways can be compared where they have equally many steps.
    """
    flat = np.asarray(pictures, np.float64).reshape(len(pictures), -1)
    jumps = np.linalg.norm(np.diff(flat, axis=0), axis=1)
    return Figures(float(jumps.sum()), float(jumps.max(initial=0.0)), float(np.min(support)))


PATHS = {"line": line, "sphere": sphere}


def _directions(start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Both directions and the angle between them; NaN where an end lies at the origin."""
    lengths = float(np.linalg.norm(start)), float(np.linalg.norm(end))
    if min(lengths) < 1e-8:
        return start, end, float("nan")
    a, b = start / lengths[0], end / lengths[1]
    return a, b, 2 * float(np.arctan2(np.linalg.norm(a - b), np.linalg.norm(a + b)))  # arccos is blind near 0 and pi
