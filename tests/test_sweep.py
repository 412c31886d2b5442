"""Sweeps, demo mode, priorities, starts from other weights, and the doctor: in the library and on the command line."""

import json
import shutil

import numpy as np
import pytest
import torch

from aelib.cli import main
from aelib.cli._train import train_in_front
from aelib.config import RunConfig
from aelib.errors import AelibError
from aelib.jobs import changing, dispatcher, queue, starting, sweep, training
from aelib.runs import index, weights
from aelib.runs.folder import list_runs, open_run

RAW = {
    "network": {"name": "mlp", "widths": [8]},
    "model": {"name": "vae", "latent_dim": 2},
    "training": {"epochs": 1, "device": "cpu"},
}


def code(call, *arguments, **more) -> str:
    with pytest.raises(AelibError) as caught:
        call(*arguments, **more)
    return caught.value.code


def config(**training) -> RunConfig:
    return RunConfig.parse({**RAW, "training": {**RAW["training"], **training}})


# --- sweeps -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "path", "values"),
    [
        ("model.latent_dim=2,4,8", "model.latent_dim", [2, 4, 8]),
        ("network.widths=[64,32],[16]", "network.widths", [[64, 32], [16]]),
        ("training.schedule=cosine,constant", "training.schedule", ["cosine", "constant"]),
        ("training.find_rate=true, false", "training.find_rate", [True, False]),
        ("model.beta=0.5", "model.beta", [0.5]),
    ],
)
def test_an_axis_is_a_setting_and_its_values(word, path, values):
    assert sweep.read_axis(word) == (path, values)


@pytest.mark.parametrize("word", ["", "model.beta", "model.beta=", "beta=1", "=1"])
def test_a_word_without_values_is_refused(word):
    assert code(sweep.read_axis, word) == "E_CONFIG"


def test_every_combination_once_and_only_below_the_limit():
    axes = {"model.latent_dim": [2, 3], "model.beta": [1.0, 4.0], "training.seed": [5]}
    found = sweep.points(RAW, axes)
    assert [(c.model.latent_dim, c.model.beta, c.training.seed) for _, c in found] == [
        (2, 1.0, 5), (2, 4.0, 5), (3, 1.0, 5), (3, 4.0, 5),
    ]  # fmt: skip
    million = {"training.seed": list(range(1000)), "model.beta": [float(n) for n in range(1000)]}
    with pytest.raises(AelibError, match="1,000,000 runs"):
        sweep.points(RAW, million)
    assert code(sweep.points, RAW, {"model.latent_dim": [2, 0]}) == "E_CONFIG"
    assert code(sweep.points, RAW, {"corruptions.0.severity": [0.5]}) == "E_CONFIG"
    assert code(sweep.points, RAW, {"model.name.x": [1]}) == "E_CONFIG"


def test_a_sweep_is_ordinary_runs_and_a_table_that_fills(checkpoints, capsys):
    axes = {"model.latent_dim": [2, 3], "model.beta": [1.0, 4.0]}
    runs = sweep.submit(checkpoints, "sizes", RAW, axes, nonce="n")
    assert sweep.submit(checkpoints, "sizes", RAW, axes, nonce="n") == runs, "a double click"
    for nonce in ("", "m"):  # not two sweeps in one table
        assert code(sweep.submit, checkpoints, " sizes", RAW, axes, nonce) == "E_EXISTS"
    assert [run.status()["state"] for run in runs] == ["queued"] * 4
    training.work(*queue.claim(checkpoints, "", runs[1].id))
    rows = sweep.table(sweep.of(checkpoints, "sizes"))
    assert [row["state"] for row in rows] == ["queued", "completed", "queued", "queued"]
    assert rows[1]["model.beta"] == 4.0
    assert rows[1]["validation_error"] > 0
    assert main(["runs", "--sweep", "sizes", "--checkpoints", str(checkpoints)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert lines[0].split()[:3] == ["model.latent_dim", "model.beta", "state"]
    assert code(sweep.of, checkpoints, "other") == "E_NO_RUN"


def test_one_bad_point_queues_none(checkpoints):
    assert code(sweep.submit, checkpoints, "bad", RAW, {"training.batch_size": [64, 60_000]}) == "E_CONFIG"
    assert code(sweep.submit, checkpoints, " ", RAW, {"model.beta": [1.0]}) == "E_CONFIG"
    assert list_runs(checkpoints) == []


def test_the_command_counts_refuses_and_queues(checkpoints, capsys):
    words = ["sweep", "--name", "s", "--model", "vae", "--epochs", "1", "--checkpoints", str(checkpoints), "--json"]
    seeds = ",".join(str(number) for number in range(300))
    assert main([*words, "--set", f"training.seed={seeds}", "--set", "model.beta=1,2", "--dry-run"]) == 0
    assert json.loads(capsys.readouterr().out)["runs"] == 600
    assert main([*words, "--set", f"training.seed={seeds}"]) == 2
    assert "limit is 200" in capsys.readouterr().err
    assert main([*words, "--set", "model.latent_dim=2,4", "--set", "network.widths=[8]"]) == 0
    assert len(json.loads(capsys.readouterr().out)["runs"]) == len(list_runs(checkpoints)) == 2


# --- another run's weights ----------------------------------------------------------------------------------------


@pytest.fixture
def trained(tiny_run, copy_of):
    return copy_of(tiny_run)


def like(run, **changes) -> RunConfig:
    raw = json.loads(run.config().to_json())
    for section, fields in changes.items():
        raw[section] |= fields
    return RunConfig.parse(raw)


def test_a_run_starts_from_anothers_weights_and_needs_it_no_more(trained, checkpoints):
    old, _ = weights.load_weights(trained)
    run = queue.submit(checkpoints, like(trained, training={"epochs": 0, "start": trained.id}))
    shutil.rmtree(trained.folder)
    assert training.work(*queue.claim(checkpoints, "", run.id)) == "completed", run.error()
    new, _ = weights.load_weights(run)
    assert all(torch.equal(new[key], old[key]) for key in old)
    assert starting.start_sentence(run) == f"Started from {trained.id}: {len(old)} tensors taken."


def test_what_does_not_fit_keeps_its_random_start_and_is_named(trained, checkpoints):
    run = queue.submit(checkpoints, like(trained, model={"latent_dim": 5}, training={"epochs": 0, "start": trained.id}))
    training.work(*queue.claim(checkpoints, "", run.id))
    old, _ = weights.load_weights(trained)
    new, _ = weights.load_weights(run)
    same = {key for key in old if old[key].shape == new[key].shape and torch.equal(old[key], new[key])}
    assert same
    assert set(run.status()["start"]["left"]) == set(new) - same
    assert "random, because" in starting.start_sentence(run)


def test_a_start_that_is_not_there_or_fits_nowhere_is_told(trained, checkpoints, tmp_path):
    assert code(queue.submit, checkpoints, like(trained, training={"start": "no-such-run"})) == "E_NO_RUN"
    waiting = queue.submit(checkpoints, config())
    assert code(queue.submit, checkpoints, like(trained, training={"start": waiting.id})) == "E_NO_WEIGHTS"
    other = like(trained, training={"epochs": 0, "start": trained.id})
    raw = {**json.loads(other.to_json()), "model": {"name": "pca", "latent_dim": 2}}
    run = queue.submit(checkpoints, RunConfig.parse(raw))
    assert training.work(*queue.claim(checkpoints, "", run.id)) == "failed"
    assert run.error()["code"] == "E_START"


def test_the_command_that_trains_on(trained, checkpoints, capsys):
    assert main(["continue", trained.id, "--epochs", "7", "--checkpoints", str(checkpoints), "--json"]) == 0
    made = open_run(checkpoints, json.loads(capsys.readouterr().out)["run"])
    assert (made.config().training.epochs, made.config().training.start) == (7, trained.id)
    assert trained.config().training.epochs == 2, "the old one stays as it is"


# --- changes in mid-run -------------------------------------------------------------------------------------------


def test_what_can_be_changed_and_what_is_refused(checkpoints):
    raw = {**RAW, "corruptions": [{"name": "masking", "severity": 0.3}]}
    run = queue.submit(checkpoints, RunConfig.parse(raw))
    assert {"training.learning_rate", "model.beta", "corruptions.0.severity"} <= set(changing.changeable(run.config()))
    changing.ask(run, {"model.beta": 2})
    changing.ask(run, {"training.learning_rate": 1e-4})
    now = changing.as_it_stands(run)
    assert (now.model.beta, now.training.learning_rate) == (2.0, 1e-4)
    for settings in (
        {"model.latent_dim": 4},
        {"training.epochs": 9},
        {"model.beta": -1.0},
        {"model.sigma": 0.5},
        {"": 1},
    ):
        assert code(changing.ask, run, settings) == "E_CONFIG", settings
    assert len(run.queue()["asked"]) == 2
    run.write_status(state="completed")
    assert code(changing.ask, run, {"model.beta": 3.0}) == "E_CONFLICT"


def test_a_change_takes_effect_is_written_down_and_counts_the_best_anew(checkpoints):
    run = queue.submit(checkpoints, config(epochs=6, learning_rate=0.01))

    def changing_in_the_third(report) -> None:
        if report.finished and report.epoch == 3:
            changing.ask(run, {"model.beta": 50.0})

    assert training.work(*queue.claim(checkpoints, ""), changing_in_the_third) == "completed"
    (row,) = changing.lines(run)
    assert row["position"] == [0, 3, 0]
    rows = run.metrics()
    assert rows[3]["best"], "the first of its kind, whatever its figure"
    assert run.config().model.beta == 1.0, "config.json is as it was queued"
    parts = rows[4]["validation"]
    np.testing.assert_allclose(parts["loss"], parts["cross_entropy_above_floor"] + 50 * parts["kl"], rtol=1e-4)


# --- demo mode ----------------------------------------------------------------------------------------------------


def test_in_demo_mode_nothing_is_changed_whoever_asks(trained, checkpoints, monkeypatch, capsys):
    waiting = queue.submit(checkpoints, config())
    trashed = queue.delete(queue.submit(checkpoints, config()))
    before = {path: path.read_bytes() for path in checkpoints.rglob("*.json")}
    monkeypatch.setenv("AELIB_MODE", "demo")
    for call, arguments in [
        (queue.submit, (checkpoints, config())), (queue.enter, (checkpoints, config())), (queue.stop, (waiting,)),
        (queue.pause, (waiting,)), (queue.resume, (trained,)), (queue.describe, (waiting, "a", "b")),
        (queue.prioritise, (waiting, 3)), (queue.delete, (waiting,)), (queue.restore, (trashed,)),
        (sweep.submit, (checkpoints, "s", RAW, {"model.beta": [1.0]})), (train_in_front, (checkpoints, config())),
        (changing.ask, (waiting, {"model.beta": 2.0})),
    ]:  # fmt: skip
        assert code(call, *arguments) == "E_DEMO", call
    thread = dispatcher.Dispatcher(checkpoints)
    thread.start()
    thread.join(10)
    assert waiting.status()["state"] == "queued", "and nothing is started"
    assert {path: path.read_bytes() for path in checkpoints.rglob("*.json")} == before
    assert main(["stop", waiting.id, "--checkpoints", str(checkpoints)]) == 2
    assert "demo" in capsys.readouterr().err
    assert main(["show", trained.id, "--checkpoints", str(checkpoints)]) == 0, "looking is free"


# --- the queue by hand --------------------------------------------------------------------------------------------


def test_a_priority_is_kept_by_folder_and_index(checkpoints, capsys):
    first, second = (queue.submit(checkpoints, config()) for _ in range(2))
    assert main(["prioritise", second.id, "5", "--checkpoints", str(checkpoints)]) == 0
    assert code(queue.prioritise, first, 101) == "E_CONFIG"
    assert index.rebuild(checkpoints) == 2
    assert queue.claim(checkpoints, "me") == (second, 1)


@pytest.mark.parametrize("text", ["0", "65", "-1", "two", "1.5"])
def test_an_odd_number_of_places_is_told(checkpoints, monkeypatch, text):
    queue.submit(checkpoints, config())
    monkeypatch.setenv("AELIB_RUNS_PER_DEVICE", text)
    assert code(queue.claim, checkpoints, "me") == "E_CONFIG"


def test_the_doctor_fills_the_index_anew_and_keeps_claims_and_order(checkpoints, capsys):
    runs = [queue.submit(checkpoints, config()) for _ in range(3)]
    queue.stop(runs[0])
    queue.resume(runs[0])  # to the end of the queue
    with dispatcher.claimer(checkpoints) as owner:
        assert queue.claim(checkpoints, owner) == (runs[1], 1)
        with index.transaction(checkpoints) as connection:
            connection.execute("DELETE FROM runs WHERE id = ?", (runs[2].id,))
        assert main(["doctor", "--json", "--checkpoints", str(checkpoints)]) == 0
        found = {row["what"]: row for row in json.loads(capsys.readouterr().out)["checks"]}
        assert not found["index"]["ok"]
        assert main(["doctor", "--rebuild-index", "--json", "--checkpoints", str(checkpoints)]) == 0
        answer = json.loads(capsys.readouterr().out)
        assert answer["rebuilt"] == 3
        assert all(row["ok"] for row in answer["checks"])
        queue.reconcile(checkpoints)
        with index.transaction(checkpoints) as connection:
            rows = connection.execute("SELECT id, state FROM runs ORDER BY seq").fetchall()
        assert rows == [(runs[1].id, "starting"), (runs[2].id, "queued"), (runs[0].id, "queued")]
