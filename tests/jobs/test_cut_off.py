"""Training in processes of its own: killed, stopped, orphaned, and what is left in the run folder each time."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from aelib import files
from aelib.cli._train import resume_in_front, train_in_front
from aelib.jobs import local, queue, training
from aelib.jobs.dispatcher import Dispatcher
from aelib.runs import index, weights
from aelib.runs.folder import Run
from aelib.runs.lock import hold, is_held
from tests.jobs._small import config, log, outcome, start
from tests.waiting import wait_until

# --- one worker, cut off in every way -----------------------------------------------------------------------------


@pytest.mark.slow
def test_a_worker_terminated_then_killed_ends_as_the_unbroken_run(checkpoints, workers):
    """One long story instead of short ones, because each worker takes seconds to start."""
    assert torch.get_num_threads() == 1, "the same bits in this process and in the workers"
    long = config(epochs=120)
    run = queue.submit(checkpoints, long)

    # SIGTERM, as a machine that shuts down sends it: a resume point, and ready to be taken up again.
    pid = start(run, workers)
    wait_until(lambda: len(run.metrics()) > 1)
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not is_held(run.folder / "lock"))
    assert run.status()["state"] == "interrupted", log(run)
    assert 1 < run.status()["epoch"] < 120
    point = weights.load_resume(run)
    assert point
    assert point.values["epoch"] == run.status()["epoch"] == len(run.metrics())
    queue.reconcile(checkpoints, again=True)
    assert run.status()["state"] == "queued"
    assert run.queue()["automatic"] == 1

    # kill -9: nobody is told, and everybody sees it at once.
    pid, stopped_at = start(run, workers), len(run.metrics())
    wait_until(lambda: len(run.metrics()) > stopped_at)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_held(run.folder / "lock"))
    assert run.status()["state"] == "interrupted", log(run)
    assert stopped_at < len(run.metrics()) < 120
    queue.reconcile(checkpoints)
    assert json.loads((run.folder / "status.json").read_text())["state"] == "interrupted"

    # The end, in this process; and a run that nobody disturbed.
    assert resume_in_front(run, quiet=True) == "completed"
    unbroken, state = train_in_front(checkpoints, long, quiet=True)
    assert state == "completed"
    assert outcome(run) == outcome(unbroken)
    assert [row["epoch"] for row in run.metrics()] == list(range(1, 121))
    assert run.queue()["attempt"] == 3
    assert not list((run.folder / "resume").iterdir()), "a completed run needs no resume points"
    assert "Traceback" not in log(run)


@pytest.mark.slow
def test_the_stop_button_reaches_a_worker(checkpoints, workers):
    run = queue.submit(checkpoints, config(epochs=3000))
    start(run, workers)
    queue.stop(run)
    assert run.status()["state"] in ("stopping", "stopped")
    wait_until(lambda: not is_held(run.folder / "lock"))
    assert run.status()["state"] == "stopped", log(run)


ORPHAN = """
import os, sys
from pathlib import Path
from aelib.jobs import local, queue
from aelib.runs.folder import open_run
checkpoints, run_id = Path(sys.argv[1]), sys.argv[2]
local.start_worker(*queue.claim(checkpoints, "", run_id))
os._exit(0)
"""


def test_a_worker_outlives_the_app_that_started_it(checkpoints):
    run = queue.submit(checkpoints, config())
    subprocess.run([sys.executable, "-c", ORPHAN, str(checkpoints), run.id], check=True)
    wait_until(lambda: run.status()["state"] == "completed")
    assert run.status()["pid"] != os.getpid()
    with index.transaction(checkpoints) as connection:
        row = connection.execute("SELECT state, attempt FROM runs").fetchone()
    assert row in (("completed", 1), ("running", 1)), "the index follows the folder"


@pytest.mark.slow
def test_two_apps_on_one_folder_train_each_run_once_and_one_after_the_other(checkpoints, workers):
    runs = [queue.submit(checkpoints, config(epochs=2)) for _ in range(2)]
    both = [Dispatcher(checkpoints) for _ in range(2)]
    for one in both:
        one.start()
    try:
        wait_until(lambda: all(run.status()["state"] == "completed" for run in runs), 90)
    finally:
        for one in both:
            one.stop()
            one.join()
    first, second = (run.status() for run in runs)
    assert first["ended"] <= second["started"]
    assert [run.queue()["attempt"] for run in runs] == [1, 1]
    assert [row["epoch"] for run in runs for row in run.metrics()] == [1, 2, 1, 2]


def test_a_worker_keeps_its_hands_off_a_run_that_is_anothers(checkpoints):
    run = queue.submit(checkpoints, config())
    run_, attempt = queue.claim(checkpoints, "")
    before = (run.folder / "status.json").read_bytes()
    with hold(run.folder / "lock"):
        assert training.work(run_, attempt) == "conflict"
    assert training.work(run_, attempt + 1) == "conflict"
    assert (run.folder / "status.json").read_bytes() == before
    assert training.work(run_, attempt) == "completed"


def test_relative_folders_mean_the_same_in_a_worker(checkpoints, monkeypatch, tmp_path):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    (tmp_path / "here" / "random.py").write_text("raise SystemExit('a file of the user was imported')")
    written = tmp_path / "here" / "log"
    local.start("aelib", "runs", "--checkpoints", "my-runs", log=written)
    wait_until(lambda: "No runs" in written.read_text())
    assert "my-runs" in written.read_text()


# --- cut off at every write, in this process ----------------------------------------------------------------------


class Killed(BaseException):
    """Stands for kill -9: nothing but the freeing of the lock happens after it."""


def killed_at(monkeypatch, number: int, after: bool) -> list[str]:
    """Die at the n-th write, before or after the new file has its name. Returns the list of the writes so far."""
    written: list[str] = []
    replace = os.replace

    def dying(source, target):
        written.append(Path(target).name)
        if len(written) == number and not after:
            raise Killed
        replace(source, target)
        if len(written) == number:
            raise Killed

    monkeypatch.setattr(files.os, "replace", dying)
    return written


def cut_off_and_resumed(checkpoints: Path, monkeypatch, number: int, after: bool) -> Run | None:
    run = queue.submit(checkpoints, config(epochs=3))
    claimed = queue.claim(checkpoints, "", run.id)
    with monkeypatch.context() as patch:
        patch.setattr(training, "RESUME_SECONDS", 0.0)
        killed_at(patch, number, after)
        try:
            training.work(*claimed)
        except Killed:
            pass
        else:
            return None
    queue.reconcile(checkpoints)
    if run.status()["state"] != "completed":
        assert run.status()["state"] == "interrupted"
        assert resume_in_front(run, quiet=True) == "completed", run.error()
    return run


# In an epoch are written: weights and their sidecar (3, 4; 9, 10; 15, 16), a preview, a resume point and its sidecar,
# the status; at the end the codes (21, 22), the result (23) and the status (24). All of them: the slow test below.
@pytest.mark.parametrize(
    ("number", "after"),
    [
        (1, False),
        (3, True),
        (4, True),
        (6, True),
        (9, True),
        (10, True),
        (15, True),
        (20, False),
        (21, True),
        (23, False),
        (23, True),
    ],
)
def test_a_run_killed_at_a_write_ends_as_the_unbroken_one(checkpoints, monkeypatch, unbroken, number, after):
    run = cut_off_and_resumed(checkpoints, monkeypatch, number, after)
    assert run is not None, "there are so many writes"
    assert outcome(run) == unbroken


@pytest.mark.slow
def test_a_run_killed_at_any_write_ends_as_the_unbroken_one(checkpoints, monkeypatch, unbroken):
    for number in range(1, 100):
        for after in (False, True):
            run = cut_off_and_resumed(checkpoints / f"{number}-{after}", monkeypatch, number, after)
            if run is None:
                assert number > 20
                return
            assert outcome(run) == unbroken, (number, after)


@pytest.mark.parametrize("damage", ["newest", "both", "weights", "metrics"])
def test_damaged_files_of_a_stopped_run_do_not_hinder_its_resuming(checkpoints, monkeypatch, unbroken, damage):
    run = queue.submit(checkpoints, config(epochs=3))
    monkeypatch.setattr(training, "RESUME_SECONDS", 0.0)
    claimed = queue.claim(checkpoints, "", run.id)

    def stop(report) -> None:
        if report.finished and report.epoch == 2:
            queue.stop(run)

    assert training.work(*claimed, stop) == "stopped"
    points = sorted((run.folder / "resume").glob("*.safetensors"))
    assert len(points) == 2
    wanted = {"newest": points[1:], "both": points, "weights": [run.folder / "weights.safetensors"], "metrics": []}
    for path in wanted[damage]:
        data = path.read_bytes()
        path.write_bytes(data[:100] + bytes([data[100] ^ 8]) + data[101:])
    if damage == "metrics":
        with (run.folder / "metrics.jsonl").open("a") as file:
            file.write('{"stage": "train')
    assert resume_in_front(run, quiet=True) == "completed", run.error()
    assert outcome(run) == unbroken


def test_a_run_killed_after_its_last_epoch_still_knows_how_far_it_came(checkpoints, monkeypatch):
    run = queue.submit(checkpoints, config(epochs=1))
    with monkeypatch.context() as patch:
        patch.setattr(training._Attempt, "_finish", lambda *arguments: (_ for _ in ()).throw(Killed()))
        with pytest.raises(Killed):
            training.work(*queue.claim(checkpoints, "", run.id))
    assert resume_in_front(run, quiet=True) == "completed"
    assert run.result()["epoch"] == run.status()["epoch"] == 1
    assert len(run.metrics()) == 1
