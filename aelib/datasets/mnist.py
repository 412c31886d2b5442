"""MNIST: 70,000 handwritten digits, grey, 28 x 28 pixels.

What for: The picture set that every autoencoder paper shows; ten clear classes that spread well over a small
    code.
Limits: Easy: almost any model does well, and a plain nearest-neighbour search already tells the classes
    apart. 11 MB are downloaded once when the files are not there.
Reference: LeCun, Bottou, Bengio, Haffner (1998), Gradient-based learning applied to document recognition,
    Proceedings of the IEEE 86.
"""

from aelib.config import PluginConfig
from aelib.datasets._base import Dataset
from aelib.datasets._torchvision import idx_source, load_source


class Config(PluginConfig):
    """Nothing to choose."""


SOURCE = idx_source("MNIST", tuple(str(digit) for digit in range(10)))


def load(config: Config) -> Dataset:
    """50,000 training, 10,000 validation and the 10,000 test items, see ``load_source``."""
    return load_source(SOURCE)
