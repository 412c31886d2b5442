"""Which process is meant: a number alone may by now be a stranger's, so its boot and its start time belong to it.

Only Linux tells both (``/proc``). Elsewhere a process has no identity here, and nothing is ever signalled.
"""

import contextlib
import json
import os
import signal
from pathlib import Path
from typing import Any


def identity(pid: int) -> dict[str, Any]:
    """Number, boot and start time of a living process; empty where they cannot be known."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return {"pid": pid, "boot": boot, "started": int(_fields(pid)[19])}
    except (OSError, ValueError, IndexError):
        return {}


def read_identity(text: str) -> dict[str, Any]:
    """An identity from the text of a lock file; empty for any other text."""
    with contextlib.suppress(ValueError, RecursionError):
        found = json.loads(text)
        if isinstance(found, dict) and isinstance(found.get("pid"), int) and found["pid"] > 1:
            return found
    return {}


def is_alive(one: dict[str, Any]) -> bool:
    """Whether this very process still exists."""
    return bool(one) and identity(one["pid"]) == one


def is_suspended(one: dict[str, Any]) -> bool:
    """Whether this very process was halted from outside (SIGSTOP, a debugger)."""
    try:
        return is_alive(one) and _fields(one["pid"])[0] in ("T", "t")
    except (OSError, IndexError):
        return False


def send(one: dict[str, Any], number: signal.Signals) -> bool:
    """Signal this very process and no other; False when it is gone (or its number is another's by now)."""
    if not one or one["pid"] == os.getpid():
        return False
    try:
        handle = os.pidfd_open(one["pid"])  # from here on the number cannot pass to another unnoticed
    except (AttributeError, OSError):
        return False
    try:
        if not is_alive(one):
            return False
        signal.pidfd_send_signal(handle, number)
    except OSError:
        return False
    finally:
        os.close(handle)
    return True


def _fields(pid: int) -> list[str]:
    """``/proc/PID/stat`` from the state on: the name before it may hold anything, even brackets."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
