"""Items that are too many for memory: written once as plain .npy files, then mapped and read as they are asked for."""

import contextlib
import errno
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from aelib.datasets._base import SPLITS, Dataset, Items, data_folder
from aelib.errors import AelibError
from aelib.files import parse_json, saying_disk_faults, sha256

SHARE = 0.5  # of the memory that is free, for items: the rest is for activations, the page cache and neighbours
CHUNK = 4096  # items copied at once
ROOM_UNKNOWN = 4 * 2**30  # bytes taken to be free where the system does not say
_NAMES = ("values", "labels", "index", "factors", "masks")
_LARGE = ("values", "masks")  # what stays in the file; labels and the like are small


@dataclass(frozen=True)
class MappedDataset(Dataset):
    """A dataset whose items lie in a file: read where they are looked at, never all at once.

    Attributes:
        whole: The three splits one after the other, in the same file.
    """

    whole: Items = field(kw_only=True)

    def all_items(self) -> Items:
        """Train, validation and test one after the other, not copied."""
        return self.whole


def share() -> float:
    """The share of free memory that items may take: ``AELIB_ITEMS_SHARE``, else ``SHARE``; 0 always maps and streams.

    Raises ``E_CONFIG`` for what is no number from 0 to 1.
    """
    text = os.environ.get("AELIB_ITEMS_SHARE", "").strip() or str(SHARE)
    with contextlib.suppress(ValueError):
        if 0 <= float(text) <= 1:
            return float(text)
    raise AelibError("E_CONFIG", "AELIB_ITEMS_SHARE is out of range", f"got {text[:40]!r}", "Allowed: 0 to 1")


def free_memory() -> int:
    """Bytes of main memory that could be had now without swapping."""
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/meminfo").read_text().splitlines()
        return 1024 * int(next(line for line in lines if line.startswith("MemAvailable:")).split()[1])
    return ROOM_UNKNOWN


def is_mapped(array: np.ndarray) -> bool:
    """Whether an array lies in a file and not in memory."""
    base: Any = array
    while base is not None and not isinstance(base, np.memmap):
        base = getattr(base, "base", None)
    return base is not None


def in_memory_or_mapped(load: Callable[[], Dataset], key: str, known: bool) -> Dataset:
    """A dataset as it is loaded where its items may stay in memory; else the same from a file, written once.

    Args:
        load: Reads it, all at once.
        key: Of its config and its fingerprint: the name of its folder among the mapped ones.
        known: Whether the key changes with the data, so that what was written needs no second look at the source.

    Raises ``E_DISK`` when the file does not fit on the disk either.
    """
    folders = [
        home / "mapped" / sha256(key.encode())[:32] for home in (data_folder(), Path.home() / ".cache" / "aelib")
    ]
    for folder in folders:
        with contextlib.suppress(AelibError):
            found, _ = _open(folder)
            if known and not _fits(found.whole.values.nbytes):
                return found
    dataset = load()
    if _fits(sum(_large(items) for items in dataset.splits.values())):
        return dataset
    for folder in folders:
        with contextlib.suppress(AelibError):
            found, digest = _open(folder)
            if digest == dataset.hash:
                return found
    folder = next((folder for folder in folders if _can_write(folder.parent)), folders[-1])
    _write(dataset, folder)
    return _open(folder)[0]


def _fits(size: int) -> bool:
    return not size or size <= share() * (free_memory() + size)  # what they take now is theirs already


def _can_write(folder: Path) -> bool:
    while not folder.exists():
        folder = folder.parent
    return os.access(folder, os.W_OK)


def _open(folder: Path) -> tuple[MappedDataset, str]:
    """The dataset that lies here, and its hash. Raises ``E_FILE`` when there is none, or not all of it."""
    try:
        about = parse_json((folder / "about.json").read_bytes(), "about.json")
        arrays = {path.stem: np.load(path, "r", allow_pickle=False) for path in sorted(folder.glob("*.npy"))}
        whole = Items(*(_kept(name, arrays.get(name)) for name in _NAMES))  # type: ignore[arg-type]
        ends = np.cumsum([about["counts"][name] for name in SPLITS])
        splits = {name: _part(whole, end - about["counts"][name], end) for name, end in zip(SPLITS, ends, strict=True)}
        if len(whole) != ends[-1]:
            raise ValueError("another number of items")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AelibError("E_FILE", f"There are no whole items in {folder}", str(error)[:200]) from None
    text = {name: tuple(about[name]) for name in ("classes", "notes", "factor_names", "feature_names")}
    values = {name: tuple(kinds) for name, kinds in about["factor_values"].items()}
    return MappedDataset(splits, missing=about["missing"], factor_values=values, whole=whole, **text), about["hash"]


def _part(whole: Items, start: int, end: int) -> Items:
    return Items(*(None if array is None else array[start:end] for array in vars(whole).values()))  # type: ignore[arg-type]


def _large(items: Items) -> int:
    return sum(0 if is_mapped(array) else array.nbytes for array in (items.values, items.masks) if array is not None)


def _kept(name: str, array: np.ndarray | None) -> np.ndarray | None:
    return array if array is None or name in _LARGE else np.array(array)


def _write(dataset: Dataset, folder: Path) -> None:
    """All files into a folder beside it, which then takes its place: whole or not there."""
    with saying_disk_faults(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        coming = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name[:8]}."))
        try:
            for name in _NAMES:
                parts = [vars(dataset.splits[split])[name] for split in SPLITS]
                if all(part is not None for part in parts):
                    _write_array(coming / f"{name}.npy", parts)
            about = {
                "counts": {name: len(dataset.splits[name]) for name in SPLITS}, "classes": dataset.classes,
                "notes": dataset.notes, "factor_names": dataset.factor_names, "feature_names": dataset.feature_names,
                "missing": dataset.missing, "factor_values": dataset.factor_values, "hash": dataset.hash,
            }  # fmt: skip
            (coming / "about.json").write_text(json.dumps(about))
            shutil.rmtree(folder, ignore_errors=True)  # one that was not whole
            try:
                os.replace(coming, folder)
            except OSError as error:
                if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
                    raise  # but where another process was quicker, its files are the same
        finally:
            shutil.rmtree(coming, ignore_errors=True)


def _write_array(path: Path, parts: list[np.ndarray]) -> None:
    shape = (sum(len(part) for part in parts), *parts[0].shape[1:])
    with path.open("wb") as file:
        header = {"descr": np.lib.format.dtype_to_descr(parts[0].dtype), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_2_0(file, header)
        for part in parts:
            for start in range(0, len(part), CHUNK):
                file.write(np.ascontiguousarray(part[start : start + CHUNK]).data)
        file.flush()
        os.fsync(file.fileno())
