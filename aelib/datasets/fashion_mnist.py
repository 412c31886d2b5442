"""Fashion-MNIST: 70,000 pieces of clothing, grey, 28 x 28 pixels.

What for: As small and quick as MNIST but harder, with real grey levels and texture; some classes overlap
    (shirt, coat, pullover), which shows on a map.
Limits: Shop photographs on black, centred and alike in pose; some labels are doubtful. 30 MB are downloaded
    once when the files are not there.
Reference: Xiao, Rasul, Vollgraf (2017), Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine
    Learning Algorithms, arXiv:1708.07747.
"""

from aelib.config import PluginConfig
from aelib.datasets._base import Dataset
from aelib.datasets._torchvision import idx_source, load_source


class Config(PluginConfig):
    """Nothing to choose."""


SOURCE = idx_source(
    "FashionMNIST",
    (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ),
)


def load(config: Config) -> Dataset:
    """50,000 training, 10,000 validation and the 10,000 test items, see ``load_source``."""
    return load_source(SOURCE)
