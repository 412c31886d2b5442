"""kill -9 at random moments, within an epoch and during every write: the end is that of a run nobody disturbed."""

import os
import random
import signal

import pytest

from aelib.cli._train import train_in_front
from aelib.jobs import queue, sweep
from aelib.runs import weights
from aelib.runs.lock import is_held
from tests.faults.running import claimed, config, log, outcome, steps_done
from tests.waiting import wait_until


def ends_as_unbroken(checkpoints, start_worker, kills: int, seed: int) -> None:
    epochs = max(6, kills * 2)
    whole = config(epochs=epochs)
    unbroken, state = train_in_front(checkpoints / "unbroken", whole, quiet=True)
    assert state == "completed"
    run, chance, done, within = queue.submit(checkpoints, whole), random.Random(seed), 0, 0
    for _ in range(kills):
        pid = start_worker(*claimed(checkpoints, run))
        wait_until(lambda: is_held(run.folder / "lock"))
        target = min(done + chance.randint(1, 15), 5 * epochs - 6)
        wait_until(lambda target=target: steps_done(run) >= target or not is_held(run.folder / "lock"), every=0.005)
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not is_held(run.folder / "lock"))
        queue.reconcile(checkpoints)
        assert run.status()["state"] == "interrupted", log(run)
        point = weights.load_resume(run)
        within += bool(point and point.values.get("step"))
        done = 5 * point.values["epoch"] + point.values.get("step", 0) if point else 0
        assert done > target - 10, "at most the work since the last point is lost"
        queue.resume(run)
    assert within > kills // 3, "most resume points lie within an epoch here"
    start_worker(*claimed(checkpoints, run))
    wait_until(lambda: run.status()["state"] == "completed" and not is_held(run.folder / "lock"), 120)
    assert outcome(run) == outcome(unbroken)
    assert "Traceback" not in log(run)
    assert run.result()["seconds"] >= run.status()["seconds"] - 0.01
    assert run.queue()["attempt"] == kills + 1


def test_ten_kills_at_random_moments(checkpoints, start_worker):
    ends_as_unbroken(checkpoints, start_worker, 10, seed=1)


@pytest.mark.slow
def test_a_hundred_kills_at_random_moments(checkpoints, start_worker):
    ends_as_unbroken(checkpoints, start_worker, 100, seed=2)


def test_seconds_are_those_of_all_attempts(checkpoints, start_worker):
    run = queue.submit(checkpoints, config(epochs=400))
    pid = start_worker(*claimed(checkpoints, run))
    wait_until(lambda: run.status().get("seconds", 0) > 1)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_held(run.folder / "lock"))
    first = run.status()["seconds"]
    queue.resume(run)
    start_worker(*claimed(checkpoints, run))
    wait_until(lambda: run.status()["state"] == "running" and run.status()["seconds"] > first)


def test_a_run_that_is_cut_off_again_and_again_waits_for_a_person(checkpoints, start_worker):
    run = queue.submit(checkpoints, config(epochs=2000))
    for number in range(queue.AUTOMATIC + 1):
        pid = start_worker(*claimed(checkpoints, run))
        wait_until(lambda: run.status()["state"] == "running")
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not is_held(run.folder / "lock"))
        queue.reconcile(checkpoints, again=True)
        assert run.queue()["automatic"] == min(number + 1, queue.AUTOMATIC)
    assert run.status()["state"] == "interrupted"
    assert queue.claim(checkpoints, "") is None
    queue.resume(run)
    assert run.queue()["automatic"] == 0
    assert run.status()["state"] == "queued"


@pytest.mark.slow
def test_a_change_in_mid_run_is_replayed_at_its_step(checkpoints, start_worker):
    from aelib.jobs import changing

    run = queue.submit(checkpoints, config(epochs=60))
    pid = start_worker(*claimed(checkpoints, run))
    wait_until(lambda: steps_done(run) > 12)
    changing.ask(run, {"training.learning_rate": 0.004, "model.beta": 3.0})
    wait_until(lambda: len(changing.lines(run)) == 1)
    changing.ask(run, {"corruptions.0.severity": 0.6})
    wait_until(lambda: len(changing.lines(run)) == 2)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_held(run.folder / "lock"))
    points = sorted((run.folder / "resume").glob("*"))
    for path in points[2:]:  # the newest is gone: the changes may lie after the point that is left
        path.unlink()
    queue.resume(run)
    start_worker(*claimed(checkpoints, run))
    wait_until(lambda: run.status()["state"] == "completed" and not is_held(run.folder / "lock"))
    assert len(changing.lines(run)) == 2, "none is taken twice"

    # The same changes at the same steps, in a run that nobody cut off.
    again = queue.submit(checkpoints, config(epochs=60))
    (again.folder / "changes.jsonl").write_bytes((run.folder / "changes.jsonl").read_bytes())
    again.change_queue(asked=run.queue()["asked"])
    start_worker(*claimed(checkpoints, again))
    wait_until(lambda: again.status()["state"] == "completed" and not is_held(again.folder / "lock"))
    assert outcome(again) == outcome(run)
    rates = [row["learning_rate"] for row in run.metrics()]
    assert rates[0] == 0.02
    assert rates[-1] == 0.004
    assert sweep.names(checkpoints) == []
