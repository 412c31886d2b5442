"""A desk of requests to a worker that is started when one is asked for and ends when none is left.

Requests lie as files beside the runs, one name each: ``.json`` what is wanted, ``.begun`` how far it has come,
``.stop`` when it shall end, ``.fault`` why it came to nothing.
"""

import contextlib
import os
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

Answer = Callable[[Run, dict[str, Any], Callable[[float], None]], None]


class Desk:
    """The requests of one kind; ``key`` names what is asked of a run.

    Args:
        name: Of its folder beside the runs.
        module: Of its worker, which calls ``serve``.
        died: What is said of a request that the worker died over.
    """

    def __init__(self, name: str, module: str, died: str) -> None:
        self.name, self.module, self.died = name, module, died

    def ask(self, run: Run, key: str, wanted: dict[str, Any]) -> str:
        """Put a request on the desk and see that there is a worker; asking again costs nothing.

        Returns:
            The sentence of the fault it ended with, or empty while it waits or runs.
        """
        path = self._path(run, key)
        fault = path.with_suffix(".fault")
        if fault.exists():
            return str(read_object(fault).get("sentence", "it failed"))
        path.with_suffix(".stop").unlink(missing_ok=True)  # wanted again before it was stopped
        if not path.exists():
            write_json(path, {**wanted, "run": run.id})
        self._start(run.folder.parent)
        return ""

    def progress(self, run: Run, key: str) -> float | None:
        """How far it has come, 0 to 1; None where it waits or nobody asked for it."""
        with contextlib.suppress(AelibError, LookupError, ValueError, TypeError):
            return min(1.0, max(0.0, float(read_object(self._path(run, key).with_suffix(".begun"))["share"])))
        return None

    def is_asked(self, run: Run, key: str) -> bool:
        """Whether it was asked for and is neither there yet nor stopped."""
        path = self._path(run, key)
        waits = path.exists() and not path.with_suffix(".stop").exists()
        return waits or path.with_suffix(".fault").exists()

    def stop(self, run: Run, key: str) -> None:
        """Take a request back: one that waits never begins, one that runs ends where it next tells how far it is."""
        path = self._path(run, key)
        if path.exists():
            write_json(path.with_suffix(".stop"), {})

    def forget_fault(self, run: Run, key: str) -> None:
        """Let what failed be asked for again."""
        self._path(run, key).with_suffix(".fault").unlink(missing_ok=True)

    def serve(self, checkpoints: Path, answer: Answer, handle: int | None = None) -> int:
        """Answer requests until there is none. Only one such process per folder of runs.

        Args:
            checkpoints: The folder of runs.
            answer: Is given the run, what is wanted, and what to tell how far it has come (0 to 1).
            handle: The worker's lock, when whoever started this process took it and left it to us.
        """
        folder = self._folder(checkpoints)
        with hold(folder / "lock") if handle is None else adopt(handle) as held:
            if not held:
                return 75
            for begun in folder.glob("*.begun"):  # the last worker died over it: it is not tried again by itself
                if not begun.with_suffix(".stop").exists():
                    write_json(begun.with_suffix(".fault"), {"sentence": self.died})
                _clear(begun.with_suffix(".json"))
            while waiting := sorted(folder.glob("*.json")):
                for path in waiting:
                    self._answer(checkpoints, path, answer)
        return 0

    def _answer(self, checkpoints: Path, path: Path, answer: Answer) -> None:
        def tell(share: float) -> None:
            if path.with_suffix(".stop").exists():
                raise _StoppedError
            write_json(path.with_suffix(".begun"), {"share": round(share, 3)})

        try:
            tell(0.0)
            wanted = read_object(path)
            answer(open_run(checkpoints, wanted["run"]), wanted, tell)
        except _StoppedError:
            pass
        except Exception as error:  # one request must not take the others with it
            traceback.print_exception(error)
            sentence = str(error) if isinstance(error, AelibError) else f"{type(error).__name__}: {error}"
            write_json(path.with_suffix(".fault"), {"sentence": sentence[:500]})
        _clear(path)

    def _start(self, checkpoints: Path) -> None:
        folder = self._folder(checkpoints)
        if is_held(folder / "lock"):
            return
        with hand_over(folder / "lock") as handle:
            if handle is not None:
                arguments = (str(checkpoints.resolve()), str(handle))
                local.start(self.module, *arguments, log=folder / "worker.log", keep=handle)

    def _path(self, run: Run, key: str) -> Path:
        """Where the request lies: another one for other weights."""
        version = sha256(f"{key} {weights.weights_version(run)}".encode())[:16]
        return self._folder(run.folder.parent) / f"{run.id}~{version}.json"

    def _folder(self, checkpoints: Path) -> Path:
        """Where requests lie: beside the runs, or (read-only) in the user's cache."""
        here = checkpoints / f".{self.name}"
        if not os.access(checkpoints, os.W_OK):
            of = sha256(str(checkpoints.resolve()).encode())[:16]
            here = Path.home() / ".cache" / "aelib" / self.name / of
        here.mkdir(parents=True, exist_ok=True)
        return here


class _StoppedError(Exception):
    """A request was taken back while it was answered."""


def _clear(path: Path) -> None:
    for ending in (".json", ".begun", ".stop"):
        path.with_suffix(ending).unlink(missing_ok=True)
