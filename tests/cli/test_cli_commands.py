"""The command line: every command, for people and for machines, and Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest
from PIL import Image

from aelib import registry
from aelib.cli import main
from aelib.cli.settings import read_settings
from aelib.codes import of_run
from aelib.config import RunConfig
from aelib.datasets._base import load_dataset
from aelib.registry import ALL
from aelib.runs.folder import open_run

SMALL = ["--set", "network.widths=[8]", "--set", "model.latent_dim=2", "--set", "training.device=cpu", "--epochs", "1"]


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


def test_measure_lists_what_there_is_and_keeps_what_it_finds(cli, tiny_run, copy_of):
    run = copy_of(tiny_run)
    rc, out, _ = cli("measure", run.id)
    assert rc == 0
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert "not measured yet" in lines["active_units"]
    assert "every entry" in lines["hidden_entries"]
    rc, out, _ = cli("measure", run.id, "--what", "bound", "--items", 20, "--samples", 3, "--json")
    answer = json.loads(out)
    assert (rc, answer["samples"], answer["items"]) == (0, 3, 20)
    assert answer["sentence"] in cli("measure", run.id)[1]
    rc, _, err = cli("measure", run.id, "--what", "bond")
    assert rc == 2
    assert "Did you mean 'bound'?" in err


def test_list_prints_how_to_choose(cli):
    rc, out, _ = cli("list", "models", "--markdown")
    assert rc == 0
    assert out.startswith("# How to choose")
    assert cli("list", "networks", "--markdown")[0] == 2
