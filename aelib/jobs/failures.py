"""How a training ends when something goes wrong: in a state, with one sentence, even on a full disk."""

import contextlib
import sys
import time
import traceback

from aelib.errors import AelibError
from aelib.files import write_bytes, write_json
from aelib.jobs import queue
from aelib.runs.folder import Run

RESERVE = 64 * 1024  # bytes kept on the disk while a run trains, given back when the disk is full
_NO_MEMORY = ("out of memory", "not enough memory", "can't allocate memory", "cannot allocate memory", "bad_alloc")


def keep_reserve(run: Run) -> None:
    """Take a little room, so that a run on a disk that fills up can still write how it ended. Raises ``E_DISK``."""
    write_bytes(run.folder / ".reserve", b"\1" * RESERVE)


def drop_reserve(run: Run) -> None:
    """Give the room back."""
    with contextlib.suppress(OSError):
        (run.folder / ".reserve").unlink(missing_ok=True)


def fail(run: Run, attempt: int, error: Exception) -> str:
    """Write what went wrong as one sentence; what we did not foresee goes to the log with its traceback."""
    if not isinstance(error, AelibError):
        error = _memory(run, error) or _unforeseen(error)
    drop_reserve(run)
    try:
        write_json(run.folder / "error.json", {"attempt": attempt, "state": "failed", **error.as_dict()})
        run.write_status(**{**run.status(), "state": "failed", "ended": time.time(), "problem": str(error)})
        queue.set_state(run, attempt, "failed")
    except AelibError as second:  # not even that much room: it reads as interrupted, and goes on when there is some
        print(error, second, sep="\n", file=sys.stderr)  # noqa: T201 - the worker's log
    return "failed"


def _memory(run: Run, error: Exception) -> AelibError | None:
    text = str(error).lower()
    if not isinstance(error, MemoryError) and not any(words in text for words in _NO_MEMORY):
        return None
    batch = run.config().training.batch_size
    return AelibError(
        "E_MEMORY", "There was not enough memory", str(error).partition("\n")[0][:200],
        f"Try training.batch_size {max(1, batch // 2)}" if batch > 1 else "Try a smaller network",
    )  # fmt: skip


def _unforeseen(error: Exception) -> AelibError:
    traceback.print_exception(error)
    return AelibError(
        "E_INTERNAL", "Training met a fault of ours", f"{type(error).__name__}: {error}"[:300],
        "worker.log in the run's folder has the details",
    )  # fmt: skip
