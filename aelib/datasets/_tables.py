"""Tables of measurements: every feature brought to one scale, learnt from the training items alone."""

from dataclasses import replace
from typing import Any

import numpy as np

from aelib.datasets._base import Dataset, split_items
from aelib.errors import AelibError

STANDARDISED = (
    "Each feature is standardised: its mean over the training items is taken away and it is divided by its standard "
    "deviation there, so 0 is the mean and 1 is one deviation."
)


def of_scikit_learn(bunch: Any, classes: tuple[str, ...], note: str, share: float) -> Dataset:
    """A table that comes with scikit-learn, standardised.

    Args:
        bunch: What its ``load_…`` gives.
        classes: In the order of ``bunch.target``.
        note: What it is, in one sentence.
        share: Of the items, kept for validation, and again for the test.
    """
    part = {0.1: "One tenth", 0.2: "One fifth"}[share]
    notes = (note, f"{part} is kept for validation and {part.lower()} for the test, always the same items.")
    names = tuple(str(name).replace("_", " ") for name in bunch.feature_names)
    return standardised(
        split_items(bunch.data, bunch.target, share, share, classes=classes, notes=notes, feature_names=names)
    )


def standardised(dataset: Dataset) -> Dataset:
    """A dataset of float64 vectors, every feature with mean 0 and deviation 1 over the training items.

    Validation and test items take the training items' mean and deviation: nothing is learnt from them. A feature that
    is the same in all training items is only moved to 0, and a note says so.

    Raises ``E_DATA_BAD`` where nothing varies, and ``E_TOO_LARGE`` where numbers are too large to be squared.
    """
    train = dataset.splits["train"].values
    with np.errstate(over="ignore", invalid="ignore"):
        mean, deviation = train.mean(0), train.std(0)
    if not np.isfinite(deviation).all():
        raise _too_large(dataset, int(np.argmin(np.isfinite(deviation))))
    same = deviation <= 1e-12 * np.abs(mean)  # what rounding leaves of a constant
    if same.all():
        raise AelibError(
            "E_DATA_BAD",
            "There is nothing to learn in this table",
            "every feature is the same in all training items",
            "Take a table whose numbers vary",
        )
    mean, scale = np.where(same, train[0], mean), np.where(same, 1.0, deviation)
    splits = {
        name: replace(items, values=((items.values - mean) / scale).astype(np.float32))
        for name, items in dataset.splits.items()
    }
    for items in splits.values():
        if not np.isfinite(items.values).all():
            raise _too_large(dataset, int(np.argmin(np.isfinite(items.values).all(0))))
    constant = [_name(dataset, int(number)) for number in np.flatnonzero(same)]
    notes = [STANDARDISED]
    if constant:
        named = f"{', '.join(constant[:10])}{', …' if len(constant) > 10 else ''}"
        notes.append(f"The same in all training items, therefore 0: {named}.")
    return replace(dataset, splits=splits, notes=(*dataset.notes, *notes))


def _name(dataset: Dataset, number: int) -> str:
    return dataset.feature_names[number] if dataset.feature_names else f"feature {number + 1}"


def _too_large(dataset: Dataset, number: int) -> AelibError:
    return AelibError(
        "E_TOO_LARGE",
        f"The numbers of {_name(dataset, number)!r} cannot be standardised",
        "they are too large or too far apart",
        "Give them in another unit",
    )
