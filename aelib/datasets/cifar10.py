"""CIFAR-10: 60,000 colour photographs in ten classes, 32 x 32 pixels.

What for: Real photographs, small enough to train on in minutes; shows what an autoencoder blurs and what it
    keeps.
Limits: Needs a convolutional network and a larger code than digits do; classes hardly separate without
    labels. 170 MB are downloaded once when the files are not there.
Reference: Krizhevsky (2009), Learning Multiple Layers of Features from Tiny Images, University of Toronto.
"""

from pathlib import Path

import numpy as np

from aelib.config import PluginConfig
from aelib.datasets._base import Dataset
from aelib.datasets._torchvision import Arrays, Source, load_source


class Config(PluginConfig):
    """Nothing to choose."""


def load(config: Config) -> Dataset:
    """45,000 training, 5,000 validation and the 10,000 test items, see ``load_source``."""
    return load_source(SOURCE)


def _read(home: Path, source: Source) -> Arrays:
    from torchvision.datasets import CIFAR10

    # torchvision compares each file with its known checksum first: only the real ones are unpickled.
    train, test = CIFAR10(str(home), train=True), CIFAR10(str(home), train=False)
    train_images, test_images = (np.ascontiguousarray(part.data.transpose(0, 3, 1, 2)) for part in (train, test))
    return train_images, np.array(train.targets, np.int64), test_images, np.array(test.targets, np.int64)


SOURCE = Source(
    kind="CIFAR10",
    folder="cifar-10-batches-py",
    files=(*(f"data_batch_{number}" for number in range(1, 6)), "test_batch", "batches.meta"),
    read=_read,
    classes=("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"),
    held_back=10,
)
