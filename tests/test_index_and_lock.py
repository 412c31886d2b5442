"""The lock of a run, which says who lives, and the index of runs, which can be thrown away."""

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import threading

import pytest

from aelib.config import RunConfig
from aelib.errors import AelibError
from aelib.runs import index
from aelib.runs.folder import create_run
from aelib.runs.lock import hold, is_held
from tests.waiting import wait_until

CONFIG = RunConfig.parse({})


def code(call, *arguments) -> str:
    with pytest.raises(AelibError) as caught:
        call(*arguments)
    return caught.value.code


# --- the lock -----------------------------------------------------------------------------------------------------


def test_a_lock_is_held_by_one(tmp_path):
    path = tmp_path / "lock"
    assert not is_held(path)
    with hold(path) as first:
        assert first
        assert is_held(path)
        with hold(path, patience=1) as second:
            assert not second
        assert is_held(path), "the one who failed took nothing away"
    assert not is_held(path)
    assert path.exists()


def test_asking_does_not_hinder_taking(tmp_path):
    path = tmp_path / "lock"
    path.touch()
    ending = threading.Event()
    askers = [threading.Thread(target=lambda: [is_held(path) for _ in iter(ending.is_set, True)]) for _ in range(3)]
    for asker in askers:
        asker.start()
    try:
        for _ in range(20):
            with hold(path) as held:
                assert held
    finally:
        ending.set()
        for asker in askers:
            asker.join()


HOLDER = """
import sys, time
from pathlib import Path
from aelib.runs.lock import hold
with hold(Path(sys.argv[1])) as held:
    print(held, flush=True)
    sys.stdin.read()
"""


def test_the_lock_of_a_killed_process_is_free_at_once(tmp_path):
    path = tmp_path / "lock"
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout
        assert process.stdout.readline() == "True\n"
        assert is_held(path)
        process.kill()
        process.wait()
    assert not is_held(path)


FORKER = """
import os, sys, time
from pathlib import Path
from aelib.runs.lock import hold
with hold(Path(sys.argv[1])):
    child = os.fork()
    if child == 0:
        sys.stdin.read()
        os._exit(0)
    print(child, flush=True)
    os.kill(os.getpid(), 9)
"""


def test_a_forked_child_does_not_keep_a_dead_worker_alive(tmp_path):
    path = tmp_path / "lock"
    process = subprocess.Popen(
        [sys.executable, "-c", FORKER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout
        child = int(process.stdout.readline())
        process.wait()
        os.kill(child, 0)  # it lives
        wait_until(lambda: not is_held(path), 10)  # it may not have had its first turn yet
        process.stdin.close()  # type: ignore[union-attr]


# --- the index ----------------------------------------------------------------------------------------------------


def rows(checkpoints) -> dict[str, str]:
    with index.transaction(checkpoints) as connection:
        return dict(connection.execute("SELECT id, state FROM runs ORDER BY seq").fetchall())


def some_runs(checkpoints) -> dict[str, str]:
    states = {}
    for number, state in enumerate(["completed", "queued", "stopped", "queued"]):
        run = create_run(checkpoints, CONFIG, run_id=f"run-{number}", nonce=f"nonce-{number}")
        run.write_status(state=state, made=float(number))
        states[run.id] = state
    return states


def destroy(path, how: str) -> None:
    if how == "deleted":
        for end in ("", "-wal", "-shm"):
            path.with_name(path.name + end).unlink(missing_ok=True)
    elif how == "emptied":
        path.write_bytes(b"")
    elif how == "text":
        path.write_text("this is no database" * 100)
    elif how == "half":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif how == "scribbled":  # a sound header, garbage in the pages
        data = bytearray(path.read_bytes())
        data[4096:] = os.urandom(len(data) - 4096)
        path.write_bytes(bytes(data))
    elif how == "another":
        path.unlink()
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE other (x)")
        connection.close()


@pytest.mark.parametrize("how", ["deleted", "emptied", "text", "half", "scribbled", "another"])
def test_a_lost_or_damaged_index_is_rebuilt_from_the_folders(checkpoints, how):
    states = some_runs(checkpoints)
    assert rows(checkpoints) == states
    destroy(checkpoints / index.FILE, how)
    assert rows(checkpoints) == states
    assert list(rows(checkpoints)) == list(states), "the queue's order is that of their making"
    with index.transaction(checkpoints) as connection:
        connection.execute("UPDATE runs SET state = 'stopped'")
    assert set(rows(checkpoints).values()) == {"stopped"}, "and can be written again"


def test_rebuilding_on_request(checkpoints):
    states = some_runs(checkpoints)
    with index.transaction(checkpoints) as connection:
        connection.execute("DELETE FROM runs")
    assert index.rebuild(checkpoints) == len(states)
    assert rows(checkpoints) == states


def test_a_fault_within_a_transaction_changes_nothing(checkpoints):
    states = some_runs(checkpoints)
    with contextlib.suppress(RuntimeError), index.transaction(checkpoints) as connection:
        connection.execute("DELETE FROM runs")
        raise RuntimeError
    assert rows(checkpoints) == states


def test_a_queue_held_by_another_for_too_long_is_busy(checkpoints, monkeypatch):
    rows(checkpoints)
    connect = sqlite3.connect
    monkeypatch.setattr(index.sqlite3, "connect", lambda path, timeout, **rest: connect(path, timeout=0.05, **rest))
    with index.transaction(checkpoints):
        with pytest.raises(AelibError, match="busy") as caught, index.transaction(checkpoints):
            pass
        assert caught.value.code == "E_BUSY"


@pytest.mark.parametrize("how", ["deleted", "text", "scribbled"])
def test_many_who_find_no_sound_index_at_once_make_one_and_lose_nothing(checkpoints, how):
    states, faults, together = some_runs(checkpoints), [], threading.Barrier(6)
    rows(checkpoints)
    destroy(checkpoints / index.FILE, how)

    def enter(number: int) -> None:
        try:
            run = create_run(checkpoints, CONFIG, run_id=f"of-{number}")
            together.wait()
            with index.transaction(checkpoints) as connection:
                index.insert(connection, run, "queued")
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=enter, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert len(rows(checkpoints)) == len(states) + 6


def test_the_folder_alone_tells_what_the_index_knows(checkpoints):
    run = create_run(checkpoints, CONFIG, nonce="abc", run_id="one")
    run.change_queue(priority=3, attempt=2)
    with index.transaction(checkpoints) as connection:
        found = connection.execute("SELECT id, state, device, priority, attempt, nonce FROM runs").fetchall()
    assert [row[:2] + row[3:] for row in found] == [("one", "queued", 3, 2, "abc")]
    assert json.loads((run.folder / "queue.json").read_text())["nonce"] == "abc"
