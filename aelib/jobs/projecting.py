"""The standing projection worker: slow projections are computed in one warm process, never in the web server.

Requests lie as files on a desk beside the runs, one name each: ``.json`` what is wanted, ``.begun`` while it is
computed (with how far it has come), ``.stop`` when it shall end, ``.fault`` why it came to nothing.
"""

import contextlib
import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from aelib import codes
from aelib.config import PluginConfig
from aelib.errors import AelibError
from aelib.files import read_object, sha256, write_json
from aelib.jobs import local
from aelib.latent import movie
from aelib.measures.projection import distortion, projection_quality
from aelib.projections import _base as projections
from aelib.projections._progress import listening, tell
from aelib.registry import PROJECTIONS
from aelib.runs.folder import Run, open_run
from aelib.runs.lock import adopt, hand_over, hold, is_held

IDLE_SECONDS = 600.0  # then it ends, and is started again when needed
TOLD_SECONDS = 0.25  # between two notes of how far it has come, and two looks whether it shall stop
FITTED = 0.9  # of the progress: the rest is measuring


def compute(run: Run, config: PluginConfig) -> projections.Projection:
    """Fit, measure and keep one projection of a run; gives the stored one when it is there already."""
    with contextlib.suppress(AelibError):  # damaged points are computed again
        stored = projections.read(run, config)
        if stored is not None:
            return stored
    table = codes.of_run(run)
    began = time.monotonic()
    points = projections.fit(table.codes, config, table.labels)
    seconds = time.monotonic() - began
    tell(1.0)
    lost = distortion(table.codes, points)
    quality = projection_quality(table.codes, points, lost)
    done = projections.Projection(points, config, quality, seconds, lost)
    open_run(run.folder.parent, run.id)  # one that was deleted meanwhile keeps nothing
    projections.write(run, done)
    return done


def request(run: Run, config: PluginConfig) -> str:
    """Ask for a projection that is not stored; asking again costs nothing.

    Returns:
        The sentence of the fault it ended with, or empty while it waits or runs.
    """
    return _ask(run, _request(run, config), {"run": run.id, "config": config.model_dump(mode="json")})


def request_movie(run: Run) -> str:
    """Ask that the frames of a run's movie that have no points yet are laid out by UMAP; as ``request``."""
    return _ask(run, _movie_request(run), {"run": run.id, "movie": "umap"})


def forget_movie_fault(run: Run) -> None:
    """Let a movie whose layout failed be laid out again."""
    _movie_request(run).with_suffix(".fault").unlink(missing_ok=True)


def warm_up(checkpoints: Path) -> int | None:
    """Start the worker of a folder of runs, if there is none: it loads what it needs before it is asked.

    Returns:
        The new process's id; None where a worker is there already.
    """
    desk = _desk(checkpoints)
    if is_held(desk / "lock"):
        return None
    with hand_over(desk / "lock") as handle:  # the worker has the lock from its first instant: no second one starts
        if handle is not None:
            arguments = (str(checkpoints.resolve()), str(handle))
            return local.start("aelib.jobs.projecting", *arguments, log=desk / "worker.log", keep=handle)
    return None


def progress(run: Run, config: PluginConfig) -> float | None:
    """How far a projection has come, 0 to 1; None while it waits or is not asked for."""
    with contextlib.suppress(AelibError, LookupError, ValueError, TypeError):
        return min(1.0, max(0.0, float(read_object(_request(run, config).with_suffix(".begun"))["share"])))
    return None


def stop(run: Run, config: PluginConfig) -> None:
    """End a projection that waits or runs; ``request`` then says that it was stopped."""
    path = _request(run, config)
    if path.exists():
        write_json(path.with_suffix(".stop"), {})


def forget_fault(run: Run, config: PluginConfig) -> None:
    """Let a projection that failed or was stopped be asked for again."""
    for left in (".fault", ".stop"):
        _request(run, config).with_suffix(left).unlink(missing_ok=True)


def serve(checkpoints: Path, handle: int | None = None) -> int:
    """Answer requests, oldest first, until none has come for ``IDLE_SECONDS``. Only one such process per folder.

    Args:
        checkpoints: The folder of runs.
        handle: The worker's lock, when whoever started this process took it and left it to us.
    """
    desk = _desk(checkpoints)
    with hold(desk / "lock") if handle is None else adopt(handle) as held:
        if not held:
            return 75
        _give_up_what_killed(desk)
        last = time.monotonic()
        while time.monotonic() - last < IDLE_SECONDS:
            waiting = sorted(desk.glob("*.json"), key=_asked_at)
            for path in waiting:
                _answer(checkpoints, path)
                last = time.monotonic()
            if not waiting:
                time.sleep(0.1)
    return 0


def _answer(checkpoints: Path, path: Path) -> None:
    begun, told = path.with_suffix(".begun"), 0.0

    def note(share: float) -> None:
        nonlocal told
        if time.monotonic() - told < TOLD_SECONDS:
            return
        told = time.monotonic()
        if path.with_suffix(".stop").exists():
            raise AelibError("E_STOPPED", "The projection was stopped", "", "Ask for it again when you want it")
        write_json(begun, {"share": round(FITTED * share, 4)})

    try:
        note(0.0)
        wanted = read_object(path)
        run = open_run(checkpoints, wanted["run"])
        with listening(note):
            if "movie" in wanted:
                movie.lay_out_all(run)
            else:
                compute(run, PROJECTIONS.load(wanted["config"]["name"]).Config.model_validate(wanted["config"]))
    except Exception as error:  # the worker must outlive any one request
        traceback.print_exception(error)
        sentence = str(error) if isinstance(error, AelibError) else f"{type(error).__name__}: {error}"
        write_json(path.with_suffix(".fault"), {"sentence": sentence[:500]})
    for done in (path, begun, path.with_suffix(".stop")):
        done.unlink(missing_ok=True)


def _give_up_what_killed(desk: Path) -> None:
    """A request that was begun when the last worker died is not tried again by itself: it may have been the cause."""
    for begun in desk.glob("*.begun"):
        if begun.with_suffix(".json").exists():
            sentence = "The worker ended while it computed this; it was stopped, or the memory ran out."
            write_json(begun.with_suffix(".fault"), {"sentence": sentence})
        for left in (".json", ".stop", ".begun"):
            begun.with_suffix(left).unlink(missing_ok=True)


def _asked_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # withdrawn meanwhile
        return 0.0


def _ask(run: Run, path: Path, wanted: dict[str, Any]) -> str:
    fault = path.with_suffix(".fault")
    if fault.exists():
        return str(read_object(fault).get("sentence", "it failed"))
    if not path.exists():
        write_json(path, wanted)
    warm_up(run.folder.parent)
    return ""


def _movie_request(run: Run) -> Path:
    return _desk(run.folder.parent) / f"{run.id}~movie.json"


def _request(run: Run, config: PluginConfig) -> Path:
    return _desk(run.folder.parent) / f"{run.id}~{projections.key(run, config)}.json"


def _desk(checkpoints: Path) -> Path:
    """Where requests lie: beside the runs, or (read-only) in the user's cache."""
    here = checkpoints / ".projecting"
    if not os.access(checkpoints, os.W_OK):
        folder = sha256(str(checkpoints.resolve()).encode())[:16]
        here = Path.home() / ".cache" / "aelib" / "projecting" / folder
    here.mkdir(parents=True, exist_ok=True)
    return here


def main(arguments: list[str]) -> int:
    """Load what a slow method and its measures need, then serve."""
    with contextlib.suppress(ImportError):
        import scipy.spatial.distance  # noqa: F401

        from aelib.projections import _kernels  # noqa: F401
    return serve(Path(arguments[0]), int(arguments[1]) if len(arguments) > 1 else None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
