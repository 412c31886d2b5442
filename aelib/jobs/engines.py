"""Where workers run: one small protocol, so that another machine is another engine and nothing else changes.

The queue decides what may start; an engine starts it, tells whether it lives, ends it, and shows what it wrote. All
truth about a run stays in its folder: an engine that is lost takes nothing with it. ``tests/faults/test_engines.py``
is the suite that every engine has to pass.
"""

from pathlib import Path
from typing import Literal, Protocol

from aelib.errors import AelibError
from aelib.jobs import local, queue, stopping
from aelib.runs.folder import Run
from aelib.runs.lock import is_held

Health = Literal["alive", "silent", "gone"]


class Engine(Protocol):
    """What the dispatcher asks of an engine. A run's handle is the run itself: its folder is all that is shared."""

    name: str

    def submit(self, run: Run, attempt: int) -> None:
        """Start a worker for a claimed run and return at once.

        The same attempt again is harmless: the second worker finds the run taken and leaves. A worker that cannot be
        started leaves the run failed, with a sentence. Raises ``E_DISK``.
        """
        ...

    def status(self, run: Run) -> Health:
        """Whether a worker has the run now: ``alive``; ``silent`` when it makes no progress; ``gone``."""
        ...

    def stop(self, run: Run, grace: float = stopping.ENDING_SECONDS) -> bool:
        """End a run in state stopped, within ``grace`` seconds and in any case; True when its worker is gone."""
        ...

    def tail(self, run: Run, lines: int = 40) -> list[str]:
        """The last lines that the run's workers wrote, oldest first; empty when there are none yet."""
        ...


class LocalEngine:
    """This machine: one process per run, in a session of its own, so that it outlives whoever started it."""

    name = "local"

    def submit(self, run: Run, attempt: int) -> None:
        """See ``Engine``."""
        local.start_worker(run, attempt)

    def status(self, run: Run) -> Health:
        """See ``Engine``."""
        if not is_held(run.folder / "lock"):
            return "gone"
        return "silent" if stopping.silence(run) else "alive"

    def stop(self, run: Run, grace: float = stopping.ENDING_SECONDS) -> bool:
        """See ``Engine``."""
        try:
            queue.stop(run)
        except AelibError as error:
            if error.code != "E_CONFLICT":  # it had ended before
                raise
        return stopping.wait(run, grace)

    def tail(self, run: Run, lines: int = 40) -> list[str]:
        """See ``Engine``."""
        return tail(run.folder / "worker.log", lines)


def tail(path: Path, lines: int) -> list[str]:
    """The last lines of a text file of any length; reads its last 64 KiB."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - 65_536))
            text = file.read().decode("utf-8", errors="replace")
    except OSError:
        return []
    return text.splitlines()[-lines:] if lines > 0 else []


LOCAL = LocalEngine()
ENGINES: dict[str, Engine] = {LOCAL.name: LOCAL}
