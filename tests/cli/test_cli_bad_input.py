"""Every bad input, and every broken run folder, is one sentence and exit code 2."""

import json
import urllib.request

import pytest

from aelib.config import RunConfig
from aelib.runs.folder import Run

SMALL = ["--set", "network.widths=[8]", "--set", "model.latent_dim=2", "--set", "training.device=cpu", "--epochs", "1"]


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
