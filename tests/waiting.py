"""Waiting for something to become true, instead of sleeping and hoping."""

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], object], seconds: float = 60.0, every: float = 0.02) -> None:
    """Return as soon as a condition holds; fail when it does not within this time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(every)
