"""Items as pictures on a page: hard pixels, whole multiples, always beside what they are compared with."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from aelib.datasets._base import DataInfo
from aelib.drawing import as_pictures
from aelib.measures.reconstruction import error_map
from aelib.pictures import strip

ERROR_RAMP = np.asarray([(0, 0, 0), (87, 36, 9), (184, 84, 14), (240, 150, 30), (255, 222, 140)], np.float32)


def enlarged(image: np.ndarray, size: int) -> np.ndarray:
    """A uint8 picture (channels, h, w) as (H, W, channels), enlarged by a whole factor to about ``size`` pixels."""
    factor = max(1, round(size / max(image.shape[1:])))
    large = image.repeat(factor, axis=1).repeat(factor, axis=2).transpose(1, 2, 0)
    return large[:, :, 0] if large.shape[2] == 1 else large


def sheet(images: np.ndarray, size: int, columns: int) -> np.ndarray:
    """Many pictures (n, channels, h, w) as one, each about ``size`` pixels wide."""
    factor = max(1, round(size / images.shape[-1]))
    large = images.repeat(factor, axis=2).repeat(factor, axis=3)
    joined = strip(large, columns=min(columns, len(images)), gap=3, background=128).transpose(1, 2, 0)
    return joined[:, :, 0] if joined.shape[2] == 1 else joined


def heat(error: np.ndarray, worst: float = 1.0) -> np.ndarray:
    """An error map (h, w) in [0, worst] as uint8 (3, h, w): black is none, bright is ``worst``."""
    place = np.clip(error / max(worst, 1e-9), 0, 1) * (len(ERROR_RAMP) - 1)
    low = np.floor(place).astype(int).clip(0, len(ERROR_RAMP) - 2)
    share = (place - low)[..., None]
    colours = ERROR_RAMP[low] * (1 - share) + ERROR_RAMP[low + 1] * share
    return colours.round().astype(np.uint8).transpose(2, 0, 1)


def error_maps(info: DataInfo, recon: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Absolute errors as maps (n, h, w) in [0, 1]: per pixel, or as bars on the scale of the data's range."""
    if info.kind == "images":
        return error_map(recon, targets)
    errors = np.abs(recon - targets)
    errors = errors if info.missing is None else np.where(targets == info.missing, 0, errors)
    return as_pictures(errors, 0.0, info.high - info.low)[:, 0].astype(np.float32) / 255


def row(
    images: Sequence[np.ndarray],
    captions: Sequence[str],
    error: np.ndarray | None = None,
    *,
    columns: int = 0,
    size: int = 112,
) -> None:
    """Pictures (channels, h, w) side by side with captions, and an error map (h, w) after them."""
    shown, texts = list(images), list(captions)
    if error is not None:
        shown.append(heat(error))
        texts.append("error")
    places = st.columns(columns or len(shown))
    for place, image, text in zip(places, shown, texts, strict=False):
        place.image(
            enlarged(image, size if len(places) <= 4 else size // 2), caption=text, width="stretch", output_format="PNG"
        )


def in_colour(image: np.ndarray) -> np.ndarray:
    """A uint8 picture (1 or 3, h, w) as (3, h, w), so that it can stand beside an error map."""
    return image if len(image) == 3 else image.repeat(3, axis=0)


def channels_said(own: int, wanted: int) -> list[str]:
    """What was done to a picture of ``own`` channels (1 or 3) for items of ``wanted`` ones, in words."""
    if own == wanted:
        return []
    return ["colour became grey (luma, ITU-R BT.601)" if wanted == 1 else "grey was repeated in three channels"]
