"""Whether new items are copies: how near each lies to a training item, beside how near those lie to each other."""

from dataclasses import dataclass

import numpy as np

from aelib.datasets._base import Items
from aelib.errors import AelibError
from aelib.latent.neighbours import nearest

REFERENCE = 500  # training items whose own distances make the scale
BLOCK = 8192  # training items compared at once: a whole large data set as floats would not fit
NEAR = 0.05  # share below which an item is called a copy
RULE = (
    "An item is called a copy when it lies nearer to a training item than 95 % of the training items do to their own "
    "nearest other one (Euclidean distance of the pixels)."
)


@dataclass(frozen=True)
class Copies:
    """Each new item's nearest training item.

    Attributes:
        rows: int64 (n,), rows of the training items.
        items: int64 (n,), their numbers in the dataset.
        distances: float32 (n,), Euclidean, of values as the model sees them (pictures in [0, 1]).
        shares: float64 (n,), the share (0..1) of training items that are nearer to their nearest other one than this.
        is_copy: bool (n,), see ``RULE``.
    """

    rows: np.ndarray
    items: np.ndarray
    distances: np.ndarray
    shares: np.ndarray
    is_copy: np.ndarray


def own_distances(training: Items) -> np.ndarray:
    """The scale: distances from at most ``REFERENCE`` evenly taken items to their nearest other item, sorted.

    Raises ``E_EMPTY`` for fewer than two.
    """
    values = training.values
    if len(values) < 2:
        raise AelibError("E_EMPTY", "Copies cannot be told", "there are fewer than two training items to compare")
    chosen = np.linspace(0, len(values) - 1, min(len(values), REFERENCE)).astype(int)
    rows, distances = _nearest_two(_floats(values[chosen]), values)
    own = np.where(
        rows[:, 0] == chosen, distances[:, 1], distances[:, 0]
    )  # of items that are alike, either may be first
    return np.sort(own)


def judge(items: np.ndarray, training: Items, own: np.ndarray) -> Copies:
    """Find the nearest training item of each new one and judge it by ``RULE``.

    It compares pixels: a copy that is shifted by one pixel is not found, and where a model draws blurred means its
    items lie nearer to everything than real ones do, so that some are called copies that nobody would call so. The
    nearest item therefore always belongs beside the figure.

    Args:
        items: float (n, ...), new items as the decoder gave them; clipped to [0, 1] where the training items are
            pictures, as they are when shown.
        training: The items the model has learnt from.
        own: Of ``own_distances``.

    Raises ``E_SHAPE`` for items of another size than the training items.
    """
    values = training.values
    if items.shape[1:] != values.shape[1:]:
        why = f"{items.shape[1:]} and {values.shape[1:]}"
        raise AelibError("E_SHAPE", "New items and training items differ in size", why, "Take both from one run")
    queries = np.clip(items, 0, 1) if values.dtype == np.uint8 else items
    rows, distances = _nearest_two(queries.reshape(len(items), -1).astype(np.float32), values)
    shares = np.searchsorted(own, distances[:, 0], side="left") / len(own)
    return Copies(rows[:, 0], training.index[rows[:, 0]], distances[:, 0], shares, shares < NEAR)


def _nearest_two(queries: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rows, distances = np.zeros((len(queries), 0), np.int64), np.zeros((len(queries), 0), np.float32)
    for start in range(0, len(values), BLOCK):
        found, away = nearest(queries, _floats(values[start : start + BLOCK]), 2)
        rows, distances = np.concatenate([rows, found + start], axis=1), np.concatenate([distances, away], axis=1)
        order = np.argsort(distances, axis=1, kind="stable")[:, :2]
        rows, distances = np.take_along_axis(rows, order, axis=1), np.take_along_axis(distances, order, axis=1)
    return rows, distances


def _floats(values: np.ndarray) -> np.ndarray:
    flat = values.reshape(len(values), -1).astype(np.float32)
    return flat / 255 if values.dtype == np.uint8 else flat
