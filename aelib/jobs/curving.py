"""The worker of severity curves: started when one is asked for, it ends when none is left.

Requests lie as files on a desk beside the runs: ``.json`` what is wanted, ``.begun`` how far it has come, ``.fault``
why it came to nothing.
"""

import contextlib
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from aelib.config import PluginConfig, read_choice
from aelib.errors import AelibError
from aelib.files import read_object, sha256, write_json
from aelib.jobs import local
from aelib.measures import severity
from aelib.registry import CORRUPTIONS
from aelib.runs import weights
from aelib.runs.folder import Run, open_run
from aelib.runs.lock import adopt, hand_over, hold, is_held


def request(run: Run, stack: Sequence[PluginConfig]) -> str:
    """Ask for a curve that is not kept; asking again costs nothing.

    Returns:
        The sentence of the fault it ended with, or empty while it waits or runs.
    """
    path = _request(run, stack)
    fault = path.with_suffix(".fault")
    if fault.exists():
        return str(read_object(fault).get("sentence", "it failed"))
    if not path.exists():
        write_json(path, {"run": run.id, "stack": [config.model_dump(mode="json") for config in stack]})
    _start(run.folder.parent)
    return ""


def progress(run: Run, stack: Sequence[PluginConfig]) -> float | None:
    """How far a curve has come, 0 to 1; None where it waits or nobody asked for it."""
    with contextlib.suppress(AelibError, LookupError, ValueError, TypeError):
        return min(1.0, max(0.0, float(read_object(_request(run, stack).with_suffix(".begun"))["share"])))
    return None


def is_asked(run: Run, stack: Sequence[PluginConfig]) -> bool:
    """Whether a curve was asked for and is not there yet."""
    path = _request(run, stack)
    return path.exists() or path.with_suffix(".fault").exists()


def forget_fault(run: Run, stack: Sequence[PluginConfig]) -> None:
    """Let a curve that failed be asked for again."""
    _request(run, stack).with_suffix(".fault").unlink(missing_ok=True)


def serve(checkpoints: Path, handle: int | None = None) -> int:
    """Answer requests until there is none. Only one such process per folder."""
    desk = _desk(checkpoints)
    with hold(desk / "lock") if handle is None else adopt(handle) as held:
        if not held:
            return 75
        for begun in desk.glob("*.begun"):  # the last worker died over it: it is not tried again by itself
            write_json(begun.with_suffix(".fault"), {"sentence": "The worker ended while it computed this curve."})
            for left in (".json", ".begun"):
                begun.with_suffix(left).unlink(missing_ok=True)
        while waiting := sorted(desk.glob("*.json")):
            for path in waiting:
                _answer(checkpoints, path)
    return 0


def _answer(checkpoints: Path, path: Path) -> None:
    begun = path.with_suffix(".begun")
    try:
        write_json(begun, {"share": 0.0})
        wanted = read_object(path)
        stack = [read_choice(CORRUPTIONS, part) for part in wanted["stack"]]
        run = open_run(checkpoints, wanted["run"])
        severity.measure(run, stack, lambda share: write_json(begun, {"share": round(share, 3)}))
    except Exception as error:  # one request must not take the others with it
        traceback.print_exception(error)
        sentence = str(error) if isinstance(error, AelibError) else f"{type(error).__name__}: {error}"
        write_json(path.with_suffix(".fault"), {"sentence": sentence[:500]})
    for done in (path, begun):
        done.unlink(missing_ok=True)


def _start(checkpoints: Path) -> None:
    desk = _desk(checkpoints)
    if is_held(desk / "lock"):
        return
    with hand_over(desk / "lock") as handle:
        if handle is not None:
            arguments = (str(checkpoints.resolve()), str(handle))
            local.start("aelib.jobs.curving", *arguments, log=desk / "worker.log", keep=handle)


def _request(run: Run, stack: Sequence[PluginConfig]) -> Path:
    version = sha256(f"{severity.key(stack)} {weights.weights_version(run)}".encode())[:16]
    return _desk(run.folder.parent) / f"{run.id}~{version}.json"


def _desk(checkpoints: Path) -> Path:
    """Where requests lie: beside the runs, or (read-only) in the user's cache."""
    here = checkpoints / ".curving"
    if not os.access(checkpoints, os.W_OK):
        folder = sha256(str(checkpoints.resolve()).encode())[:16]
        here = Path.home() / ".cache" / "aelib" / "curving" / folder
    here.mkdir(parents=True, exist_ok=True)
    return here


if __name__ == "__main__":
    os.nice(5)  # a training and the page come first
    sys.exit(serve(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else None))
