"""Sprites: a white square, ellipse or heart on black, at known size, angle and place; 64 x 64 pixels.

What for: The truth behind each picture is known exactly, so one can see which code dimension carries which factor,
    whether paths turn or merely fade, and whether the map is the grid it should be. Drawn here, nothing is downloaded.
Limits: Black and white, and all factors independent: no photograph is like that. A square looks the same every 90
    degrees, an ellipse every 180: different angles, one picture. The mask of a sprite is the sprite itself.
Reference: Matthey, Higgins, Hassabis, Lerchner (2017), dSprites: Disentanglement testing Sprites dataset (its factors
    and counts; these pictures are drawn anew, with 40 angles that do not repeat the first).
"""

import math
from typing import Literal

import numpy as np
from pydantic import Field

from aelib.config import PluginConfig
from aelib.datasets._base import Dataset, split_items

SHAPES = ("square", "ellipse", "heart")
COUNTS = (3, 6, 40, 32, 32)  # shapes, sizes, angles, places from left to right, places from top to bottom
TOTAL = math.prod(COUNTS)  # 737,280
FACTORS = ("shape", "size", "angle", "x", "y")
KINDS = {"shape": SHAPES}  # what the numbers of a factor mean
_SHARPNESS = 8  # drawn this many times larger, then reduced


class Config(PluginConfig):
    """How many of the 737,280 pictures, and how large."""

    count: int = Field(4000, ge=100, le=50_000, description="Pictures, chosen by chance from all 737,280")
    size: Literal[64, 32] = Field(64, description="Height and width in pixels")
    seed: int = Field(0, ge=0, le=2**32 - 1, description="Which pictures are chosen; a larger count adds to the same")


def load(config: Config) -> Dataset:
    """A sample without repetition; its factors are those of ``item``, the class is the shape."""
    numbers = np.random.default_rng(config.seed).permutation(TOTAL)[: config.count]
    drawn = [item(int(number), config.size) for number in numbers]
    values, factors = np.stack([picture for picture, _ in drawn]), np.stack([truth for _, truth in drawn])
    notes = (
        f"{config.count:,} of the {TOTAL:,} combinations of shape, size, angle and place, chosen by seed {config.seed} "
        "and drawn by this program.",
        "Size is a share of the largest; angle is in degrees, clockwise; x and y say where the middle is, 0 to 1.",
        "The mask of each picture is the sprite itself.",
        "One fifth is kept for validation and one fifth for the test, always the same items.",
    )
    return split_items(
        values,
        factors[:, 0],
        validation=0.2,
        test=0.2,
        classes=SHAPES,
        notes=notes,
        factors=factors,
        factor_names=FACTORS,
        masks=values.copy(),
    )


def item(number: int, size: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """One of all pictures, by its number.

    Args:
        number: 0 to ``TOTAL`` - 1; y changes fastest, then x, angle, size and shape.
        size: Height and width in pixels.

    Returns:
        uint8 (1, size, size) of 0 and 255; and float32 (5,): shape (0, 1, 2 as in ``SHAPES``), size (0.5 to 1), angle
        (0 to 351 degrees, clockwise), x and y of the middle (shares of the side, 0.25 to 0.75).
    """
    from PIL import Image, ImageDraw

    shape, step, turn, column, row = (int(place) for place in np.unravel_index(number, COUNTS))
    scale, angle = 0.5 + 0.1 * step, 9.0 * turn
    x, y = ((16.25 + 31.5 * place / 31) / 64 for place in (column, row))
    side, radians = size * _SHARPNESS, math.radians(angle)
    turned = _OUTLINES[shape] @ np.array(
        [[math.cos(radians), math.sin(radians)], [-math.sin(radians), math.cos(radians)]]
    )
    points = (turned * scale + (x, y)) * side - 0.5  # Pillow counts from the middle of the first pixel
    image = Image.new("L", (side, side))
    ImageDraw.Draw(image).polygon(points.ravel().tolist(), fill=255)
    covered = np.asarray(image.reduce(_SHARPNESS))
    picture = np.where(covered >= 128, 255, 0).astype(np.uint8)  # a pixel is white when half of it is covered
    return picture[None], np.array([shape, scale, angle, x, y], np.float32)


def _outlines() -> list[np.ndarray]:
    """Corners (n, 2) of the largest square, ellipse and heart about their centre of mass; the picture's side is 1.

    All fit in a circle of radius 0.225 and have about the same area.
    """
    t = np.linspace(0, 2 * math.pi, 72, endpoint=False)
    square = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * 0.159
    ellipse = np.stack([np.cos(t) * 0.134, np.sin(t) * 0.225], 1)
    height = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    heart = np.stack([16 * np.sin(t) ** 3, -height], 1) * 0.0122
    following = np.roll(heart, -1, 0)
    cross = heart[:, :1] * following[:, 1:] - heart[:, 1:] * following[:, :1]
    return [square, ellipse, heart - ((heart + following) * cross).sum(0) / (3 * cross.sum())]


_OUTLINES = _outlines()
