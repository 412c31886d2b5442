"""A table of your own: any CSV file of numbers, one item per line.

What for: Bring your own measurements: sensors, surveys, features of any kind; codes, map, anomalies and paths work as
    for pictures. One column may hold labels of any kind.
Limits: Numbers only: columns of text, missing and infinite values are refused with their place, for what to put in
    their stead is your decision. Up to 200 MB, 10,000 columns, 20 million cells; at least 10 lines. A file that changes
    is a new dataset for new runs.
Reference: RFC 4180 (2005), Common Format and MIME Type for Comma-Separated Values (CSV) Files.
"""

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from aelib.config import PluginConfig
from aelib.datasets._base import Dataset, split_items
from aelib.datasets._csv import read_sheet
from aelib.datasets._tables import standardised
from aelib.errors import AelibError

MIN_ROWS = 10
MAX_CLASSES = 500


class Config(PluginConfig):
    """Which file, and what its columns are."""

    path: str = Field("", max_length=4096, pattern=r"^[^\x00]*$", description="CSV file; its first line may hold names")
    label: str = Field("", max_length=1000, description="Name of the column that holds the labels; empty for none")
    header: Literal["auto", "yes", "no"] = Field("auto", description="Whether the first line holds the columns' names")
    standardise: bool = Field(
        True,
        description="Bring every column to mean 0 and deviation 1 over the training items; off takes them as they are",
    )


def fingerprint(config: Config) -> str:
    """Changes when the file is written: its size and time; it is not opened."""
    with contextlib.suppress(OSError, ValueError):
        found = Path(config.path).expanduser().stat()
        return f"{found.st_size} {found.st_mtime_ns}"
    return ""


def load(config: Config) -> Dataset:
    """float32 vectors, in the order of the file's lines.

    Raises:
        AelibError: ``E_DATA_MISSING``, ``E_TOO_FEW``, ``E_LABELS``, or an error of ``_csv.read_sheet``.
    """
    if not config.path.strip():
        raise AelibError("E_DATA_MISSING", "No file is named", "", "Set dataset.path to a CSV file")
    path = Path(config.path).expanduser()
    sheet = read_sheet(path, config.label, config.header)
    if len(sheet.values) < MIN_ROWS:
        why = f"{len(sheet.values)}, at least {MIN_ROWS} are needed"
        raise AelibError("E_TOO_FEW", f"{path.name!r} holds too few items", why, "Add more lines")
    if not sheet.names:
        raise AelibError("E_EMPTY", f"{path.name!r} has no column beside the labels", "", "Add columns of numbers")
    classes, labels = _classes(sheet.labels, config.label, path.name)
    dataset = split_items(
        sheet.values,
        labels,
        validation=0.2,
        test=0.2,
        classes=classes,
        notes=(
            f"{len(sheet.values):,} lines of {path.name}.",
            *sheet.notes,
            "One fifth is kept for validation and one fifth for the test, always the same items.",
        ),
        feature_names=tuple(sheet.names),
    )
    return standardised(dataset) if config.standardise else _as_it_is(dataset, path.name)


def _classes(labels: list[str] | None, column: str, file: str) -> tuple[tuple[str, ...], np.ndarray | None]:
    """Class names, numbers in their order and texts by the alphabet; and each item's class number."""
    if labels is None:
        return (), None
    kinds = set(labels)
    if len(kinds) > MAX_CLASSES:
        raise AelibError(
            "E_LABELS",
            f"Column {column!r} of {file!r} holds no labels",
            f"it has {len(kinds):,} different values, at most {MAX_CLASSES} are taken",
            "Name another column, or none",
        )
    try:
        classes = sorted(kinds, key=lambda kind: (float(kind), kind))
    except ValueError:
        classes = sorted(kinds)
    number = {kind: place for place, kind in enumerate(classes)}
    return tuple(classes), np.array([number[label] for label in labels], np.int64)


def _as_it_is(dataset: Dataset, file: str) -> Dataset:
    largest = max(float(np.abs(items.values).max()) for items in dataset.splits.values())
    if largest > float(np.finfo(np.float32).max):
        why = f"the largest is {largest:.3g}"
        raise AelibError(
            "E_TOO_LARGE", f"The numbers of {file!r} are too large", why, "Set dataset.standardise to true"
        )
    splits = {name: replace(items, values=items.values.astype(np.float32)) for name, items in dataset.splits.items()}
    return replace(dataset, splits=splits, notes=(*dataset.notes, "The numbers are as in the file."))
