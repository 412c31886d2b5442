"""The engine for this machine: one process per run, in a session of its own, so that it outlives the app."""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from aelib.device import COMPUTING
from aelib.errors import AelibError
from aelib.files import saying_disk_faults
from aelib.jobs import queue
from aelib.runs.folder import Run

ROOT = Path(__file__).parents[2]


def start_worker(run: Run, attempt: int) -> None:
    """Start the worker of a claimed run; its output goes to ``worker.log``. Returns at once."""
    arguments = (str(run.folder.parent.resolve()), run.id, str(attempt))

    def gone(code: int) -> None:
        with contextlib.suppress(AelibError):  # a full disk: whoever looks at the queue later frees the place
            queue.give_up_start(run, attempt, killed=code < 0)

    start("aelib.jobs.worker", *arguments, log=run.folder / "worker.log", when_gone=gone)


def start(
    module: str,
    *arguments: str,
    log: Path,
    when_gone: Callable[[int], None] = lambda code: None,
    keep: int | None = None,
) -> int:
    """Start ``python -m module`` detached from this process: own session, no terminal, output to a log file.

    ``when_gone`` is called with the exit code when it has ended, if this process still lives then. ``keep`` is an open
    file (a lock, say) that it inherits under the same number. Returns its process id.
    """
    # The working folder is kept, because a config or AELIB_DATA may name a folder relative to it; PYTHONSAFEPATH
    # keeps files that lie there from being imported.
    environment = {**os.environ, **COMPUTING, "PYTHONUNBUFFERED": "1", "PYTHONSAFEPATH": "1"}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    with saying_disk_faults(log), log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=environment,
            pass_fds=() if keep is None else (keep,),
        )

    def wait() -> None:  # someone has to, else the child stays a zombie for as long as the app lives
        when_gone(process.wait())

    threading.Thread(target=wait, daemon=True, name=f"wait for {process.pid}").start()
    return process.pid
