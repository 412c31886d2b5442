"""One training, one folder: names, states, and the small JSON files that describe a run.

The list of files (design: the only one): ``config.json`` (immutable), ``queue.json`` (what the index needs to be
rebuilt, and what people asked of the run), ``status.json``, ``metrics.jsonl``, ``changes.jsonl``, ``step.json`` and
``step.png`` (what a step that was looked at shows), ``way.json`` (how steps are computed),
``lock``, ``worker.log``, ``start.safetensors`` (another run's weights, where it starts from these), ``resume/``,
``weights.safetensors``, ``result.json`` or ``error.json``, ``preview/``, ``codes/``, ``projections/``, ``measures/``,
``selections/``, ``movie/``.
"""

import os
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from aelib.config import PluginConfig, RunConfig, read_choice, refuse_newer
from aelib.errors import AelibError, nearest
from aelib.files import read_json, read_lines, read_object, saying_disk_faults, write_bytes, write_json
from aelib.registry import DATASETS, MODELS, NETWORKS
from aelib.runs.lock import is_held

STATES = (
    "queued",
    "starting",
    "running",
    "stopping",
    "stopped",
    "paused",
    "completed",
    "failed",
    "interrupted",
)
FIGURES = ("epoch", "epochs", "step", "steps", "seconds", "seconds_left", "validation_error", "test_error", "ended")
ACTIVE = ("starting", "running", "stopping")
_ID = re.compile(r"[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?")
TRASH = ".trash"
IMPORTED = "imported"  # the dataset (and network, and model) of a run whose codes came from elsewhere


@dataclass(frozen=True)
class Run:
    """A run's folder. Cheap to make: nothing is read until asked for."""

    folder: Path

    @property
    def id(self) -> str:
        """The folder's name: ``[a-z0-9-]``, at most 64 characters, of our own making."""
        return self.folder.name

    @cached_property
    def raw_config(self) -> dict[str, Any]:
        """``config.json`` as plain values; its parts are there and named, their fields are not checked.

        Imported items lie in the run's own folder, wherever that is now. Raises ``E_FILE`` or ``E_VERSION``.
        """
        raw = read_object(self.folder / "config.json")
        refuse_newer(raw)
        for plugins in (DATASETS, NETWORKS, MODELS):
            part = raw.get(plugins.kind)
            if not isinstance(part, dict) or not plugins.has(part.get("name")):
                raise AelibError("E_FILE", f"config.json of {self.id} is damaged", f"it names no known {plugins.kind}")
        if raw["dataset"]["name"] == IMPORTED:
            raw["dataset"]["folder"] = str(self.folder)
        return raw

    @property
    def is_imported(self) -> bool:
        """Whether its codes came from elsewhere: there is no encoder, and a decoder only as a lattice."""
        return self.raw_config["dataset"]["name"] == IMPORTED

    def config(self) -> RunConfig:
        """``config.json``, checked. Raises ``E_CONFIG``, ``E_VERSION`` or ``E_FILE``."""
        return RunConfig.parse(self.raw_config)

    def dataset(self) -> PluginConfig:
        """The dataset's config alone: pages that show items need no torch for it."""
        return read_choice(DATASETS, self.raw_config.get("dataset", "digits"))

    def status(self) -> dict[str, Any]:
        """``status.json`` with the state as it is now: an active run without a living worker is interrupted."""
        status = self._read("status.json")
        state = status.get("state", "queued")
        if state not in STATES:
            raise AelibError("E_FILE", f"status.json of {self.id} has an unknown state", repr(state))
        for name in FIGURES:
            if not isinstance(status.get(name), int | float | None):
                raise AelibError("E_FILE", f"status.json of {self.id} is damaged", f"{name} is no number")
        if state in ("running", "stopping") and not is_held(self.folder / "lock"):
            state = self.ended_state(status.get("attempt", -1))
        elif state == "running" and self.queue().get("stop_requested"):
            state = "stopping"
        return {**status, "state": state}

    def queue(self) -> dict[str, Any]:
        """``queue.json``, all that the index needs to be rebuilt, and what people asked of the run.

        ``priority``, ``attempt``, ``nonce``, ``queued`` (when it came into the queue), ``name``, ``note``, ``sweep``;
        ``stop_requested`` and ``stop_as`` (stopped or paused); ``automatic`` (how often it was resumed by itself since
        a person last did) and ``in_front`` (trained by a command line, which nobody else takes up).
        """
        return self._read("queue.json")

    def change_queue(self, **values: Any) -> None:
        """Write some fields of ``queue.json`` anew."""
        write_json(self.folder / "queue.json", {**self.queue(), **values})

    def write_status(self, **values: Any) -> None:
        """Replace ``status.json``."""
        write_json(self.folder / "status.json", values)

    def result(self) -> dict[str, Any]:
        """``result.json``, or empty."""
        return self._read("result.json")

    def error(self) -> dict[str, Any]:
        """``error.json``, or empty."""
        return self._read("error.json")

    def metrics(self) -> list[dict[str, Any]]:
        """One row per epoch: stage, epoch, train and validation figures, learning rate, seconds."""
        return read_lines(self.folder / "metrics.jsonl")

    def previews(self) -> list[Path]:
        """The strips of reconstructions, oldest first (PNG; ``epoch-00007.png``)."""
        return sorted((self.folder / "preview").glob("epoch-*.png"))

    def place(self, *parts: str) -> Path:
        """Where a derived file is, or may be written: in the run folder, else (read-only) in the user's cache."""
        here = self.folder.joinpath(*parts)
        if here.exists() or os.access(self.folder, os.W_OK):
            return here
        return Path.home() / ".cache" / "aelib" / "runs" / self.id / Path(*parts)

    def ended_state(self, attempt: int) -> str:
        """How an attempt whose worker is gone ended."""
        # The worker writes result.json or error.json before status.json: one killed in between ended all the same.
        for ending in (self.result(), self.error()):
            if ending.get("attempt") == attempt:
                return ending.get("state", "failed")
        queue = self.queue()
        return queue.get("stop_as", "stopped") if queue.get("stop_requested") else "interrupted"

    def _read(self, name: str) -> dict[str, Any]:
        path = self.folder / name
        return read_object(path) if path.exists() else {}


def default_checkpoints() -> Path:
    """The folder of run folders: ``AELIB_CHECKPOINTS``, else ``checkpoints`` beside the library."""
    return Path(os.environ.get("AELIB_CHECKPOINTS") or Path(__file__).parents[2] / "checkpoints").expanduser()


def open_run(checkpoints: Path, run_id: str) -> Run:
    """The run with this id. Raises ``E_ID`` for what cannot be an id and ``E_NO_RUN`` for one that isn't there."""
    if not _ID.fullmatch(run_id):
        raise AelibError("E_ID", f"{run_id[:80]!r} is no run id", "ids have small letters, digits and dashes")
    folder = checkpoints / run_id
    if not (folder / "config.json").is_file():
        known = [run.id for run in list_runs(checkpoints)]
        raise AelibError("E_NO_RUN", f"There is no run {run_id!r} in {checkpoints}", "", nearest(run_id, known))
    return Run(folder)


def list_runs(checkpoints: Path) -> list[Run]:
    """All runs, newest first by the time in their status; a folder without a ``config.json`` is no run."""
    if not checkpoints.is_dir():
        return []
    folders = [path.parent for path in checkpoints.glob("*/config.json") if _ID.fullmatch(path.parent.name)]
    return [Run(folder) for folder in sorted(folders, key=lambda folder: (-_made(folder), folder.name))]


def create_run(
    checkpoints: Path,
    config: RunConfig,
    *,
    name: str = "",
    nonce: str = "",
    run_id: str = "",
    files: Mapping[str, bytes] | None = None,
) -> Run:
    """Make a run folder in state queued. ``config.json`` comes last: without it there is no run.

    Args:
        checkpoints: The folder of run folders; made when missing.
        config: Already checked against its dataset, with its ``dataset_hash``.
        name: What the user calls it; display text only.
        nonce: Of the form that asked for it, so that a double click makes one run.
        run_id: For shipped runs only; otherwise an id is made from model, dataset, time and chance.
        files: What else the folder begins with, by name.

    Raises ``E_ID`` for an id that could not be opened again and ``E_EXISTS`` for one that is taken.
    """
    made = time.strftime("%Y%m%d-%H%M%S")
    kind = f"{config.model.name}-{config.dataset.name}".replace("_", "-")
    run = Run(checkpoints / (run_id or f"{kind}-{made}-{secrets.token_hex(2)}"))
    while not run_id and run.folder.exists():  # a sweep makes many in one second: its ids may meet by chance
        run = Run(checkpoints / f"{kind}-{made}-{secrets.token_hex(2)}")
    if not _ID.fullmatch(run.id) or run.folder.parent != checkpoints:
        raise AelibError("E_ID", f"{run_id[:80]!r} is no run id", "ids have small letters, digits and dashes")
    if (run.folder / "config.json").exists():
        raise AelibError("E_EXISTS", f"There is already a run {run.id!r} in {checkpoints}", "", "Delete it first")
    queue = {
        "priority": 0, "attempt": 0, "nonce": nonce, "stop_requested": False, "name": name[:120], "note": "",
        "queued": time.time(), "automatic": 0,
    }  # fmt: skip
    write_json(run.folder / "queue.json", queue)
    run.write_status(state="queued", attempt=0, made=time.time(), epochs=config.training.epochs)
    for file_name, data in (files or {}).items():
        write_bytes(run.folder / file_name, data)
    write_bytes(run.folder / "config.json", config.to_json().encode())
    return run


def delete_run(run: Run) -> Path:
    """Move a run to the trash folder beside the runs; ``restore_run`` undoes it. Refuses a run that trains.

    The queue has to know: while an app is open, call ``jobs.queue.delete`` instead.
    """
    try:
        active = run.status()["state"] in ACTIVE
    except AelibError:  # a broken folder must be possible to delete
        active = is_held(run.folder / "lock")
    if active:
        raise AelibError("E_CONFLICT", f"{run.id} is training", "", "Stop it first, then delete it")
    trash = run.folder.parent / TRASH
    target = trash / f"{run.id}~{secrets.token_hex(2)}"
    with saying_disk_faults(target):
        trash.mkdir(exist_ok=True)
        run.folder.rename(target)
    return target


def restore_run(trashed: Path) -> Run:
    """Undo ``delete_run``."""
    folder = trashed.parent.parent / trashed.name.partition("~")[0]
    if folder.exists():
        raise AelibError("E_EXISTS", f"There is a run {folder.name!r} again", "", "Rename or delete it first")
    with saying_disk_faults(folder):
        trashed.rename(folder)
    return Run(folder)


def _made(folder: Path) -> float:
    try:
        return float(read_json(folder / "status.json").get("made", 0))
    except (AelibError, TypeError, ValueError, AttributeError):
        return 0.0
