"""Pictures as others keep them, turned into ours: uint8, channels first."""

import numpy as np

from aelib.errors import AelibError

MOST_PIXELS = 512  # height or width of an item
MOST_LATTICE = 128 * 2**20  # bytes of a decoded lattice
CHUNK = 4096  # pictures converted at once
SIDES = 4096  # steps of a lattice each way


def items(array: np.ndarray, notes: list[str]) -> np.ndarray:
    """Pictures (n, h, w), (n, h, w, 1 or 3 or 4) or (n, 1 or 3, h, w) as uint8 (n, channels, h, w).

    Raises ``E_SHAPE``, ``E_TOO_LARGE`` or ``E_TYPE``.
    """
    return _in_order("images", array, notes)


def lattice(array: np.ndarray, notes: list[str]) -> np.ndarray:
    """Pictures (rows, columns, h, w[, channels]) as uint8 (rows, columns, channels, h, w). Raises as ``items``."""
    if array.ndim not in (4, 5) or 0 in array.shape:
        why = f"its shape is {array.shape}, wanted (rows, columns, height, width) or with channels at the end"
        raise AelibError("E_SHAPE", "The array 'lattice' does not fit", why)
    if array.size > MOST_LATTICE or max(array.shape[:2]) > SIDES:
        why = f"its shape is {array.shape}; at most {MOST_LATTICE:,} numbers and {SIDES:,} steps each way are kept"
        raise AelibError("E_TOO_LARGE", "The lattice is too large", why, "Take fewer steps or smaller pictures")
    flat = _in_order("lattice", array.reshape(-1, *array.shape[2:]), notes)
    return flat.reshape(*array.shape[:2], *flat.shape[1:])


def _in_order(name: str, array: np.ndarray, notes: list[str]) -> np.ndarray:
    shape = array.shape
    if array.ndim == 3:
        array = array[:, None]
    elif array.ndim == 4 and shape[-1] in (1, 3, 4):
        array = array[..., :3].transpose(0, 3, 1, 2)
        if shape[-1] == 4:
            notes.append(f"The array {name!r} has four channels: the fourth (alpha) was left out.")
    elif array.ndim != 4 or shape[1] not in (1, 3):
        why = f"its shape is {shape}, wanted (items, height, width) or with 1 or 3 channels"
        raise AelibError("E_SHAPE", f"The array {name!r} holds no pictures", why)
    if 0 in array.shape or max(array.shape[2:]) > MOST_PIXELS:
        why = f"{array.shape[2]} × {array.shape[3]} pixels; 1 to {MOST_PIXELS} each way are kept"
        raise AelibError("E_TOO_LARGE", f"The pictures of {name!r} have no usable size", why, "Shrink them first")
    return _as_bytes(name, array)


def _as_bytes(name: str, array: np.ndarray) -> np.ndarray:
    """uint8: whole numbers are 0 to 255, floats 0 to 1, as the type says."""
    if array.dtype == np.uint8:
        return np.ascontiguousarray(array)
    if array.dtype.kind not in "biuf":
        raise AelibError("E_TYPE", f"The array {name!r} holds no numbers", f"it is of type {array.dtype}")
    top = 1.0 if array.dtype.kind in "bf" else 255.0
    done = np.empty(array.shape, np.uint8)
    for start in range(0, len(array), CHUNK):
        part = array[start : start + CHUNK].astype(np.float32)
        low, high = float(part.min()), float(part.max())
        if not (low >= -1e-6 and high <= top + 1e-6):  # also for NaN
            why = f"it goes from {low:.4g} to {high:.4g}, and {array.dtype} is taken as 0 to {top:.0f}"
            how = "Divide by 255, or convert to uint8" if top == 1 else "Convert to uint8"
            raise AelibError("E_SHAPE", f"The array {name!r} leaves its range", why, how)
        done[start : start + CHUNK] = np.rint(np.clip(part, 0, top) * (255 / top)).astype(np.uint8)
    return done
