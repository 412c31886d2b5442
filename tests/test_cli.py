"""The command line: every command, for people and for machines; every bad input is one sentence and exit code 2."""

import json
import os
import signal
import subprocess
import sys
import threading
import urllib.request

import numpy as np
import pytest
from PIL import Image

from aelib import registry
from aelib.cli import main
from aelib.cli.settings import read_settings, read_value, write_command
from aelib.codes import of_run
from aelib.config import RunConfig
from aelib.datasets._base import load_dataset
from aelib.presets import PRESETS
from aelib.registry import ALL
from aelib.runs.folder import Run, open_run

SMALL = ["--set", "network.widths=[8]", "--set", "model.latent_dim=2", "--set", "training.device=cpu", "--epochs", "1"]


@pytest.fixture
def cli(capsys, checkpoints):
    """Runs a command in this test's folder of runs, or in another; gives exit code, stdout and stderr."""

    def run(*words: object, inside=checkpoints) -> tuple[int, str, str]:
        capsys.readouterr()
        rc = main([*map(str, words), "--checkpoints", str(inside)])
        out, err = capsys.readouterr()
        return rc, out, err

    return run


@pytest.fixture
def tiny(cli, tiny_run):
    """Runs a command on the shared trained run; for machines, so the answer is parsed."""

    def run(command: str, *words: object) -> dict:
        rc, out, err = cli(command, tiny_run.id, *words, "--json", inside=tiny_run.folder.parent)
        assert (rc, err) == (0, "")
        return json.loads(out.splitlines()[-1])

    return run


# --- every command ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("plugins", ALL, ids=lambda plugins: plugins.kind)
def test_list(cli, plugins):
    rc, out, _ = cli("list", f"{plugins.kind}s")
    assert rc == 0
    assert [line.split()[0] for line in out.splitlines()] == plugins.names()
    rc, out, _ = cli("list", f"{plugins.kind}s", "--json")
    rows = json.loads(out.splitlines()[-1])
    assert [row["name"] for row in rows] == plugins.names()
    assert set(rows[0]) == {"name", "summary", "what_for", "limits", "reference"}


def test_train_show_runs_and_resume(cli, checkpoints):
    rc, out, err = cli("train", "--model", "vae", "--corruption", "masking=0.3", "--name", "Mei's", *SMALL, "--json")
    assert rc == 0, err
    answer = json.loads(out.splitlines()[-1])
    assert (answer["state"], answer["model"], answer["dataset"], answer["epoch"]) == ("completed", "vae", "digits", 1)
    assert answer["validation_error"] > 0
    run = open_run(checkpoints, answer["run"])
    assert run.config().corruptions[0].severity == 0.3
    assert run.queue()["name"] == "Mei's"

    rc, out, _ = cli("runs", "--json")
    assert [row["run"] for row in json.loads(out.splitlines()[-1])] == [run.id]
    rc, out, _ = cli("runs")
    assert run.id in out
    assert "completed" in out

    rc, out, _ = cli("show", run.id, "--json")
    shown = json.loads(out.splitlines()[-1])
    assert shown["config"]["model"]["latent_dim"] == 2
    assert shown["metrics"][0]["epoch"] == 1
    assert json.loads(cli("show", run.id)[1]) == shown

    rc, _, err = cli("resume", run.id)
    assert rc == 2
    assert "cannot be resumed" in err


def test_train_for_people_ends_with_one_line(cli):
    rc, out, err = cli("train", *SMALL)
    assert rc == 0, err
    assert len(out.strip().splitlines()) == 1
    assert "completed" in out
    assert "autoencoder on digits" in out


def test_resume_goes_on_where_it_was_stopped(cli, checkpoints):
    from aelib.jobs import queue, training

    run = queue.submit(checkpoints, RunConfig.parse(read_settings("", {}, [], SMALL[1:6:2], 3)))
    training.work(*queue.claim(checkpoints, "", run.id), lambda report: report.epoch == 1 and queue.stop(run))
    rc, out, err = cli("resume", run.id, "--json")
    assert rc == 0, err
    assert json.loads(out.splitlines()[-1])["state"] == "completed"
    assert [row["epoch"] for row in run.metrics()] == [1, 2, 3]


def test_no_runs_say_how_to_start_one(cli):
    rc, out, _ = cli("runs")
    assert rc == 0
    assert "python -m aelib train" in out
    assert json.loads(cli("runs", "--json")[1].splitlines()[-1]) == []


@pytest.mark.parametrize("split", ["all", "train", "validation", "test"])
def test_encode(tiny, tiny_run, tmp_path, split):
    answer = tiny("encode", "--out", tmp_path / "codes.npz", "--split", split)
    table = of_run(tiny_run)
    table = table.take(table.rows(split))
    assert (answer["items"], answer["latent_dim"]) == (len(table), 3)
    with np.load(tmp_path / "codes.npz", allow_pickle=False) as found:
        assert set(found) == {"codes", "labels", "index", "errors", "spreads"}
        for name in found:
            np.testing.assert_array_equal(found[name], getattr(table, name))


def test_project(tiny, tiny_run, tmp_path):
    answer = tiny("project", "--method", "axes", "--set", "across=2", "--set", "up=1", "--out", tmp_path / "points.npz")
    table = of_run(tiny_run)
    assert answer["items"] == len(table)
    assert 0.5 < answer["quality"]["trustworthiness"] < 1
    with np.load(tmp_path / "points.npz", allow_pickle=False) as found:
        assert set(found) == {"points", "labels", "index", "split"}
        np.testing.assert_array_equal(found["points"], table.codes[:, [2, 1]])


@pytest.mark.parametrize("worst", [False, True])
def test_reconstruct(tiny, tiny_run, tmp_path, worst):
    flags = ["--worst"] if worst else []
    answer = tiny("reconstruct", "--out", tmp_path / "strip.png", "--split", "test", "--count", 5, *flags)
    table = of_run(tiny_run)
    test = table.take(table.rows("test"))
    rows = np.argsort(-test.errors, kind="stable")[:5] if worst else np.arange(5)
    assert answer["index"] == test.index[rows].tolist()
    assert answer["errors"] == pytest.approx(test.errors[rows].tolist())
    picture = np.asarray(Image.open(tmp_path / "strip.png").convert("L"))
    items = load_dataset(tiny_run.dataset()).items("test").take(rows)
    scale = picture.shape[1] // (5 * 8)
    first = picture[: 8 * scale : scale, : 8 * scale : scale]
    np.testing.assert_array_equal(first, items.values[0, 0])


def test_help_names_every_command(capsys):
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(word in out for word in ("list", "train", "resume", "runs", "show", "encode", "project", "reconstruct"))
    assert main([]) in (0, 2)


def test_as_a_program_it_has_no_traceback_and_the_same_exit_codes(tmp_path):
    def program(*words: str) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "aelib", *words, "--checkpoints", str(tmp_path)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    good = program("list", "models", "--json")
    assert (good.returncode, good.stderr) == (0, "")
    assert json.loads(good.stdout.splitlines()[-1])[0]["name"] == registry.MODELS.names()[0]
    bad = program("train", "--model", "vea")
    assert bad.returncode == 2
    assert bad.stderr.strip() == "There is no model named 'vea'. Did you mean 'vae'? [E_UNKNOWN]"


# --- settings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("8", 8), ("2.5", 2.5), ("true", True), ("[1,2]", [1, 2]), ("256,128", [256, 128]), ("cosine", "cosine"),
        ("1,x", "1,x"), ("", ""), ("a,b", "a,b"), ("1e-3", 0.001), ("/a, b/c", "/a, b/c"), ("[" * 60_000, "[" * 60_000),
    ],
)  # fmt: skip
def test_words_are_read_as_the_values_they_look_like(word, value):
    found = read_value(word)
    assert found == value
    assert type(found) is type(value)


def test_a_name_alone_takes_fields_too():
    raw = read_settings("", {}, [], ["model=vae", "model.latent_dim=3", "training.epochs=9"], 2)
    run = RunConfig.parse(raw)
    assert (run.model.name, run.model.latent_dim, run.training.epochs) == ("vae", 3, 2)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_train_from_the_command_line(name):
    run = RunConfig.parse(read_settings(name, {"dataset": "mnist"}, [], ["training.batch_size=77"], 3))
    assert (run.dataset.name, run.training.batch_size, run.training.epochs) == ("mnist", 77, 3)
    assert run.network == RunConfig.parse(PRESETS[name].config).network


@pytest.mark.parametrize(
    "raw",
    [
        {},
        *({**preset.config, "dataset": "mnist"} for preset in PRESETS.values()),
        {"corruptions": ["gaussian", {"name": "masking", "severity": 0.5}]},
        {"training": {"learning_rate": 1e-5, "find_rate": True, "schedule": "cosine", "device": "cpu"}},
        {"dataset": {"name": "image_folder", "folder": "/my pictures/it's $HOME", "size": 16}},
        {"dataset": {"name": "image_folder", "folder": "2026"}},
    ],
)
def test_the_command_that_is_shown_trains_the_same_run(raw, monkeypatch, checkpoints):
    import shlex

    from aelib.cli import _train

    caught = []

    def instead(folder, config, **rest):
        caught.append(config)
        raise KeyboardInterrupt

    config = RunConfig.parse(raw)
    monkeypatch.setattr(_train, "train_in_front", instead)
    main([*shlex.split(write_command(config))[3:], "--checkpoints", str(checkpoints)])
    assert caught == [config]


# --- bad input ----------------------------------------------------------------------------------------------------

BAD = {
    "dataset": (["train", "--dataset", "mnits"], "Did you mean 'mnist'?"),
    "model": (["train", "--model", "vea"], "Did you mean 'vae'?"),
    "network": (["train", "--network", "mpl"], "Did you mean 'mlp'?"),
    "corruption": (["train", "--corruption", "gausian=0.3"], "Did you mean 'gaussian'?"),
    "preset": (["train", "--preset", "denoisin"], "Did you mean 'denoising'?"),
    "kind": (["list", "modles"], "Did you mean 'models'?"),
    "run": (["show", "no-such-run"], "There is no run 'no-such-run'"),
    "run to resume": (["resume", "no-such-run"], "There is no run 'no-such-run'"),
    "run id": (["show", "../../etc"], "is no run id"),
    "new run id": (["train", "--id", "../evil"], "is no run id"),
    "setting": (["train", "--set", "model.latentdim=3"], "Did you mean 'latent_dim'?"),
    "section": (["train", "--set", "trainng.epochs=3"], "Did you mean 'training'?"),
    "setting without value": (["train", "--set", "model.latent_dim"], "FIELD=VALUE"),
    "setting without name": (["train", "--set", "=3"], "FIELD=VALUE"),
    "section as a value": (["train", "--set", "training=5"], "training is out of range"),
    "field of a value": (["train", "--set", "model=5", "--set", "model.latent_dim=3"], "'model' has no fields"),
    "field of a list": (["train", "--corruption", "masking", "--set", "corruptions.severity=1"], "corruptions"),
    "severity": (["train", "--corruption", "masking=7"], "from 0 to 1"),
    "severity in words": (["train", "--corruption", "masking=much"], "from 0 to 1"),
    "latent_dim 0": (["train", "--set", "model.latent_dim=0"], "a whole number from 1 to 4096"),
    "latent_dim 10^9": (["train", "--set", "model.latent_dim=1000000000"], "a whole number from 1 to 4096"),
    "latent_dim 2.5": (["train", "--set", "model.latent_dim=2.5"], "a whole number from 1 to 4096"),
    "latent_dim true": (["train", "--set", "model.latent_dim=true"], "a whole number from 1 to 4096"),
    "latent_dim text": (["train", "--set", 'model.latent_dim="8"'], "a whole number from 1 to 4096"),
    "latent_dim nested": (["train", "--set", "model.latent_dim=" + "[" * 60_000], "a whole number from 1 to 4096"),
    "latent_dim of the item": (["train", "--set", "model.latent_dim=64"], "Take 1 to 63"),
    "batch": (["train", "--set", "training.batch_size=5000"], "training items"),
    "epochs": (["train", "--epochs", "-1"], "a whole number from 0 to 10000"),
    "learning_rate NaN": (["train", "--set", "training.learning_rate=NaN"], "a number above 0 to 10"),
    "learning_rate Infinity": (["train", "--set", "training.learning_rate=Infinity"], "a number above 0 to 10"),
    "learning_rate 0": (["train", "--set", "training.learning_rate=0"], "a number above 0 to 10"),
    "seed": (["train", "--set", f"training.seed={2**80}"], "a whole number from 0 to 4294967295"),
    "seed of 5000 digits": (["train", "--set", "training.seed=" + "9" * 5000], "a whole number from 0 to 4294967295"),
    "masks": (["train", "--set", "target=masks"], "has no masks"),
    "no such device": (["train", *SMALL[:4], "--set", "training.device=cuda:97", "--json"], "'cuda:97' is not there"),
    "device": (["train", "--set", "training.device=gpu"], "auto, cpu, mps, cuda"),
    "layers": (["train", "--network", "convolutional", "--set", "network.channels=[8,8,8,8]"], "at most 3 layers"),
    "no folder": (["train", "--dataset", "image_folder"], "dataset.folder"),
}  # fmt: skip


def assert_one_sentence(rc: int, out: str, err: str) -> None:
    assert rc == 2, (out, err)
    assert "Traceback" not in out + err
    assert len(err.strip().splitlines()) == 1, err
    assert err.strip().endswith("]")
    assert "[E_" in err
    assert len(err) < 600


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_sentence_with_a_remedy(cli, name):
    words, expected = BAD[name]
    rc, out, err = cli(*words)
    assert_one_sentence(rc, out, err)
    assert expected in err


@pytest.mark.parametrize("name", ["model", "latent_dim 0", "run", "no such device"])
def test_machines_get_bad_input_as_json(cli, name):
    words = [word for word in BAD[name][0] if word != "--json"]
    rc, out, err = cli(*words, "--json")
    assert rc == 2
    error = json.loads(out.splitlines()[-1])["error"]
    assert set(error) == {"code", "what", "why", "how_to_fix"}
    assert error["code"] in err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["project", "--method", "umpa"], "Did you mean 'umap'?"),
        (["project", "--method", "axes", "--set", "acros=1"], "Did you mean 'across'?"),
        (["project", "--method", "axes", "--set", "across=99"], "no dimension 99"),
        (["project", "--method", "axes", "--set", "across=-1"], "from 0 to 4095"),
        (["encode", "--split", "vaildation"], "Did you mean 'validation'?"),
        (["reconstruct", "--split", "tset"], "Did you mean 'test'?"),
    ],
)
def test_bad_questions_to_a_run(cli, tiny_run, tmp_path, words, expected):
    command, *rest = words
    answer = cli(command, tiny_run.id, *rest, "--out", tmp_path / "out", inside=tiny_run.folder.parent)
    assert_one_sentence(*answer)
    assert expected in answer[2]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("place", ["under a file", "a folder", "/proc/x", "under /proc", "/dev/full/x"])
@pytest.mark.parametrize("command", ["encode", "project", "reconstruct"])
def test_a_place_where_nothing_can_be_written(cli, tiny_run, tmp_path, command, place):
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    paths = {"under a file": tmp_path / "file" / "x", "a folder": tmp_path / "folder", "under /proc": "/proc/1/none/x"}
    words = ["--method", "axes"] if command == "project" else []
    answer = cli(command, tiny_run.id, *words, "--out", paths.get(place, place), inside=tiny_run.folder.parent)
    assert_one_sentence(*answer)
    assert "E_DISK" in answer[2]


@pytest.mark.parametrize("place", ["file/below", "/proc/none", "\0"])
def test_checkpoints_that_cannot_be_written(cli, tmp_path, place):
    (tmp_path / "file").write_text("x")
    answer = cli("train", *SMALL, inside=tmp_path / place if place != "\0" else tmp_path / "file")
    assert_one_sentence(*answer)
    assert "E_DISK" in answer[2]
    assert cli("runs", inside=tmp_path / "file")[0] == 0


@pytest.mark.parametrize(
    "words",
    [
        ["train", "--no-such"],
        ["no-such"],
        ["encode"],
        ["train", "--epochs", "2.5"],
        ["reconstruct", "x", "--out", "y", "--count", "0"],
    ],
)
def test_a_command_that_is_written_wrongly(cli, words):
    rc, out, err = cli(*words)
    assert rc == 2
    assert err
    assert "Traceback" not in out + err


def test_a_dataset_that_is_not_here_and_cannot_be_fetched(cli, checkpoints, monkeypatch):
    def offline(*arguments, **rest):
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setattr(urllib.request, "urlopen", offline)
    answer = cli("train", "--dataset", "fashion_mnist", *SMALL)
    assert_one_sentence(*answer)
    assert "E_DATA_MISSING" in answer[2]
    assert "AELIB_DATA" in answer[2]
    assert not checkpoints.exists()


# --- broken run folders -------------------------------------------------------------------------------------------

TRUNCATED = '{"format": 1, "data'
BROKEN_JSON = ["", TRUNCATED, "[]", "5", "\x00\x01"]
COMMANDS = ["show", "resume", "encode", "project", "reconstruct"]


def ask(cli, run: Run, command: str, tmp_path) -> tuple[int, str, str]:
    words = {"show": [], "resume": []}.get(command, ["--out", tmp_path / "out"])
    words += ["--method", "pca"] if command == "project" else []
    return cli(command, run.id, *words)


@pytest.mark.parametrize("text", [*BROKEN_JSON, '{"model": 5}', '{"dataset": 5}', '{"model": {"name": "vea"}}'])
def test_a_broken_config(cli, tiny_run, copy_of, tmp_path, text):
    run = copy_of(tiny_run)
    (run.folder / "config.json").write_text(text)
    rc, out, _ = cli("runs")
    assert rc == 0
    assert run.id in out
    for command in ("show", "reconstruct"):
        assert_one_sentence(*ask(cli, run, command, tmp_path))


@pytest.mark.parametrize("text", [*BROKEN_JSON, '{"state": "flying"}'])
def test_a_broken_status(cli, tiny_run, copy_of, tmp_path, text):
    run = copy_of(tiny_run)
    (run.folder / "status.json").write_text(text)
    rc, out, _ = cli("runs")
    assert rc == 0
    assert "broken" in out
    for command in ("show", "resume"):
        assert_one_sentence(*ask(cli, run, command, tmp_path))
    assert ask(cli, run, "encode", tmp_path)[0] == 0, "the codes are sound"


@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "sidecar", "no sidecar"])
def test_broken_weights(cli, tiny_run, copy_of, tmp_path, damage):
    run = copy_of(tiny_run)
    path, sidecar = (run.folder / f"weights.safetensors{end}" for end in ("", ".json"))
    data = path.read_bytes()
    if damage == "sidecar":
        sidecar.write_text(TRUNCATED)
    elif damage == "no sidecar":
        sidecar.unlink()
    else:
        path.write_bytes(
            {"flip": data[:-9] + bytes([data[-9] ^ 1]) + data[-8:], "cut": data[:-9], "empty": b""}[damage]
        )
    assert_one_sentence(*ask(cli, run, "reconstruct", tmp_path))
    assert ask(cli, run, "show", tmp_path)[0] == 0


def test_a_run_that_fails_when_resumed_has_exit_code_2(cli, checkpoints):
    from aelib.jobs import queue

    run = queue.submit(checkpoints, RunConfig.parse({"training": {"device": "cuda:97"}}))
    queue.stop(run)
    rc, _, err = cli("resume", run.id, "--json")
    assert rc == 2
    assert "E_DEVICE" in err


# --- Ctrl-C -------------------------------------------------------------------------------------------------------


def test_an_interrupt_stops_a_training_and_keeps_what_it_has(cli, checkpoints, monkeypatch):
    from aelib.jobs import training

    progress = training._Attempt._progress

    def interrupting(self, report):
        if report.epoch == 2:
            signal.raise_signal(signal.SIGINT)
        return progress(self, report)

    assert threading.current_thread() is threading.main_thread()
    monkeypatch.setattr(training._Attempt, "_progress", interrupting)
    before = signal.getsignal(signal.SIGINT)
    _, out, _ = cli("train", *SMALL[:-1], "50", "--json")
    answer = json.loads(out.splitlines()[-1])
    assert (answer["state"], answer["epoch"]) == ("stopped", 2)
    assert signal.getsignal(signal.SIGINT) is before
    assert not training.stop_signal


def test_an_interrupt_elsewhere_is_no_traceback(cli, monkeypatch):
    from aelib.cli import _app

    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(_app, "list_runs", interrupted)
    rc, out, err = cli("runs")
    assert rc == 130
    assert "Traceback" not in out + err


def test_answers_go_into_a_closed_pipe_quietly(tiny_run):
    command = f"{sys.executable} -m aelib show {tiny_run.id} --checkpoints {tiny_run.folder.parent} | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, env=os.environ)
    assert "Traceback" not in done.stderr
