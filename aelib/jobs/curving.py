"""The worker of severity curves: started when one is asked for, it ends when none is left."""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from aelib.config import PluginConfig, read_choice
from aelib.jobs.desk import Desk, of_weights
from aelib.measures import severity
from aelib.registry import CORRUPTIONS
from aelib.runs.folder import Run

_desk = Desk("curving", "aelib.jobs.curving", "The worker ended while it computed this curve.")


def request(run: Run, stack: Sequence[PluginConfig]) -> str:
    """Ask for a curve that is not kept; asking again costs nothing.

    Returns:
        The sentence of the fault it ended with, or empty while it waits or runs.
    """
    return _desk.ask(run, _key(run, stack), {"stack": [config.model_dump(mode="json") for config in stack]})


def progress(run: Run, stack: Sequence[PluginConfig]) -> float | None:
    """How far a curve has come, 0 to 1; None where it waits or nobody asked for it."""
    return _desk.progress(run, _key(run, stack))


def is_asked(run: Run, stack: Sequence[PluginConfig]) -> bool:
    """Whether a curve was asked for and is not there yet."""
    return _desk.is_asked(run, _key(run, stack))


def forget_fault(run: Run, stack: Sequence[PluginConfig]) -> None:
    """Let a curve that failed be asked for again."""
    _desk.forget_fault(run, _key(run, stack))


def serve(checkpoints: Path, handle: int | None = None) -> int:
    """Answer requests until there is none. Only one such process per folder."""
    return _desk.serve(checkpoints, _answer, handle)


def _key(run: Run, stack: Sequence[PluginConfig]) -> str:
    return of_weights(run, severity.key(stack))


def _answer(run: Run, wanted: dict[str, Any], tell: Callable[[float], None]) -> None:
    severity.measure(run, [read_choice(CORRUPTIONS, part) for part in wanted["stack"]], tell)


if __name__ == "__main__":
    os.nice(5)  # a training and the page come first
    sys.exit(serve(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else None))
