"""The standing projection worker: slow projections are computed in one warm process, never in the web server."""

import contextlib
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aelib import codes
from aelib.config import PluginConfig
from aelib.errors import AelibError
from aelib.jobs.desk import Desk
from aelib.latent import movie
from aelib.measures.projection import distortion, projection_quality
from aelib.projections import _base as projections
from aelib.projections._progress import listening, tell
from aelib.registry import PROJECTIONS
from aelib.runs.folder import Run, open_run

FITTED = 0.9  # of the progress: the rest is measuring
MOVIE = "movie"  # the key of its layout; a projection's own says its method and settings

_desk = Desk(
    "projecting",
    "aelib.jobs.projecting",
    "The worker ended while it computed this; it was stopped, or the memory ran out.",
    "The projection was stopped. Ask for it again when you want it.",
    stay=600.0,  # then it ends, and is started again when needed
)


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
    return _desk.ask(run, projections.key(run, config), {"config": config.model_dump(mode="json")})


def request_movie(run: Run) -> str:
    """Ask that the frames of a run's movie that have no points yet are laid out by UMAP; as ``request``."""
    return _desk.ask(run, MOVIE, {"movie": "umap"})


def forget_movie_fault(run: Run) -> None:
    """Let a movie whose layout failed be laid out again."""
    _desk.forget_fault(run, MOVIE)


def warm_up(checkpoints: Path) -> int | None:
    """Start the worker of a folder of runs before it is asked; its process id, or None where there is one."""
    return _desk.warm_up(checkpoints)


def progress(run: Run, config: PluginConfig) -> float | None:
    """How far a projection has come, 0 to 1; None while it waits or is not asked for."""
    return _desk.progress(run, projections.key(run, config))


def stop(run: Run, config: PluginConfig) -> None:
    """End a projection that waits or runs; ``request`` then says that it was stopped."""
    _desk.stop(run, projections.key(run, config))


def forget_fault(run: Run, config: PluginConfig) -> None:
    """Let a projection that failed or was stopped be asked for again."""
    _desk.forget_fault(run, projections.key(run, config))


def serve(checkpoints: Path, handle: int | None = None) -> int:
    """Answer requests until none has come for ten minutes. Only one such process per folder."""
    return _desk.serve(checkpoints, _answer, handle)


def _answer(run: Run, wanted: dict[str, Any], tell: Callable[[float], None]) -> None:
    with listening(lambda share: tell(FITTED * share)):
        if "movie" in wanted:
            movie.lay_out_all(run)
        else:
            compute(run, PROJECTIONS.load(wanted["config"]["name"]).Config.model_validate(wanted["config"]))


def main(arguments: list[str]) -> int:
    """Load what a slow method and its measures need, then serve."""
    with contextlib.suppress(ImportError):
        import scipy.spatial.distance  # noqa: F401

        from aelib.projections import _kernels  # noqa: F401
    return serve(Path(arguments[0]), int(arguments[1]) if len(arguments) > 1 else None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
