"""The standing projection worker: slow projections are computed in one warm process, never in the web server."""

import contextlib
import os
import sys
import time
import traceback
from pathlib import Path

from aelib import codes
from aelib.config import PluginConfig
from aelib.errors import AelibError
from aelib.files import read_json, write_json
from aelib.jobs import local
from aelib.measures.projection import projection_quality
from aelib.projections import _base as projections
from aelib.registry import PROJECTIONS
from aelib.runs.folder import Run, open_run
from aelib.runs.lock import hold, is_held

IDLE_SECONDS = 600.0  # then it ends, and is started again when needed


def compute(run: Run, config: PluginConfig) -> projections.Projection:
    """Fit, measure and keep one projection of a run; gives the stored one when it is there already."""
    with contextlib.suppress(AelibError):  # damaged points are computed again
        stored = projections.read(run, config)
        if stored is not None:
            return stored
    table = codes.of_run(run)
    began = time.monotonic()
    points = projections.fit(table.codes, config)
    seconds = time.monotonic() - began
    done = projections.Projection(points, config, projection_quality(table.codes, points), seconds)
    projections.write(run, done)
    return done


def request(run: Run, config: PluginConfig) -> str:
    """Ask for a projection that is not stored; asking again costs nothing.

    Returns:
        The sentence of the fault it ended with, or empty while it waits or runs.
    """
    folder = _desk(run.folder.parent)
    name = f"{run.id}~{projections.key(run, config)}"
    fault = folder / f"{name}.fault"
    if fault.exists():
        return str(read_json(fault).get("sentence", "it failed"))
    if not (folder / f"{name}.json").exists():
        write_json(folder / f"{name}.json", {"run": run.id, "config": config.model_dump(mode="json")})
    if not is_held(folder / "lock"):
        checkpoints = str(run.folder.parent.resolve())
        local.start("aelib.jobs.projecting", checkpoints, log=folder / "worker.log")
    return ""


def forget_fault(run: Run, config: PluginConfig) -> None:
    """Let a projection that failed be asked for again."""
    (_desk(run.folder.parent) / f"{run.id}~{projections.key(run, config)}.fault").unlink(missing_ok=True)


def serve(checkpoints: Path) -> int:
    """Answer requests, oldest first, until none has come for ``IDLE_SECONDS``. Only one such process per folder."""
    folder = _desk(checkpoints)
    with hold(folder / "lock") as held:
        if not held:
            return 75
        last = time.monotonic()
        while time.monotonic() - last < IDLE_SECONDS:
            waiting = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime)
            for path in waiting:
                _answer(checkpoints, path)
                last = time.monotonic()
            if not waiting:
                time.sleep(0.2)
    return 0


def _answer(checkpoints: Path, path: Path) -> None:
    try:
        wanted = read_json(path)
        config = PROJECTIONS.load(wanted["config"]["name"]).Config.model_validate(wanted["config"])
        compute(open_run(checkpoints, wanted["run"]), config)
    except Exception as error:  # the worker must outlive any one request
        traceback.print_exception(error)
        sentence = str(error) if isinstance(error, AelibError) else f"{type(error).__name__}: {error}"
        write_json(path.with_suffix(".fault"), {"sentence": sentence[:500]})
    path.unlink(missing_ok=True)


def _desk(checkpoints: Path) -> Path:
    """Where requests lie: beside the runs, or (read-only) in the user's cache."""
    here = checkpoints / ".projecting"
    if not os.access(checkpoints, os.W_OK):
        here = Path.home() / ".cache" / "aelib" / "projecting"
    here.mkdir(parents=True, exist_ok=True)
    return here


if __name__ == "__main__":
    sys.exit(serve(Path(sys.argv[1])))
