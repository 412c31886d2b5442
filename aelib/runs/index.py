"""The SQLite index: it orders the queue by transactions, and can be thrown away and rebuilt from the folders."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aelib.device import likely_device
from aelib.errors import AelibError
from aelib.runs.folder import Run, list_runs
from aelib.runs.lock import hold

FILE = "index.db"
FILLED = 1  # user_version of an index into which the folders were read
_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT UNIQUE NOT NULL,
    state TEXT NOT NULL,
    device TEXT NOT NULL,
    priority INTEGER NOT NULL DEFAULT 0,
    attempt INTEGER NOT NULL DEFAULT 0,
    owner TEXT NOT NULL DEFAULT '',
    nonce TEXT UNIQUE
)
"""


@contextlib.contextmanager
def transaction(checkpoints: Path) -> Iterator[sqlite3.Connection]:
    """A write transaction on the index; made, and filled from the folders, when it is not there.

    Raises ``E_DISK`` when the folder cannot be written and ``E_BUSY`` when another process holds it for 15 s.
    """
    try:
        with contextlib.closing(_open(checkpoints)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                if connection.in_transaction:  # SQLite itself may have rolled back, on a full disk for one
                    connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise AelibError("E_BUSY", "The queue is busy", "another process is writing to it", "Try again") from None
        raise AelibError(
            "E_DISK",
            f"The queue in {checkpoints} cannot be written",
            str(error),
            "Choose a writable folder with --checkpoints or AELIB_CHECKPOINTS, or make room",
        ) from None


def rebuild(checkpoints: Path) -> int:
    """Throw away what the index holds and fill it from the run folders; returns the number of runs found.

    Others may be at work: it is one transaction, and a worker that is just being started keeps its claim.
    """
    with transaction(checkpoints) as connection:  # a damaged file is replaced by this already
        owners = connection.execute("SELECT owner, id, attempt FROM runs WHERE state = 'starting'").fetchall()
        connection.execute("DELETE FROM runs")
        _enter_all(connection, checkpoints)
        connection.executemany("UPDATE runs SET owner = ? WHERE id = ? AND attempt = ? AND state = 'starting'", owners)
        return connection.execute("SELECT count(*) FROM runs").fetchone()[0]


def insert(connection: sqlite3.Connection, run: Run, state: str) -> None:
    """Enter one run as its folder describes it."""
    queue = run.queue()
    training = run.raw_config.get("training")
    device = likely_device(str(training.get("device", "auto")) if isinstance(training, dict) else "auto")
    values: tuple[Any, ...] = (
        run.id, state, device, queue.get("priority", 0), queue.get("attempt", 0), queue.get("nonce") or None,
    )  # fmt: skip
    connection.execute(
        "INSERT OR REPLACE INTO runs (id, state, device, priority, attempt, nonce) VALUES (?, ?, ?, ?, ?, ?)", values
    )


def _open(checkpoints: Path) -> sqlite3.Connection:
    """A connection to the index; making it, and replacing a damaged one, is done by one process at a time.

    SQLite turns a new file to write-ahead logging without waiting for others who try the same, and a file that is
    being replaced may answer a reader with any error: so whoever does not find it sound looks again under a lock.
    """
    try:
        checkpoints.mkdir(parents=True, exist_ok=True)
        if _is_made(checkpoints):
            with contextlib.suppress(sqlite3.OperationalError):
                if connection := _connect(checkpoints):
                    return connection
        with hold(checkpoints / f".{FILE}.lock", patience=300) as alone:
            if not alone:
                raise sqlite3.OperationalError("locked by another who makes it")
            if connection := _connect(checkpoints):
                return connection
            _remove(checkpoints)  # damaged: it holds nothing that the folders do not
            if connection := _connect(checkpoints):
                return connection
    except OSError as error:
        raise sqlite3.OperationalError(error.strerror or "cannot be made") from None
    raise sqlite3.OperationalError("it is damaged again as soon as it is made")


def _is_made(checkpoints: Path) -> bool:
    try:
        return (checkpoints / FILE).stat().st_size > 0
    except FileNotFoundError:
        return False


def _connect(checkpoints: Path) -> sqlite3.Connection | None:
    """A connection to a sound and filled index; None when the file is damaged."""
    connection = sqlite3.connect(checkpoints / FILE, timeout=15, isolation_level=None)
    try:
        if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
            connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        if connection.execute("PRAGMA quick_check").fetchone() != ("ok",):
            connection.close()
            return None
        if connection.execute("PRAGMA user_version").fetchone() != (FILLED,):
            _fill(connection, checkpoints)
    except sqlite3.DatabaseError as error:
        connection.close()
        if isinstance(error, sqlite3.OperationalError):
            raise
        return None
    return connection


def _fill(connection: sqlite3.Connection, checkpoints: Path) -> None:
    """Make the table and enter all runs, once: whoever comes second finds ``user_version`` set."""
    connection.execute("BEGIN IMMEDIATE")
    if connection.execute("PRAGMA user_version").fetchone() != (FILLED,):
        connection.execute(_SCHEMA)
        _enter_all(connection, checkpoints)
        connection.execute(f"PRAGMA user_version = {FILLED}")
    connection.execute("COMMIT")


def _enter_all(connection: sqlite3.Connection, checkpoints: Path) -> None:
    """Every sound run, in the order they came into the queue; a broken folder is shown by its page, not queued."""

    def came(run: Run) -> float:
        with contextlib.suppress(AelibError):
            queued = run.queue().get("queued")
            return float(queued) if isinstance(queued, int | float) else 0.0
        return 0.0

    oldest_first = list_runs(checkpoints)[::-1]
    for run in sorted(oldest_first, key=came):
        with contextlib.suppress(AelibError):
            insert(connection, run, run.status()["state"])


def _remove(checkpoints: Path) -> None:
    for name in (FILE, f"{FILE}-wal", f"{FILE}-shm"):
        (checkpoints / name).unlink(missing_ok=True)
