"""Handwritten digits, tiny: 1,797 grey pictures of 8 x 8 pixels.

What for: Comes with the program and trains in seconds on any machine; the place to start, to teach and to
    test.
Limits: Few and coarse pictures: good results here say little about larger data.
Reference: Alpaydin, Kaynak (1998), Optical Recognition of Handwritten Digits, UCI Machine Learning
    Repository; the test part of it, as scikit-learn ships it.
"""

import numpy as np

from aelib.config import PluginConfig
from aelib.datasets._base import Dataset, split_items


class Config(PluginConfig):
    """Nothing to choose."""


def load(config: Config) -> Dataset:
    """The 1,797 digits; nothing is downloaded."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = np.rint(bunch.images * (255 / 16)).astype(np.uint8)[:, None]  # type: ignore[union-attr]
    notes = (
        "1,797 pictures of 8 x 8 grey pixels that come with scikit-learn; their 17 grey levels (0 to 16) "
        "are spread over 0 to 255 and rounded.",
        "One fifth is kept for validation and one fifth for the test, always the same items.",
    )
    classes = tuple(str(digit) for digit in range(10))
    return split_items(images, bunch.target, validation=0.2, test=0.2, classes=classes, notes=notes)  # type: ignore[union-attr]
