"""A disk that fills up under a training: it ends in a sentence, and goes on when there is room."""

import contextlib
import os
import subprocess

import pytest

from aelib.cli._train import train_in_front
from aelib.jobs import queue, training
from aelib.runs.lock import is_held
from tests.faults.running import claimed, config, log, outcome
from tests.waiting import wait_until


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 1.5 MB."""
    place = tmp_path / "small"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1536k", "tmpfs", str(place)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("mounting a tmpfs is not allowed here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(path) -> None:
    """Take all the room there is now."""
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 4096)


def test_a_full_disk_ends_in_words_and_the_run_goes_on_when_there_is_room(small_disk, tmp_path, monkeypatch):
    monkeypatch.setattr(training, "RESUME_SECONDS", 0.0)
    monkeypatch.setattr("aelib.training.loop.REPORT_SECONDS", 0.0)
    whole = config(epochs=6)
    unbroken, _ = train_in_front(tmp_path / "unbroken", whole, quiet=True)
    checkpoints = small_disk / "checkpoints"
    run = queue.submit(checkpoints, whole)

    def filling(report) -> None:
        if report.finished and report.epoch == 3:
            fill(small_disk / "others")

    assert training.work(*claimed(checkpoints, run), filling) == "failed"
    assert run.status()["state"] == "failed"
    assert run.error()["code"] == "E_DISK"
    assert "full" in run.status()["problem"]
    assert not list(run.folder.rglob("*.tmp")), "nothing half-written is left"
    os.unlink(small_disk / "others")
    queue.resume(run)
    assert training.work(*claimed(checkpoints, run)) == "completed", run.error()
    assert outcome(run) == outcome(unbroken)


@pytest.mark.slow
def test_a_disk_without_any_room_leaves_a_run_that_is_taken_up_later(small_disk, start_worker):
    checkpoints = small_disk / "checkpoints"
    run = queue.submit(checkpoints, config(epochs=9_000))
    start_worker(*claimed(checkpoints, run))
    wait_until(lambda: len(run.metrics()) > 3)

    def fuller() -> bool:
        fill(small_disk / f"others-{len(os.listdir(small_disk))}")
        return not is_held(run.folder / "lock")

    wait_until(fuller)
    assert run.status()["state"] in ("failed", "interrupted"), log(run)
    for path in small_disk.glob("others-*"):
        path.unlink()
    queue.reconcile(checkpoints, again=True)
    if run.status()["state"] == "failed":
        queue.resume(run)
    assert run.status()["state"] == "queued"
    before = len(run.metrics())
    start_worker(*claimed(checkpoints, run))
    wait_until(lambda: run.status()["state"] == "running" and len(run.metrics()) > before - 2)
