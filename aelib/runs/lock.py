"""Liveness without clocks or pids: a worker holds an exclusive lock on its run's ``lock`` file while it lives."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

_held: set[int] = set()


def _close_in_child() -> None:
    # A forked child (a data loader, say) inherits the lock and would keep a dead worker looking alive.
    for handle in _held:
        with contextlib.suppress(OSError):
            os.close(handle)
    _held.clear()


os.register_at_fork(after_in_child=_close_in_child)


@contextlib.contextmanager
def hold(path: Path, patience: int = 20, note: str = "") -> Iterator[bool]:
    """Hold the lock for the length of a ``with`` block; yields False when another process has it.

    Args:
        path: The lock file; made when missing, never deleted.
        patience: Tries, 50 ms apart: a reader of ``is_held`` owns the lock for an instant.
        note: Who holds it, for ``note_of``.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if not _try(handle, fcntl.LOCK_EX, patience):
            yield False
            return
        _held.add(handle)
        with contextlib.suppress(OSError):  # a full disk takes no note; the lock is held all the same
            os.truncate(handle, 0)
            os.write(handle, note.encode())
        yield True
    finally:
        _held.discard(handle)
        with contextlib.suppress(OSError):
            os.close(handle)


@contextlib.contextmanager
def hand_over(path: Path) -> Iterator[int | None]:
    """Take the lock for a child process: a handle to start it with, or None when another process has the lock.

    The lock is the child's for as long as it lives, from before its first instruction; if none is started inside the
    ``with`` block, it is free again afterwards.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        yield handle if _try(handle, fcntl.LOCK_EX, 1) else None
    finally:
        os.close(handle)


@contextlib.contextmanager
def adopt(handle: int) -> Iterator[bool]:
    """Hold a lock that the parent process took with ``hand_over``, for the length of a ``with`` block."""
    os.set_inheritable(handle, False)
    _held.add(handle)
    try:
        yield True
    finally:
        _held.discard(handle)
        with contextlib.suppress(OSError):
            os.close(handle)


def is_held(path: Path) -> bool:
    """Whether some process holds the lock now."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        return not _try(handle, fcntl.LOCK_SH, 1)
    finally:
        os.close(handle)


def note_of(path: Path) -> str:
    """What the holder wrote into the lock; empty when nobody holds it."""
    try:
        return path.read_bytes()[:4096].decode(errors="replace") if is_held(path) else ""
    except OSError:
        return ""


def _try(handle: int, kind: int, patience: int) -> bool:
    import time

    for attempt in range(patience):
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
            return True
        except OSError:
            if attempt + 1 < patience:
                time.sleep(0.05)
    return False
