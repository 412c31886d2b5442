"""Handwritten digits, tiny: 1,797 grey pictures of 8 x 8 pixels.

What for: Comes with the program and trains in seconds on any machine; the place to start, to teach and to
    test.
Limits: Few and coarse pictures: good results here say little about larger data.
Reference: Alpaydin, Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine Learning
    Repository; the test part of it, as scikit-learn ships it.
"""

import gzip
import importlib.util
from pathlib import Path

import numpy as np

from aelib.config import PluginConfig
from aelib.datasets._base import Dataset, split_items


class Config(PluginConfig):
    """Nothing to choose."""


def load(config: Config) -> Dataset:
    """The 1,797 digits; nothing is downloaded."""
    numbers, target = _read()
    images = np.rint(numbers.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)[:, None]
    notes = (
        "1,797 pictures of 8 x 8 grey pixels that come with scikit-learn; their 17 grey levels (0 to 16) "
        "are spread over 0 to 255 and rounded.",
        "One fifth is kept for validation and one fifth for the test, always the same items.",
    )
    classes = tuple(str(digit) for digit in range(10))
    return split_items(images, target, validation=0.2, test=0.2, classes=classes, notes=notes)


def _read() -> tuple[np.ndarray, np.ndarray]:
    """Pixels 0 to 16, (n, 64), and classes, (n,), as ``load_digits`` reads them from the same file.

    Importing ``sklearn.datasets`` takes two seconds, and this is the first thing that a first run waits for.
    """
    spec = importlib.util.find_spec("sklearn")
    file = Path(spec.origin if spec and spec.origin else "").parent / "datasets" / "data" / "digits.csv.gz"
    if file.is_file():
        with gzip.open(file, "rt") as opened:
            table = np.loadtxt(opened, delimiter=",")
        return table[:, :-1], table[:, -1].astype(int)
    from sklearn.datasets import load_digits  # a version that keeps it elsewhere

    bunch = load_digits()
    return bunch.data, bunch.target  # type: ignore[union-attr]
