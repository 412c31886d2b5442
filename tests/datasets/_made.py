"""Small data in the real layouts, made on the spot."""

import hashlib
import pickle

import numpy as np
from PIL import Image

from aelib.registry import DATASETS

IDX_KINDS = {"mnist": "MNIST", "fashion_mnist": "FashionMNIST", "kmnist": "KMNIST"}
DRAWN = {"sprites", "faces", "signals", "spectrograms", "ratings"}  # by our own code, with the truth behind them
TABLES = {"wine", "breast_cancer", "table"}
MADE = {*IDX_KINDS, *DRAWN, *TABLES, "digits", "cifar10", "image_folder"}  # these must load; others may be missing


def idx_bytes(array):
    """The IDX format: two zero bytes, type 8 (uint8), number of axes, each length as big-endian 32 bits, data."""
    header = bytes([0, 0, 8, array.ndim]) + b"".join(length.to_bytes(4, "big") for length in array.shape)
    return header + array.astype(np.uint8).tobytes()


def idx_arrays(train=30, test=12):
    random = np.random.default_rng(0)
    arrays = {}
    for part, count in (("train", train), ("t10k", test)):
        arrays[f"{part}-images-idx3-ubyte"] = random.integers(0, 256, (count, 28, 28))
        arrays[f"{part}-labels-idx1-ubyte"] = np.arange(count) % 10
    return arrays


def make_idx(home, kind):
    folder = home / kind / "raw"
    folder.mkdir(parents=True)
    for name, array in idx_arrays().items():
        (folder / name).write_bytes(idx_bytes(array))
    return folder


def make_cifar(home, monkeypatch):
    """Made batches in the real layout; torchvision is told their checksums instead of the real ones."""
    from torchvision.datasets import CIFAR10

    folder, sums = home / "cifar-10-batches-py", {}
    folder.mkdir()
    random = np.random.default_rng(1)
    for name in [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]:
        entry = {"data": random.integers(0, 256, (10, 3072), dtype=np.uint8), "labels": list(range(10))}
        (folder / name).write_bytes(pickle.dumps(entry))
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": ["any"] * 10}))
    for path in folder.iterdir():
        sums[path.name] = hashlib.md5(path.read_bytes()).hexdigest()
    monkeypatch.setattr(CIFAR10, "train_list", [[n, s] for n, s in sorted(sums.items()) if n.startswith("data")])
    monkeypatch.setattr(CIFAR10, "test_list", [["test_batch", sums["test_batch"]]])
    monkeypatch.setattr(CIFAR10, "meta", {**CIFAR10.meta, "md5": sums["batches.meta"]})
    return folder


def make_pictures(folder, count=12, size=(20, 16), mode="RGB", seed=0, suffix="png"):
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    for number in range(count):
        shape = (size[1], size[0], 3) if mode == "RGB" else (size[1], size[0])
        Image.fromarray(random.integers(0, 256, shape, dtype=np.uint8)).save(folder / f"{number:03}.{suffix}")


def made_config(name, home, monkeypatch):
    """A config of a dataset that can be loaded here; for one that is new, its own defaults."""
    fields = {}
    if name in IDX_KINDS:
        make_idx(home, IDX_KINDS[name])
    elif name == "cifar10":
        make_cifar(home, monkeypatch)
    elif name == "image_folder":
        make_pictures(home / "mine" / "cat")
        make_pictures(home / "mine" / "dog", seed=1)
        fields = {"folder": str(home / "mine")}
    elif name == "table":
        rows = "".join(f"{number},{number % 7},{number % 3 * 0.5},{'ab'[number % 2]}\n" for number in range(30))
        (home / "mine.csv").write_text(f"height,weight,age,kind\n{rows}")
        fields = {"path": str(home / "mine.csv"), "label": "kind"}
    elif "count" in DATASETS.load(name).Config.model_fields:  # drawn: a small sample keeps the suite quick
        fields = {"count": 120}
    return DATASETS.load(name).Config(**fields)
