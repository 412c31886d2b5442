"""A movie of points as an animated GIF, to show where nothing of ours runs."""

import io
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from aelib.figures.colours import MISSING, class_palette

SIZE = 480  # pixels a side
BETWEEN = 4  # pictures from one frame to the next, where frames are few
MOST = 240  # pictures in all, about
PACE, REST = 70, 1500  # milliseconds of a picture, and of the last
GROUND, INK = "#ffffff", "#1b1e23"


def gif(frames: Sequence[np.ndarray], labels: np.ndarray, classes: int, words: Sequence[str], one_scale: bool) -> bytes:
    """Points that glide from frame to frame, in the colours of their classes.

    Args:
        frames: Points (n, 2) of each frame, oldest first; at least one.
        labels: (n,), -1 where there is no class.
        classes: How many there are.
        words: What each frame is called.
        one_scale: All frames on one scale; otherwise each fills the picture.
    """
    from PIL import Image, ImageDraw, ImageFont

    colours = [GROUND, INK, MISSING, *class_palette(min(max(classes, 1), 28))]
    palette = [part for colour in colours for part in bytes.fromhex(colour.removeprefix("#"))]
    paint = np.where(labels >= 0, 3 + labels % (len(colours) - 3), 2)
    boxes = _boxes(frames, one_scale)
    radius = float(np.clip(0.19 * SIZE / np.sqrt(len(labels)), 1.2, 4.0))
    font, pictures = ImageFont.load_default(15), []
    for place in _places(len(frames)):
        at, t = int(place), place - int(place)
        after = min(at + 1, len(frames) - 1)
        points = frames[at] + (frames[after] - frames[at]) * t
        low, high = boxes[at] + (boxes[after] - boxes[at]) * t
        scale = (SIZE - 60) / max(float((high - low).max()), 1e-9)
        xy = (points - (low + high) / 2) * scale * [1, -1] + [SIZE / 2, SIZE / 2 + 8]
        picture = Image.new("P", (SIZE, SIZE), 0)
        picture.putpalette(palette)
        pen = ImageDraw.Draw(picture)
        pen.fontmode = "1"  # the palette has no greys for soft edges
        for (x, y), colour in zip(xy.tolist(), paint.tolist(), strict=True):
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
        pen.text((12, 10), words[at], fill=1, font=font)
        pictures.append(picture)
    file = io.BytesIO()
    pace = [PACE] * (len(pictures) - 1) + [REST]
    pictures[0].save(file, "GIF", save_all=True, append_images=pictures[1:], duration=pace, loop=0, optimize=False)
    return file.getvalue()


def _places(count: int) -> list[float]:
    """Where on the reel each picture stands."""
    between = max(1, min(BETWEEN, MOST // count))
    return [first + part / between for first, _ in pairwise(range(count)) for part in range(between)] + [count - 1]


def _boxes(frames: Sequence[np.ndarray], one_scale: bool) -> np.ndarray:
    """Lower and upper corner (frames, 2, 2) of what is in view: with the frames beside, so that it does not twitch."""
    own = np.array([[points.min(axis=0), points.max(axis=0)] for points in frames], np.float64)
    found = []
    for place in range(len(frames)):
        near = own if one_scale else own[max(0, place - 2) : place + 3]
        found.append([near[:, 0].min(axis=0), near[:, 1].max(axis=0)])
    return np.array(found)
