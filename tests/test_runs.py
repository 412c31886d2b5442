"""Run folders: the folder is the truth."""

import pytest

from aelib.config import RunConfig
from aelib.errors import AelibError
from aelib.files import write_json
from aelib.runs import folder, index
from aelib.runs.folder import STATES, Run, create_run, delete_run, list_runs, open_run, restore_run
from aelib.runs.lock import hold

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


def test_ids_that_meet_by_chance_are_drawn_again(checkpoints, monkeypatch):
    from aelib.runs import folder

    drawn = iter(["aaaa", "aaaa", "aaaa", "bbbb"])
    monkeypatch.setattr(folder.time, "strftime", lambda text: "20260101-000000")
    monkeypatch.setattr(folder.secrets, "token_hex", lambda size: next(drawn))
    ids = [folder.create_run(checkpoints, RunConfig()).id for _ in range(2)]
    assert [run_id[-4:] for run_id in ids] == ["aaaa", "bbbb"]
