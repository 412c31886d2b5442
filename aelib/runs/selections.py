"""Selections of items that are kept with a run: ``selections/<id>.json``, written once, opened by anybody with the run.

Ids are of our own making; what people type is a name inside the file. A selection that was too long for an address is
kept without a name, under an id made from its items, so that the same one is kept once; of these the newest stay.
"""

import contextlib
import hashlib
import json
import re
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aelib.errors import AelibError
from aelib.files import read_object, write_bytes
from aelib.runs.folder import Run

LONGEST_NAME = 80  # characters
MOST_NAMED = 500  # of one run
MOST_NAMELESS = 100
_ID = re.compile(r"(s|auto)-[0-9a-f]{12}")


@dataclass(frozen=True)
class Saved:
    """One kept selection.

    Attributes:
        id: Of our own making; stands in addresses.
        name: As typed; empty for one that was kept only because it was too long for an address.
        count: How many items it holds.
        made: Seconds since 1970.
    """

    id: str
    name: str
    count: int
    made: float


def save(run: Run, items: np.ndarray, name: str = "") -> Saved:
    """Keep items (their numbers in the dataset) with a run; under a name, or nameless for an address.

    Raises ``E_CONFIG`` (no name, no items), ``E_EXISTS`` (the name is taken), ``E_DISK`` (the folder is read-only).
    """
    items = np.unique(np.asarray(items, np.int64))
    if not len(items):
        raise AelibError("E_CONFIG", "Nothing is selected", "", "Select something first")
    if not name:
        identity = f"auto-{hashlib.sha256(items.tobytes()).hexdigest()[:12]}"
        if _path(run, identity).exists():
            return _read(run, identity)[0]
        saved = Saved(identity, "", len(items), time.time())
        _write(run, saved, items)
        _drop_oldest_nameless(run)
        return saved
    name = _free_name(run, name)
    if len([saved for saved in listed(run) if saved.name]) >= MOST_NAMED:
        raise AelibError("E_TOO_LARGE", f"{MOST_NAMED} selections are saved already", "", "Delete some of them")
    saved = Saved(f"s-{secrets.token_hex(6)}", name, len(items), time.time())
    _write(run, saved, items)
    return saved


def listed(run: Run) -> list[Saved]:
    """All of a run's, newest first; a damaged file is passed over."""
    found = []
    for path in (run.folder / "selections").glob("*.json"):
        with contextlib.suppress(AelibError):
            found.append(_read(run, path.stem)[0])
    return sorted(found, key=lambda saved: (-saved.made, saved.id))


def items_of(run: Run, identity: str) -> np.ndarray:
    """The items of a kept selection, sorted. Raises ``E_NOT_FOUND``, or ``E_FILE`` for a damaged file."""
    return _read(run, identity)[1]


def rename(run: Run, identity: str, name: str) -> Saved:
    """Give a kept selection another name. Raises as ``save`` does."""
    saved, items = _read(run, identity)
    if name.strip() == saved.name:
        return saved
    renamed = Saved(saved.id, _free_name(run, name), saved.count, saved.made)
    _write(run, renamed, items)
    return renamed


def delete(run: Run, identity: str) -> None:
    """Forget a kept selection; links to it say so. Raises ``E_DISK`` in a read-only folder."""
    try:
        _path(run, identity).unlink(missing_ok=True)
    except OSError as error:
        raise AelibError("E_DISK", "The selection cannot be deleted", (error.strerror or "").lower()) from None


def _free_name(run: Run, name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise AelibError("E_CONFIG", f"A selection's name has 1 to {LONGEST_NAME} characters")
    if any(saved.name == name for saved in listed(run)):
        raise AelibError("E_EXISTS", f"There is a selection {name!r} already", "", "Take another name, or delete it")
    return name


def _path(run: Run, identity: str) -> Path:
    if not _ID.fullmatch(identity):
        raise AelibError("E_NOT_FOUND", f"{identity[:40]!r} is no selection of this run")
    return run.folder / "selections" / f"{identity}.json"


def _write(run: Run, saved: Saved, items: np.ndarray) -> None:
    """The items are sorted: the first number, then the steps to the next, which stays short for a million of them."""
    if not run.folder.is_dir():
        raise AelibError("E_NO_RUN", f"The run {run.id} is not there any more")
    steps = np.diff(items, prepend=0).tolist()
    value = {"name": saved.name, "count": saved.count, "made": saved.made, "steps": steps}
    write_bytes(_path(run, saved.id), (json.dumps(value, separators=(",", ":")) + "\n").encode())


def _read(run: Run, identity: str) -> tuple[Saved, np.ndarray]:
    path = _path(run, identity)
    if not path.exists():
        raise AelibError("E_NOT_FOUND", "This selection is not kept with the run any more", "it was deleted")
    value = read_object(path)
    name, made, steps = value.get("name"), value.get("made"), value.get("steps")
    whole = isinstance(steps, list) and all(type(step) is int and 0 <= step < 2**40 for step in steps)
    if not (isinstance(name, str) and isinstance(made, int | float) and whole and steps):
        raise AelibError("E_FILE", f"{path.name} is damaged", "it holds no selection", "Delete it")
    items = np.unique(np.cumsum(np.asarray(steps, np.int64)))
    return Saved(identity, name[:LONGEST_NAME], len(items), float(made)), items


def _drop_oldest_nameless(run: Run) -> None:
    for saved in [saved for saved in listed(run) if not saved.name][MOST_NAMELESS:]:
        with contextlib.suppress(AelibError):
            delete(run, saved.id)
