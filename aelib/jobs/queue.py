"""Submit, stop, resume, claim: every change of who-runs-what is one transaction."""

import os
import sqlite3
import time
from pathlib import Path
from typing import Any

from aelib.config import RunConfig
from aelib.datasets._base import load_dataset
from aelib.errors import AelibError
from aelib.files import write_json
from aelib.jobs.permission import refuse_in_demo
from aelib.jobs.starting import start_files
from aelib.runs import index
from aelib.runs.folder import ACTIVE, Run, create_run, delete_run, restore_run
from aelib.runs.lock import is_held

AUTOMATIC = 3  # times that a run which was cut off is taken up again without anybody asking
PRIORITIES = (-100, 100)
RESUMABLE = ("stopped", "interrupted", "failed", "paused")


def runs_per_device() -> int:
    """How many runs one device trains at once: ``AELIB_RUNS_PER_DEVICE``, else 1. Raises ``E_CONFIG``."""
    text = os.environ.get("AELIB_RUNS_PER_DEVICE", "").strip() or "1"
    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise AelibError("E_CONFIG", "AELIB_RUNS_PER_DEVICE is out of range", f"got {text[:40]!r}", "Allowed: 1 to 64")
    return int(text)


def prepare(config: RunConfig) -> RunConfig:
    """Check a config against its dataset and stamp the dataset's hash into it. Raises before memory is touched."""
    from aelib.models._base import check

    dataset = load_dataset(config.dataset)
    check(config, dataset.info)
    return config.model_copy(update={"dataset_hash": dataset.hash})


def submit(checkpoints: Path, config: RunConfig, *, name: str = "", nonce: str = "") -> Run:
    """Put a run into the queue. The same nonce again gives the run that is already there (a double click)."""
    refuse_in_demo("Training")
    return enter(checkpoints, prepare(config), name=name, nonce=nonce)


def enter(
    checkpoints: Path, prepared: RunConfig, *, name: str = "", nonce: str = "", sweep: dict[str, Any] | None = None
) -> Run:
    """The second half of ``submit``: what ``prepare`` gave comes into the queue."""
    refuse_in_demo("Training")
    files = start_files(checkpoints, prepared)
    with index.transaction(checkpoints) as connection:
        row = connection.execute("SELECT id FROM runs WHERE nonce = ?", (nonce,)).fetchone() if nonce else None
        if row:
            return Run(checkpoints / row[0])
        run = create_run(checkpoints, prepared, name=name, nonce=nonce, files=files)
        if sweep:
            run.change_queue(sweep=sweep)
        index.insert(connection, run, "queued")
    return run


def stop(run: Run, as_state: str = "stopped") -> None:
    """Ask a run to stop. A queued one stops at once; a running one at its next report, else see ``stopping``.

    Args:
        run: Waiting or active.
        as_state: ``stopped``, or ``paused``: the same to the run, another word to whoever sees it in the list.
    """
    refuse_in_demo("Stopping a run")
    with index.transaction(run.folder.parent) as connection:
        state = run.status()["state"]
        if state == "queued":
            connection.execute("UPDATE runs SET state = ? WHERE id = ?", (as_state, run.id))
            run.write_status(**{**run.status(), "state": as_state, "ended": time.time()})
        elif state in ACTIVE:
            run.change_queue(stop_requested=True, stop_as=as_state)
        else:
            raise AelibError("E_CONFLICT", f"{run.id} is not running", f"it is {state}")


def pause(run: Run) -> None:
    """Ask a run to make room: it ends as ``stop`` would have it, in state paused, and waits to be resumed."""
    stop(run, "paused")


def resume(run: Run, owner: str = "", pace: dict[str, Any] | None = None) -> tuple[Run, int] | None:
    """Queue a stopped, paused, interrupted or failed run again; it goes on from its last resume point.

    At full speed, or at a ``pace`` (see ``stepping``). With an ``owner`` it is claimed at once, before any other can
    take it, and given as by ``claim``.
    """
    refuse_in_demo("Resuming a run")
    with index.transaction(run.folder.parent) as connection:
        status = run.status()
        if status["state"] not in RESUMABLE:
            raise AelibError("E_CONFLICT", f"{run.id} cannot be resumed", f"it is {status['state']}")
        asked = run.queue().get("asked", [])
        walked = any("pace" in settings for settings in asked)
        asked = [*asked, pace or {"pace": "go"}] if pace or walked else asked
        run.change_queue(stop_requested=False, automatic=0, in_front=bool(owner), queued=time.time(), asked=asked)
        (run.folder / "error.json").unlink(missing_ok=True)
        run.write_status(**{**_without_problem(status), "state": "queued"})
        index.insert(connection, run, "queued")
        return take(connection, run.folder.parent, owner, run.id) if owner else None


def describe(run: Run, name: str, note: str) -> None:
    """Keep the user's name and note for a run; display text only."""
    refuse_in_demo("Renaming a run")
    with index.transaction(run.folder.parent):
        run.change_queue(name=name[:120], note=note[:2000])


def prioritise(run: Run, priority: int) -> None:
    """Give a run its place in the queue: higher ones start first, equal ones in the order they came."""
    refuse_in_demo("Changing the queue")
    low, high = PRIORITIES
    if not low <= priority <= high:
        raise AelibError("E_CONFIG", "priority is out of range", f"got {priority}", f"Allowed: {low} to {high}")
    with index.transaction(run.folder.parent) as connection:
        run.change_queue(priority=priority)
        connection.execute("UPDATE runs SET priority = ? WHERE id = ?", (priority, run.id))


def delete(run: Run) -> Path:
    """Move a run to the trash and out of the queue. Raises ``E_CONFLICT`` for one that trains."""
    refuse_in_demo("Deleting a run")
    with index.transaction(run.folder.parent) as connection:
        trashed = delete_run(run)
        connection.execute("DELETE FROM runs WHERE id = ?", (run.id,))
    return trashed


def restore(trashed: Path) -> Run:
    """Undo ``delete``; a run that was queued waits again."""
    refuse_in_demo("Restoring a run")
    with index.transaction(trashed.parent.parent) as connection:
        run = restore_run(trashed)
        index.insert(connection, run, run.status()["state"])
    return run


def claim(checkpoints: Path, owner: str, run_id: str = "") -> tuple[Run, int] | None:
    """Take the next queued run whose device is free, as state starting under a new attempt number.

    Args:
        checkpoints: The folder of run folders.
        owner: Name of the lock file that the claiming process holds (see ``reconcile``).
        run_id: Take this run and no other, whatever its device is doing (the command line's own run).

    Returns:
        The run and its attempt, or None when nothing can start.
    """
    with index.transaction(checkpoints) as connection:
        return take(connection, checkpoints, owner, run_id)


def take(connection: sqlite3.Connection, checkpoints: Path, owner: str, run_id: str = "") -> tuple[Run, int] | None:
    """``claim`` within a transaction that is open already."""
    row = connection.execute(
        """SELECT id, attempt FROM runs AS waiting WHERE state = 'queued' AND (id = ?1 OR ?1 = '' AND
           (SELECT count(*) FROM runs WHERE device = waiting.device AND state IN ('starting','running','stopping'))
           < ?2) ORDER BY priority DESC, seq LIMIT 1""",
        (run_id, runs_per_device()),
    ).fetchone()
    if row is None:
        return None
    run, attempt = Run(checkpoints / row[0]), row[1] + 1
    if not (run.folder / "config.json").exists():  # deleted while it waited
        connection.execute("DELETE FROM runs WHERE id = ?", (run.id,))
        return None
    try:
        status, _ = run.status(), run.queue()
    except AelibError:  # a broken folder must not hold up those behind it; its page says what is broken
        connection.execute("UPDATE runs SET state = 'failed' WHERE id = ?", (run.id,))
        return None
    run.change_queue(attempt=attempt)
    connection.execute(
        "UPDATE runs SET state = 'starting', attempt = ?, owner = ? WHERE id = ?", (attempt, owner, run.id)
    )
    run.write_status(**{**status, "state": "starting", "attempt": attempt})
    return run, attempt


def set_state(run: Run, attempt: int, state: str) -> bool:
    """Move a run on, if this attempt is still the one that counts (a fencing token)."""
    with index.transaction(run.folder.parent) as connection:
        cursor = connection.execute("UPDATE runs SET state = ? WHERE id = ? AND attempt = ?", (state, run.id, attempt))
        return cursor.rowcount == 1


def take_up(run: Run, attempt: int) -> bool:
    """A worker's first act: its run is running now, if it was started for this very attempt and nobody gave it up."""
    with index.transaction(run.folder.parent) as connection:
        cursor = connection.execute(
            "UPDATE runs SET state = 'running' WHERE id = ? AND attempt = ? AND state = 'starting'", (run.id, attempt)
        )
        return cursor.rowcount == 1


def active(checkpoints: Path) -> list[tuple[Run, int]]:
    """The runs that have a place on a device now, each with its attempt."""
    with index.transaction(checkpoints) as connection:
        found = connection.execute(
            "SELECT id, attempt FROM runs WHERE state IN ('starting','running','stopping')"
        ).fetchall()
    return [(Run(checkpoints / run_id), attempt) for run_id, attempt in found]


def give_up_start(run: Run, attempt: int, killed: bool = False) -> None:
    """A worker that ended before it took its run leaves the run failed, with a sentence.

    Args:
        run: Still starting; any other is left alone.
        attempt: That of the worker.
        killed: It was cut off by a signal: no fault of the run, which goes on as ``reconcile`` has it.
    """
    with index.transaction(run.folder.parent) as connection:
        row = (run.id, attempt)
        if not connection.execute(
            "SELECT 1 FROM runs WHERE id = ? AND attempt = ? AND state = 'starting'", row
        ).fetchone():
            return
        if killed:
            _free(connection, run, again=True)
            return
        connection.execute("UPDATE runs SET state = 'failed' WHERE id = ? AND attempt = ?", row)
        if run.folder.exists():
            why = AelibError("E_WORKER", f"The worker of {run.id} could not start", "", "worker.log has the details")
            write_json(run.folder / "error.json", {"attempt": attempt, "state": "failed", **why.as_dict()})
            run.write_status(**{**run.status(), "state": "failed", "problem": str(why)})


def reconcile(checkpoints: Path, *, again: bool = False) -> None:
    """Free the places of runs whose worker is gone. No clock, no pid, no heartbeat: only held locks decide.

    A run in state starting may not have its lock yet; it is given up only when its claimer is gone too.

    Args:
        checkpoints: The folder of run folders.
        again: Whether a run that was cut off goes back to its place in the queue: ``AUTOMATIC`` times, then it waits
            for a person. One that a command line trained waits at once: it was somebody's, at a terminal.
    """
    with index.transaction(checkpoints) as connection:
        rows = connection.execute(
            "SELECT id, state, owner FROM runs WHERE state IN ('starting','running','stopping')"
        ).fetchall()
        for run_id, state, owner in rows:
            run = Run(checkpoints / run_id)
            starting = state == "starting" and is_held(checkpoints / owner) if owner else False
            if not starting and not is_held(run.folder / "lock"):
                _free(connection, run, again)


def _free(connection: sqlite3.Connection, run: Run, again: bool) -> None:
    """Write how a run ended whose worker is gone, and let its place be another's."""
    ended = "failed"
    try:
        if not run.folder.exists():
            raise AelibError("E_NO_RUN", f"The folder of {run.id} is gone")
        known = run.queue()
        ended = run.ended_state(known.get("attempt", -1))
        if ended == "interrupted" and again and not known.get("in_front") and known.get("automatic", 0) < AUTOMATIC:
            run.change_queue(automatic=known.get("automatic", 0) + 1)
            ended = "queued"
        run.write_status(**{**run.status(), "state": ended})
    except AelibError as error:  # a folder that is gone or broken frees its place all the same
        if error.code == "E_DISK":
            raise
    connection.execute("UPDATE runs SET state = ? WHERE id = ?", (ended, run.id))


def _without_problem(status: dict) -> dict:
    return {key: value for key, value in status.items() if key not in ("problem", "ended")}
