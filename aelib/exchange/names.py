"""Names of classes and kinds: from the labels of others to our numbers, and from texts to numbered kinds."""

from dataclasses import dataclass, field

import numpy as np

from aelib.errors import AelibError

MOST_CLASSES = 1000  # that get names and colours; beyond, a label is a number like any other
LONGEST = 80  # letters of a name


@dataclass
class Classes:
    """Labels as classes, or as plain numbers.

    Attributes:
        numbers: int64 (n,), -1 where there is none.
        names: Of the classes 0, 1, ….
        as_number: float32 (n,), in their place when there are too many or they are no classes; else None.
        notes: Sentences.
    """

    numbers: np.ndarray
    names: tuple[str, ...] = ()
    as_number: np.ndarray | None = None
    notes: list[str] = field(default_factory=list)


def named_labels(labels: np.ndarray, classes: np.ndarray | None = None) -> Classes:
    """Labels (n,), numbers or texts, with the names of the classes where they came. Raises ``E_SHAPE``."""
    if labels.ndim != 1:
        why = f"its shape is {labels.shape}, wanted (items,)"
        raise AelibError("E_SHAPE", "The array 'labels' is no single row", why, "For one-hot: labels.argmax(axis=1)")
    names = None if classes is None else _texts(classes.ravel())
    if labels.dtype.kind in "US":
        return _from_texts(labels, names)
    if labels.dtype.kind == "f":
        known = np.isfinite(labels)
        if not np.equal(np.rint(labels[known]), labels[known]).all() or (np.abs(labels[known]) >= 2**31).any():
            note = "The labels are no whole numbers: they became the attribute 'labels'."
            return Classes(np.zeros(0, np.int64), as_number=labels.astype(np.float32), notes=[note])
        labels = np.where(known, labels, -1)
    labels = labels.astype(np.int64)
    return _from_numbers(labels, names)


def kinds(name: str, texts: np.ndarray) -> tuple[np.ndarray, tuple[str, ...], list[str]]:
    """An attribute of texts as kinds: float32 (n,) of 0, 1, … (NaN for empty), the kinds' names in order, notes."""
    found, numbers = np.unique(texts, return_inverse=True)
    values = numbers.astype(np.float32).ravel()
    names = _texts(found)
    if names and not names[0]:
        values = np.where(values == 0, np.nan, values - 1).astype(np.float32)
        names = names[1:]
    if len(names) > MOST_CLASSES:
        note = f"{name!r} has {len(names):,} different texts: it became a number, their place in the alphabet."
        return values, (), [note]
    return values, tuple(names), []


def _from_texts(labels: np.ndarray, names: list[str] | None) -> Classes:
    values, found, _ = kinds("labels", labels)
    count = len(np.unique(values[~np.isnan(values)]))
    if count > MOST_CLASSES:
        return _too_many(values, count)
    numbers = np.where(np.isnan(values), -1, np.nan_to_num(values)).astype(np.int64)
    if names is None or not set(found) <= set(names) or len(names) > MOST_CLASSES:
        note = [] if names is None else ["The array 'classes' was left out: it lacks some of the labels."]
        return Classes(numbers, found, notes=note)
    order = np.asarray([names.index(name) for name in found] or [0], np.int64)
    return Classes(np.where(numbers < 0, -1, order[numbers]), tuple(names))


def _from_numbers(labels: np.ndarray, names: list[str] | None) -> Classes:
    labels = np.where(labels < 0, -1, labels)
    found = np.unique(labels[labels >= 0])
    if not len(found):
        return Classes(np.full(len(labels), -1, np.int64), notes=["No item has a label."])
    top = int(found[-1])
    if len(found) > MOST_CLASSES:
        return _too_many(np.where(labels < 0, np.nan, labels), len(found))
    if names is not None and top < len(names) <= MOST_CLASSES:
        return Classes(labels, tuple(names))
    notes = (
        [] if names is None else [f"The array 'classes' was left out: {len(names):,} names for labels up to {top:,}."]
    )
    if top < MOST_CLASSES and top < 2 * len(found) + 10:
        return Classes(labels, tuple(str(number) for number in range(top + 1)), notes=notes)
    places = np.where(labels < 0, -1, np.searchsorted(found, labels))
    return Classes(places, tuple(str(number) for number in found), notes=notes)


def _too_many(values: np.ndarray, count: int) -> Classes:
    note = (
        f"There are {count:,} classes: more than {MOST_CLASSES:,} cannot be named or coloured, so the label became "
        "the number 'labels'."
    )
    return Classes(np.zeros(0, np.int64), as_number=values.astype(np.float32), notes=[note])


def _texts(values: np.ndarray) -> list[str]:
    return [
        (value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)).strip()[:LONGEST]
        for value in values.tolist()
    ]
