"""The projection worker: one at a time, warm, stoppable, and no request without an answer."""

import json
import os
import shutil
import signal
import threading

import numpy as np
import pytest

from aelib.config import read_choice
from aelib.errors import AelibError
from aelib.jobs import desk as desks
from aelib.jobs import local, projecting
from aelib.projections import _base as projections
from aelib.projections._progress import listening, tell
from aelib.registry import PROJECTIONS
from aelib.runs.folder import delete_run
from aelib.runs.lock import hold, is_held
from tests.waiting import wait_until


def axes(**fields):
    return read_choice(PROJECTIONS, {"name": "axes", **fields})


@pytest.fixture
def started(monkeypatch) -> list[tuple]:
    """Workers that would have been started."""
    found: list[tuple] = []
    monkeypatch.setattr(local, "start", lambda *arguments, **rest: found.append(arguments))
    return found


@pytest.fixture
def desk(checkpoints):
    folder = checkpoints / ".projecting"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def short(monkeypatch):
    """A worker that goes home as soon as nothing is left to do, and tells every step."""
    monkeypatch.setattr(projecting._desk, "stay", 0.0)
    monkeypatch.setattr(desks, "TOLD_SECONDS", 0.0)


def test_projections_are_answered_by_one_standing_worker(tiny_run, copy_of, started, short):
    run = copy_of(tiny_run)
    assert projecting.request(run, axes(across=2, up=0)) == ""
    assert projecting.request(run, axes(across=2, up=0)) == "", "asking again costs nothing"
    assert projecting.request(run, axes(across=9, up=0)) == "", "this one will fail"
    assert started[0][0] == "aelib.jobs.projecting"
    assert projecting.serve(run.folder.parent) == 0
    found = projections.read(run, axes(across=2, up=0))
    assert found is not None
    np.testing.assert_array_equal(found.points, projecting.codes.of_run(run).codes[:, [2, 0]])
    assert "There is no dimension 9" in projecting.request(run, axes(across=9, up=0))
    projecting.forget_fault(run, axes(across=9, up=0))
    assert projecting.request(run, axes(across=9, up=0)) == ""


def test_a_second_projection_worker_goes_home(checkpoints, desk):
    with hold(desk / "lock"):
        assert projecting.serve(checkpoints) == 75


def test_a_request_that_is_rubbish_does_not_stop_the_worker(checkpoints, desk, short):
    rubbish = {"a": "{", "b": "[]", "c": '{"run": "../x", "config": {"name": "pca"}}', "d": '{"config": 5}'}
    for name, text in rubbish.items():
        (desk / f"{name}.json").write_text(text)
    assert projecting.serve(checkpoints) == 0
    assert sorted(path.name for path in desk.glob("?.*")) == [f"{name}.fault" for name in "abcd"]


def test_labels_reach_the_methods_that_need_them(tiny_run, copy_of):
    run = copy_of(tiny_run)
    table = projecting.codes.of_run(run)
    config = read_choice(PROJECTIONS, "lda")
    np.testing.assert_array_equal(
        projecting.compute(run, config).points, projections.fit(table.codes, config, table.labels)
    )


# --- one at a time --------------------------------------------------------------------------------------------------


def test_no_second_worker_is_started_while_the_first_still_loads(tiny_run, copy_of, monkeypatch):
    run, held = copy_of(tiny_run), []
    monkeypatch.setattr(local, "start", lambda *arguments, keep, **rest: held.append(os.dup(keep)))
    for _ in range(5):
        projecting.request(run, axes())
    assert len(held) == 1, "the lock is the worker's before its first instruction"
    assert is_held(run.folder.parent / ".projecting" / "lock")
    os.close(held[0])
    projecting.request(run, axes())
    assert len(held) == 2, "when it is gone, another is started"
    os.close(held[1])


def test_many_pages_asking_at_once_start_one_worker(tiny_run, copy_of, monkeypatch):
    run, held = copy_of(tiny_run), []
    monkeypatch.setattr(local, "start", lambda *arguments, keep, **rest: held.append(os.dup(keep)))
    asking = [threading.Thread(target=projecting.request, args=(run, axes(up=2))) for _ in range(12)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert len(held) == 1
    os.close(held[0])


def test_a_worker_process_has_the_lock_from_the_start_answers_and_outlives_who_asked(tiny_run, copy_of, workers):
    run = copy_of(tiny_run)
    desk = run.folder.parent / ".projecting"
    pid = projecting.warm_up(run.folder.parent)
    assert pid is not None
    workers.append(pid)
    assert is_held(desk / "lock")
    assert projecting.request(run, axes(up=2)) == ""
    assert os.getsid(pid) == pid, "in a session of its own: a server's end is not its end"
    wait_until(lambda: projections.stored(run, axes(up=2)), 120)
    wait_until(lambda: not list(desk.glob("*.json")), 10)
    assert is_held(desk / "lock"), "it stays, warm, for the next request"
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_held(desk / "lock"), 30)


# --- stopped, killed, deleted ---------------------------------------------------------------------------------------


def test_a_request_that_waits_can_be_stopped_and_asked_for_again(tiny_run, copy_of, started, short):
    run = copy_of(tiny_run)
    projecting.request(run, axes(up=2))
    projecting.stop(run, axes(up=2))
    projecting.serve(run.folder.parent)
    assert "The projection was stopped" in projecting.request(run, axes(up=2))
    assert not projections.stored(run, axes(up=2))
    projecting.forget_fault(run, axes(up=2))
    assert projecting.request(run, axes(up=2)) == ""
    projecting.serve(run.folder.parent)
    assert projections.stored(run, axes(up=2))


def test_progress_is_told_while_it_computes_and_a_stop_ends_it_there(tiny_run, copy_of, started, short, monkeypatch):
    run, config, seen = copy_of(tiny_run), axes(up=2), []

    def slow(codes, config_, labels=None):
        for step in range(10):
            tell(step / 10)
            seen.append(projecting.progress(run, config))
            if step == 5:
                projecting.stop(run, config)
        raise AssertionError("it went on")

    monkeypatch.setattr(projections, "fit", slow)
    assert projecting.progress(run, config) is None
    projecting.request(run, config)
    assert projecting.progress(run, config) is None, "it waits"
    projecting.serve(run.folder.parent)
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(projecting.FITTED * 0.5)
    assert len(seen) == 6
    assert "was stopped" in projecting.request(run, config)
    assert projecting.progress(run, config) is None


def test_what_a_killed_worker_was_at_is_told_and_not_tried_again_by_itself(tiny_run, copy_of, started, short):
    run = copy_of(tiny_run)
    for number in (1, 2):
        projecting.request(run, axes(up=number))
    begun = projecting._desk.path(run, projections.key(run, axes(up=1))).with_suffix(".begun")
    begun.write_text(json.dumps({"share": 0.4}))
    projecting.serve(run.folder.parent)
    assert "The worker ended while it computed this" in projecting.request(run, axes(up=1))
    assert projections.stored(run, axes(up=2)), "the next in line is computed"
    assert not begun.exists()


def test_what_was_stopped_is_not_begun_anew_when_its_worker_died_over_it(tiny_run, copy_of, started, short):
    run = copy_of(tiny_run)
    projecting.request(run, axes(up=1))
    projecting._desk.path(run, projections.key(run, axes(up=1))).with_suffix(".begun").write_text('{"share": 0.4}')
    projecting.stop(run, axes(up=1))
    projecting.serve(run.folder.parent)
    assert "was stopped" in projecting.request(run, axes(up=1))
    assert not projections.stored(run, axes(up=1))


def test_a_worker_whose_desk_is_taken_away_goes_home(tiny_run, copy_of, started, monkeypatch):
    run, fit = copy_of(tiny_run), projections.fit
    monkeypatch.setattr(projecting._desk, "stay", 60.0)

    def taken_away(*given):
        shutil.rmtree(run.folder.parent / ".projecting")
        return fit(*given)

    monkeypatch.setattr(projections, "fit", taken_away)
    projecting.request(run, axes(up=1))
    assert projecting.serve(run.folder.parent) == 0


def test_a_run_deleted_meanwhile_is_a_sentence_and_leaves_nothing(tiny_run, copy_of, started, short, monkeypatch):
    run, fit = copy_of(tiny_run), projections.fit

    def deleting(*arguments):
        delete_run(run)
        return fit(*arguments)

    monkeypatch.setattr(projections, "fit", deleting)
    projecting.request(run, axes(up=2))
    projecting.serve(run.folder.parent)
    (fault,) = (run.folder.parent / ".projecting").glob("*.fault")
    assert "There is no run" in json.loads(fault.read_text())["sentence"]
    assert not run.folder.exists()


def test_progress_that_is_rubbish_is_none(tiny_run, copy_of, desk):
    run = copy_of(tiny_run)
    begun = projecting._desk.path(run, projections.key(run, axes())).with_suffix(".begun")
    for text in ("", "[]", "{}", '{"share": "x"}', '{"share": null}'):
        begun.write_text(text)
        assert projecting.progress(run, axes()) is None
    begun.write_text('{"share": 7}')
    assert projecting.progress(run, axes()) == 1.0


def test_telling_without_a_listener_is_nothing_and_a_listener_may_end_the_work():
    tell(0.5)

    def refuse(share: float) -> None:
        raise AelibError("E_STOPPED", f"at {share}")

    with pytest.raises(AelibError, match=r"at 0\.5"), listening(refuse):
        tell(0.5)
    tell(0.5)


@pytest.mark.parametrize("two", [("one", "two")])
def test_folders_that_cannot_be_written_have_desks_of_their_own(two, tmp_path, monkeypatch):
    monkeypatch.setattr(desks.os, "access", lambda *arguments: False)
    found = {projecting._desk.folder(tmp_path / name) for name in two}
    assert len(found) == 2
