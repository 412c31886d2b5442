"""What torchvision's datasets share: find the files, else download them, else say what to do."""

import http.client
import os
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aelib.datasets._base import Dataset, data_folder, split_items
from aelib.errors import AelibError

PROBE_SECONDS = 4  # per mirror; torchvision's own download has no time limit
IDX_FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
Arrays = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # training images, labels, test images, labels


@dataclass(frozen=True)
class Source:
    """One dataset of torchvision.

    Attributes:
        kind: The name of its class in ``torchvision.datasets``.
        folder: Where its files lie, below the data folder.
        files: Their names.
        read: Reads them: data folder, ``Source`` -> arrays, images as uint8 (n, channels, height, width).
        classes: Class names in the order of the label numbers.
        held_back: One in this many training items goes to validation.
    """

    kind: str
    folder: str
    files: tuple[str, ...]
    read: "Callable[[Path, Source], Arrays]"
    classes: tuple[str, ...]
    held_back: int


def load_source(source: Source) -> Dataset:
    """The dataset from files that lie in the data folder already, or are downloaded into it now.

    Raises:
        AelibError: ``E_DATA_MISSING`` with the files and their folder; ``E_DATA_BAD`` for damaged files.
    """
    home = data_folder()
    missing = [name for name in source.files if not (home / source.folder / name).is_file()]
    if missing:
        _download(source, home, missing)
    arrays = _read(source, home)
    train, train_labels, test, test_labels = arrays
    held_back = max(1, len(train) // source.held_back)
    channels, height, width = train.shape[1:]
    notes = (
        f"{len(train):,} training and {len(test):,} test pictures of {height} x {width} "
        f"{'grey' if channels == 1 else 'colour'} pixels, values 0 to 255, unchanged.",
        f"{held_back:,} of the training pictures are kept for validation, always the same ones; "
        "the test pictures are the dataset's own.",
    )
    return split_items(
        np.concatenate([train, test]),
        np.concatenate([train_labels, test_labels]),
        validation=held_back,
        test=np.arange(len(train), len(train) + len(test)),
        classes=source.classes,
        notes=notes,
    )


def read_idx(home: Path, source: Source) -> Arrays:
    """The four files of the MNIST family, by torchvision's reader, which checks neither counts nor labels."""
    from torchvision.datasets.mnist import read_image_file, read_label_file

    paths = [str(home / source.folder / name) for name in source.files]
    train, test = (read_image_file(path).numpy()[:, None] for path in (paths[0], paths[2]))
    train_labels, test_labels = (read_label_file(path).numpy() for path in (paths[1], paths[3]))
    return train, train_labels, test, test_labels


def idx_source(kind: str, classes: tuple[str, ...]) -> Source:
    """A dataset of the MNIST family: four IDX files in ``<kind>/raw``; 10,000 of 60,000 held back."""
    return Source(kind, f"{kind}/raw", IDX_FILES, read_idx, classes, held_back=6)


def _read(source: Source, home: Path) -> Arrays:
    try:
        arrays = source.read(home, source)
        for images, labels in (arrays[:2], arrays[2:]):
            if len(images) != len(labels) or len(images) < 2:
                raise ValueError(f"{len(images)} pictures and {len(labels)} labels")
            if labels.min() < 0 or labels.max() >= len(source.classes):
                raise ValueError(f"labels from {labels.min()} to {labels.max()}")
        if arrays[0].shape[1:] != arrays[2].shape[1:]:
            raise ValueError("training and test pictures differ in size")
    # What torchvision raises on damaged files, by asserting, viewing, unpacking and comparing checksums.
    except (OSError, RuntimeError, ValueError, TypeError, LookupError, AssertionError, EOFError) as error:
        folder = home / source.folder
        raise AelibError(
            "E_DATA_BAD",
            f"The files of {source.kind} in {folder} are damaged",
            _brief(error),
            f"Replace {_listed(source.files)} in that folder, or delete them to have them downloaded",
        ) from None
    return arrays


def _download(source: Source, home: Path, missing: list[str]) -> None:
    """Let torchvision download into a folder beside the final one; only whole files are moved over."""
    from torchvision import datasets

    kind = getattr(datasets, source.kind)
    try:
        _probe(kind)
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".download-", dir=home) as staging:
            kind(staging, train=True, download=True)
            folder = home / source.folder
            folder.mkdir(parents=True, exist_ok=True)
            for name in missing:
                os.replace(Path(staging) / source.folder / name, folder / name)
    # URLError is an OSError; an answer that breaks off is an HTTPException.
    except (OSError, RuntimeError, ValueError, EOFError, http.client.HTTPException) as error:
        raise AelibError(
            "E_DATA_MISSING",
            f"{source.kind} is not on this machine and could not be downloaded",
            _brief(error),
            f"Put {_listed(missing)} (unpacked) into {home / source.folder}, "
            "or name with AELIB_DATA a folder that has them",
        ) from None


def _probe(kind: type) -> None:
    """Ask each server for a short answer, so that a machine without network fails in seconds."""
    mirrors = getattr(kind, "mirrors", None)
    addresses = [mirror + kind.resources[0][0] for mirror in mirrors] if mirrors else [kind.url]  # type: ignore[attr-defined]
    failure: OSError | None = None
    for address in addresses:
        try:
            urllib.request.urlopen(urllib.request.Request(address, method="HEAD"), timeout=PROBE_SECONDS).close()
            return
        except urllib.error.HTTPError as answer:  # there is a network; torchvision will try every mirror
            answer.close()
            return
        except OSError as error:
            failure = error
    raise failure or OSError("no address is known for it")


def _brief(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def _listed(names: list[str] | tuple[str, ...]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
