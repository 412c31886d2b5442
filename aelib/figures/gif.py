"""Pictures that move: GIF and WebP from frames, and the frames of a walk there and back."""

import io

import numpy as np
from PIL import Image

from aelib.pictures import strip

MOST_FRAMES = 240


def walk_frames(pictures: np.ndarray, scale: int = 1) -> np.ndarray:
    """One frame per step of several walks, side by side, there and back: 2 steps - 2 frames.

    Args:
        pictures: uint8 (walks, steps, channels, height, width).
        scale: Whole-number enlargement.

    Returns:
        uint8 (frames, channels, height, width).
    """
    walks, steps = pictures.shape[:2]
    columns = int(np.ceil(np.sqrt(walks)))
    there = [strip(pictures[:, step], columns, gap=2, background=128) for step in range(steps)]
    frames = np.stack([*there, *there[-2:0:-1]])
    return frames.repeat(scale, axis=2).repeat(scale, axis=3)


def to_gif(frames: np.ndarray, milliseconds: int = 90) -> bytes:
    """A GIF that runs for ever. Grey stays as it is; of colour pictures each frame keeps its best 256 colours.

    A frame that is exactly like the one before it is joined with it and stays twice as long.

    Args:
        frames: uint8 (n, 1 or 3, height, width), 1 to ``MOST_FRAMES``.
        milliseconds: Of each frame; GIF counts in hundredths of a second.
    """
    if not 1 <= len(frames) <= MOST_FRAMES or frames.dtype != np.uint8:
        raise ValueError(f"to_gif takes 1 to {MOST_FRAMES} uint8 frames, not {frames.dtype} {frames.shape}")
    images = [Image.fromarray(frame[0] if len(frame) == 1 else frame.transpose(1, 2, 0)) for frame in frames]
    file = io.BytesIO()
    images[0].save(
        file, format="GIF", save_all=True, append_images=images[1:], duration=milliseconds, loop=0, optimize=False
    )
    return file.getvalue()


def to_webp(frames: np.ndarray, milliseconds: int = 90) -> bytes:
    """A WebP that runs for ever, without loss. Takes what ``to_gif`` takes, and joins like frames as it does."""
    if not 1 <= len(frames) <= MOST_FRAMES or frames.dtype != np.uint8:
        raise ValueError(f"to_webp takes 1 to {MOST_FRAMES} uint8 frames, not {frames.dtype} {frames.shape}")
    images = [Image.fromarray(frame[0] if len(frame) == 1 else frame.transpose(1, 2, 0)) for frame in frames]
    images = [image.convert("RGB") for image in images]
    file = io.BytesIO()
    images[0].save(
        file, format="WEBP", save_all=True, append_images=images[1:], duration=milliseconds, loop=0, lossless=True
    )
    return file.getvalue()
