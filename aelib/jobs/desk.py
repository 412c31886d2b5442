"""A desk of requests to a worker that is started when one is asked for and ends when none has come for a while.

Requests lie as files beside the runs, one name each: ``.json`` what is wanted, ``.begun`` how far it has come,
``.stop`` when it shall end, ``.fault`` why it came to nothing.
"""

import contextlib
import os
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aelib.errors import AelibError
from aelib.files import read_object, sha256, write_json
from aelib.jobs import local
from aelib.runs import weights
from aelib.runs.folder import Run, open_run
from aelib.runs.lock import adopt, hand_over, hold, is_held

TOLD_SECONDS = 0.25  # between two notes of how far it has come, and two looks whether it shall stop

Answer = Callable[[Run, dict[str, Any], Callable[[float], None]], None]


class Desk:
    """The requests of one kind; ``key`` names what is asked of a run.

    Args:
        name: Of its folder beside the runs.
        module: Of its worker, which calls ``serve``.
        died: What is said of a request that the worker died over.
        stopped: What is said of one that was stopped; when empty, it is as if it had not been asked for.
        stay: Seconds without a request until the worker ends.
    """

    def __init__(self, name: str, module: str, died: str, stopped: str = "", stay: float = 0.0) -> None:
        self.name, self.module, self.died, self.stopped, self.stay = name, module, died, stopped, stay

    def ask(self, run: Run, key: str, wanted: dict[str, Any]) -> str:
        """Put a request on the desk and see that there is a worker; asking again costs nothing.

        Returns:
            The sentence of the fault it ended with, or empty while it waits or runs.
        """
        path = self.path(run, key)
        fault = path.with_suffix(".fault")
        if fault.exists():
            return str(read_object(fault).get("sentence", "it failed"))
        if not self.stopped:
            path.with_suffix(".stop").unlink(missing_ok=True)  # wanted again before it was stopped
        if not path.exists():
            write_json(path, {**wanted, "run": run.id})
        self.warm_up(run.folder.parent)
        return ""

    def warm_up(self, checkpoints: Path) -> int | None:
        """Start the worker of a folder of runs, if there is none: it loads what it needs before it is asked.

        Returns:
            The new process's id; None where a worker is there already.
        """
        folder = self.folder(checkpoints)
        if is_held(folder / "lock"):
            return None
        with hand_over(folder / "lock") as handle:  # it has the lock from its first instant: no second one starts
            if handle is not None:
                arguments = (str(checkpoints.resolve()), str(handle))
                return local.start(self.module, *arguments, log=folder / "worker.log", keep=handle)
        return None

    def progress(self, run: Run, key: str) -> float | None:
        """How far it has come, 0 to 1; None where it waits or nobody asked for it."""
        with contextlib.suppress(AelibError, LookupError, ValueError, TypeError):
            return min(1.0, max(0.0, float(read_object(self.path(run, key).with_suffix(".begun"))["share"])))
        return None

    def is_asked(self, run: Run, key: str) -> bool:
        """Whether it was asked for and is neither there yet nor stopped."""
        path = self.path(run, key)
        waits = path.exists() and not path.with_suffix(".stop").exists()
        return waits or path.with_suffix(".fault").exists()

    def stop(self, run: Run, key: str) -> None:
        """Take a request back: one that waits never begins, one that runs ends where it next tells how far it is."""
        path = self.path(run, key)
        if path.exists():
            write_json(path.with_suffix(".stop"), {})

    def forget_fault(self, run: Run, key: str) -> None:
        """Let what failed or was stopped be asked for again."""
        for ending in (".fault", ".stop"):
            self.path(run, key).with_suffix(ending).unlink(missing_ok=True)

    def serve(self, checkpoints: Path, answer: Answer, handle: int | None = None) -> int:
        """Answer requests, oldest first, until none has come for as long as the worker stays. One process per folder.

        Args:
            checkpoints: The folder of runs.
            answer: Is given the run, what is wanted, and what to tell how far it has come (0 to 1).
            handle: The worker's lock, when whoever started this process took it and left it to us.
        """
        folder = self.folder(checkpoints)
        with hold(folder / "lock") if handle is None else adopt(handle) as held:
            if not held:
                return 75
            for begun in folder.glob("*.begun"):  # the last worker died over it: it may have been the cause
                sentence = self.stopped if begun.with_suffix(".stop").exists() else self.died
                if begun.with_suffix(".json").exists() and sentence:
                    write_json(begun.with_suffix(".fault"), {"sentence": sentence})
                _clear(begun.with_suffix(".json"))
            last = time.monotonic()
            while (waiting := sorted(folder.glob("*.json"), key=_asked_at)) or time.monotonic() - last < self.stay:
                for path in waiting:
                    self._answer(checkpoints, path, answer)
                    last = time.monotonic()
                if not (folder / "lock").exists():  # the desk was taken away: another worker may have a new one
                    break
                if not waiting:
                    time.sleep(0.1)
        return 0

    def _answer(self, checkpoints: Path, path: Path, answer: Answer) -> None:
        told = float("-inf")

        def tell(share: float) -> None:
            nonlocal told
            if time.monotonic() - told < TOLD_SECONDS:
                return
            told = time.monotonic()
            if path.with_suffix(".stop").exists():
                raise _StoppedError
            write_json(path.with_suffix(".begun"), {"share": round(share, 3)})

        try:
            tell(0.0)
            wanted = read_object(path)
            answer(open_run(checkpoints, wanted["run"]), wanted, tell)
        except _StoppedError:
            if self.stopped:
                write_json(path.with_suffix(".fault"), {"sentence": self.stopped})
        except Exception as error:  # one request must not take the others with it
            traceback.print_exception(error)
            sentence = str(error) if isinstance(error, AelibError) else f"{type(error).__name__}: {error}"
            write_json(path.with_suffix(".fault"), {"sentence": sentence[:500]})
        _clear(path)

    def path(self, run: Run, key: str) -> Path:
        """Where the request lies."""
        return self.folder(run.folder.parent) / f"{run.id}~{sha256(key.encode())[:16]}.json"

    def folder(self, checkpoints: Path) -> Path:
        """Where requests lie: beside the runs, or (read-only) in the user's cache."""
        here = checkpoints / f".{self.name}"
        if not os.access(checkpoints, os.W_OK):
            of = sha256(str(checkpoints.resolve()).encode())[:16]
            here = Path.home() / ".cache" / "aelib" / self.name / of
        here.mkdir(parents=True, exist_ok=True)
        return here


class _StoppedError(Exception):
    """A request was taken back while it was answered."""


def of_weights(run: Run, key: str) -> str:
    """A key that is another one for other weights."""
    return f"{key} {weights.weights_version(run)}"


def _asked_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # withdrawn meanwhile
        return 0.0


def _clear(path: Path) -> None:
    for ending in (".json", ".begun", ".stop"):
        path.with_suffix(ending).unlink(missing_ok=True)
