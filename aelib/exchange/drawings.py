"""A drawing or a single picture, turned into one item of a dataset: cut, scaled and centred by stated rules."""

from typing import Any, Literal

import numpy as np
from PIL import Image

from aelib.datasets._base import DataInfo
from aelib.errors import AelibError
from aelib.pictures import Fit, fit_picture

FAINT = 16  # of 255: what is fainter is no ink
MNIST_SHARE = 20 / 28  # of the picture's shorter side: the box that MNIST's digits were scaled into
MEASURED = 1000  # items looked at to learn how a dataset's own pictures lie
Way = Literal["items", "mnist", "drawn"]


def centred(ink: np.ndarray, height: int, width: int, box: int = 0) -> np.ndarray:
    """A drawing as MNIST's were made (LeCun, Cortes, Burges, The MNIST database of handwritten digits).

    The part with ink is scaled, anti-aliased and in proportion, until its longer side fills ``box`` pixels; then it is
    moved by whole pixels so that its centre of mass lies at the picture's centre (pixel 14 of 28), as far as it fits
    in. MNIST's own digits come out of this as they went in.

    Args:
        ink: uint8 (h, w) of any size; 0 is empty, 255 full ink.
        height: Wanted, pixels.
        width: Wanted, pixels.
        box: Side of the box, pixels; 0 takes MNIST's 20 of 28, in proportion to the shorter side.

    Returns:
        uint8 (1, height, width), bright ink on black.

    Raises:
        AelibError: ``E_EMPTY`` for a drawing with nothing on it.
    """
    rows, columns = (np.flatnonzero((ink >= FAINT).any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        raise AelibError("E_EMPTY", "There is nothing on the drawing", "", "Draw a stroke")
    cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    box = min(box or max(1, round(MNIST_SHARE * min(height, width))), height, width)
    scale = box / max(cut.shape)
    size = max(1, round(cut.shape[0] * scale)), max(1, round(cut.shape[1] * scale))
    small = np.asarray(Image.fromarray(cut).resize((size[1], size[0]), Image.Resampling.BICUBIC), np.float64)
    weight = max(float(small.sum()), 1e-9)
    top, left = (
        _start(float((small.sum(axis=1 - axis) * np.arange(size[axis])).sum() / weight), size[axis], whole)
        for axis, whole in ((0, height), (1, width))
    )
    picture = np.zeros((1, height, width), np.uint8)
    picture[0, top : top + size[0], left : left + size[1]] = np.rint(small)
    return picture


def _start(middle: float, size: int, whole: int) -> int:
    """Where a part of this size starts, so that its centre of mass is at ``whole / 2``, as in MNIST; always inside."""
    return min(max(round(whole / 2 - middle), 0), whole - size)


def own_box(values: np.ndarray) -> tuple[int, bool]:
    """How large a dataset's own pictures are drawn, and whether they are dark on bright ground.

    Args:
        values: uint8 (n, channels, height, width), of colours the mean; at most ``MEASURED`` are looked at, evenly
            taken.

    Returns:
        The median of the longer side of the part with ink, pixels (20 for MNIST); True where the edge is bright.
    """
    some = values[np.unique(np.linspace(0, len(values) - 1, min(len(values), MEASURED)).astype(int))]
    images = some[:, 0] if some.shape[1] == 1 else some.mean(axis=1).astype(np.uint8)
    edge = np.concatenate([images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1]], axis=1)
    is_bright = bool(np.median(edge) > 127)
    ink: Any = (255 - images if is_bright else images) >= FAINT
    sides = []
    for axis in (1, 2):
        there = ink.any(axis=3 - axis)
        first, last = there.argmax(axis=1), there.shape[1] - 1 - there[:, ::-1].argmax(axis=1)
        sides.append(np.where(there.any(axis=1), last - first + 1, 0))
    longer = np.maximum(*sides)
    longer = longer[longer > 0]
    return (int(np.median(longer)) if len(longer) else min(images.shape[1:])), is_bright


def drawn_item(drawing: np.ndarray, info: DataInfo, way: Way, box: int, is_bright: bool) -> np.ndarray:
    """A drawing as an item of a dataset, uint8 (channels, height, width).

    Args:
        drawing: uint8 (h, w) or (h, w, 1), ink: 255 is full; or (h, w, 3), colours on a black or a white ground.
        info: Of the dataset.
        way: ``items``: scaled like the dataset's own (``box``); ``mnist``: like MNIST's; ``drawn``: size and
            place stay. Of a drawing for colour pictures they always do.
        box: As ``own_box`` gives it.
        is_bright: Ink is dark on bright ground; for colour pictures, the ground is white.

    Ink becomes a colour picture by standing in all three channels; colours become ink by their distance from the ground
    in brightness.

    Raises:
        AelibError: ``E_SHAPE`` where the items are no pictures in grey or colour, ``E_EMPTY`` for an empty drawing.
    """
    if reason := cannot_draw(info):
        raise AelibError("E_SHAPE", "A drawing cannot be an item of these data", reason, "Take a run of pictures")
    channels, height, width = info.picture_shape
    drawing = drawing[:, :, 0] if drawing.ndim == 3 and drawing.shape[2] == 1 else drawing
    if channels == 3:
        ground = 255 if is_bright else 0
        painted = drawing if drawing.ndim == 3 else np.abs(ground - drawing.astype(int)).astype(np.uint8)
        if (np.abs(painted.astype(int) - ground) < FAINT).all():
            raise AelibError("E_EMPTY", "There is nothing on the drawing", "", "Draw a stroke")
        painted = painted if painted.ndim == 3 else np.repeat(painted[:, :, None], 3, axis=2)
        small = Image.fromarray(painted).resize((width, height), Image.Resampling.BOX)
        return np.ascontiguousarray(np.asarray(small, np.uint8).transpose(2, 0, 1))
    ink = drawing if drawing.ndim == 2 else _as_ink(drawing)
    if way == "drawn":
        if not (ink >= FAINT).any():
            raise AelibError("E_EMPTY", "There is nothing on the drawing", "", "Draw a stroke")
        picture = np.asarray(Image.fromarray(ink).resize((width, height), Image.Resampling.BOX), np.uint8)[None]
    else:
        picture = centred(ink, height, width, box if way == "items" else 0)
    return 255 - picture if is_bright else picture


def _as_ink(painted: np.ndarray) -> np.ndarray:
    """Colours, uint8 (h, w, 3) -> ink, uint8 (h, w): brightness, or darkness where more of it is white than black."""
    light = np.asarray(Image.fromarray(painted).convert("L"), np.uint8)  # luma, ITU-R BT.601
    return 255 - light if (painted == 255).all(axis=2).sum() > (painted == 0).all(axis=2).sum() else light


def cannot_draw(info: DataInfo) -> str:
    """Why a drawing cannot be an item of these data, as a part of a sentence; empty where it can."""
    if info.kind != "images":
        return f"its items are rows of {info.features} numbers, not pictures"
    if info.item_shape[0] not in (1, 3):
        return f"its pictures have {info.item_shape[0]} channels, which is neither grey nor colour"
    return ""


def uploaded_item(pixels: np.ndarray, info: DataInfo, fit: Fit = "crop") -> np.ndarray:
    """A picture of any size as an item of a dataset, uint8 (channels, height, width).

    Args:
        pixels: uint8 (h, w, 1 or 3), as ``decode_picture`` gives it.
        info: Of the dataset.
        fit: As for ``fit_picture``; of an oblong item the middle of the fitted square is taken.

    Raises ``E_SHAPE`` where the items are no pictures of 1 or 3 channels.
    """
    if info.kind != "images" or info.item_shape[0] not in (1, 3):
        raise AelibError("E_SHAPE", "A picture cannot be an item of these data", f"items are {info.item_shape}")
    channels, height, width = info.picture_shape
    side = max(height, width)
    square = fit_picture(pixels, side, channels, fit)
    top, left = (side - height) // 2, (side - width) // 2
    return np.ascontiguousarray(square[:, top : top + height, left : left + width])


def votes(labels: np.ndarray, distances: np.ndarray, classes: tuple[str, ...]) -> list[tuple[str, float]]:
    """What class the nearest items say, the likeliest first, as shares of 1.

    Each neighbour's vote weighs by its inverse distance (Dudani 1976, The Distance-Weighted k-Nearest-Neighbor Rule);
    items without a label do not vote.
    """
    known = labels >= 0
    weights = 1 / np.maximum(distances[known], 1e-9)
    total = np.bincount(labels[known], weights, minlength=len(classes)) / max(float(weights.sum()), 1e-9)
    order = np.argsort(-total, kind="stable")
    return [(classes[number], float(total[number])) for number in order if total[number] > 0 and number < len(classes)]
