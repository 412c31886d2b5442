"""Stops that come true within two seconds, suspended workers that are told, the app restarted in the middle."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aelib.cli import main
from aelib.cli._train import train_in_front
from aelib.jobs import dispatcher, queue, stopping
from aelib.runs import weights
from aelib.runs.folder import list_runs
from aelib.runs.lock import is_held
from tests.faults.running import claimed, config, log, outcome, steps_done
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def app(checkpoints):
    """What an open app does with the queue."""
    thread = dispatcher.Dispatcher(checkpoints)
    thread.start()
    yield thread
    thread.stop()
    thread.join()


def at_work(checkpoints, start_worker, epochs: int = 9_000):
    run = queue.submit(checkpoints, config(epochs=epochs))
    pid = start_worker(*claimed(checkpoints, run))
    wait_until(lambda: run.status()["state"] == "running" and steps_done(run) > 12)
    return run, pid


def stopped_after(run) -> float:
    """Seconds from the press of the button to a free device."""
    began = time.monotonic()
    queue.stop(run)
    assert run.status()["state"] in ("stopping", "stopped")
    wait_until(lambda: not is_held(run.folder / "lock"))
    return time.monotonic() - began


def test_a_stop_within_two_seconds_and_a_resume_to_the_same_bits(checkpoints, start_worker, app):
    unbroken, state = train_in_front(checkpoints / "unbroken", config(epochs=40), quiet=True)
    assert state == "completed"
    run, _ = at_work(checkpoints, start_worker, 40)
    assert stopped_after(run) < 2
    assert run.status()["state"] == "stopped", log(run)
    point = weights.load_resume(run)
    assert point
    assert 5 * point.values["epoch"] + point.values.get("step", 0) == steps_done(run), "nothing is done twice"
    queue.resume(run)
    start_worker(*claimed(checkpoints, run))
    wait_until(lambda: run.status()["state"] == "completed" and not is_held(run.folder / "lock"))
    assert outcome(run) == outcome(unbroken)


def test_a_suspended_worker_is_told_and_its_stop_comes_true(checkpoints, start_worker, app, capsys):
    run, pid = at_work(checkpoints, start_worker)
    assert stopping.silence(run) == ""
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: "suspended" in stopping.silence(run), 2)
    assert main(["show", run.id, "--checkpoints", str(checkpoints)]) == 0
    assert "No progress" in capsys.readouterr().out
    assert stopped_after(run) < 3, "0.5 s until it is seen, 1.3 s of patience"
    wait_until(lambda: run.status()["state"] == "stopped")
    queue.reconcile(checkpoints, again=True)
    assert run.status()["state"] == "stopped", "who stopped it does not want it back"


def test_a_worker_without_a_report_for_a_minute_is_told(checkpoints, start_worker):
    run, _ = at_work(checkpoints, start_worker)
    path = run.folder / "status.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stopping.time, "time", lambda: path.stat().st_mtime + 61)
        assert "No progress for 61 s" in stopping.silence(run)
    assert stopping.silence(run) == ""


def test_a_run_in_front_is_asked_and_never_signalled(checkpoints, monkeypatch):
    sent = []
    monkeypatch.setattr(stopping.processes, "send", lambda one, number: sent.append((one, number)))
    monkeypatch.setattr(stopping, "PATIENCE", 0.0)
    stopper, looked = stopping.Stopper(), []

    def report(told) -> None:
        run = list_runs(checkpoints)[0]
        if not run.queue().get("stop_requested"):
            queue.stop(run)
        looked.extend(stopper.look(checkpoints) for _ in range(3))

    from aelib.jobs import training

    run = queue.submit(checkpoints, config(epochs=500))
    assert training.work(*claimed(checkpoints, run), report) == "stopped"
    assert looked[:3] == [True] * 3
    assert all(one == {} for one, _ in sent), "its lock names no process that may be killed"


def test_pause_lets_the_next_one_in_and_resume_goes_on(checkpoints, start_worker, app, monkeypatch):
    monkeypatch.setattr(type(app.engine), "submit", lambda self, run, attempt: start_worker(run, attempt))
    first, second = queue.submit(checkpoints, config(epochs=9_000)), queue.submit(checkpoints, config(epochs=3))
    wait_until(lambda: first.status()["state"] == "running" and steps_done(first) > 5)
    queue.pause(first)
    wait_until(lambda: second.status()["state"] == "completed")
    assert first.status()["state"] == "paused"
    rows = len(first.metrics())
    queue.resume(first)
    wait_until(lambda: len(first.metrics()) > rows)
    queue.stop(first)
    wait_until(lambda: first.status()["state"] == "stopped")


def server(checkpoints) -> tuple[subprocess.Popen, str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port), "--server.headless", "true"],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT), "AELIB_CHECKPOINTS": str(checkpoints)},
    )  # fmt: skip
    return process, f"http://127.0.0.1:{port}"


@pytest.mark.slow
def test_the_app_is_killed_and_started_again_in_the_middle_of_a_run(checkpoints, processes):
    run = queue.submit(checkpoints, config(epochs=9_000))
    first, _ = server(checkpoints)
    processes.append(first)
    wait_until(lambda: run.status()["state"] == "running" and steps_done(run) > 12, 180)
    first.kill()
    first.wait()
    seen, worker = steps_done(run), stopping.worker_of(run)
    wait_until(lambda: steps_done(run) > seen + 20)
    behind = queue.submit(checkpoints, config(epochs=2))
    second, _ = server(checkpoints)
    processes.append(second)
    queue.stop(run)
    wait_until(lambda: run.status()["state"] == "stopped", 60)
    assert run.queue()["attempt"] == 1, "it was never started twice"
    assert worker
    wait_until(lambda: behind.status()["state"] == "completed", 180)
