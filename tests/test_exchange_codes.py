"""Codes become a run: whole or not at all, with what came and nothing else; and what goes out comes in again."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from aelib import codes as tables
from aelib.cli import main
from aelib.config import read_choice
from aelib.datasets._base import load_dataset
from aelib.errors import AelibError
from aelib.exchange import codes
from aelib.jobs import projecting, queue
from aelib.projections import _base as projections
from aelib.registry import ALL, PROJECTIONS
from aelib.runs import index
from aelib.runs.folder import Run, delete_run, list_runs
from aelib.runs.weights import load_info, load_model

ROOT = Path(__file__).parents[1]
COUNT = 60


def arrays(size: int = 3) -> dict[str, np.ndarray]:
    random = np.random.default_rng(3)
    return {
        "codes": random.normal(size=(COUNT, size)).astype(np.float32),
        "labels": random.integers(0, 3, COUNT),
        "classes": np.array(["cat", "dog", "owl"]),
        "images": random.integers(0, 256, (COUNT, 5, 4, 3), dtype=np.uint8),
        "index": random.permutation(COUNT) + 100,
        "spreads": random.uniform(0.1, 1, (COUNT, size)).astype(np.float32),
        "errors": random.uniform(0, 5, COUNT).astype(np.float32),
        "hair": np.array(["red", "fair"] * (COUNT // 2)),
    }


@pytest.fixture
def file(tmp_path):
    def save(**given: np.ndarray) -> Path:
        np.savez(tmp_path / "codes.npz", **given)  # type: ignore[arg-type]
        return tmp_path / "codes.npz"

    return save


def test_all_that_came_is_in_the_run(checkpoints, file):
    given = arrays()
    run = codes.import_codes(checkpoints, file(**given), name="mine")
    assert [found.id for found in list_runs(checkpoints)] == [run.id]
    assert run.is_imported
    assert run.status()["state"] == "completed"
    assert run.queue()["name"] == "mine"
    table, dataset = tables.of_run(run), load_dataset(run.dataset())
    items = dataset.all_items()
    for name in ("codes", "labels", "index", "spreads", "errors"):
        np.testing.assert_array_equal(getattr(table, name), given[name])
    np.testing.assert_array_equal(items.values, given["images"].transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(items.index, table.index)
    assert dataset.classes == ("cat", "dog", "owl")
    assert dataset.factor_names == ("hair",)
    assert dataset.factor_values == {"hair": ("fair", "red")}
    assert items.factors is not None
    assert items.factors[:, 0].tolist() == [1, 0] * (COUNT // 2)
    assert load_info(run) == dataset.info
    assert dataset.hash == run.raw_config["dataset_hash"]
    assert run.config().to_json()


def test_a_model_that_is_not_here_says_so(checkpoints, file):
    import torch

    run = codes.import_codes(checkpoints, file(**arrays()))
    model = load_model(run)
    assert (model.can_encode, model.can_decode, model.can_sample) == (False, False, False)
    for act in (lambda: model.encode(torch.zeros(1, 3, 5, 4)), lambda: model.decode(torch.zeros(1, 3)), model.stages):
        with pytest.raises(AelibError) as caught:
            act()
        assert caught.value.code == "E_ABILITY"
    assert codes.imported_lattice(run) is None


@pytest.mark.parametrize("turned", [False, True])
def test_a_lattice_decodes_to_its_nearest_cell(checkpoints, file, turned):
    import torch

    lattice = np.random.default_rng(0).integers(0, 256, (4, 7, 5, 6, 3), dtype=np.uint8)
    x0, x1, y0, y1 = (-3.0, 3.0, 2.0, -1.0) if turned else (-3.0, 3.0, -1.0, 2.0)
    run = codes.import_codes(
        checkpoints, file(codes=np.zeros((5, 2)), lattice=lattice, lattice_extent=np.array([x0, x1, y0, y1]))
    )
    found = codes.imported_lattice(run)
    assert found is not None
    np.testing.assert_array_equal(found[0], lattice)
    assert found[1] == (x0, x1, y0, y1)
    places = np.random.default_rng(1).uniform(-4, 4, (50, 2)).astype(np.float32)
    xs, ys = np.linspace(x0, x1, 7), np.linspace(y0, y1, 4)
    wanted = [lattice[np.abs(ys - y).argmin(), np.abs(xs - x).argmin()] for x, y in places]
    decoded = load_model(run).decode(torch.from_numpy(places)).permute(0, 2, 3, 1).numpy()
    np.testing.assert_array_equal(np.rint(decoded * 255), wanted)


def test_points_that_came_are_a_map_of_their_own(checkpoints, file):
    points = np.random.default_rng(0).normal(size=(COUNT, 2)).astype(np.float32)
    run = codes.import_codes(checkpoints, file(**arrays(), points=points))
    found = projections.read(run, read_choice(PROJECTIONS, "given"))
    assert found is not None
    np.testing.assert_array_equal(found.points, points)
    assert 0 < found.quality["trustworthiness"] < 1
    assert projecting.compute(run, read_choice(PROJECTIONS, "pca")).points.shape == (COUNT, 2)
    bare = codes.import_codes(checkpoints, file(codes=np.ones((3, 3))))
    with pytest.raises(AelibError, match="No points came"):
        projecting.compute(bare, read_choice(PROJECTIONS, "given"))


def test_codes_alone_are_drawn_as_bars(checkpoints, file):
    wide = np.random.default_rng(0).normal(size=(9, 300)) * np.linspace(1, 9, 300)
    run = codes.import_codes(checkpoints, file(codes=wide))
    values = load_dataset(run.dataset()).all_items().values
    np.testing.assert_array_equal(values, wide[:, np.sort(np.argsort(-wide.var(axis=0))[:64])].astype(np.float32))
    assert "64 numbers that vary most" in run.raw_config["dataset"]["notes"][0]
    table = tables.of_run(run)
    assert not table.has_errors
    assert (table.labels == -1).all()


@pytest.mark.parametrize("codes_given", [np.ones((1, 1)), np.ones((2, 3)), np.arange(4.0)])
def test_the_smallest_files_make_a_run_with_a_map(checkpoints, file, codes_given):
    run = codes.import_codes(checkpoints, file(codes=codes_given))
    assert len(tables.of_run(run)) == len(codes_given)
    load_model(run)
    assert projecting.compute(run, read_choice(PROJECTIONS, "pca")).points.shape == (len(codes_given), 2)


@pytest.mark.parametrize("failing", ["write_json", "write_arrays", "write_bytes"])
def test_half_a_run_is_never_there(checkpoints, file, monkeypatch, failing):
    def fail(*arguments, **more):
        raise AelibError("E_DISK", "the disk is full")

    monkeypatch.setattr(codes, failing, fail)
    with pytest.raises(AelibError, match="disk is full"):
        codes.import_codes(checkpoints, file(**arrays()))
    assert list(checkpoints.iterdir()) == []


def test_what_a_killed_import_left_is_no_run_and_goes_after_a_day(checkpoints, file):
    left = checkpoints / f"{codes.UNFINISHED}imported-1"
    left.mkdir(parents=True)
    (left / "config.json").write_text("{}")
    codes.import_codes(checkpoints, file(**arrays()))
    assert left.exists(), "it may be at work"
    assert len(list_runs(checkpoints)) == 1
    old = time.time() - 2 * codes.STALE_SECONDS
    os.utime(left, (old, old))
    codes.import_codes(checkpoints, file(**arrays()))
    assert not left.exists()


def test_an_imported_run_moves_with_its_folder_and_through_the_trash(checkpoints, file, tmp_path):
    run = codes.import_codes(checkpoints, file(**arrays()))
    assert index.rebuild(checkpoints) == 1
    with pytest.raises(AelibError, match="cannot be resumed"):
        queue.resume(run)
    queue.restore(queue.delete(run))
    checkpoints.rename(tmp_path / "elsewhere")
    moved = Run(tmp_path / "elsewhere" / run.id)
    assert len(load_dataset(moved.dataset()).all_items()) == COUNT
    delete_run(moved)


def test_damaged_codes_are_not_made_up(checkpoints, file):
    run = codes.import_codes(checkpoints, file(**arrays()))
    (run.folder / "codes" / "items.safetensors").write_bytes(b"")
    with pytest.raises(AelibError, match="Import them again"):
        tables.of_run(run)


def test_stand_ins_are_not_offered_and_not_trained():
    for plugins in ALL:
        assert not set(plugins.names()) & {"imported", "imported_lattice", "given"}
        for name in plugins.unlisted:
            assert plugins.has(name)
            assert all(vars(plugins.help(name)).values())


@pytest.mark.parametrize("words", [["--model", "imported"], ["--dataset", "imported"], ["--network", "imported"]])
def test_the_command_line_does_not_train_a_stand_in(words, checkpoints, capsys):
    assert main(["train", *words, "--epochs", "1", "--checkpoints", str(checkpoints)]) == 2
    assert "[E_" in capsys.readouterr().err


def test_what_encode_writes_can_be_imported_as_it_is(tiny_run, checkpoints, tmp_path, capsys):
    out, again = tmp_path / "codes.npz", tmp_path / "again.npz"
    assert main(["encode", tiny_run.id, "--out", str(out), "--checkpoints", str(tiny_run.folder.parent)]) == 0
    assert main(["import", str(out), "--name", "back", "--checkpoints", str(checkpoints), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (answer["items"], answer["latent_dim"], answer["classes"]) == (1797, 3, 10)
    before, after = tables.of_run(tiny_run), tables.of_run(Run(checkpoints / answer["run"]))
    for name in ("codes", "labels", "index", "spreads", "errors"):
        np.testing.assert_array_equal(getattr(before, name), getattr(after, name))
    assert main(["encode", answer["run"], "--out", str(again), "--checkpoints", str(checkpoints)]) == 0
    with np.load(out, allow_pickle=False) as first, np.load(again, allow_pickle=False) as second:
        assert set(first) == set(second)
        for name in first:
            np.testing.assert_array_equal(first[name], second[name])


@pytest.mark.parametrize("command", ["runs", "show", "reconstruct", "sample", "project"])
def test_each_command_answers_for_an_imported_run(command, checkpoints, file, capsys, tmp_path):
    run = codes.import_codes(checkpoints, file(**arrays()))
    words = {"runs": [], "show": [run.id], "project": [run.id, "--method", "pca"]}.get(command, [run.id])
    out = [] if command in ("runs", "show") else ["--out", str(tmp_path / "out")]
    code = main([command, *words, *out, "--checkpoints", str(checkpoints)])
    assert code == (2 if command in ("reconstruct", "sample") else 0)
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    assert ("[E_ABILITY]" in said.err) == bool(code)


@pytest.mark.parametrize("kind", ["npz", "npy", "txt", "csv"])
def test_labels_from_another_file(kind, checkpoints, tmp_path, file, capsys):
    names = np.array(["a", "b", "c"] * 2)
    other = tmp_path / f"labels.{kind}"
    if kind == "npz":
        np.savez(other, labels=names)
    elif kind == "npy":
        np.save(other, names)
    else:
        other.write_text("\n".join(names) + "\n")
    path = file(codes=np.ones((6, 2)), labels=np.zeros(6, int))
    assert main(["import", str(path), "--labels-from", str(other), "--checkpoints", str(checkpoints)]) == 0
    (run,) = list_runs(checkpoints)
    assert load_info(run).classes == ("a", "b", "c")
    assert tables.of_run(run).labels.tolist() == [0, 1, 2] * 2


@pytest.mark.parametrize("name", ["missing.npz", "codes.pt", "codes", "folder.npz"])
def test_what_cannot_be_opened_is_a_sentence(name, checkpoints, tmp_path, capsys):
    (tmp_path / "folder.npz").mkdir()
    (tmp_path / "codes.pt").write_bytes(b"\x80\x02")
    assert main(["import", str(tmp_path / name), "--checkpoints", str(checkpoints)]) == 2
    assert "Traceback" not in capsys.readouterr().err
    assert not list_runs(checkpoints)


SNIPPETS = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "bring-your-codes.md").read_text("utf-8"), re.DOTALL)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(SNIPPETS)))
def test_the_documents_snippets_write_what_can_be_imported(number, checkpoints, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", SNIPPETS[number]], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    run = codes.import_codes(checkpoints, tmp_path / "codes.npz")
    assert run.raw_config["model"]["name"] == ("imported_lattice" if "lattice" in SNIPPETS[number] else "imported")
    assert [note for note in run.raw_config["dataset"]["notes"] if "left out" in note] == []
