"""What the rows are measured on: all of MNIST's training pictures as published, and scikit-learn's digits."""

from functools import cache

import numpy as np

from aelib.config import read_choice
from aelib.datasets._base import Dataset, Items, joined, load_dataset
from aelib.registry import DATASETS

WATCHED = 2000  # of the training items, for the loop to watch; nothing is chosen on the test items


@cache
def published_split() -> Dataset:
    """MNIST as in the papers: 60,000 to learn from, 10,000 to test; 2,000 of the 60,000 are watched too."""
    parts = load_dataset(read_choice(DATASETS, "mnist")).splits
    watched = parts["validation"].take(np.arange(WATCHED))
    learnt = joined([parts["train"], parts["validation"]])
    return _with_classes({"train": learnt, "validation": watched, "test": parts["test"]}, "mnist")


def digits() -> Dataset:
    """scikit-learn's digits, as the library splits them."""
    return load_dataset(read_choice(DATASETS, "digits"))


def of_class(dataset: Dataset, number: int, watched: int = 500) -> Dataset:
    """The same test items, and of the training items one class only, the first ``watched`` of them watched too."""
    train = dataset.splits["train"]
    assert train.labels is not None, "asked of labelled data only"
    own = train.take(np.flatnonzero(train.labels == number))
    parts = {"train": own, "validation": own.take(np.arange(min(watched, len(own)))), "test": dataset.splits["test"]}
    return Dataset(parts, dataset.classes)


def labels_of(items: Items) -> np.ndarray:
    """The labels, which these datasets have."""
    assert items.labels is not None, "asked of labelled data only"
    return items.labels


def _with_classes(parts: dict[str, Items], name: str) -> Dataset:
    return Dataset(parts, load_dataset(read_choice(DATASETS, name)).classes)
