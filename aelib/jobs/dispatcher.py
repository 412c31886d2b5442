"""Starts queued runs while the app is open; several apps on one folder are safe, because a claim is a transaction."""

import contextlib
import os
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

from aelib.errors import AelibError
from aelib.files import saying_disk_faults
from aelib.jobs import queue
from aelib.jobs.engines import LOCAL, Engine
from aelib.jobs.permission import is_demo
from aelib.jobs.searching import Searcher
from aelib.jobs.stopping import Stopper
from aelib.runs.lock import hold

SECONDS = 0.5  # between two looks at the queue
STOPPING_SECONDS = 0.1  # the same while a stop is waited for


class Dispatcher(threading.Thread):
    """A daemon thread that claims and starts runs, and frees the places of dead ones."""

    def __init__(self, checkpoints: Path, engine: Engine = LOCAL) -> None:
        super().__init__(daemon=True, name="dispatcher")
        self.checkpoints, self.ending, self.problem = checkpoints, threading.Event(), ""
        self.stopper, self.searcher, self.engine = Stopper(), Searcher(), engine

    def run(self) -> None:
        """Look at the queue until ``stop``; what hinders it stands in ``problem``, and the next look tries again.

        In demo mode nothing is started.
        """
        if is_demo():
            return
        try:
            with claimer(self.checkpoints) as owner:
                pause = SECONDS
                while not self.ending.wait(pause):
                    pause = STOPPING_SECONDS if self._look(owner) else SECONDS
        except AelibError as error:  # a folder that cannot be written: nothing can be started there
            self.problem = str(error)

    def _look(self, owner: str) -> bool:
        try:
            stopping = self.stopper.look(self.checkpoints)
            dispatch(self.checkpoints, owner, self.engine)
            self.searcher.look(self.checkpoints)
            self.problem = ""
            return stopping
        except (AelibError, OSError, sqlite3.Error) as error:  # a full disk, say: it may have room a minute later
            self.problem = str(error)
            return False

    def stop(self) -> None:
        """End the thread; running workers go on."""
        self.ending.set()


def dispatch(checkpoints: Path, owner: str, engine: Engine = LOCAL) -> None:
    """One look: free the places of dead runs, start what may start."""
    try:
        queue.reconcile(checkpoints, again=True)
        while claimed := queue.claim(checkpoints, owner):
            try:
                engine.submit(*claimed)
            except (AelibError, OSError):
                queue.give_up_start(*claimed)
    except AelibError as error:
        if error.code != "E_BUSY":  # another app has the queue for a moment: look again
            raise


@contextlib.contextmanager
def claimer(checkpoints: Path) -> Iterator[str]:
    """Hold an owner's lock; yields its name. A claim whose owner is gone and whose run has no lock is dead.

    Raises ``E_DISK`` when the folder cannot be written.
    """
    folder = checkpoints / ".owners"
    path = folder / f"{os.getpid()}-{secrets.token_hex(4)}.lock"
    with saying_disk_faults(path):
        folder.mkdir(parents=True, exist_ok=True)
        path.touch()
    try:
        with hold(path) as held:
            assert held, "nobody else can have this name"
            yield f"{folder.name}/{path.name}"
    finally:
        path.unlink(missing_ok=True)
