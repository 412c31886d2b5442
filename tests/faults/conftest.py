"""Workers of the tests that kill them."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aelib.runs.folder import Run

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a kill -9 leaves does not hang on fsync; a slow disk would make minutes of these seconds."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


@pytest.fixture(scope="session")
def _nursery() -> Iterator[subprocess.Popen]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.nursery"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    with process:
        yield process
        assert process.stdin
        process.stdin.close()
        process.wait()


@pytest.fixture
def start_worker(_nursery, workers) -> Callable[[Run, int], int]:
    """Start a worker process for a claimed run, at once; returns its process id. It is killed at the test's end."""

    def start(run: Run, attempt: int) -> int:
        assert _nursery.stdin
        assert _nursery.stdout
        print(run.folder.parent, run.id, attempt, file=_nursery.stdin, flush=True)
        workers.append(int(_nursery.stdout.readline()))
        return workers[-1]

    return start


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen]]:
    """Processes that a test started; whatever still lives at its end is killed."""
    started: list[subprocess.Popen] = []
    yield started
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
        process.wait()
