"""Faces: cartoon heads in colour with ten known attributes, 64 x 64 pixels.

What for: The first colour pictures to look at: skin, hair, eyes, gaze, brows, mouth, glasses, hat and tilt are all
    known, so one can ask which code dimension smiles, add glasses along a direction, and check it against the truth.
Limits: Flat drawings on one background, seen from the front; all attributes independent, as in no crowd. A hat hides
    most of the hair, closed-mouth and small-eyed differences are a few pixels only.
Reference: Drawn by this program; in the spirit of Chernoff (1973), The Use of Faces to Represent Points in
    k-Dimensional Space Graphically, Journal of the American Statistical Association 68.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from pydantic import Field

from aelib.config import PluginConfig
from aelib.datasets._base import Dataset, split_items
from aelib.datasets._face_drawing import GLASSES, HAIRS, HATS, SIDE, STYLES, background, draw_face

FACTORS = ("skin", "hair colour", "hair style", "eye size", "gaze", "brow", "mouth", "glasses", "hat", "tilt")
LOWEST = np.array([0, 0, 0, 0, -1, -1, -1, 0, 0, -12], float)
HIGHEST = np.array([1, len(HAIRS) - 1, len(STYLES) - 1, 1, 1, 1, 1, len(GLASSES) - 1, len(HATS) - 1, 12], float)
NONE = {"glasses": 0.5, "hat": 0.4}  # shares of the first kind; other kinds are all alike
KINDS = {"hair colour": tuple(HAIRS), "hair style": STYLES, "glasses": GLASSES, "hat": HATS}  # what the numbers mean
CLASSES = {
    "hair_style": STYLES,
    "hair_colour": tuple(HAIRS),
    "glasses": tuple(f"{kind} glasses" if kind != "none" else "no glasses" for kind in GLASSES),
    "hat": tuple(kind if kind != "none" else "no hat" for kind in HATS),
    "mouth": ("sad", "neutral", "happy"),
}


class Config(PluginConfig):
    """How many faces, and which attribute gives the classes."""

    count: int = Field(2000, ge=100, le=20_000, description="Faces, each with attributes drawn by chance")
    size: Literal[64, 32] = Field(64, description="Height and width in pixels; 32 trains four times faster")
    labels: Literal["hair_style", "hair_colour", "glasses", "hat", "mouth"] = Field(
        "hair_style", description="Which attribute is the class; all ten are there as factors anyway"
    )
    seed: int = Field(0, ge=0, le=2**32 - 1, description="Which attributes are drawn; a larger count adds to the same")


def load(config: Config) -> Dataset:
    """uint8 (count, 3, size, size) with masks; factors are the attributes of ``face``."""
    factors = draw_attributes(config.count, config.seed)
    drawn = [face(attributes, config.size) for attributes in factors]
    notes = (
        f"{config.count:,} faces, drawn by this program with seed {config.seed}; every attribute is independent of the "
        "others and evenly spread, but half of the faces have no glasses and two of five no hat.",
        f"Numbers from 0 stand for: hair colour {', '.join(HAIRS)}; hair style {', '.join(STYLES)}; "
        f"glasses {', '.join(GLASSES)}; hat {', '.join(HATS)}.",
        "Skin goes from fair (0) to dark (1), eye size from 0 to 1, gaze from left (-1) to right, brow from worried "
        "(-1) to angry, mouth from sad (-1) to happy; tilt is in degrees, clockwise.",
        "The mask holds the whole figure: head, hair, hat and shoulders. "
        "One fifth is kept for validation and one fifth for the test, always the same items.",
    )
    return split_items(
        np.stack([picture for picture, _ in drawn]),
        labels(factors, config.labels),
        validation=0.2,
        test=0.2,
        classes=CLASSES[config.labels],
        notes=notes,
        factors=factors,
        factor_names=FACTORS,
        masks=np.stack([mask for _, mask in drawn]),
    )


def face(attributes: Sequence[float] | np.ndarray, size: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """One face.

    Args:
        attributes: Ten numbers as in ``FACTORS``, within ``LOWEST`` and ``HIGHEST``; hair colour, hair style, glasses
            and hat are whole numbers.
        size: Height and width in pixels: 64, 32, or another divisor of 256.

    Returns:
        uint8 (3, size, size), and its mask (1, size, size): 255 where the figure is, 0 on the background.
    """
    skin, colour, style, eye_size, gaze, brow, mouth, glasses, hat, tilt = (float(number) for number in attributes)
    image = _BACKGROUND.copy()
    draw_face(
        image,
        skin,
        list(HAIRS.values())[int(colour)],
        STYLES[int(style)],
        eye_size,
        gaze,
        brow,
        mouth,
        GLASSES[int(glasses)],
        HATS[int(hat)],
        tilt,
    )
    *colours, covered = (np.asarray(channel.reduce(SIDE // size)) for channel in image.split())
    return np.stack(colours), np.where(covered >= 128, 255, 0).astype(np.uint8)[None]


def draw_attributes(count: int, seed: int) -> np.ndarray:
    """Independent attributes, float64 (count, 10): evenly spread, but for 'none', see ``NONE``."""
    share = np.random.default_rng(seed).random((count, len(FACTORS)))
    values = LOWEST + (HIGHEST - LOWEST) * share
    for name, kinds in (("hair colour", HAIRS), ("hair style", STYLES), ("glasses", GLASSES), ("hat", HATS)):
        column = FACTORS.index(name)
        values[:, column] = _kind(share[:, column], len(kinds), NONE.get(name, 1 / len(kinds)))
    return values


def labels(factors: np.ndarray, attribute: str) -> np.ndarray:
    """Class numbers (n,) of an attribute; a mouth is sad, neutral or happy by thirds of its range."""
    column = factors[:, FACTORS.index(attribute.replace("_", " "))]
    if attribute == "mouth":
        return np.digitize(column, [-1 / 3, 1 / 3])
    return column.astype(np.int64)


def _kind(share: np.ndarray, kinds: int, first: float) -> np.ndarray:
    """Whole numbers 0..kinds - 1 from shares in [0, 1): 0 with probability ``first``, the others alike."""
    rest = 1 + (share - first) / (1 - first) * (kinds - 1)
    return np.where(share < first, 0, np.floor(np.minimum(rest, kinds - 1e-9)))


_BACKGROUND = background()
