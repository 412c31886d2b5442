"""Run folders, their lock and their index: the folder is the truth, the index can be thrown away."""

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
from aelib.files import write_json
from aelib.runs import folder, index
from aelib.runs.folder import STATES, Run, create_run, delete_run, list_runs, open_run, restore_run
from aelib.runs.lock import hold, is_held
from tests.waiting import wait_until

CONFIG = RunConfig.parse({})


def code(call, *arguments) -> str:
    with pytest.raises(AelibError) as caught:
        call(*arguments)
    return caught.value.code


# --- names --------------------------------------------------------------------------------------------------------


def test_a_run_is_made_listed_and_opened(checkpoints):
    run = create_run(checkpoints, CONFIG, name="n" * 500)
    assert open_run(checkpoints, run.id) == run
    assert [found.id for found in list_runs(checkpoints)] == [run.id]
    assert run.config() == CONFIG
    assert run.dataset() == CONFIG.dataset
    assert run.status()["state"] == "queued"
    assert len(run.queue()["name"]) == 120
    assert (run.result(), run.error(), run.metrics(), run.previews()) == ({}, {}, [], [])


BAD_IDS = [
    "",
    ".",
    "..",
    "../x",
    "a/b",
    "/etc/passwd",
    "A",
    "a_b",
    "a\0b",
    "a\n",
    "-a",
    "a-",
    "é",
    "a" * 65,
    "a%2e",
    "con:",
    "\\\\a",
]


@pytest.mark.parametrize("run_id", BAD_IDS)
def test_what_cannot_be_an_id_opens_nothing_and_makes_nothing(checkpoints, run_id):
    create_run(checkpoints, CONFIG)
    before = sorted(checkpoints.parent.rglob("*"))
    assert code(open_run, checkpoints, run_id) == "E_ID"
    if run_id:  # empty asks for an id of our own making
        with pytest.raises(AelibError) as caught:
            create_run(checkpoints, CONFIG, run_id=run_id)
        assert caught.value.code == "E_ID"
    assert sorted(checkpoints.parent.rglob("*")) == before


def test_an_unknown_run_offers_the_nearest(checkpoints):
    create_run(checkpoints, CONFIG, run_id="digits-vae")
    with pytest.raises(AelibError, match="Did you mean 'digits-vae'") as caught:
        open_run(checkpoints, "digit-vae")
    assert caught.value.code == "E_NO_RUN"


def test_an_id_is_given_once(checkpoints):
    create_run(checkpoints, CONFIG, run_id="one")
    with pytest.raises(AelibError, match="already") as caught:
        create_run(checkpoints, CONFIG, run_id="one")
    assert caught.value.code == "E_EXISTS"


def test_runs_are_listed_newest_first_and_other_folders_are_not(checkpoints):
    assert list_runs(checkpoints) == []
    for number, made in enumerate([200.0, 300.0, 100.0]):
        run = create_run(checkpoints, CONFIG, run_id=f"run-{number}")
        run.write_status(state="queued", made=made)
    (checkpoints / "empty").mkdir()
    (checkpoints / "UPPER").mkdir()
    (checkpoints / "UPPER" / "config.json").write_text("{}")
    (checkpoints / "file").write_text("x")
    assert [run.id for run in list_runs(checkpoints)] == ["run-1", "run-0", "run-2"]


def test_a_run_whose_config_was_not_written_yet_is_no_run(checkpoints, monkeypatch):
    def killed(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(folder, "write_bytes", killed)
    with pytest.raises(KeyboardInterrupt):
        create_run(checkpoints, CONFIG)
    assert list_runs(checkpoints) == []


# --- broken folders -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"state": "flying"}', '{"state": 5}', '{"state": ["queued"]}', "\xff"]
)
def test_a_broken_status_is_told_and_the_others_are_still_listed(checkpoints, text):
    broken, sound = create_run(checkpoints, CONFIG), create_run(checkpoints, CONFIG, run_id="sound")
    (broken.folder / "status.json").write_text(text, "latin-1")
    assert {run.id for run in list_runs(checkpoints)} == {broken.id, sound.id}
    assert code(broken.status) == "E_FILE"
    with index.transaction(checkpoints) as connection:
        assert connection.execute("SELECT id FROM runs").fetchall() == [("sound",)]


@pytest.mark.parametrize(
    "text", ["", '{"dataset"', "5", '{"model": {"name": "vae", "latent_dim": 0}}', '{"a": NaN}', '{"format": 99}']
)
def test_a_broken_config_is_told(checkpoints, text):
    run = create_run(checkpoints, CONFIG)
    (run.folder / "config.json").write_text(text)
    assert code(Run(run.folder).config) in ("E_FILE", "E_CONFIG", "E_VERSION")
    assert [found.id for found in list_runs(checkpoints)] == [run.id]


@pytest.mark.parametrize("training", [None, 5, [], {"device": 7}])
def test_an_odd_config_does_not_hinder_the_index(checkpoints, training):
    run = create_run(checkpoints, CONFIG)
    write_json(run.folder / "config.json", {**run.raw_config, "training": training})
    with index.transaction(checkpoints) as connection:
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (1,)


def test_a_missing_status_reads_as_queued(checkpoints):
    run = create_run(checkpoints, CONFIG)
    (run.folder / "status.json").unlink()
    assert run.status()["state"] == "queued"


# --- states -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", STATES)
def test_a_state_is_what_was_written_except_for_the_running_without_a_worker(checkpoints, state):
    run = create_run(checkpoints, CONFIG)
    run.write_status(state=state, attempt=1)
    expected = "interrupted" if state in ("running", "stopping") else state
    assert run.status()["state"] == expected
    with hold(run.folder / "lock"):
        assert run.status()["state"] == state


@pytest.mark.parametrize(
    ("file", "state"), [("result.json", "completed"), ("result.json", "stopped"), ("error.json", "failed")]
)
def test_a_worker_killed_after_its_result_ended_all_the_same(checkpoints, file, state):
    run = create_run(checkpoints, CONFIG)
    run.write_status(state="running", attempt=2)
    write_json(run.folder / file, {"attempt": 1, "state": state})
    assert run.status()["state"] == "interrupted", "that was an earlier attempt's"
    write_json(run.folder / file, {"attempt": 2, "state": state})
    assert run.status()["state"] == state


def test_a_stop_that_was_asked_for_shows_at_once(checkpoints):
    run = create_run(checkpoints, CONFIG)
    run.write_status(state="running", attempt=1)
    run.change_queue(stop_requested=True)
    with hold(run.folder / "lock"):
        assert run.status()["state"] == "stopping"


def test_a_torn_last_line_of_metrics_is_ignored(tiny_run, copy_of):
    run = copy_of(tiny_run)
    rows = run.metrics()
    assert [row["epoch"] for row in rows] == [1, 2]
    with (run.folder / "metrics.jsonl").open("a") as file:
        file.write('{"stage": "training", "epo')
    assert run.metrics() == rows


# --- deleting -----------------------------------------------------------------------------------------------------


def test_deleting_can_be_undone(checkpoints):
    run = create_run(checkpoints, CONFIG, run_id="mine")
    trashed = delete_run(run)
    assert list_runs(checkpoints) == []
    assert code(open_run, checkpoints, "mine") == "E_NO_RUN"
    assert restore_run(trashed) == run
    assert run.config() == CONFIG


def test_two_deleted_runs_of_one_name_are_both_kept(checkpoints):
    trashed = [delete_run(create_run(checkpoints, CONFIG, run_id="mine")) for _ in range(2)]
    assert len(set(trashed)) == 2
    restore_run(trashed[0])
    assert code(restore_run, trashed[1]) == "E_EXISTS"


@pytest.mark.parametrize("state", ["starting", "running", "stopping"])
def test_a_run_that_trains_is_not_deleted(checkpoints, state):
    run = create_run(checkpoints, CONFIG)
    run.write_status(state=state, attempt=1)
    with hold(run.folder / "lock"):
        assert code(delete_run, run) == "E_CONFLICT"
    assert run.folder.exists()


def test_a_broken_run_can_be_deleted_unless_it_trains(checkpoints):
    run = create_run(checkpoints, CONFIG)
    (run.folder / "status.json").write_text("{")
    with hold(run.folder / "lock"):
        assert code(delete_run, run) == "E_CONFLICT"
    delete_run(run)
    assert list_runs(checkpoints) == []


# --- read-only places ---------------------------------------------------------------------------------------------


def test_derived_files_of_a_read_only_run_go_to_the_users_cache(tiny_run, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(folder.os, "access", lambda path, mode: False)  # we may be root, who may write anywhere
    assert tiny_run.place("config.json") == tiny_run.folder / "config.json", "what is there is read there"
    elsewhere = tiny_run.place("projections", "new.safetensors")
    assert elsewhere == tmp_path / ".cache" / "aelib" / "runs" / tiny_run.id / "projections" / "new.safetensors"


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("x")
    below = tmp_path / "file" / "checkpoints"
    assert list_runs(below) == []
    assert code(create_run, below, CONFIG) == "E_DISK"
    with pytest.raises(AelibError, match="--checkpoints") as caught, index.transaction(below):
        pass
    assert caught.value.code == "E_DISK"


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
