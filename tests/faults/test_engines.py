"""What every engine promises: the same suite for each that is named in ``aelib.jobs.engines.ENGINES``."""

import os
import signal
import subprocess
import sys

import pytest

from aelib.jobs import dispatcher, local, queue, stopping
from aelib.jobs.engines import ENGINES, tail
from aelib.runs import processes as process_of
from aelib.runs.lock import is_held
from tests.faults.running import claimed, config, log
from tests.waiting import wait_until


@pytest.fixture(params=sorted(ENGINES))
def engine(request):
    return ENGINES[request.param]


@pytest.fixture(autouse=True)
def _nothing_left(checkpoints, request):
    """Whatever a test leaves training is killed, by the identity in its lock."""
    yield
    for run, _ in queue.active(checkpoints):
        process_of.send(stopping.worker_of(run), signal.SIGKILL)


def at_work(run) -> None:
    wait_until(lambda: run.status()["state"] == "running" and run.status().get("epoch", 0) > 0, 120)


def killed(run) -> None:
    assert process_of.send(stopping.worker_of(run), signal.SIGKILL)
    wait_until(lambda: not is_held(run.folder / "lock"))


def test_submit_trains_a_run_to_its_end_and_its_log_can_be_read(engine, checkpoints):
    run = queue.submit(checkpoints, config(epochs=2))
    assert engine.status(run) == "gone"
    assert engine.tail(run) == []
    engine.submit(*claimed(checkpoints, run))
    wait_until(lambda: run.status()["state"] == "completed", 120)
    wait_until(lambda: engine.status(run) == "gone")
    assert run.result()["state"] == "completed", log(run)
    with (run.folder / "worker.log").open("a") as file:
        file.write("\n".join(f"line {number}" for number in range(100)) + "\n")
    assert engine.tail(run, 2) == ["line 98", "line 99"]


@pytest.mark.slow
def test_a_duplicate_stop_kill_and_resume(engine, checkpoints):
    """One long story instead of five short ones, because each worker takes seconds to start."""
    run = queue.submit(checkpoints, config(epochs=5000))
    engine.submit(*claimed(checkpoints, run))
    at_work(run)
    assert engine.status(run) == "alive"
    first = stopping.worker_of(run)

    engine.submit(run, 1)  # the same attempt again
    engine.submit(run, 7)  # and one that nobody claimed
    assert queue.claim(checkpoints, "") is None, "the device is taken"
    wait_until(lambda: run.status().get("epoch", 0) > 40, 120)
    assert stopping.worker_of(run) == first, "the one who has the run keeps it"

    killed(run)
    assert engine.status(run) == "gone"
    queue.reconcile(checkpoints)
    assert run.status()["state"] == "interrupted"
    queue.resume(run)
    before = len(run.metrics())
    engine.submit(*claimed(checkpoints, run))
    wait_until(lambda: len(run.metrics()) > before, 120)

    assert engine.stop(run)
    assert run.status()["state"] == "stopped"
    assert engine.stop(run), "twice is as good as once"
    assert [row["epoch"] for row in run.metrics()] == list(range(1, len(run.metrics()) + 1)), "no epoch twice"


def test_a_worker_that_crashes_before_it_begins_leaves_a_sentence(engine, checkpoints, monkeypatch):
    run = queue.submit(checkpoints, config())
    monkeypatch.setattr(local.sys, "executable", "/bin/false")
    engine.submit(*claimed(checkpoints, run))
    wait_until(lambda: run.status()["state"] == "failed")
    assert run.error()["code"] == "E_WORKER"


LOST = """
import sys
from pathlib import Path
from aelib.jobs import queue
from aelib.jobs.engines import ENGINES
checkpoints, run_id, engine = Path(sys.argv[1]), sys.argv[2], ENGINES[sys.argv[3]]
engine.submit(*queue.claim(checkpoints, "", run_id))
import os; os.kill(os.getpid(), 9)
"""


def test_a_lost_engine_takes_no_run_with_it(engine, checkpoints):
    run = queue.submit(checkpoints, config(epochs=5000))
    subprocess.run([sys.executable, "-c", LOST, str(checkpoints), run.id, engine.name], check=False)
    at_work(run)
    assert engine.status(run) == "alive", "another one of its kind sees it"
    assert engine.stop(run)
    assert run.status()["state"] == "stopped"


def test_the_limit_of_the_queue_is_kept(engine, checkpoints, monkeypatch):
    started = []
    monkeypatch.setattr(type(engine), "submit", lambda self, run, attempt: started.append(run.id))
    for _ in range(5):
        queue.submit(checkpoints, config())
    for limit in ("", "3"):
        monkeypatch.setenv("AELIB_RUNS_PER_DEVICE", limit)
        with dispatcher.claimer(checkpoints) as owner:
            dispatcher.dispatch(checkpoints, owner, engine)
            dispatcher.dispatch(checkpoints, owner, engine)
        assert len(started) == int(limit or 1)
        started.clear()


def test_the_end_of_a_long_log_is_read_without_the_rest(tmp_path):
    (tmp_path / "log").write_bytes(b"x" * 200_000 + b"\nlast \xff line\n")
    assert tail(tmp_path / "log", 1) == ["last � line"]
    assert tail(tmp_path / "log", 0) == tail(tmp_path / "none", 5) == []


# --- the one who is meant -----------------------------------------------------------------------------------------


def test_a_number_that_is_anothers_by_now_is_not_signalled(processes):
    stranger = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    processes.append(stranger)
    right = process_of.identity(stranger.pid)
    assert process_of.is_alive(right)
    for wrong in ({"started": right["started"] - 1}, {"boot": "another"}):
        assert not process_of.send({**right, **wrong}, signal.SIGKILL)
    assert not process_of.send({}, signal.SIGKILL)
    assert not process_of.send(process_of.identity(os.getpid()), signal.SIGKILL), "never oneself"
    assert stranger.poll() is None
    assert process_of.send(right, signal.SIGKILL)
    assert stranger.wait() == -signal.SIGKILL
    assert not process_of.is_alive(right)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"pid": "1"}', '{"pid": 1}', '{"pid": -5}', '{"pid": 0}'])
def test_a_lock_with_an_odd_text_names_nobody(text):
    assert process_of.read_identity(text) == {}
