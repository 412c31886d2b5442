"""The worker that measures what new items are worth: started when it is asked for, it ends when nothing is left."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aelib.jobs.desk import Desk, of_weights
from aelib.measures import augmentation
from aelib.runs.folder import Run

_desk = Desk("augmenting", "aelib.jobs.augmenting", "The worker ended while it measured this.")


def request(run: Run, settings: augmentation.Settings) -> str:
    """Ask for an effect that is not kept; asking again costs nothing.

    Returns:
        The sentence of the fault it ended with, or empty while it waits or runs.
    """
    return _desk.ask(run, _key(run, settings), {"settings": dict(settings)})


def progress(run: Run, settings: augmentation.Settings) -> float | None:
    """How far it has come, 0 to 1; None where it waits or nobody asked for it."""
    return _desk.progress(run, _key(run, settings))


def is_asked(run: Run, settings: augmentation.Settings) -> bool:
    """Whether it was asked for and is neither there yet nor stopped."""
    return _desk.is_asked(run, _key(run, settings))


def stop(run: Run, settings: augmentation.Settings) -> None:
    """Take it back: it ends with the classifier that learns now, and nothing is kept."""
    _desk.stop(run, _key(run, settings))


def forget_fault(run: Run, settings: augmentation.Settings) -> None:
    """Let what failed be asked for again."""
    _desk.forget_fault(run, _key(run, settings))


def serve(checkpoints: Path, handle: int | None = None) -> int:
    """Answer requests until there is none. Only one such process per folder."""
    return _desk.serve(checkpoints, _answer, handle)


def _key(run: Run, settings: augmentation.Settings) -> str:
    return of_weights(run, augmentation.key(settings))


def _answer(run: Run, wanted: dict[str, Any], tell: Callable[[float], None]) -> None:
    augmentation.measure(run, wanted["settings"], tell)


if __name__ == "__main__":
    os.nice(5)  # a training and the page come first
    sys.exit(serve(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else None))
