"""Real worker processes without the seconds that importing torch takes: ``python -m tests.faults.nursery``.

One process imports everything and forks a worker for each line ``CHECKPOINTS RUN ATTEMPT`` on its input; it answers
with its process id. As ``dispatch CHECKPOINTS SEED`` it is a dispatcher that crashes now and then, and whose
workers do.
"""

import os
import random
import signal
import sys
from pathlib import Path

from aelib.datasets._base import load_dataset
from aelib.jobs import dispatcher, queue, training, worker
from aelib.models._base import build
from aelib.runs.folder import Run, list_runs
from aelib.runs.lock import hold
from aelib.training import loop
from tests.faults.running import config

CRASH = 0.15


def fork(arguments: list[str]) -> int:
    """A worker of its own session, as ``local.start`` would make it; returns its process id."""
    pid = os.fork()
    if pid:
        return pid
    code = 99
    try:
        os.setsid()
        log = os.open(Path(arguments[0]) / arguments[1] / "worker.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        code = worker.main(arguments)
    finally:
        os._exit(code)


def serve() -> None:
    for line in sys.stdin:
        print(fork(line.split()), flush=True)


class Crashing:
    """An engine whose dispatcher dies around a start, and whose workers die in the middle or right before the end."""

    name = "crashing"

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def submit(self, run: Run, attempt: int) -> None:
        if self.random.random() < CRASH / 2:
            os.kill(os.getpid(), signal.SIGKILL)
        if (fate := self.random.random()) < 2 * CRASH:
            self._doom("_end_epoch" if fate < CRASH else "")
        fork([str(run.folder.parent), run.id, str(attempt)])
        self._doom(None)
        if self.random.random() < CRASH / 2:
            os.kill(os.getpid(), signal.SIGKILL)

    def _doom(self, method: str | None) -> None:
        """The next worker is killed in an epoch, or after its result and before the index hears of it; or lives."""
        training._Attempt._end_epoch = _dying if method else WHOLE  # type: ignore[method-assign]
        queue.set_state = _never if method == "" else _leaving


WHOLE, SET_STATE, TAKE_UP = training._Attempt._end_epoch, queue.set_state, queue.take_up


def _dying(self, report) -> None:
    if report.epoch == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    WHOLE(self, report)


def _never(run: Run, attempt: int, state: str) -> bool:
    os.kill(os.getpid(), signal.SIGKILL)
    return False


def _leaving(run: Run, attempt: int, state: str) -> bool:
    """The queue may give its place to another from here on."""
    for place in PLACES:
        place.__exit__(None, None, None)
    return SET_STATE(run, attempt, state)


def _in_a_place(run: Run, attempt: int) -> bool:
    """Take one of as many places as there may be workers; write it down when there is none left."""
    if not TAKE_UP(run, attempt):
        return False
    for number in range(queue.runs_per_device()):
        place = hold(run.folder.parent / f".place-{number}", patience=40)  # the dead let go of a run a moment sooner
        if place.__enter__():
            PLACES.append(place)  # until this process ends
            return True
    (run.folder.parent / ".over").touch()
    return True


PLACES: list = []


def dispatch(checkpoints: Path, seed: int) -> None:
    queue.take_up = _in_a_place
    engine = Crashing(seed)
    with dispatcher.claimer(checkpoints) as owner:
        while any(run.status()["state"] not in ("completed", "failed") for run in list_runs(checkpoints)):
            dispatcher.dispatch(checkpoints, owner, engine)
            signal.sigtimedwait([signal.SIGCHLD], 0.02)


if __name__ == "__main__":
    os.fsync = lambda handle: None  # what a kill -9 leaves does not hang on it, and the disk is others' too
    loop.REPORT_SECONDS = training.RESUME_SECONDS = 0.0  # a resume point after every step
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead leave no zombies
    build(config(), load_dataset(config().dataset).info)  # imports once what each worker would
    if sys.argv[1:2] == ["dispatch"]:
        dispatch(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        serve()
