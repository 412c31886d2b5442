"""What every dataset gives: items, labels, and the same three splits each time."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal

import numpy as np

from aelib.config import PluginConfig
from aelib.drawing import bars_size
from aelib.registry import DATASETS

SPLITS = ("train", "validation", "test")
SPLIT_SEED = 20061  # one fixed number: every run on a dataset is judged on the same items


@dataclass(frozen=True)
class DataInfo:
    """What a model must know of a dataset before it is built.

    Attributes:
        item_shape: (channels, height, width) of pictures, (features,) of vectors.
        counts: Number of items in each of ``train``, ``validation`` and ``test``.
        classes: Class names in the order of the label numbers; empty when there are no labels.
        has_masks: Whether each item has a foreground mask.
        low: Smallest value of an item as the model sees it; 0 for pictures.
        high: Largest one; 1 for pictures.
        missing: The value that stands for "not there": errors leave such entries out. None where all are there.
    """

    item_shape: tuple[int, ...]
    counts: dict[str, int]
    classes: tuple[str, ...] = ()
    has_masks: bool = False
    low: float = 0.0
    high: float = 1.0
    missing: float | None = None

    @property
    def features(self) -> int:
        """Numbers in one item: channels x height x width, or the length of the vector."""
        return int(np.prod(self.item_shape))

    @property
    def kind(self) -> Literal["images", "vectors"]:
        """What the items are."""
        return "images" if len(self.item_shape) == 3 else "vectors"

    @property
    def is_unit_range(self) -> bool:
        """Whether all values lie in [0, 1], which cross-entropy and a sigmoid output need."""
        return self.low >= 0 and self.high <= 1

    @property
    def picture_shape(self) -> tuple[int, int, int]:
        """(channels, height, width) of an item as it is drawn: vectors are drawn as bars."""
        if self.kind == "images":
            return self.item_shape[0], self.item_shape[1], self.item_shape[2]
        return 1, *bars_size(self.features)


@dataclass(frozen=True)
class Items:
    """Items at rest.

    Attributes:
        values: Pictures, uint8 (n, channels, height, width), 255 stands for 1.0; or vectors, float32 (n, features).
        labels: int64 (n,), an index into ``DataInfo.classes``; None when there are no labels.
        index: int64 (n,), each item's place in the dataset's own order (all splits together).
        factors: float32 (n, factors), what is truly behind each item, where it is known; else None.
        masks: uint8 (n, 1, height, width), 255 where the foreground is; None where there are none.
    """

    values: np.ndarray
    labels: np.ndarray | None
    index: np.ndarray
    factors: np.ndarray | None = None
    masks: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: np.ndarray) -> "Items":
        """The items at these rows, in this order."""
        return Items(*(None if array is None else array[rows] for array in self._arrays()))  # type: ignore[arg-type]

    def floats(self) -> np.ndarray:
        """The values as a model sees them, float32: pictures in [0, 1], vectors as they are."""
        return self.values.astype(np.float32) / 255 if self.values.dtype == np.uint8 else self.values

    def _arrays(self) -> tuple[np.ndarray | None, ...]:
        return self.values, self.labels, self.index, self.factors, self.masks


def joined(parts: Sequence[Items]) -> Items:
    """Several parts one after the other; what one part lacks, the whole lacks."""
    columns = zip(*(part._arrays() for part in parts), strict=True)
    return Items(
        *(None if any(a is None for a in column) else np.concatenate(column) for column in columns)  # type: ignore
    )


@dataclass(frozen=True)
class Dataset:
    """Three splits that never overlap.

    Attributes:
        splits: ``train``, ``validation`` and ``test``.
        classes: Class names in the order of the label numbers.
        notes: Sentences about how the items were made.
        factor_names: Names of the true factors' columns.
        feature_names: Names of a vector's numbers, where they have some.
        missing: The value that stands for "not there", see ``DataInfo``.
        factor_values: Names of the values 0, 1, … of factors that are kinds and not numbers.
    """

    splits: dict[str, Items]
    classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())
    factor_names: tuple[str, ...] = ()
    feature_names: tuple[str, ...] = ()
    missing: float | None = None
    factor_values: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def info(self) -> DataInfo:
        """Shape, counts, classes and range."""
        train = self.splits["train"]
        counts = {name: len(items) for name, items in self.splits.items()}
        is_image = train.values.dtype == np.uint8
        low, high = (0.0, 1.0) if is_image else (float(train.values.min()), float(train.values.max()))
        shape = tuple(int(side) for side in train.values.shape[1:])
        return DataInfo(shape, counts, self.classes, train.masks is not None, low, high, self.missing)

    @cached_property
    def hash(self) -> str:
        """sha256 over the items and labels of all splits, in order."""
        digest = hashlib.sha256()
        for name in SPLITS:
            items = self.splits[name]
            digest.update(repr((name, items.values.shape)).encode())
            digest.update(np.ascontiguousarray(items.values).data)
            digest.update(b"" if items.labels is None else np.ascontiguousarray(items.labels).data)
        return digest.hexdigest()

    def all_items(self) -> Items:
        """Train, validation and test one after the other."""
        return joined([self.splits[name] for name in SPLITS])

    def items(self, split: str) -> Items:
        """One split by name, or ``all``."""
        return self.all_items() if split == "all" else self.splits[split]


def split_items(
    values: np.ndarray,
    labels: np.ndarray | None,
    validation: float | int,
    test: float | int | np.ndarray,
    classes: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
    *,
    factors: np.ndarray | None = None,
    factor_names: tuple[str, ...] = (),
    masks: np.ndarray | None = None,
    feature_names: tuple[str, ...] = (),
) -> Dataset:
    """Cut items into the three splits by one fixed permutation.

    Args:
        values: Pictures, uint8 (n, channels, height, width), or vectors, float32 (n, features).
        labels: (n,) or None.
        validation: Share (0..1) or number of items taken for validation.
        test: Share or number for the test split; or the rows (int array) that the dataset itself keeps for testing.
        classes: Class names.
        notes: Sentences about how the items were made.
        factors: (n, factors) true factors, or None.
        factor_names: One per column of ``factors``.
        masks: uint8 (n, 1, height, width), or None.
        feature_names: One per number of a vector.
    """
    rows = np.random.default_rng(SPLIT_SEED).permutation(len(values))
    if isinstance(test, np.ndarray):
        test_rows, rest = test, rows[~np.isin(rows, test)]
    else:
        size = _size(test, len(values))
        test_rows, rest = np.sort(rows[:size]), rows[size:]
    size = _size(validation, len(values))
    index = np.arange(len(values), dtype=np.int64)
    numbers = None if labels is None else labels.astype(np.int64)
    everything = Items(values, numbers, index, None if factors is None else factors.astype(np.float32), masks)
    parts = {"train": np.sort(rest[size:]), "validation": np.sort(rest[:size]), "test": test_rows}
    return Dataset(
        {name: everything.take(chosen) for name, chosen in parts.items()}, classes, notes, factor_names, feature_names
    )


def _size(amount: float | int, total: int) -> int:
    return amount if isinstance(amount, int) else max(1, round(amount * total))


def data_folder() -> Path:
    """The one folder for all data: ``AELIB_DATA``, else ``~/.cache/aelib``. It may be read-only."""
    return Path(os.environ.get("AELIB_DATA") or Path.home() / ".cache" / "aelib").expanduser()


def load_dataset(config: PluginConfig) -> Dataset:
    """The dataset a config names. Raises ``AelibError`` when it cannot be had; kept for the next call.

    A dataset whose files may change has ``fingerprint(config) -> str``, which is cheap and changes with them.
    """
    fingerprint = getattr(DATASETS.load(config.name), "fingerprint", lambda config: "")
    from aelib.datasets import _mapped

    return _load(config, fingerprint(config), _mapped.share())  # type: ignore[arg-type]  # frozen models hash by value, which type checkers cannot see


@lru_cache(maxsize=4)
def _load(config: PluginConfig, fingerprint: str, share: float) -> Dataset:
    from aelib.datasets import _mapped

    plugin, key = DATASETS.load(config.name), f"{config.model_dump_json()}{fingerprint}"
    return _mapped.in_memory_or_mapped(lambda: plugin.load(config), key, known=bool(fingerprint))
