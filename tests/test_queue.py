"""Who runs what: every run once, one per device, and no broken or dead one holds up the others."""

import threading

import pytest

from aelib.config import RunConfig
from aelib.errors import AelibError
from aelib.files import write_json
from aelib.jobs import dispatcher, local, queue
from aelib.runs import index
from aelib.runs.folder import Run, list_runs
from aelib.runs.lock import hold
from tests.waiting import wait_until


def config(**training) -> RunConfig:
    return RunConfig.parse({"network": {"name": "mlp", "widths": []}, "training": {"device": "cpu", **training}})


def code(call, *arguments) -> str:
    with pytest.raises(AelibError) as caught:
        call(*arguments)
    return caught.value.code


def states(checkpoints) -> dict[str, str]:
    with index.transaction(checkpoints) as connection:
        return dict(connection.execute("SELECT id, state FROM runs ORDER BY seq").fetchall())


# --- submitting ---------------------------------------------------------------------------------------------------


def test_a_submitted_run_waits_with_its_datasets_hash(checkpoints):
    run = queue.submit(checkpoints, config(), name="first")
    assert run.status()["state"] == "queued"
    assert run.queue()["name"] == "first"
    assert len(run.config().dataset_hash) == 64
    assert states(checkpoints) == {run.id: "queued"}


def test_what_cannot_work_is_refused_before_anything_is_written(checkpoints):
    assert code(queue.submit, checkpoints, config(batch_size=60_000)) == "E_CONFIG"
    assert not checkpoints.exists()


def test_a_double_click_makes_one_run(checkpoints):
    runs = [queue.submit(checkpoints, config(), nonce="form-1") for _ in range(2)]
    assert runs[0] == runs[1]
    assert queue.submit(checkpoints, config(), nonce="form-2") != runs[0]
    assert len(states(checkpoints)) == 2


def test_many_clicks_at_once_make_one_run(checkpoints):
    found, together = [], threading.Barrier(6)

    def click() -> None:
        together.wait()
        found.append(queue.submit(checkpoints, config(), nonce="same").id)

    threads = [threading.Thread(target=click) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) == len(list_runs(checkpoints)) == 1


# --- claiming -----------------------------------------------------------------------------------------------------


def test_the_first_come_is_first_and_one_runs_per_device(checkpoints):
    first, second = (queue.submit(checkpoints, config()) for _ in range(2))
    other = queue.submit(checkpoints, config(device="cuda:1"))
    assert queue.claim(checkpoints, "me") == (first, 1)
    assert queue.claim(checkpoints, "me") == (other, 1), "another device is free"
    assert queue.claim(checkpoints, "me") is None
    assert first.status()["state"] == "starting"
    assert first.queue()["attempt"] == 1
    queue.set_state(first, 1, "completed")
    assert queue.claim(checkpoints, "me") == (second, 1)


def test_priority_goes_before_age(checkpoints):
    queue.submit(checkpoints, config())
    urgent = queue.submit(checkpoints, config())
    with index.transaction(checkpoints) as connection:
        connection.execute("UPDATE runs SET priority = 1 WHERE id = ?", (urgent.id,))
    assert queue.claim(checkpoints, "me") == (urgent, 1)


def test_the_command_line_takes_its_own_run_whatever_the_device_does(checkpoints):
    first, second = (queue.submit(checkpoints, config()) for _ in range(2))
    assert queue.claim(checkpoints, "me") == (first, 1)
    assert queue.claim(checkpoints, "me", second.id) == (second, 1)
    assert queue.claim(checkpoints, "me", second.id) is None, "it is taken"


def test_a_deleted_run_and_a_broken_one_do_not_hold_up_those_behind(checkpoints):
    deleted, broken, sound = (queue.submit(checkpoints, config()) for _ in range(3))
    deleted.folder.rename(checkpoints / "ELSEWHERE")
    (broken.folder / "status.json").write_text("{")
    claims = [queue.claim(checkpoints, "me") for _ in range(3)]
    assert claims == [None, None, (sound, 1)]
    assert states(checkpoints) == {broken.id: "failed", sound.id: "starting"}


def test_an_earlier_attempt_can_change_nothing(checkpoints):
    run = queue.submit(checkpoints, config())
    queue.claim(checkpoints, "me")
    queue.reconcile(checkpoints)
    assert run.status()["state"] == "interrupted"
    queue.resume(run)
    assert queue.claim(checkpoints, "me") == (run, 2)
    assert not queue.set_state(run, 1, "completed")
    queue.give_up_start(run, 1)
    assert states(checkpoints) == {run.id: "starting"}
    assert queue.set_state(run, 2, "running")


# --- stopping, resuming, deleting ---------------------------------------------------------------------------------


def test_a_waiting_run_stops_at_once_and_may_be_queued_again(checkpoints):
    run, behind = (queue.submit(checkpoints, config()) for _ in range(2))
    queue.stop(run)
    assert run.status()["state"] == "stopped"
    assert queue.claim(checkpoints, "me", run.id) is None
    queue.resume(run)
    assert list(states(checkpoints)) == [behind.id, run.id], "at the end of the queue"
    assert run.status()["state"] == "queued"


def test_a_running_run_is_asked_to_stop_and_resuming_forgets_that(checkpoints):
    run = queue.submit(checkpoints, config())
    queue.claim(checkpoints, "me")
    queue.stop(run)
    assert run.queue()["stop_requested"]
    queue.set_state(run, 1, "stopped")
    run.write_status(state="stopped", attempt=1)
    queue.resume(run)
    assert not run.queue()["stop_requested"]


@pytest.mark.parametrize("state", ["completed", "failed", "stopped", "interrupted", "paused"])
def test_only_what_runs_can_be_stopped(checkpoints, state):
    run = queue.submit(checkpoints, config())
    run.write_status(state=state, attempt=1)
    assert code(queue.stop, run) == "E_CONFLICT"


@pytest.mark.parametrize("state", ["queued", "starting", "running", "completed"])
def test_only_what_ended_early_can_be_resumed(checkpoints, state):
    run = queue.submit(checkpoints, config())
    run.write_status(state=state, attempt=1)
    with hold(run.folder / "lock"):
        assert code(queue.resume, run) == "E_CONFLICT"


def test_resuming_a_failed_run_forgets_its_error(checkpoints):
    run = queue.submit(checkpoints, config())
    queue.claim(checkpoints, "me")
    queue.give_up_start(run, 1)
    assert run.error()["code"] == "E_WORKER"
    queue.resume(run)
    assert run.error() == {}
    assert queue.claim(checkpoints, "me") == (run, 2)


def test_a_deleted_run_leaves_the_queue_and_comes_back_to_it(checkpoints):
    run = queue.submit(checkpoints, config(), nonce="n")
    trashed = queue.delete(run)
    assert states(checkpoints) == {}
    assert queue.claim(checkpoints, "me") is None
    assert queue.restore(trashed) == run
    assert queue.claim(checkpoints, "me") == (run, 1)
    assert code(queue.delete, run) == "E_CONFLICT"
    assert run.folder.exists()
    assert states(checkpoints) == {run.id: "starting"}


# --- the dead -----------------------------------------------------------------------------------------------------


def claimed(checkpoints, state: str = "starting", owner: str = "") -> Run:
    run = queue.submit(checkpoints, config())
    assert queue.claim(checkpoints, owner, run.id) == (run, 1)
    if state == "running":
        queue.set_state(run, 1, "running")
        run.write_status(state="running", attempt=1, epoch=3)
    return run


def test_a_starting_run_is_left_alone_while_its_claimer_lives(checkpoints):
    with dispatcher.claimer(checkpoints) as owner:
        run = claimed(checkpoints, owner=owner)
        queue.reconcile(checkpoints)
        assert states(checkpoints) == {run.id: "starting"}
    queue.reconcile(checkpoints)
    assert states(checkpoints) == {run.id: "interrupted"}
    assert run.status()["state"] == "interrupted"
    assert not list((checkpoints / ".owners").iterdir())


@pytest.mark.parametrize("state", ["starting", "running"])
def test_a_run_whose_worker_lives_is_left_alone(checkpoints, state):
    run = claimed(checkpoints, state)
    with hold(run.folder / "lock"):
        queue.reconcile(checkpoints)
        assert states(checkpoints) == {run.id: state}


@pytest.mark.parametrize(
    ("file", "ending", "expected"),
    [
        ("", {}, "interrupted"),
        ("result.json", {"attempt": 1, "state": "completed"}, "completed"),
        ("result.json", {"attempt": 1, "state": "stopped"}, "stopped"),
        ("result.json", {"attempt": 0, "state": "completed"}, "interrupted"),
        ("error.json", {"attempt": 1, "state": "failed"}, "failed"),
    ],
)
def test_a_dead_worker_frees_its_place_in_the_state_it_left(checkpoints, file, ending, expected):
    run, waiting = claimed(checkpoints, "running"), queue.submit(checkpoints, config())
    if file:
        write_json(run.folder / file, ending)
    assert queue.claim(checkpoints, "me") is None
    queue.reconcile(checkpoints)
    assert states(checkpoints)[run.id] == run.status()["state"] == expected
    assert run.status()["epoch"] == 3, "what was known stays known"
    assert queue.claim(checkpoints, "me") == (waiting, 1)


@pytest.mark.parametrize("damage", ["gone", "status", "result", "queue"])
def test_a_folder_that_is_gone_or_broken_frees_its_place_too(checkpoints, damage):
    run, waiting = claimed(checkpoints, "running"), queue.submit(checkpoints, config())
    if damage == "gone":
        run.folder.rename(checkpoints / "ELSEWHERE")
    else:
        (run.folder / f"{damage}.json").write_text("{")
    queue.reconcile(checkpoints)
    assert states(checkpoints)[run.id] in ("failed", "interrupted")
    assert run.folder.exists() == (damage != "gone"), "nothing is made anew there"
    assert queue.claim(checkpoints, "me") == (waiting, 1)


# --- dispatchers --------------------------------------------------------------------------------------------------


class Pretended:
    """Workers without a process: each holds its run's lock, and looks whether anybody else is at work."""

    def __init__(self, runs: int) -> None:
        self.started: list[tuple[str, int]] = []
        self.at_work, self.most, self.guard = 0, 0, threading.Lock()
        self.done = threading.Semaphore(0)
        self.runs = runs

    def start(self, run: Run, attempt: int) -> None:
        self.started.append((run.id, attempt))
        threading.Thread(target=self.work, args=(run, attempt), daemon=True).start()

    def work(self, run: Run, attempt: int) -> None:
        with hold(run.folder / "lock") as held:
            assert held
            assert queue.set_state(run, attempt, "running")
            with self.guard:
                self.at_work += 1
                self.most = max(self.most, self.at_work)
            run.write_status(state="completed", attempt=attempt)
            with self.guard:
                self.at_work -= 1
            queue.set_state(run, attempt, "completed")


def test_two_dispatchers_start_each_run_once_and_one_at_a_time(checkpoints, monkeypatch):
    pretended = Pretended(8)
    monkeypatch.setattr(local, "start_worker", pretended.start)
    monkeypatch.setattr(dispatcher, "SECONDS", 0.01)
    runs = [queue.submit(checkpoints, config()).id for _ in range(8)]
    both = [dispatcher.Dispatcher(checkpoints) for _ in range(2)]
    for one in both:
        one.start()
    try:
        wait_until(lambda: set(states(checkpoints).values()) == {"completed"})
    finally:
        for one in both:
            one.stop()
            one.join()
    assert sorted(pretended.started) == sorted((run_id, 1) for run_id in runs)
    assert pretended.most == 1
    assert [one.problem for one in both] == ["", ""]


def test_a_worker_that_cannot_be_started_leaves_its_run_failed_with_a_sentence(checkpoints, monkeypatch):
    run, behind = (queue.submit(checkpoints, config()) for _ in range(2))
    monkeypatch.setattr(local.sys, "executable", str(checkpoints / "no-such-python"))
    with dispatcher.claimer(checkpoints) as owner:
        dispatcher.dispatch(checkpoints, owner)
    for one in (run, behind):
        assert one.status()["state"] == states(checkpoints)[one.id] == "failed"
        assert one.error()["code"] == "E_WORKER"
        assert "worker.log" in one.status()["problem"]


def test_a_worker_that_ends_before_it_begins_leaves_its_run_failed(checkpoints, monkeypatch):
    run = queue.submit(checkpoints, config())
    monkeypatch.setattr(local.sys, "executable", "/bin/false")
    with dispatcher.claimer(checkpoints) as owner:
        dispatcher.dispatch(checkpoints, owner)
        wait_until(lambda: run.status()["state"] == "failed")
    assert run.error()["code"] == "E_WORKER"


def test_a_dispatcher_outlives_what_hinders_it_and_says_what_it_was(checkpoints, monkeypatch):
    looked, trouble = threading.Event(), [AelibError("E_DISK", "The disk is full"), OSError("no more processes")]

    def look(*arguments) -> None:
        if trouble:
            raise trouble[0]
        looked.set()

    monkeypatch.setattr(dispatcher, "dispatch", look)
    monkeypatch.setattr(dispatcher, "SECONDS", 0.01)
    thread = dispatcher.Dispatcher(checkpoints)
    thread.start()
    for words in ("disk is full", "no more processes"):
        wait_until(lambda words=words: words in thread.problem)
        trouble.pop(0)
    assert looked.wait(10)
    wait_until(lambda: thread.problem == "")
    thread.stop()
    thread.join()


def test_a_dispatcher_of_a_folder_that_cannot_be_written_says_so_and_ends(tmp_path):
    (tmp_path / "file").write_text("x")
    thread = dispatcher.Dispatcher(tmp_path / "file" / "checkpoints")
    thread.start()
    thread.join(10)
    assert not thread.is_alive()
    assert thread.problem


def test_a_busy_queue_is_looked_at_again(checkpoints, monkeypatch):
    def busy(*arguments, **more):
        raise AelibError("E_BUSY", "The queue is busy")

    monkeypatch.setattr(queue, "reconcile", busy)
    dispatcher.dispatch(checkpoints, "me")


def test_a_run_trained_in_front_is_never_anothers(checkpoints, monkeypatch):
    """The command line beside an open app: whoever looks at the queue in between finds nothing to take."""
    from aelib.cli import _train

    taken, work = [], _train.work

    def looking(run, attempt, on_report):
        taken.append(queue.claim(checkpoints, "another", run.id))
        queue.reconcile(checkpoints)
        return work(run, attempt, on_report)

    transaction = index.transaction
    monkeypatch.setattr(_train, "work", looking)
    run, state = _train.train_in_front(checkpoints, config(epochs=1), quiet=True)
    assert (state, taken) == ("completed", [None])
    run.write_status(**{**run.status(), "state": "stopped"})

    def looked_at_after(folder):
        """Right after each transaction, another looks for something to claim."""
        context = transaction(folder)

        class Both:
            def __enter__(self):
                return context.__enter__()

            def __exit__(self, *error):
                done = context.__exit__(*error)
                monkeypatch.setattr(index, "transaction", transaction)
                taken.append(queue.claim(checkpoints, "another", run.id))
                return done

        return Both()

    monkeypatch.setattr(index, "transaction", looked_at_after)
    assert _train.resume_in_front(run, quiet=True) == "completed"
    assert taken == [None] * 3
