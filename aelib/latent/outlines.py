"""Outlines of groups on a map: round each, the line inside which most of its points lie densest."""

from dataclasses import dataclass

import numpy as np

CELLS = 96  # of the density grid along the map's longer side
BLUR = 2.0  # cells, standard deviation
INSIDE = 0.85  # of a group's points lie within its outline
FEWEST = 5  # points that make a group

# Sides of a cell: 0 top, 1 right, 2 bottom, 3 left. Which sides a line joins, by which corners lie inside
# (bits: 1 top left, 2 top right, 4 bottom right, 8 bottom left).
_JOINS = {
    1: [(3, 0)], 2: [(0, 1)], 3: [(3, 1)], 4: [(1, 2)], 5: [(3, 0), (1, 2)], 6: [(0, 2)], 7: [(3, 2)],
    8: [(2, 3)], 9: [(0, 2)], 10: [(0, 1), (2, 3)], 11: [(1, 2)], 12: [(1, 3)], 13: [(0, 1)], 14: [(0, 3)],
}  # fmt: skip


@dataclass(frozen=True)
class Outline:
    """One group on the map.

    Attributes:
        group: Its number.
        size: How many points it has.
        rings: Closed lines, each (k, 2); the largest first.
        anchor: (2,), where it is densest.
        row: The row that stands for it: the one nearest to its mean code.
    """

    group: int
    size: int
    rings: list[np.ndarray]
    anchor: np.ndarray
    row: int


def outlines(points: np.ndarray, groups: np.ndarray, codes: np.ndarray, most: int = 40) -> list[Outline]:
    """Outlines of the ``most`` largest groups, largest first.

    Args:
        points: (n, 2), finite.
        groups: (n,), numbers; negative ones belong to none.
        codes: (n, d), to find each group's representative.
        most: How many at most.
    """
    known = groups[groups >= 0]
    if not len(known):
        return []
    numbers, sizes = np.unique(known, return_counts=True)
    low, high = points.min(axis=0).astype(np.float64), points.max(axis=0).astype(np.float64)
    cell = float((high - low).max()) / CELLS
    if cell <= 0:
        return []
    low = low - 8 * cell  # so that every line closes within the grid
    shape = np.ceil((high - low) / cell).astype(int) + 8
    found = []
    for number in numbers[np.argsort(-sizes, kind="stable")][:most]:
        rows = np.flatnonzero(groups == number)
        if len(rows) >= FEWEST:
            found.append(_outline(int(number), rows, points, codes, low, cell, shape))
    return found


def _outline(
    number: int,
    rows: np.ndarray,
    points: np.ndarray,
    codes: np.ndarray,
    low: np.ndarray,
    cell: float,
    shape: np.ndarray,
) -> Outline:
    from scipy.ndimage import gaussian_filter

    places = (points[rows] - low) / cell
    columns, lines = np.floor(places[:, 0]).astype(int), np.floor(places[:, 1]).astype(int)
    counts = np.zeros((shape[1], shape[0]))
    np.add.at(counts, (lines, columns), 1.0)
    density = gaussian_filter(counts, BLUR, truncate=3.0)
    level = max(float(np.quantile(density[lines, columns], 1 - INSIDE)), 1e-6)
    rings = [(ring + 0.5) * cell + low for ring in contours(density, level)]
    rings.sort(key=lambda ring: -_area(ring))
    kept = [ring for ring in rings if _area(ring) >= 0.08 * _area(rings[0])]
    top = np.unravel_index(density.argmax(), density.shape)
    anchor = (np.array([top[1], top[0]]) + 0.5) * cell + low
    own = codes[rows].astype(np.float64)
    row = int(rows[((own - own.mean(axis=0)) ** 2).sum(axis=1).argmin()])
    return Outline(number, len(rows), kept, anchor, row)


def contours(density: np.ndarray, level: float) -> list[np.ndarray]:
    """Closed lines of a density (lines, columns), low at its edges, at a level: each (k, 2), x then y in cells.

    Marching squares; x and y count from the middle of the first cell.
    """
    inside = density > level
    code = inside[:-1, :-1] * 1 + inside[:-1, 1:] * 2 + inside[1:, 1:] * 4 + inside[1:, :-1] * 8
    joined: dict[tuple[int, int, int], list[tuple[int, int, int]]] = {}
    for line, column in zip(*np.nonzero((code > 0) & (code < 15)), strict=True):
        for pair in _JOINS[int(code[line, column])]:
            a, b = (_side(int(line), int(column), side) for side in pair)
            joined.setdefault(a, []).append(b)
            joined.setdefault(b, []).append(a)
    rings = []
    while joined:
        start = here = next(iter(joined))
        ring = []
        while here in joined:
            ring.append(_crossing(density, level, here))
            ends = joined.pop(here)
            here = next((end for end in ends if end in joined), start)
        rings.append(np.asarray(ring))
    return [ring for ring in rings if len(ring) >= 4]


def _side(line: int, column: int, side: int) -> tuple[int, int, int]:
    """A side under one name, whichever of its two cells asks: (0, line, column) lies across, (1, …) upright."""
    return ((0, line, column), (1, line, column + 1), (0, line + 1, column), (1, line, column))[side]


def _crossing(density: np.ndarray, level: float, side: tuple[int, int, int]) -> tuple[float, float]:
    upright, line, column = side
    a = density[line, column]
    b = density[line + upright, column + 1 - upright]
    share = (level - a) / (b - a)
    return (column + (1 - upright) * share, line + upright * share)


def _area(ring: np.ndarray) -> float:
    x, y = ring[:, 0], ring[:, 1]
    return float(abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))) / 2
