"""Drawings and uploads that people bring to a lab: kept as small files under an id, turned into items of any run."""

import base64
import binascii
import contextlib
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from aelib.errors import AelibError
from aelib.exchange import drawings
from aelib.files import sha256, write_bytes
from aelib.pictures import MAX_BYTES, decode_picture, to_png
from aelib.runs.folder import default_checkpoints
from ui import cached
from ui.shared import shared

SIDE = 128  # pixels of a drawing each way
MOST_SIDE = 512  # of an upload; a larger one is shrunk in proportion
KEPT = 300  # files; the oldest go first
WAYS = {"items": "like the items", "mnist": "as MNIST was", "drawn": "as drawn"}
FITS = {"crop": "the middle", "pad": "all of it, with bars", "stretch": "stretched"}
_ID = re.compile(r"[du]-[0-9a-f]{16}")


def ink_of(text: Any) -> np.ndarray:
    """The pad's picture from base64: uint8 (SIDE, SIDE) of ink, (SIDE, SIDE, 3) of colours. Raises ``E_REQUEST``."""
    with contextlib.suppress(binascii.Error, ValueError, TypeError):
        raw = np.frombuffer(base64.b64decode(text, validate=True), np.uint8)
        if len(raw) in (SIDE * SIDE, 3 * SIDE * SIDE):
            return raw.reshape(SIDE, SIDE) if len(raw) == SIDE * SIDE else raw.reshape(SIDE, SIDE, 3)
    raise AelibError("E_REQUEST", "The drawing is not understood", f"wanted {SIDE} x {SIDE} bytes or pixels as base64")


def keep_drawing(ink: np.ndarray) -> str:
    """Keep a drawing, uint8 (SIDE, SIDE) or (SIDE, SIDE, 3); the same one gets the same id."""
    return _keep("d", ink)


def keep_upload(data: bytes, name: str) -> tuple[str, list[str]]:
    """Decode and keep a picture; its id, and what was done to it, in words.

    Raises what ``aelib.pictures.decode_picture`` raises, and ``E_TOO_LARGE`` for a file of more than ``MAX_BYTES``.
    """
    if len(data) > MAX_BYTES:
        raise AelibError("E_TOO_LARGE", f"{name} is too large", f"more than {MAX_BYTES:,} bytes")
    pixels, words = decode_picture(data, name)
    height, width = pixels.shape[:2]
    if max(height, width) > MOST_SIDE:
        share = MOST_SIDE / max(height, width)
        size = (max(1, round(width * share)), max(1, round(height * share)))
        image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
        pixels = np.asarray(image.resize(size, Image.Resampling.BICUBIC), np.uint8).reshape(size[1], size[0], -1)
        words = [*words, f"shrunk from {width} × {height} to {size[0]} × {size[1]} pixels"]
    return _keep("u", pixels), words


def picture(picture_id: str) -> np.ndarray:
    """What is kept under an id: uint8 (h, w, 1 or 3). Raises ``E_NOT_FOUND``."""
    path = _folder() / f"{picture_id}.png"
    if not _ID.fullmatch(picture_id) or not path.exists():
        raise AelibError(
            "E_NOT_FOUND", "This drawing or picture is no longer here", "", "Draw it again, or upload it again"
        )
    return decode_picture(path.read_bytes(), "the kept picture")[0]


def is_kept(picture_id: str) -> bool:
    """Whether there is such a drawing or upload."""
    return bool(_ID.fullmatch(picture_id)) and (_folder() / f"{picture_id}.png").exists()


def item(run_id: str, picture_id: str, way: str = "") -> np.ndarray:
    """A drawing or upload as an item of a run, uint8 (channels, height, width).

    Args:
        run_id: The run.
        picture_id: Of a kept picture.
        way: One of ``WAYS`` for a drawing, of ``FITS`` for an upload; anything else takes the first.

    Raises ``E_NOT_FOUND``, ``E_EMPTY`` or ``E_SHAPE``.
    """
    pixels, info = picture(picture_id), cached.info(run_id)
    if picture_id.startswith("u"):
        return drawings.uploaded_item(pixels, info, way if way in FITS else "crop")  # type: ignore[arg-type]
    return fitted(run_id, pixels, way)


def fitted(run_id: str, drawing: np.ndarray, way: str = "") -> np.ndarray:
    """Ink or colours, uint8 (h, w) or (h, w, 1 or 3), as an item of a run, uint8 (channels, height, width)."""
    info = cached.info(run_id)
    box, is_bright = (0, False) if drawings.cannot_draw(info) else own_box(run_id)
    return drawings.drawn_item(drawing, info, way if way in WAYS else "items", box, is_bright)  # type: ignore[arg-type]


def ways(run_id: str) -> list[str]:
    """The ways in which a drawing can become an item of a run: a painted one stays where it is."""
    return ["drawn"] if is_colour(run_id) else list(WAYS)


def is_colour(run_id: str) -> bool:
    """Whether the pad of a run has colours."""
    return cached.info(run_id).item_shape[0] == 3


def own_box(run_id: str) -> tuple[int, bool]:
    """How large the run's own items are drawn (pixels), and whether they are dark on bright ground."""
    return _own_box(run_id, cached.learnt_from(run_id)[1])


def rule(run_id: str, way: str) -> str:
    """What is done to a drawing, in a sentence."""
    _, height, width = cached.info(run_id).picture_shape
    box, is_bright = own_box(run_id)
    if is_colour(run_id):
        ground = "white, as the items' edges are bright" if is_bright else "black, as the items' edges are dark"
        return f"The whole pad becomes {width} × {height} pixels; size and place stay as drawn. Its ground is {ground}."
    dark = " Ink is dark here, as in the items." if is_bright else ""
    if way == "drawn":
        return f"The whole pad becomes {width} × {height} pixels; size and place stay as drawn.{dark}"
    side, why = box, f"as in half of these items (the median of {drawings.MEASURED:,} at most)"
    if way == "mnist":
        side, why = max(1, round(drawings.MNIST_SHARE * min(height, width))), "MNIST's 20 of 28, in proportion"
    return (
        f"The ink is scaled until its longer side is {side} pixels, {why}, and moved so that its centre of mass lies "
        f"at the centre of {width} × {height}.{dark}"
    )


def lines(run_id: str, picture_id: str, way: str) -> str:
    """The library's lines that give a drawing or upload as ``clean`` (1, channels, height, width), from ``run``."""
    place = "checkpoints" if _folder().parent == default_checkpoints() else str(_folder().parent)
    if picture_id.startswith("u"):
        made = f'drawings.uploaded_item(pixels, load_info(run), "{way}")'
    else:
        box, is_bright = own_box(run_id)
        made = f'drawings.drawn_item(pixels, load_info(run), "{way}", box={box}, is_bright={is_bright})'
    return (
        "from aelib.exchange import drawings\nfrom aelib.pictures import decode_picture\n"
        "from aelib.runs.weights import load_info\n"
        f'data = (Path("{place}") / "{_folder().name}" / "{picture_id}.png").read_bytes()\n'
        'pixels, _ = decode_picture(data, "picture")\n'
        f"clean = torch.from_numpy({made}[None]).float() / 255\n"
    )


@shared(max_entries=8)
def _own_box(run_id: str, dataset_hash: str) -> tuple[int, bool]:
    return drawings.own_box(cached.items(run_id).values)


def _keep(kind: str, pixels: np.ndarray) -> str:
    shape = "x".join(str(side) for side in pixels.shape)
    picture_id = f"{kind}-{sha256(shape.encode() + pixels.tobytes())[:16]}"
    path = _folder() / f"{picture_id}.png"
    if path.exists():
        path.touch()
        return picture_id
    write_bytes(path, to_png(pixels if pixels.ndim == 2 else pixels.transpose(2, 0, 1)))
    files = sorted(path.parent.glob("*.png"), key=lambda file: file.stat().st_mtime)
    for old in files[:-KEPT]:
        old.unlink(missing_ok=True)
    return picture_id


def _folder() -> Path:
    """Beside the runs, or (read-only) in the user's cache."""
    here = default_checkpoints()
    if not os.access(here, os.W_OK):
        return Path.home() / ".cache" / "aelib" / "drawn" / sha256(str(here.resolve()).encode())[:16]
    return here / ".drawn"
