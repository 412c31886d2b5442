"""What the doctor looks at: the folder, the room on its disk, the index, every run, the device."""

import shutil
import sqlite3
from pathlib import Path
from typing import Any

from aelib.device import likely_device
from aelib.errors import AelibError
from aelib.files import write_bytes
from aelib.jobs import queue, stopping
from aelib.jobs.permission import is_demo
from aelib.runs import index
from aelib.runs.folder import list_runs

LEAST_ROOM = 500 * 2**20  # bytes free; below it a training may end in the middle


def examine(checkpoints: Path) -> list[dict[str, Any]]:
    """One row per check: ``what``, ``ok``, ``finding`` (a sentence)."""
    checks = {
        "folder": _folder, "room": _room, "index": _index, "runs": _runs, "progress": _progress, "device": _device,
    }  # fmt: skip
    found = []
    for what, look in checks.items():
        try:
            ok, finding = look(checkpoints)
        except (AelibError, OSError, sqlite3.Error) as error:
            ok, finding = False, str(error)
        found.append({"what": what, "ok": ok, "finding": finding})
    return found


def _folder(checkpoints: Path) -> tuple[bool, str]:
    write_bytes(checkpoints / ".doctor", b"")
    (checkpoints / ".doctor").unlink()
    return True, f"{checkpoints} can be written" + (" (demo mode: nothing is changed)" if is_demo() else "")


def _room(checkpoints: Path) -> tuple[bool, str]:
    free = shutil.disk_usage(checkpoints).free
    return free >= LEAST_ROOM, f"{free / 2**30:.1f} GiB free on its disk"


def _index(checkpoints: Path) -> tuple[bool, str]:
    with index.transaction(checkpoints) as connection:
        known = dict(connection.execute("SELECT id, state FROM runs").fetchall())
    missing = [run.id for run in list_runs(checkpoints) if run.id not in known]
    gone = [run_id for run_id in known if not (checkpoints / run_id / "config.json").exists()]
    if missing or gone:
        return False, f"{len(missing)} runs are not in it, {len(gone)} are gone. Run: doctor --rebuild-index"
    return True, f"{len(known)} runs, one place per device" + _places()


def _places() -> str:
    number = queue.runs_per_device()
    return "" if number == 1 else f" times {number} (AELIB_RUNS_PER_DEVICE)"


def _runs(checkpoints: Path) -> tuple[bool, str]:
    broken = []
    for run in list_runs(checkpoints):
        try:
            for read in (run.status, lambda run=run: run.raw_config, run.queue):
                read()
        except AelibError:
            broken.append(run.id)
    return not broken, f"broken: {', '.join(broken[:5])}" if broken else "every folder can be read"


def _progress(checkpoints: Path) -> tuple[bool, str]:
    silent = [f"{run.id}: {said}" for run, _ in queue.active(checkpoints) if (said := stopping.silence(run))]
    return not silent, " ".join(silent) or "every run that trains makes progress"


def _device(checkpoints: Path) -> tuple[bool, str]:
    return True, f"{likely_device('auto')} is what auto will take"
