"""What every dataset gives: items, labels, and the same three splits each time."""

import hashlib
import os
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from aelib.config import PluginConfig
from aelib.registry import DATASETS

SPLITS = ("train", "validation", "test")
SPLIT_SEED = 20061  # one fixed number: every run on a dataset is judged on the same items


@dataclass(frozen=True)
class DataInfo:
    """What a model must know of a dataset before it is built.

    Attributes:
        item_shape: (channels, height, width).
        counts: Number of items in each of ``train``, ``validation`` and ``test``.
        classes: Class names in the order of the label numbers; empty when there are no labels.
        has_masks: Whether each item has a foreground mask.
    """

    item_shape: tuple[int, int, int]
    counts: dict[str, int]
    classes: tuple[str, ...] = ()
    has_masks: bool = False

    @property
    def features(self) -> int:
        """Numbers in one item: channels x height x width."""
        return int(np.prod(self.item_shape))


@dataclass(frozen=True)
class Items:
    """Items at rest.

    Attributes:
        images: uint8 (n, channels, height, width); 255 stands for 1.0.
        labels: int64 (n,), an index into ``DataInfo.classes``; None when there are no labels.
        index: int64 (n,), each item's place in the dataset's own order (all splits together).
    """

    images: np.ndarray
    labels: np.ndarray | None
    index: np.ndarray

    def __len__(self) -> int:
        return len(self.images)

    def take(self, rows: np.ndarray) -> "Items":
        """The items at these rows, in this order."""
        labels = None if self.labels is None else self.labels[rows]
        return Items(self.images[rows], labels, self.index[rows])


@dataclass(frozen=True)
class Dataset:
    """Three splits that never overlap, and sentences about how the items were made (``notes``)."""

    splits: dict[str, Items]
    classes: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def info(self) -> DataInfo:
        """Shape, counts and classes."""
        shape = self.splits["train"].images.shape[1:]
        counts = {name: len(items) for name, items in self.splits.items()}
        return DataInfo((int(shape[0]), int(shape[1]), int(shape[2])), counts, self.classes)

    @cached_property
    def hash(self) -> str:
        """sha256 over the items and labels of all splits, in order."""
        digest = hashlib.sha256()
        for name in SPLITS:
            items = self.splits[name]
            digest.update(repr((name, items.images.shape)).encode())
            digest.update(np.ascontiguousarray(items.images).data)
            digest.update(b"" if items.labels is None else np.ascontiguousarray(items.labels).data)
        return digest.hexdigest()

    def all_items(self) -> Items:
        """Train, validation and test one after the other."""
        parts = [self.splits[name] for name in SPLITS]
        labels = None if parts[0].labels is None else np.concatenate([p.labels for p in parts])  # type: ignore[arg-type]
        return Items(np.concatenate([p.images for p in parts]), labels, np.concatenate([p.index for p in parts]))

    def items(self, split: str) -> Items:
        """One split by name, or ``all``."""
        return self.all_items() if split == "all" else self.splits[split]


def split_items(
    images: np.ndarray,
    labels: np.ndarray | None,
    validation: float | int,
    test: float | int | np.ndarray,
    classes: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
) -> Dataset:
    """Cut items into the three splits by one fixed permutation.

    Args:
        images: uint8 (n, channels, height, width).
        labels: (n,) or None.
        validation: Share (0..1) or number of items taken for validation.
        test: Share or number for the test split; or the rows (int array) that the dataset itself keeps for testing.
        classes: Class names.
        notes: Sentences about how the items were made.
    """
    rows = np.random.default_rng(SPLIT_SEED).permutation(len(images))
    if isinstance(test, np.ndarray):
        test_rows, rest = test, rows[~np.isin(rows, test)]
    else:
        size = _size(test, len(images))
        test_rows, rest = np.sort(rows[:size]), rows[size:]
    size = _size(validation, len(images))
    everything = Items(
        images, None if labels is None else labels.astype(np.int64), np.arange(len(images), dtype=np.int64)
    )
    parts = {"train": np.sort(rest[size:]), "validation": np.sort(rest[:size]), "test": test_rows}
    return Dataset({name: everything.take(chosen) for name, chosen in parts.items()}, classes, notes)


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
    return _load(config, fingerprint(config))  # type: ignore[arg-type]  # frozen models hash by value, which type checkers cannot see


@lru_cache(maxsize=4)
def _load(config: PluginConfig, fingerprint: str) -> Dataset:
    return DATASETS.load(config.name).load(config)
