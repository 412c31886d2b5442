"""A data set of a run's items and new ones, as a folder of PNGs that the dataset image_folder reads."""

import contextlib
import os
import re
import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aelib.datasets._base import DataInfo, Items
from aelib.drawing import as_pictures
from aelib.errors import AelibError
from aelib.files import read_object, saying_disk_faults, write_json
from aelib.jobs.permission import refuse_in_demo
from aelib.pictures import to_png
from aelib.runs.folder import ACTIVE, Run, list_runs

FOLDER = "made-data"  # beside the runs
UNFINISHED = ".making-"
DELETING = ".deleting-"
MOST_NEW = 20_000
MOST_REAL = 10_000  # training items, evenly taken
MOST_TEST = 2_000
SIDES = (8, 128)  # that image_folder reads without a change
_ID = re.compile(r"augmented-\d{8}-\d{6}-[0-9a-f]{4}")
_PLAIN = re.compile(r"[A-Za-z0-9]([A-Za-z0-9 _-]{0,58}[A-Za-z0-9])?")
_TAKEN = {"train", "test", "val", "valid", "validation", "__macosx", "con", "prn", "aux", "nul"}


@dataclass(frozen=True)
class Made:
    """What was written.

    Attributes:
        folder: Its place.
        dataset: The config that reads it, for a run's ``dataset``.
        real, new, test: How many pictures of each.
    """

    folder: Path
    dataset: dict[str, Any]
    real: int
    new: int
    test: int


def write(
    checkpoints: Path, info: DataInfo, training: Items, test: Items, items: np.ndarray, labels: np.ndarray, about: dict
) -> Made:
    """Write ``train/CLASS/real-….png``, ``train/CLASS/new-….png`` and ``test/CLASS/real-….png``, whole or not at all.

    The new pictures are in train/ only: the test items stay real. (The dataset image_folder takes its validation items
    from train/, so some of those are new ones.)

    Args:
        checkpoints: The folder of run folders; the data set goes to ``made-data/ID`` in it, with an id of our making.
        info: Of the run's dataset.
        training: Real items; at most ``MOST_REAL`` are written.
        test: Real items, at most ``MOST_TEST``.
        items: float (n, channels, side, side), new ones.
        labels: (n,), their classes.
        about: What else the reader of ``about.json`` should know.

    Raises:
        AelibError: ``E_DEMO``, ``E_TYPE`` for items that are no square pictures of a size that image_folder reads,
            ``E_LABELS`` without classes, ``E_EMPTY``, ``E_TOO_LARGE``, ``E_DISK``.
    """
    refuse_in_demo("Writing a data set")
    _refuse(info, training, items)
    real, kept = _some(training, MOST_REAL), _some(test, MOST_TEST)
    names = class_folders(info.classes)
    made_id = f"augmented-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"
    root = checkpoints.absolute() / FOLDER
    place, unfinished = root / made_id, root / f"{UNFINISHED}{made_id}"
    pictures = as_pictures(items)
    channels, side, _ = info.item_shape
    read_as = {"size": side, "channels": "grey" if channels == 1 else "colour"}
    counts = {"real": len(real), "new": len(items), "test": len(kept)}
    with saying_disk_faults(place):
        try:
            _write_all(unfinished / "train", names, "real", real.values, real.labels, real.index)
            _write_all(unfinished / "train", names, "new", pictures, labels, np.arange(len(items)))
            _write_all(unfinished / "test", names, "real", kept.values, kept.labels, kept.index)
            write_json(unfinished / "about.json", {**about, **read_as, **counts})
            os.replace(unfinished, place)
        except BaseException:
            with contextlib.suppress(OSError):
                shutil.rmtree(unfinished)
            raise
    return Made(place, {"name": "image_folder", "folder": str(place), **read_as}, **counts)


def written(checkpoints: Path) -> list[Made]:
    """The data sets that were written here, newest first; one whose ``about.json`` is damaged is left out."""
    found = []
    for place in sorted((checkpoints.absolute() / FOLDER).glob("augmented-*"), reverse=True):
        if not _ID.fullmatch(place.name) or place.is_symlink():
            continue  # not of our making
        with contextlib.suppress(AelibError, LookupError, TypeError, ValueError):
            about = read_object(place / "about.json")
            dataset = {"name": "image_folder", "folder": str(place)}
            dataset |= {key: about[key] for key in ("size", "channels")}
            found.append(Made(place, dataset, *(int(about[key]) for key in ("real", "new", "test"))))
    return found


def readers(checkpoints: Path) -> dict[Path, list[Run]]:
    """The runs that read a folder of pictures, by the folder, however their configs spell it."""
    found: dict[Path, list[Run]] = {}
    for run in list_runs(checkpoints):
        with contextlib.suppress(AelibError, LookupError, TypeError, AttributeError):  # a broken run reads nothing
            if folder := run.raw_config["dataset"].get("folder"):
                found.setdefault(Path(folder).expanduser().resolve(), []).append(run)
    return found


def delete(checkpoints: Path, made: Made) -> None:
    """Delete a data set that was written here, for good. Runs that learnt from it keep all but their items.

    Raises:
        AelibError: ``E_DEMO``, ``E_ID`` for anything but such a data set, ``E_CONFLICT`` while a run that reads it
            waits or trains, ``E_DISK``.
    """
    refuse_in_demo("Deleting a data set")
    root, name = checkpoints.absolute() / FOLDER, made.folder.name
    place = root / name
    if not _ID.fullmatch(name) or made.folder != place or place.is_symlink() or not place.is_dir():
        raise AelibError("E_ID", f"There is no data set {name!r} here", "none of this name was written", "Reload")
    busy = [run.id for run in readers(checkpoints).get(place.resolve(), []) if _will_read(run)]
    if busy:
        raise AelibError("E_CONFLICT", f"{name} is in use", f"{busy[0]} learns from it", "Stop that run first")
    with saying_disk_faults(place):
        os.replace(place, root / f"{DELETING}{name}")  # gone at once for whoever looks
        for gone in root.glob(f"{DELETING}*"):  # and what an earlier deletion left when it was cut off
            shutil.rmtree(gone)


def _will_read(run: Run) -> bool:
    """Whether it waits, trains, or is taken up again by itself."""
    with contextlib.suppress(AelibError):
        return run.status()["state"] in (*ACTIVE, "queued", "interrupted")
    return False


def class_folders(classes: tuple[str, ...]) -> list[str]:
    """A folder's name for each class: its own where that is plain and like no other, else its number before it."""
    plain = [name for name in classes if _PLAIN.fullmatch(name) and name.lower() not in _TAKEN]
    if len(plain) == len(classes) == len({name.lower() for name in plain}):
        return list(classes)
    return [
        f"{number:04d}-{re.sub(r'[^A-Za-z0-9]+', '-', name).strip('-')[:40]}" for number, name in enumerate(classes)
    ]


def _write_all(
    folder: Path, names: list[str], kind: str, values: np.ndarray, labels: np.ndarray | None, numbers: np.ndarray
) -> None:
    assert labels is not None, "refused before"
    for number in np.unique(labels[labels >= 0]):
        (folder / names[number]).mkdir(parents=True, exist_ok=True)
    for value, label, number in zip(values, labels, numbers, strict=True):
        if label >= 0:
            (folder / names[label] / f"{kind}-{number:07d}.png").write_bytes(to_png(value))


def _some(items: Items, most: int) -> Items:
    return items.take(np.linspace(0, len(items) - 1, min(len(items), most)).astype(int)) if len(items) else items


def _refuse(info: DataInfo, training: Items, items: np.ndarray) -> None:
    shape = info.item_shape
    if info.kind != "images" or shape[1] != shape[2] or not SIDES[0] <= shape[1] <= SIDES[1]:
        why = f"an item has the shape {'x'.join(str(side) for side in shape)}"
        how = f"Only square pictures of {SIDES[0]} to {SIDES[1]} pixels can be; take the set as NPZ"
        raise AelibError("E_TYPE", "These items cannot be written as a folder of pictures", why, how)
    if not info.classes or training.labels is None:
        raise AelibError("E_LABELS", "A labelled data set needs classes", "these items have none")
    if not len(items):
        raise AelibError("E_EMPTY", "There are no new pictures to write", "", "Choose at least one class")
    if len(items) > MOST_NEW:
        raise AelibError(
            "E_TOO_LARGE", f"{len(items):,} new pictures are too many", f"at most {MOST_NEW:,} are written at once"
        )
