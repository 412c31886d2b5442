"""A training run beside what is measured, on all cores, as the app starts one."""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

PATIENCE = 120.0  # seconds


@contextlib.contextmanager
def training(checkpoints: Path) -> Iterator[None]:
    """While the block runs, a convolutional model trains on the digits; measured from its second epoch on."""
    from aelib.config import RunConfig
    from aelib.jobs import queue

    config = {"network": {"name": "convolutional"}, "training": {"epochs": 10_000, "device": "cpu"}}
    run = queue.submit(checkpoints, RunConfig.parse(config), name="bench")
    try:
        _wait_until(lambda: run.status().get("epoch", 0) >= 1)
        yield
    finally:
        queue.stop(run)
        _wait_until(lambda: run.status()["state"] not in ("queued", "starting", "running", "stopping"))


def _wait_until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > until:
            raise RuntimeError("the training did not get where it should")
        time.sleep(0.05)
