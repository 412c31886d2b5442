"""Training in processes of its own: killed, stopped, orphaned, and what is left in the run folder each time."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from aelib import files
from aelib.cli._train import resume_in_front, train_in_front
from aelib.config import RunConfig
from aelib.errors import AelibError
from aelib.jobs import local, queue, training
from aelib.jobs.dispatcher import Dispatcher, claimer
from aelib.runs import index, weights
from aelib.runs.folder import Run, open_run
from aelib.runs.lock import hold, is_held
from tests.waiting import wait_until


def config(epochs: int = 4, **training) -> RunConfig:
    return RunConfig.parse(
        {
            "network": {"name": "mlp", "widths": [16]},
            "model": {"name": "vae", "latent_dim": 2},
            "training": {"epochs": epochs, "learning_rate": 0.02, "batch_size": 256, "device": "cpu", **training},
        }
    )


def outcome(run: Run) -> tuple:
    """All that a run leaves which must not depend on how often it was cut off."""
    sidecar = files.read_object(run.folder / "weights.safetensors.json")
    data = (run.folder / "weights.safetensors").read_bytes()
    assert files.sha256(data) == sidecar["sha256"]
    rows = [{key: value for key, value in row.items() if key != "items_per_second"} for row in run.metrics()]
    result = {key: value for key, value in run.result().items() if key not in ("seconds", "attempt")}
    codes, about = files.read_arrays(run.folder / "codes" / "items.safetensors")
    assert about["weights"] == sidecar["sha256"][:16]
    return sidecar["sha256"], sidecar["epoch"], rows, result, files.sha256(codes["codes"].tobytes())


def start(run: Run, workers: list[int]) -> int:
    """Claim a run and start its worker; returns its process id as soon as it is at work."""
    began = time.time()
    with claimer(run.folder.parent) as owner:
        claimed = queue.claim(run.folder.parent, owner, run.id)
        assert claimed
        local.start_worker(*claimed)
        wait_until(lambda: run.status()["state"] == "running" and run.status().get("started", 0) > began)
    workers.append(run.status()["pid"])
    return workers[-1]


def log(run: Run) -> str:
    return (run.folder / "worker.log").read_text()


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


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory) -> tuple:
    run, state = train_in_front(tmp_path_factory.mktemp("unbroken"), config(epochs=3), quiet=True)
    assert state == "completed"
    return outcome(run)


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


# --- faults end in one sentence -----------------------------------------------------------------------------------


def worked(checkpoints, run_config: RunConfig, monkeypatch=None, **changes) -> Run:
    run = queue.submit(checkpoints, run_config)
    for name, value in changes.items():
        monkeypatch.setattr(training, name, value)
    training.work(*queue.claim(checkpoints, "", run.id))
    return run


def assert_failed(run: Run, code: str, *words: str) -> None:
    assert run.status()["state"] == "failed"
    assert run.error()["code"] == code
    for word in words:
        assert word in run.status()["problem"]
    assert "\n" not in run.status()["problem"]
    with index.transaction(run.folder.parent) as connection:
        assert connection.execute("SELECT state FROM runs WHERE id = ?", (run.id,)).fetchone() == ("failed",)


def test_a_device_that_is_not_there_fails_in_words(checkpoints):
    assert_failed(worked(checkpoints, config(device="cuda:99")), "E_DEVICE", "cuda:99", "cpu")


def test_a_dataset_that_changed_since_queueing_fails_in_words(checkpoints):
    run = queue.submit(checkpoints, config())
    changed = json.loads(run.config().to_json()) | {"dataset_hash": "0" * 64}
    files.write_json(run.folder / "config.json", changed)
    training.work(*queue.claim(checkpoints, "", run.id))
    assert_failed(open_run(checkpoints, run.id), "E_DATASET_CHANGED", "digits")


def test_a_config_that_was_broken_since_queueing_fails_in_words(checkpoints):
    run = queue.submit(checkpoints, config())
    (run.folder / "config.json").write_text('{"model": {"name": "vea"}}')
    training.work(*queue.claim(checkpoints, "", run.id))
    assert_failed(open_run(checkpoints, run.id), "E_FILE", "config.json", "damaged")


def test_a_training_that_blows_up_keeps_the_last_good_weights(checkpoints, monkeypatch):
    monkeypatch.setattr("aelib.training.loop._Training._step", poisoned_from(15))  # 5 steps an epoch
    run = worked(checkpoints, config(epochs=6))
    assert_failed(run, "E_DIVERGED", "epoch 4", "smaller learning rate")
    assert len(run.metrics()) == 3
    model = weights.load_model(run)
    assert all(bool(torch.isfinite(tensor).all()) for tensor in model.state_dict().values())
    assert files.read_object(run.folder / "weights.safetensors.json")["epoch"] <= 3


def poisoned_from(step: int):
    from aelib.training import loop

    whole, count = loop._Training._step, [0]

    def poisoned(self, *arguments):
        figures = whole(self, *arguments)
        count[0] += 1
        if count[0] > step:
            with torch.no_grad():
                next(self.model.parameters()).fill_(float("nan"))
        return figures

    return poisoned


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (MemoryError(), "E_MEMORY", "batch_size 128"),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB\nand more"), "E_MEMORY", "batch_size 128"),
        (ZeroDivisionError("division by zero"), "E_INTERNAL", "ZeroDivisionError"),
        (AelibError("E_DISK", "Cannot write x", "the disk is full", "Make room"), "E_DISK", "the disk is full"),
    ],
)
def test_whatever_happens_ends_in_a_state_with_a_sentence(checkpoints, monkeypatch, error, code, words):
    def fail(*arguments):
        raise error

    assert_failed(worked(checkpoints, config(), monkeypatch, load_dataset=fail), code, words)


def test_a_full_disk_fails_the_run_which_goes_on_when_there_is_room(checkpoints, monkeypatch, unbroken):
    run = queue.submit(checkpoints, config(epochs=3))
    write, full = weights.write_bytes, [True]

    def filling(path, data):
        if full and run.metrics() and len(run.metrics()) > 1:
            with files.saying_disk_faults(path):
                raise OSError(28, "No space left on device")
        write(path, data)

    monkeypatch.setattr(weights, "write_bytes", filling)
    training.work(*queue.claim(checkpoints, "", run.id))
    assert_failed(run, "E_DISK", "full")
    full.clear()
    assert resume_in_front(run, quiet=True) == "completed"
    assert outcome(run) == unbroken


# --- what a training leaves ---------------------------------------------------------------------------------------


def test_a_completed_run_has_every_file_of_the_list(tiny_run):
    names = {str(path.relative_to(tiny_run.folder)) for path in tiny_run.folder.rglob("*") if path.is_file()}
    wanted = {
        "config.json", "queue.json", "status.json", "metrics.jsonl", "lock", "result.json", "weights.safetensors",
        "weights.safetensors.json", "codes/items.safetensors", "codes/items.safetensors.json",
        "preview/epoch-00001.png", "preview/epoch-00002.png",
    }  # fmt: skip
    assert {name for name in names if not name.startswith(("projections/", "movie/"))} == wanted
    assert {"movie/items.safetensors", "movie/items.safetensors.json"} <= names
    status = tiny_run.status()
    assert (status["state"], status["epoch"], status["epochs"], status["attempt"]) == ("completed", 2, 2, 1)
    assert status["made"] <= status["started"] <= status["ended"]
    assert status["validation_error"] > 0
    assert set(tiny_run.metrics()[0]) >= {"stage", "epoch", "train", "validation", "learning_rate", "best"}


def test_no_epochs_leave_an_untrained_model_that_can_be_looked_at(checkpoints):
    run = worked(checkpoints, config(epochs=0))
    assert run.status()["state"] == "completed"
    assert weights.load_model(run).latent_dim == 2
    assert len(run.previews()) == 1
    assert run.metrics()[0]["epoch"] == 0


def test_a_stop_in_the_first_epoch_leaves_a_run_that_can_be_resumed(checkpoints, monkeypatch):
    monkeypatch.setattr("aelib.training.loop.REPORT_SECONDS", 0.0)
    run = queue.submit(checkpoints, config(epochs=2))
    assert training.work(*queue.claim(checkpoints, "", run.id), lambda report: queue.stop(run)) == "stopped"
    assert run.metrics() == []
    assert run.result()["validation_error"] is None
    assert resume_in_front(run, quiet=True) == "completed"


def test_previews_are_pictures_of_the_same_items_and_not_too_many(checkpoints, monkeypatch):
    from PIL import Image

    monkeypatch.setattr(training, "PREVIEWS", 3)
    run = worked(checkpoints, config(epochs=9))
    assert [path.stem for path in run.previews()] == [f"epoch-{epoch:05d}" for epoch in (1, 3, 6, 9)]
    above = {Image.open(path).convert("L").crop((0, 0, 96, 8)).tobytes() for path in run.previews()}
    assert len(above) == 1
