"""How a training ends: in one sentence where something is wrong, and with what it leaves in its folder."""

import json

import pytest
import torch

from aelib import files
from aelib.cli._train import resume_in_front
from aelib.config import RunConfig
from aelib.errors import AelibError
from aelib.jobs import queue, training
from aelib.runs import index, weights
from aelib.runs.folder import Run, open_run
from tests.jobs._small import config, outcome

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
        "weights.safetensors.json", "codes/items.safetensors", "codes/items.safetensors.json", "way.json",
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
