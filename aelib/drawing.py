"""Items as pictures on a screen: pictures as they are, vectors as bars; for display only."""

from dataclasses import dataclass

import numpy as np

BAR_HEIGHT = 32  # pixels of a vector drawn as bars


def bars_size(features: int) -> tuple[int, int]:
    """Height and width of the picture that ``bars`` makes of a vector."""
    return BAR_HEIGHT, features * max(1, round(BAR_HEIGHT / features))


def bars(vectors: np.ndarray, low: float, high: float) -> np.ndarray:
    """Vectors as pictures: one bar per number, from the zero line up or down; all on one scale.

    Args:
        vectors: (n, features).
        low: Value at the lower edge.
        high: Value at the upper edge.

    Returns:
        uint8 (n, 1, height, width): bright bars on dark ground; a number beyond the edges fills its column.
    """
    height, width = bars_size(vectors.shape[1])
    low, high = min(low, 0.0), max(high, 0.0)
    places = (np.clip(vectors, low, high) - low) / max(high - low, 1e-9) * height
    zero = -low / max(high - low, 1e-9) * height
    levels = np.arange(height)[::-1, None] + 0.5  # row 0 is the top
    values = places[:, None, :]
    inside = (levels < np.maximum(values, zero)) & (levels > np.minimum(values, zero))
    picture = np.where(inside, 235, 24).astype(np.uint8)
    return picture.repeat(width // vectors.shape[1], axis=2)[:, None]


def as_pictures(values: np.ndarray, low: float = 0.0, high: float = 1.0) -> np.ndarray:
    """Any items for display, uint8 (n, channels, height, width): pictures as they are, vectors as bars.

    Args:
        values: uint8 or float pictures (n, channels, height, width), floats clipped to [0, 1]; or vectors.
        low: Lower edge of a vector's bars.
        high: Upper edge.
    """
    if values.ndim == 2:
        return bars(values, low, high)
    if values.dtype == np.uint8:
        return values
    return np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)


@dataclass(frozen=True)
class Drawn:
    """Vectors as pictures, drawn when they are taken: bars of a million of them would fill the memory.

    Attributes:
        values: (n, features).
        low: Lower edge of the bars.
        high: Upper edge.
    """

    values: np.ndarray
    low: float
    high: float

    def __len__(self) -> int:
        return len(self.values)

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, 1, height, width)."""
        return (len(self.values), 1, *bars_size(self.values.shape[1]))

    def __getitem__(self, rows: int | np.integer | slice | np.ndarray) -> np.ndarray:
        """uint8 (channels, height, width) of one row, (m, channels, height, width) of many."""
        if isinstance(rows, int | np.integer):
            return bars(self.values[rows][None], self.low, self.high)[0]
        return bars(self.values[rows], self.low, self.high)


def in_channels(images: np.ndarray, channels: int) -> np.ndarray:
    """Grey pictures (n, 1, h, w) as colour ones where 3 channels are wanted, so that they can stand side by side."""
    return images.repeat(3, axis=1) if images.shape[1] == 1 and channels == 3 else images
