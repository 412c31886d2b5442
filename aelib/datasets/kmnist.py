"""Kuzushiji-MNIST: 70,000 cursive Japanese characters, grey, 28 x 28 pixels.

What for: Ten classes that each hold several ways to write one character: a class is not one blob on the map.
Limits: Labels say the sound, not the shape; forms that look nothing alike share a class. 21 MB are downloaded
    once when the files are not there.
Reference: Clanuwat, Bober-Irizar, Kitamoto, Lamb, Yamamoto, Ha (2018), Deep Learning for Classical Japanese
    Literature, arXiv:1812.01718.
"""

from aelib.config import PluginConfig
from aelib.datasets._base import Dataset
from aelib.datasets._torchvision import idx_source, load_source


class Config(PluginConfig):
    """Nothing to choose."""


SOURCE = idx_source("KMNIST", ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"))


def load(config: Config) -> Dataset:
    """50,000 training, 10,000 validation and the 10,000 test items, see ``load_source``."""
    return load_source(SOURCE)
