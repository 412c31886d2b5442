"""The outlines of the cartoon faces, as points (n, 2) in a picture of 64 x 64, y downwards; the head is at (32, 31)."""

import numpy as np


def points(text: str) -> np.ndarray:
    """``"1,2 3,4"`` as points (n, 2)."""
    return np.array([[float(number) for number in pair.split(",")] for pair in text.split()])


def smooth(corners: str | np.ndarray, steps: int = 6) -> np.ndarray:
    """A closed curve through these points (Catmull, Rom, 1974, A class of local interpolating splines)."""
    at = points(corners) if isinstance(corners, str) else corners
    before, after, second = np.roll(at, 1, 0), np.roll(at, -1, 0), np.roll(at, -2, 0)
    t = (np.arange(steps) / steps)[:, None, None]
    slope, bend, twist = after - before, 2 * before - 5 * at + 4 * after - second, 3 * at - before - 3 * after + second
    return (0.5 * (2 * at + slope * t + bend * t**2 + twist * t**3)).transpose(1, 0, 2).reshape(-1, 2)


def mirrored(right_half: str) -> np.ndarray:
    """``smooth`` of a symmetric outline about x = 32, from its right half, top to bottom."""
    right = points(right_half)
    left = right[right[:, 0] != 32][::-1]
    return smooth(np.concatenate([right, np.stack([64 - left[:, 0], left[:, 1]], 1)]))


def stroke(line: np.ndarray, width: float) -> np.ndarray:
    """The outline of a line with round ends through (n, 2) points."""
    steps = line[1:] - line[:-1]
    along = np.concatenate([steps[:1], steps[:-1] + steps[1:], steps[-1:]])
    along /= np.hypot(along[:, :1], along[:, 1:])
    across = along[:, ::-1] * (-1, 1)
    last = line[-1] + (_CAP[:, :1] * across[-1] + _CAP[:, 1:] * along[-1]) * (width / 2)
    first = line[0] - (_CAP[:, :1] * across[0] + _CAP[:, 1:] * along[0]) * (width / 2)
    return np.concatenate([line + across * (width / 2), last, (line - across * (width / 2))[::-1], first])


def _arc(corners: str, width: float) -> np.ndarray:
    """A smooth open line, as its outline."""
    at = points(corners)
    curve = smooth(np.concatenate([at[:1], at, at[-1:]]))
    return stroke(curve[6 : 6 * len(at) + 1], width)


def _frame(lens: np.ndarray, width: float) -> np.ndarray:
    """The rim of a lens about (0, 0): its outer edge, a cut, and its inner edge the other way round."""
    inwards = lens / np.hypot(lens[:, :1], lens[:, 1:]) * (width / 2)
    outer, inner = lens + inwards, lens - inwards
    return np.concatenate([outer, outer[:1], inner[:1], inner[::-1]])


def _curls(first: float, last: float, count: int, width: float, height: float, radius: float) -> list[tuple]:
    """(x, y, radius) of curls on an ellipse about (32, 29), between two angles in degrees; 270 is the top."""
    angles = np.radians(np.linspace(first, last, count))
    x, y = 32 + width * np.cos(angles), 29 + height * np.sin(angles)
    return [(*place, radius * (1 + 0.08 * (number % 2))) for number, place in enumerate(zip(x, y, strict=True))]


_T = np.linspace(0, 2 * np.pi, 36, endpoint=False)
CIRCLE = np.stack([np.cos(_T), np.sin(_T)], 1)
_CAP = np.stack([np.cos(np.linspace(0, np.pi, 7)), np.sin(np.linspace(0, np.pi, 7))], 1)[1:-1]

RIBS = [
    stroke(np.array([(x, 17.4 + abs(x - 32) * 0.09), (x, 21.2 + abs(x - 32) * 0.09)]), 0.8)
    for x in (21, 26.5, 32, 37.5, 43)
]
TEMPLES = [stroke(np.array([(31.8 + side * 13.0, 31.6), (31.8 + side * 15.8, 30.8)]), 1.1) for side in (-1, 1)]
BRIDGE = stroke(np.array([(30.8, 31.6), (32.8, 31.6)]), 1.2)
HEAD = mirrored("32,14 40.5,16.5 46,24 46.2,33 43.2,41.5 37.6,47.2 32,48.8")
SHOULDERS = mirrored("32,52.5 42,53.5 52,57 56.5,65 57,72 32,74")
SHOULDER_SHADE = smooth("42,53.5 52,57 56.5,65 57,72 48,72 47.5,62")
COLLAR = smooth("24.5,53.5 32,61 39.5,53.5 37,51 27,51")
THROAT = smooth("26.5,42 37.5,42 37.5,53 32,58 26.5,53")
NOSE = _arc("31.9,35.2 33.4,38.3 31.2,38.6", 1.0)
DOME = mirrored("32,6.2 41,8 47.4,14 48.6,21 32,20")
DOME_SHADE = smooth("39,7.4 44.6,10.6 48.1,16 48.6,21 43.8,20.5 42.8,13")
CUFF = mirrored("32,16.4 42,17 49,18.6 49.4,22.4 42,21.6 32,21.2")
PEAK = mirrored("32,18.2 42,19 49,21 50.5,24 44,24.2 32,22.6")
CROWN = mirrored("32,6.5 40,7.2 44.4,11 45.6,18.6 32,20")
RIBBON = mirrored("32,15.8 40,15.5 45.2,14.6 45.7,18.5 40,19.6 32,20")
ROUND_FRAME = _frame(CIRCLE * 6.0, 1.2)
SQUARE_FRAME = _frame(np.sign(CIRCLE) * np.abs(CIRCLE) ** 0.35 * (6.1, 5.0), 1.25)
PIGTAIL = smooth("16,32 20.5,32.5 24.5,37 25.5,44 23,51 19.5,54 19,48 17.4,41")

BEHIND = {
    "bob": mirrored("32,10 43,12.5 50.6,22 51.6,34 51,44 47.5,48.5 32,49"),
    "long": mirrored("32,10 43,12.5 50.2,22 50.8,34 52.6,45 52.6,56 48,61 40,60 32,58"),
}
BEFORE = {
    "short": smooth(
        "17.2,31 15.6,23 18.5,14.5 26,10 36,9.2 44,12.6 48.4,21 46.9,31 45.2,30 44.6,25.5 41.5,21 "
        "35,20.6 27.5,17.6 22.5,21.6 19.6,25.6 19,30"
    ),
    "spiky": points(
        "17.4,31 14.2,26 16.2,24 12.6,18.6 17.6,18 16.4,11 22.4,12.6 24.6,5.6 29.4,10 34,4 37,9.6 "
        "43.6,6.8 43.4,12.6 50,12.8 47.6,18 51.8,21.4 48,24 49.6,28 46.7,31 44.8,25 42.4,20.8 40,25 "
        "36.4,19.4 32,24.6 28.4,19.2 24,24.2 21.2,20.4 19.4,25.4"
    ),
    "bob": smooth(
        "16.4,44 13.6,34 14.4,21 20.5,12.4 32,9.2 43.5,12.4 49.6,21 50.4,34 47.6,44 45.4,41 45.8,33 "
        "44.4,25.4 38.5,23.6 32,24 25.5,23.6 19.6,25.4 18.2,33 18.6,41"
    ),
    "long": smooth(
        "15,46 13.8,34 14.6,21 20.5,12.6 32,9.4 43.5,12.6 49.4,21 50.2,34 49,46 46.6,40 46.2,31 "
        "42,23.4 36.6,20.2 32,17.6 27.4,20.2 22,23.4 17.8,31 17.4,40"
    ),
    "pigtails": smooth(
        "16.4,33 15.2,24 18.4,15 24.6,10.8 32,9.8 39.4,10.8 45.6,15 48.8,24 47.6,33 45.2,29.4 43,24.4 "
        "38,21.6 32,18.2 26,21.6 21,24.4 18.8,29.4"
    ),
}
SHINE = {
    "short": _arc("21.5,17 25.5,13.6 30.5,12.4", 1.3),
    "bob": _arc("19.4,20.4 23.5,16 29,14", 1.3),
    "long": _arc("19,22.4 22,17.4 26.4,14", 1.3),
    "pigtails": _arc("20.6,19.6 23.6,15.8 28,13.6", 1.3),
}
CURLS_BEHIND = _curls(148, 392, 11, 17.4, 16.4, 5.2)
CURLS_BEFORE = [*_curls(176, 364, 9, 15.4, 13.4, 4.3), *_curls(216, 324, 5, 9.6, 9.6, 3.7)]
