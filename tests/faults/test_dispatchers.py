"""Many runs, several dispatchers, and deaths on both sides: every run once, and never too many at a time."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from aelib.errors import AelibError
from aelib.jobs import queue
from tests.faults.running import config
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]


def all_end(checkpoints, processes, jobs: int, dispatchers: int, seconds: float) -> None:
    runs = [queue.submit(checkpoints, config(epochs=3, seed=seed)) for seed in range(jobs)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "AELIB_RUNS_PER_DEVICE": "2"}
    struck: list[int] = []
    living: list[subprocess.Popen] = []

    def look() -> bool:
        living[:] = [process for process in living if process.poll() is None]
        while len(living) < dispatchers:
            words = [sys.executable, "-m", "tests.faults.nursery", "dispatch", str(checkpoints), str(len(processes))]
            living.append(subprocess.Popen(words, cwd=ROOT, env=environment))
            processes.append(living[-1])
        states = [run.status()["state"] for run in runs]
        if "completed" in states and not struck:
            struck.append(living[0].pid)
            living[0].kill()  # beside those that die by themselves
        assert "failed" not in states, [run.error() for run in runs]
        for run, state in zip(runs, states, strict=True):
            if state == "interrupted" and run.queue()["automatic"] >= queue.AUTOMATIC:
                with contextlib.suppress(AelibError):  # it went back for the last time by itself, just now
                    queue.resume(run)  # the person it waits for
        assert len(queue.active(checkpoints)) <= 2
        return set(states) == {"completed"}

    wait_until(look, seconds, every=0.1)
    assert struck, "a test in which nobody died shows nothing"
    for run in runs:
        assert run.result()["state"] == "completed"
        assert [row["epoch"] for row in run.metrics()] == [1, 2, 3], "no epoch twice"
    assert jobs < 20 or sum(run.queue()["attempt"] for run in runs) > jobs, "some were cut off"
    assert not (checkpoints / ".over").exists(), "never more at work than places"


@pytest.mark.slow
def test_six_jobs_two_dispatchers(checkpoints, processes):
    all_end(checkpoints, processes, 6, 2, 180)


@pytest.mark.slow
def test_sixty_jobs_three_dispatchers(checkpoints, processes):
    all_end(checkpoints, processes, 60, 3, 900)
