"""A folder of your own pictures; its sub-folders, if there are any, are the classes.

What for: Bring your own data: photos, scans, drawings, in any mix of sizes and kinds (PNG, JPEG, BMP, TIFF,
    WEBP, GIF). The folders train/ and test/, when both are there, are kept apart as training and test items.
Limits: Every picture becomes a square of one size and all are held in memory (4 GB at most); 10 to 200,000
    files; one damaged picture stops the loading, with its name. A folder that changes is a new dataset for
    new runs.
Reference: The layout of torchvision.datasets.ImageFolder, one folder per class; grey from colour by ITU-R
    BT.601.
"""

import contextlib
import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Literal, NoReturn
from unicodedata import normalize

import numpy as np
from pydantic import Field

from aelib.config import PluginConfig
from aelib.datasets._base import Dataset, split_items
from aelib.errors import AelibError
from aelib.pictures import MAX_BYTES, fit_picture, open_picture, picture_kind

MIN_PICTURES = 10
MAX_FILES = 200_000
MAX_MEMORY = 4_000_000_000  # bytes of all items together
EXTENSIONS = {".png", ".jpg", ".jpeg", ".jpe", ".bmp", ".dib", ".tif", ".tiff", ".webp", ".gif"}
SYSTEM = {
    "__MACOSX",
    "Thumbs.db",
    "desktop.ini",
}  # and everything that begins with a full stop, such as .DS_Store
POOLS = {"train": "train", "val": "train", "valid": "train", "validation": "train", "test": "test"}
FITS = {
    "crop": "its middle square is kept",
    "pad": "black bars make it square",
    "stretch": "it is stretched to a square",
}


class Config(PluginConfig):
    """Which folder, and how its pictures become items."""

    folder: str = Field("", max_length=4096, pattern=r"^[^\x00]*$", description="Folder that holds the pictures")
    size: int = Field(32, ge=8, le=128, description="Height and width of the items in pixels")
    channels: Literal["auto", "grey", "colour"] = Field(
        "auto", description="auto takes colour as soon as one picture has any"
    )
    fit: Literal["crop", "pad", "stretch"] = Field(
        "crop", description="How a picture becomes square: keep its middle, add black bars, or distort"
    )


@dataclass(frozen=True)
class Entry:
    """One picture to read: path below the folder, ``train`` or ``test``, class name or None."""

    path: tuple[str, ...]
    pool: str
    label: str | None


def fingerprint(config: Config) -> str:
    """Changes when a file comes, goes or is written: a hash over names, sizes and times; nothing is opened."""
    digest = hashlib.sha256()
    for folder, below, names in os.walk(Path(config.folder).expanduser() if config.folder else os.devnull):
        below.sort()
        for name in sorted(names):
            with contextlib.suppress(OSError):
                found = os.stat(os.path.join(folder, name))
                digest.update(f"{folder}/{name}\0{found.st_size}\0{found.st_mtime_ns}\0".encode(errors="replace"))
    return digest.hexdigest()


def load(config: Config) -> Dataset:
    """Read, convert and split the pictures, in the order of their sorted paths.

    Raises:
        AelibError: ``E_DATA_MISSING`` (no such folder), ``E_EMPTY``, ``E_TOO_FEW``, ``E_TOO_LARGE``, or an
            error of ``aelib.pictures.decode_picture`` with the name of the file.
    """
    root = _root(config.folder)
    ignored: Counter[str] = Counter()
    entries, layout_notes = _layout(sorted(_find(root, ignored)), ignored)
    _refuse_amount(entries, root, config)
    images, picture_notes = _read_all(root, entries, config)
    ignored_notes = (
        [f"Left out: {', '.join(f'{n:,} {what}' for what, n in sorted(ignored.items()))}."] if ignored else []
    )
    classes = tuple(sorted({entry.label for entry in entries if entry.label is not None}))
    number = {label: place for place, label in enumerate(classes)}
    labels = np.array([number[entry.label] for entry in entries if entry.label is not None], np.int64)
    test = np.array([row for row, entry in enumerate(entries) if entry.pool == "test"], np.int64)
    held_back = max(1, round(0.2 * (len(entries) - len(test))))
    return split_items(
        images,
        labels if classes else None,
        validation=held_back if len(test) else 0.2,
        test=test if len(test) else 0.2,
        classes=classes,
        notes=(*layout_notes, *picture_notes, *ignored_notes),
    )


def _root(folder: str) -> Path:
    if not folder.strip():
        raise AelibError("E_DATA_MISSING", "No folder is named", "", "Set dataset.folder to a folder of pictures")
    root = Path(folder).expanduser().absolute()
    if not root.is_dir():
        why = "it is a file" if root.exists() else "there is no such folder on this machine"
        raise AelibError("E_DATA_MISSING", f"Cannot open the folder {str(root)!r}", why, "Check how it is written")
    return root


def _find(root: Path, ignored: Counter[str]) -> Iterator[tuple[str, ...]]:
    """Paths of all pictures below ``root``, as parts; everything else is counted in ``ignored``."""

    def refuse(error: OSError) -> NoReturn:
        raise AelibError("E_DATA_MISSING", f"Cannot read the folder {error.filename!r}", error.strerror or "")

    seen = 0
    for folder, folders, files in os.walk(root, onerror=refuse):
        for name in [name for name in folders if _is_system(name) or os.path.islink(os.path.join(folder, name))]:
            folders.remove(name)
            ignored["system files and folders" if _is_system(name) else "links to folders"] += 1
        seen += len(files)
        if seen > MAX_FILES:
            why = f"it has more than {MAX_FILES:,} files"
            raise AelibError("E_TOO_LARGE", f"The folder {str(root)!r} is too large", why, "Take a part of it")
        for name in files:
            path = Path(folder, name)
            if _is_system(name):
                ignored["system files and folders"] += 1
            elif not path.is_file():  # a pipe would block for ever
                ignored["broken links and special files"] += 1
            elif path.suffix.lower() in EXTENSIONS or picture_kind(_bytes(path, root, 16)):
                yield path.relative_to(root).parts
            else:
                ignored["files that are no pictures"] += 1


def _is_system(name: str) -> bool:
    return name.startswith(".") or name in SYSTEM


def _layout(paths: list[tuple[str, ...]], ignored: Counter[str]) -> tuple[list[Entry], list[str]]:
    """Which pool and class each picture belongs to, by the folders it lies in."""
    depth = 0  # folders around everything else are stepped into, as a zip file often leaves them
    while paths and len({path[depth] for path in paths}) == 1 and all(len(path) > depth + 2 for path in paths):
        depth += 1
    tops = {path[depth].lower() for path in paths if len(path) > depth + 1}
    notes = []
    if "train" in tops and ("test" in tops or tops <= POOLS.keys()):
        entries = []
        for path in paths:
            pool = POOLS.get(path[depth].lower()) if len(path) > depth + 1 else None
            if pool:
                entries.append(Entry(path, pool, _class(path[depth + 1 :])))
            else:
                ignored["pictures outside of train/ and test/"] += 1
        if tops & {"val", "valid", "validation"}:
            notes.append("Pictures of the validation folder were joined with train/: validation is drawn here.")
    else:
        entries = [Entry(path, "train", _class(path[depth:])) for path in paths]
    labelled = {entry.pool for entry in entries if entry.label is not None}
    if labelled and labelled == {entry.pool for entry in entries}:
        ignored["pictures beside the class folders"] += sum(entry.label is None for entry in entries)
        entries = [entry for entry in entries if entry.label is not None]
    elif labelled:
        notes.append(f"No labels: only {labelled.pop()}/ has class folders.")
        entries = [Entry(entry.path, entry.pool, None) for entry in entries]
    if any(entry.pool == "test" for entry in entries):
        notes.append("The folder test/ is the test split; one fifth of the rest is kept for validation.")
    else:
        notes.append("One fifth is kept for validation and one fifth for the test, always the same items.")
    for what in [what for what, count in ignored.items() if not count]:
        del ignored[what]
    return entries, notes


def _class(rest: tuple[str, ...]) -> str | None:
    """The first folder's name in NFC, without bytes that are no text; None for a loose picture."""
    return normalize("NFC", os.fsencode(rest[0]).decode("utf-8", "replace")) if len(rest) > 1 else None


def _refuse_amount(entries: list[Entry], root: Path, config: Config) -> None:
    held = sum(entry.pool == "train" for entry in entries)
    if not entries:
        raise AelibError(
            "E_EMPTY",
            f"The folder {str(root)!r} holds no pictures",
            "",
            "Put PNG or JPEG files into it, or name another",
        )
    if held < MIN_PICTURES:
        beside = " outside of test/" if held < len(entries) else ""
        raise AelibError(
            "E_TOO_FEW",
            f"The folder {str(root)!r} holds too few pictures",
            f"{held}{beside}, at least {MIN_PICTURES} are needed",
            "Add more",
        )
    memory = len(entries) * (1 if config.channels == "grey" else 3) * config.size**2
    if memory > MAX_MEMORY:
        raise AelibError(
            "E_TOO_LARGE",
            f"{len(entries):,} pictures of {config.size} x {config.size} pixels are too large",
            f"{memory / 1e9:.1f} GB, at most {MAX_MEMORY / 1e9:.0f} GB are held in memory",
            "Take a smaller size",
        )


def _read_all(root: Path, entries: list[Entry], config: Config) -> tuple[np.ndarray, list[str]]:
    """All pictures as uint8 (n, 1 or 3, size, size), and sentences on what was done to how many."""
    channels = 1 if config.channels == "grey" else 3
    images = np.empty((len(entries), channels, config.size, config.size), np.uint8)
    done: Counter[str] = Counter()
    sizes: Counter[tuple[int, int]] = Counter()
    coloured = 0

    def read(entry: Entry) -> tuple[np.ndarray, list[str], tuple[int, int], bool]:
        data = _bytes(root.joinpath(*entry.path), root, MAX_BYTES + 1)
        # Twice the final size leaves the resampling filter enough to work on.
        picture = open_picture(data, "/".join(entry.path), at_least=2 * config.size)
        fitted = fit_picture(picture.pixels, config.size, channels, config.fit)
        return fitted, picture.conversions, picture.size, _has_colour(picture.pixels)

    # Pillow decodes without holding Python's lock, so threads help; imap keeps the order.
    with ThreadPool(min(8, os.cpu_count() or 1)) as pool:
        for row, (fitted, conversions, size, colour) in enumerate(pool.imap(read, entries, chunksize=16)):
            images[row] = fitted
            done.update(conversions)
            sizes[size] += 1
            coloured += colour
    if config.channels == "auto" and not coloured:
        images = np.ascontiguousarray(images[:, :1])  # three equal channels are one
    notes = [_size_note(sizes, config), _colour_note(images.shape[1], coloured, len(entries))]
    return images, notes + [f"{count:,} of {len(entries):,}: {words}." for words, count in sorted(done.items())]


def _bytes(path: Path, root: Path, limit: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(limit)
    except OSError as error:
        name = path.relative_to(root).as_posix()
        raise AelibError(
            "E_DATA_MISSING", f"{name!r} cannot be read", error.strerror or "", "Check its rights"
        ) from None


def _has_colour(pixels: np.ndarray) -> bool:
    return pixels.shape[2] == 3 and bool((pixels != pixels[:, :, :1]).any())


def _size_note(sizes: Counter[tuple[int, int]], config: Config) -> str:
    total, wanted = sum(sizes.values()), f"{config.size} x {config.size}"
    changed = total - sizes.get((config.size, config.size), 0)
    if not changed:
        return f"All {total:,} pictures have {wanted} pixels already; none was resampled."
    low, high = ("{} x {}".format(*pick(sizes, key=lambda size: size[0] * size[1])) for pick in (min, max))
    span = low if low == high else f"{low} to {high}"
    return (
        f"{changed:,} of {total:,} pictures ({span} pixels) were brought to {wanted}: "
        f"{FITS[config.fit]}, with an anti-aliased bicubic filter."
    )


def _colour_note(channels: int, coloured: int, total: int) -> str:
    grey = total - coloured
    if channels == 1:
        turned = f"{coloured:,} of {total:,} pictures had colour and were turned grey (luma, ITU-R BT.601)"
        return f"Grey items: {turned if coloured else 'no picture has colour'}."
    repeated = f"{grey:,} of {total:,} pictures are grey, their channel is repeated"
    return f"Colour items: {repeated if grey else 'every picture has colour'}."
