"""A stop that comes true: a worker that does not answer is terminated, then killed; and how a silent one is told.

A worker that takes notice of a stop says so in its status and then has ``ENDING_SECONDS`` to write its resume point.
One that does not take notice (it hangs, it is suspended, it is still importing) gets SIGTERM and, ``PATIENCE`` after
the stop was seen, SIGKILL: what it loses is the work since its last resume point. Signals go to the very process that
holds the run's lock, known by number, boot and start time; a run trained by a command line is only ever asked.
"""

import contextlib
import signal
import time
from pathlib import Path

from aelib.errors import AelibError
from aelib.jobs import queue
from aelib.runs import processes
from aelib.runs.folder import Run
from aelib.runs.lock import is_held, note_of

POLITE = 0.7  # seconds from the stop's being seen to SIGTERM
PATIENCE = 1.3  # and to SIGKILL
ENDING_SECONDS = 30.0  # for a worker that is writing its resume point
SILENT_SECONDS = 60.0  # without a report; then it is said that there is no progress


class Stopper:
    """Sees to stops that were asked for. One per process that looks; it measures time by its own clock."""

    def __init__(self) -> None:
        self.seen: dict[tuple[str, int], float] = {}
        self.sent: set[tuple[str, int, int]] = set()

    def look(self, checkpoints: Path) -> bool:
        """One look at all active runs; True while a stop is being waited for."""
        waiting = set()
        for run, attempt in queue.active(checkpoints):
            with contextlib.suppress(AelibError):  # a broken file of one run must not save another from its stop
                if run.queue().get("stop_requested") and is_held(run.folder / "lock"):
                    waiting.add((run.id, attempt))
                    self._see_to(run, attempt)
        self.seen = {key: at for key, at in self.seen.items() if key in waiting}
        self.sent = {key for key in self.sent if key[:2] in waiting}
        return bool(waiting)

    def _see_to(self, run: Run, attempt: int) -> None:
        waited = time.monotonic() - self.seen.setdefault((run.id, attempt), time.monotonic())
        if waited > (ENDING_SECONDS if run.status().get("ending") == attempt else PATIENCE):
            self._send(run, attempt, signal.SIGKILL)
        elif waited > POLITE:
            self._send(run, attempt, signal.SIGTERM)

    def _send(self, run: Run, attempt: int, number: signal.Signals) -> None:
        if (run.id, attempt, number) not in self.sent:
            self.sent.add((run.id, attempt, number))
            processes.send(worker_of(run), number)


def worker_of(run: Run) -> dict:
    """The process that holds a run's lock and may be signalled; empty where there is none."""
    return processes.read_identity(note_of(run.folder / "lock"))


def wait(run: Run, seconds: float = ENDING_SECONDS + 10) -> bool:
    """See to the stop of one run from here, with or without an app; True when its worker is gone."""
    stopper, end = Stopper(), time.monotonic() + seconds
    while is_held(run.folder / "lock") and time.monotonic() < end:
        stopper.look(run.folder.parent)
        time.sleep(0.05)
    queue.reconcile(run.folder.parent)
    return not is_held(run.folder / "lock")


def silence(run: Run) -> str:
    """A sentence when a running run makes no progress, else empty. A flag for people: nothing is decided by it."""
    if run.status()["state"] not in ("starting", "running", "stopping"):
        return ""
    if processes.is_suspended(worker_of(run)):
        return "No progress: its worker is suspended (SIGSTOP). Continue it, or stop the run: resuming loses little."
    with contextlib.suppress(OSError):
        quiet = time.time() - (run.folder / "status.json").stat().st_mtime
        if quiet > SILENT_SECONDS and is_held(run.folder / "lock"):
            return (
                f"No progress for {_minutes(quiet)}: a very long step, or its worker hangs. Stop ends it in any case."
            )
    return ""


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
