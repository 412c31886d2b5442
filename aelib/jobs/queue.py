"""Submit, stop, resume, claim: every change of who-runs-what is one transaction."""

import sqlite3
import time
from pathlib import Path

from aelib.config import RunConfig
from aelib.datasets._base import load_dataset
from aelib.errors import AelibError
from aelib.files import write_json
from aelib.runs import index
from aelib.runs.folder import ACTIVE, Run, create_run, delete_run, restore_run
from aelib.runs.lock import is_held

RUNS_PER_DEVICE = 1


def prepare(config: RunConfig) -> RunConfig:
    """Check a config against its dataset and stamp the dataset's hash into it. Raises before memory is touched."""
    from aelib.models._base import check

    dataset = load_dataset(config.dataset)
    check(config, dataset.info)
    return config.model_copy(update={"dataset_hash": dataset.hash})


def submit(checkpoints: Path, config: RunConfig, *, name: str = "", nonce: str = "") -> Run:
    """Put a run into the queue. The same nonce again gives the run that is already there (a double click)."""
    prepared = prepare(config)
    with index.transaction(checkpoints) as connection:
        row = connection.execute("SELECT id FROM runs WHERE nonce = ?", (nonce,)).fetchone() if nonce else None
        if row:
            return Run(checkpoints / row[0])
        run = create_run(checkpoints, prepared, name=name, nonce=nonce)
        index.insert(connection, run, "queued")
    return run


def stop(run: Run) -> None:
    """Ask a run to stop. A queued one stops at once; a running one at its next report, within about a second."""
    with index.transaction(run.folder.parent) as connection:
        state = run.status()["state"]
        if state == "queued":
            connection.execute("UPDATE runs SET state = 'stopped' WHERE id = ?", (run.id,))
            run.write_status(**{**run.status(), "state": "stopped", "ended": time.time()})
        elif state in ACTIVE:
            run.change_queue(stop_requested=True)
        else:
            raise AelibError("E_CONFLICT", f"{run.id} is not running", f"it is {state}")


def resume(run: Run, owner: str = "") -> tuple[Run, int] | None:
    """Queue a stopped, interrupted or failed run again; it goes on from its last resume point.

    With an ``owner`` it is claimed at once, before any other can take it, and given as by ``claim``.
    """
    with index.transaction(run.folder.parent) as connection:
        status = run.status()
        if status["state"] not in ("stopped", "interrupted", "failed", "paused"):
            raise AelibError("E_CONFLICT", f"{run.id} cannot be resumed", f"it is {status['state']}")
        run.change_queue(stop_requested=False)
        (run.folder / "error.json").unlink(missing_ok=True)
        run.write_status(**{**status, "state": "queued"})
        index.insert(connection, run, "queued")
        return take(connection, run.folder.parent, owner, run.id) if owner else None


def describe(run: Run, name: str, note: str) -> None:
    """Keep the user's name and note for a run; display text only."""
    with index.transaction(run.folder.parent):
        run.change_queue(name=name[:120], note=note[:2000])


def delete(run: Run) -> Path:
    """Move a run to the trash and out of the queue. Raises ``E_CONFLICT`` for one that trains."""
    with index.transaction(run.folder.parent) as connection:
        trashed = delete_run(run)
        connection.execute("DELETE FROM runs WHERE id = ?", (run.id,))
    return trashed


def restore(trashed: Path) -> Run:
    """Undo ``delete``; a run that was queued waits again."""
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
        (run_id, RUNS_PER_DEVICE),
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


def give_up_start(run: Run, attempt: int) -> None:
    """A worker that ended before it took its run (it could not even start) leaves the run failed, with a sentence."""
    with index.transaction(run.folder.parent) as connection:
        cursor = connection.execute(
            "UPDATE runs SET state = 'failed' WHERE id = ? AND attempt = ? AND state = 'starting'", (run.id, attempt)
        )
        if cursor.rowcount and run.folder.exists():
            why = AelibError("E_WORKER", f"The worker of {run.id} could not start", "", "worker.log has the details")
            write_json(run.folder / "error.json", {"attempt": attempt, "state": "failed", **why.as_dict()})
            run.write_status(**{**run.status(), "state": "failed", "problem": str(why)})


def reconcile(checkpoints: Path) -> None:
    """Free the places of runs whose worker is gone. No clock, no pid, no heartbeat: only held locks decide.

    A run in state starting may not have its lock yet; it is given up only when its claimer is gone too.
    """
    with index.transaction(checkpoints) as connection:
        rows = connection.execute(
            "SELECT id, state, owner FROM runs WHERE state IN ('starting','running','stopping')"
        ).fetchall()
        for run_id, state, owner in rows:
            run = Run(checkpoints / run_id)
            starting = state == "starting" and is_held(checkpoints / owner) if owner else False
            if starting or is_held(run.folder / "lock"):
                continue
            ended = "failed"
            try:
                ended = _ended(run)
                run.write_status(**{**run.status(), "state": ended})
            except AelibError as error:  # a folder that is gone or broken frees its place all the same
                if error.code == "E_DISK":
                    raise
            connection.execute("UPDATE runs SET state = ? WHERE id = ?", (ended, run_id))


def _ended(run: Run) -> str:
    if not run.folder.exists():
        raise AelibError("E_NO_RUN", f"The folder of {run.id} is gone")
    for ending in (run.result(), run.error()):
        if ending.get("attempt") == run.queue().get("attempt"):
            return ending.get("state", "failed")
    return "interrupted"
