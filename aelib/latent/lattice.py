"""The decoder's picture of a map's whole plane: which places are decoded, and how small their pictures must be."""

from dataclasses import dataclass

import numpy as np

BYTES = 4_000_000  # of a whole lattice, its support included
FEWEST, MOST = 1024, 4096  # cells: below the first, pictures are made smaller before cells are made fewer
SMALLEST = 16  # pixels of a tile's longer side that are kept
MARGIN = 0.06  # of the larger side, round the points


@dataclass(frozen=True)
class Grid:
    """A grid of places over a map. Cell 0 is the top left one; y points up.

    Attributes:
        rows, columns: How many cells.
        extent: x of the left edge, x of the right, y of the lower edge, y of the upper, all of outermost cells.
        shrink: So many pixels of a picture, in height and in width, become one.
        tile: Height, width and channels of a cell's picture.
    """

    rows: int
    columns: int
    extent: tuple[float, float, float, float]
    shrink: int
    tile: tuple[int, int, int]

    def places(self) -> np.ndarray:
        """The middles of the cells, float32 (rows * columns, 2), row by row from the top left."""
        left, right, low, high = self.extent
        xs = left + (np.arange(self.columns) + 0.5) * (right - left) / self.columns
        ys = high - (np.arange(self.rows) + 0.5) * (high - low) / self.rows
        return np.stack(np.meshgrid(xs, ys), axis=2).reshape(-1, 2).astype(np.float32)


def plan(picture_shape: tuple[int, int, int], points: np.ndarray) -> Grid:
    """The finest grid over these points (n, 2) whose pictures take at most ``BYTES``.

    Args:
        picture_shape: Channels, height and width of a decoded picture.
        points: Those that are not finite are passed over.
    """
    channels, height, width = picture_shape
    shrink = 1
    while True:
        tile = -(-height // shrink), -(-width // shrink), channels
        cells = min(MOST, BYTES // (tile[0] * tile[1] * channels + 1))
        next_side = -(-max(height, width) // (shrink + 1))
        if cells >= FEWEST or next_side < SMALLEST:
            break
        shrink += 1
    extent = _extent(points)
    aspect = (extent[1] - extent[0]) / (extent[3] - extent[2])
    columns = int(np.clip(np.sqrt(cells * aspect), 1, max(cells, 1)))
    return Grid(max(cells // columns, 1), columns, extent, shrink, tile)


def veil(points: np.ndarray, cells: int = 9216) -> Grid:
    """A grid without pictures, for support alone."""
    extent = _extent(points)
    columns = int(np.clip(np.sqrt(cells * (extent[1] - extent[0]) / (extent[3] - extent[2])), 1, cells))
    return Grid(max(cells // columns, 1), columns, extent, 1, (0, 0, 0))


def shrunk(pictures: np.ndarray, factor: int) -> np.ndarray:
    """Pictures uint8 (n, channels, height, width), each block of ``factor`` squared pixels as its mean."""
    if factor == 1:
        return pictures
    count, channels, height, width = pictures.shape
    spare = (-height % factor, -width % factor)
    whole = np.pad(pictures, ((0, 0), (0, 0), (0, spare[0]), (0, spare[1])), mode="edge")
    blocks = whole.reshape(count, channels, whole.shape[2] // factor, factor, whole.shape[3] // factor, factor)
    return np.rint(blocks.mean(axis=(3, 5), dtype=np.float32)).astype(np.uint8)


def _extent(points: np.ndarray) -> tuple[float, float, float, float]:
    finite = points[np.isfinite(points).all(axis=1)].astype(np.float64)
    if not len(finite):
        return (-0.5, 0.5, -0.5, 0.5)
    (left, low), (right, high) = finite.min(axis=0), finite.max(axis=0)
    margin = MARGIN * max(right - left, high - low) or 0.5
    return (left - margin, right + margin, low - margin, high + margin)
