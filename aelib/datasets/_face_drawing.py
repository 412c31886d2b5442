"""How one cartoon face is drawn: flat shapes, laid over each other from back to front, at four times its size.

All coordinates are in a picture of 64 x 64, y downwards; the head's middle is (32, 31).
"""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from aelib.datasets import _face_outlines as outlines

Colour = tuple[int, int, int]

SKINS = ((255, 226, 204), (244, 200, 164), (219, 164, 120), (170, 112, 74), (116, 74, 54))  # blended in between
HAIRS: dict[str, Colour] = {
    "black": (40, 36, 48),
    "brown": (98, 60, 40),
    "chestnut": (150, 84, 48),
    "ginger": (218, 112, 48),
    "blond": (240, 196, 96),
    "grey": (178, 180, 190),
    "teal": (40, 150, 156),
}
STYLES = ("short", "spiky", "curly", "bob", "long", "pigtails")
GLASSES = ("none", "round", "square")
HATS = ("none", "beanie", "cap", "straw hat")
HAT_EDGE = 19.5  # under a hat no hair is higher than this
WHITE, DARK = (255, 255, 255), (46, 40, 54)
SHIRT, SHIRT_SHADE, COLLAR = (88, 104, 184), (72, 86, 160), (240, 242, 250)
SCALE = 4
SIDE = 64 * SCALE
NECK = (32.0, 47.0)  # the head tilts about it


def background() -> Image.Image:
    """A fixed soft gradient, transparent: whatever is drawn over it becomes the foreground."""
    share = np.linspace(0, 1, SIDE)[:, None]
    colours = (1 - share) * np.array([190, 220, 240]) + share * np.array([232, 242, 244])
    pixels = np.zeros((SIDE, SIDE, 4), np.uint8)
    pixels[:, :, :3] = colours[:, None]
    return Image.fromarray(pixels)


class Pen:
    """Draws filled shapes, turned by ``tilt`` degrees about the neck."""

    def __init__(self, image: Image.Image, tilt: float) -> None:
        self.draw = ImageDraw.Draw(image)
        cos, sin = SCALE * np.cos(np.radians(tilt)), SCALE * np.sin(np.radians(tilt))
        self.turn = np.array([[cos, sin], [-sin, cos]])
        self.shift = np.array(NECK) * SCALE - NECK @ self.turn
        self.top = 0.0  # nothing is drawn higher than this

    def shape(self, points: np.ndarray, colour: Colour) -> None:
        """A filled polygon through (n, 2) points."""
        if self.top:
            points = np.stack([points[:, 0], np.maximum(points[:, 1], self.top)], 1)
        self.draw.polygon((points @ self.turn + self.shift).ravel().tolist(), fill=(*colour, 255))

    def oval(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        """A filled ellipse about (x, y) with these half axes."""
        self.shape(outlines.CIRCLE * (width, height) + (x, y), colour)

    def line(self, points: Sequence[Sequence[float]], width: float, colour: Colour) -> None:
        """A line with round ends."""
        self.shape(outlines.stroke(np.array(points), width), colour)


def mixed(first: Colour, second: Colour, share: float) -> Colour:
    """A colour between two: ``share`` 0 is the first, 1 the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def skin_colour(tone: float) -> Colour:
    """From fair (0) to dark (1), blended between five tones."""
    place = tone * (len(SKINS) - 1)
    lower = min(int(place), len(SKINS) - 2)
    return mixed(SKINS[lower], SKINS[lower + 1], place - lower)


def draw_face(
    image: Image.Image,
    skin: float,
    hair: Colour,
    style: str,
    eye_size: float,
    gaze: float,
    brow: float,
    mouth: float,
    glasses: str,
    hat: str,
    tilt: float,
) -> None:
    """Draw one face onto a ``background``; the attributes are those of ``faces.FACTORS``."""
    tone = skin_colour(skin)
    shade = mixed(tone, (120, 50, 40), 0.22)
    still, pen = Pen(image, 0), Pen(image, tilt)
    under = HAT_EDGE if hat != "none" else 0.0
    pen.top = under
    _hair_behind(pen, style, mixed(hair, (70, 30, 36), 0.3))
    pen.top = 0
    _body(still, tone, shade)
    _head(pen, tone, shade, skin)
    _eyes(pen, eye_size, gaze)
    _nose_and_mouth(pen, shade, mouth, tone)
    pen.top = under
    _hair_before(pen, style, hair)
    pen.top = 0
    _brows(pen, brow, mixed(hair, (30, 20, 30), 0.35))
    _glasses(pen, glasses)
    _hat(pen, hat)


def _body(pen: Pen, tone: Colour, shade: Colour) -> None:
    pen.shape(outlines.SHOULDERS, SHIRT)
    pen.shape(outlines.SHOULDER_SHADE, SHIRT_SHADE)
    pen.shape(outlines.COLLAR, COLLAR)
    pen.shape(outlines.THROAT, shade)


def _head(pen: Pen, tone: Colour, shade: Colour, darkness: float) -> None:
    for side in (-1, 1):
        pen.oval(32 + side * 15.2, 33.5, 3.0, 3.9, tone if side < 0 else shade)
        pen.oval(32 + side * 15.5, 33.7, 1.4, 2.2, mixed(tone, shade, 0.8) if side < 0 else mixed(shade, DARK, 0.12))
    pen.shape(outlines.HEAD, shade)
    pen.shape((outlines.HEAD - (32, 31)) * 0.968 + (31.5, 30.6), tone)
    for side in (-1, 1):
        pen.oval(31.7 + side * 8.8, 38.4, 2.7, 1.9, mixed(tone, (244, 92, 92), 0.3 - 0.16 * darkness))


def _eyes(pen: Pen, size: float, gaze: float) -> None:
    scale = 0.72 + 0.4 * size
    for side in (-1, 1):
        x, y = 31.8 + side * 6.4, 32.4
        pen.oval(x, y - 0.35, 3.65 * scale, 4.15 * scale, DARK)
        pen.oval(x, y + 0.15, 3.45 * scale, 3.85 * scale, WHITE)
        iris = x + gaze * 1.45 * scale
        pen.oval(iris, y + 0.2, 2.35 * scale, 2.7 * scale, (66, 92, 92))
        pen.oval(iris, y + 0.2, 1.5 * scale, 1.8 * scale, (24, 22, 32))
        pen.oval(iris - 0.75 * scale, y - 0.75 * scale, 0.72 * scale, 0.78 * scale, WHITE)


def _brows(pen: Pen, brow: float, colour: Colour) -> None:
    for side in (-1, 1):
        inner, outer = (31.8 + side * 3.4, 26.3 + 1.9 * brow), (31.8 + side * 10.2, 26.3 - 1.7 * brow)
        middle = (31.8 + side * 7.0, 25.3)
        pen.line([inner, middle, outer], 1.5, colour)


def _nose_and_mouth(pen: Pen, shade: Colour, mouth: float, tone: Colour) -> None:
    pen.shape(outlines.NOSE, shade)
    t = np.linspace(-1, 1, 15)
    corner = 42.6 - 0.4 * mouth
    half = 5.6 + 1.2 * abs(mouth)
    upper = corner + 2.8 * mouth * (1 - t**2) * (0.55 if mouth > 0 else 1.0)
    depth = (0.75 + 3.0 * max(mouth, 0.0)) * (1 - t**4)
    x = 31.7 + half * t
    lips = np.concatenate([np.stack([x, upper - 0.45], 1), np.stack([x, upper + depth + 0.45], 1)[::-1]])
    pen.shape(lips, mixed((136, 44, 56), shade, 0.1))
    if mouth > 0.15:
        teeth = np.concatenate([np.stack([x, upper], 1), np.stack([x, upper + 0.5 * depth], 1)[::-1]])
        pen.shape((teeth - (31.7, 0)) * (0.86, 1) + (31.7, 0), WHITE)


def _glasses(pen: Pen, kind: str) -> None:
    if kind == "none":
        return
    colour = (172, 56, 60) if kind == "round" else (36, 40, 58)
    frame = outlines.ROUND_FRAME if kind == "round" else outlines.SQUARE_FRAME
    for side in (-1, 1):
        pen.shape(frame + np.array([31.8 + side * 7.0, 32.6]), colour)
    for outline in (*outlines.TEMPLES, outlines.BRIDGE):
        pen.shape(outline, colour)


def _hat(pen: Pen, kind: str) -> None:
    if kind == "beanie":
        pen.oval(32, 4.2, 3.4, 3.2, (250, 240, 228))
        pen.shape(outlines.DOME, (214, 72, 84))
        pen.shape(outlines.DOME_SHADE, (186, 54, 72))
        pen.shape(outlines.CUFF, (240, 112, 110))
        for outline in outlines.RIBS:
            pen.shape(outline, (214, 72, 84))
    elif kind == "cap":
        pen.shape(outlines.DOME, (52, 122, 92))
        pen.shape(outlines.DOME_SHADE, (40, 100, 78))
        pen.oval(32, 14.2, 3.4, 3.2, (248, 226, 140))
        pen.shape(outlines.PEAK, (34, 84, 68))
        pen.oval(32, 6.3, 1.5, 1.0, (34, 84, 68))
    elif kind == "straw hat":
        pen.oval(32, 20.0, 21.5, 4.8, (206, 160, 84))
        pen.oval(32, 19.2, 21.5, 4.5, (236, 198, 120))
        pen.shape(outlines.CROWN, (244, 210, 138))
        pen.shape(outlines.RIBBON, (72, 92, 168))


def _hair_behind(pen: Pen, style: str, colour: Colour) -> None:
    if style == "curly":
        for x, y, radius in outlines.CURLS_BEHIND:
            pen.oval(x, y, radius, radius, colour)
    elif style in outlines.BEHIND:
        pen.shape(outlines.BEHIND[style], colour)
    if style == "pigtails":
        for side in (-1, 1):
            pen.shape(outlines.PIGTAIL * (side, 1) + (32, 0), colour)
            pen.oval(32 + side * 17.4, 34.0, 2.0, 2.0, (240, 110, 130))


def _hair_before(pen: Pen, style: str, colour: Colour) -> None:
    if style == "curly":
        for x, y, radius in outlines.CURLS_BEFORE:
            pen.oval(x, y, radius, radius, colour)
        for x, y, radius in outlines.CURLS_BEFORE[::2]:
            pen.oval(x - 0.5, y - 0.8, radius * 0.5, radius * 0.42, mixed(colour, WHITE, 0.14))
        return
    pen.shape(outlines.BEFORE[style], colour)
    if style in outlines.SHINE and not pen.top:
        pen.shape(outlines.SHINE[style], mixed(colour, WHITE, 0.28))
