"""Codes of all items: their order, their figures, and that a stored table is the one of the stored weights."""

import numpy as np
import pytest
import torch

from aelib import codes, files
from aelib.datasets._base import SPLITS, load_dataset
from aelib.drawing import as_pictures
from aelib.errors import AelibError
from aelib.runs import weights


@pytest.fixture(scope="module")
def table(tiny_run) -> codes.CodeTable:
    return codes.of_run(tiny_run)


@pytest.fixture(scope="module")
def model(tiny_run):
    return weights.load_model(tiny_run)


@pytest.fixture(scope="module")
def dataset(tiny_run):
    return load_dataset(tiny_run.dataset())


def test_rows_are_train_validation_test(table, dataset):
    assert len(table) == 1797
    assert [int((table.split == number).sum()) for number in range(3)] == [len(dataset.splits[name]) for name in SPLITS]
    assert (np.diff(table.split) >= 0).all()
    for name in SPLITS:
        rows = table.rows(name)
        np.testing.assert_array_equal(table.index[rows], dataset.splits[name].index)
        np.testing.assert_array_equal(table.labels[rows], dataset.splits[name].labels)
    assert sorted(table.index) == list(range(1797))
    np.testing.assert_array_equal(table.rows("all"), np.arange(1797))


def test_each_row_is_what_the_model_says_of_that_item(table, model, dataset):
    everything = dataset.all_items()
    rows = np.array([0, 255, 256, 257, 1000, 1796])  # about the seams between chunks
    images = torch.from_numpy(everything.values[rows]).float() / 255
    with torch.no_grad():
        found = model.encode(images)
        errors = ((model.reconstruct(images) - images) ** 2).sum(dim=(1, 2, 3))
    np.testing.assert_allclose(table.codes[rows], found.codes.numpy(), atol=1e-5)
    np.testing.assert_allclose(table.spreads[rows], found.spreads.numpy(), rtol=1e-4)
    np.testing.assert_allclose(table.errors[rows], errors.numpy(), rtol=1e-4)


def test_types_and_shapes(table):
    types = {
        "codes": "float32",
        "spreads": "float32",
        "errors": "float32",
        "labels": "int64",
        "index": "int64",
        "split": "int8",
    }
    assert {name: str(array.dtype) for name, array in vars(table).items()} == types
    assert table.codes.shape == table.spreads.shape == (1797, 3)
    assert all(len(array) == 1797 for array in vars(table).values())


def test_the_status_and_the_table_say_the_same_error(tiny_run, table):
    for split in ("validation", "test"):
        told = tiny_run.status()[f"{split}_error"]
        assert told == pytest.approx(float(table.errors[table.rows(split)].mean()), rel=1e-4)
        assert tiny_run.result()[f"{split}_error"] == told


def test_rows_are_taken_in_the_order_asked_for(table):
    rows = np.array([5, 3, 3, 1700])
    part = table.take(rows)
    for name, array in vars(part).items():
        np.testing.assert_array_equal(array, getattr(table, name)[rows])


def test_no_items_make_an_empty_part(table):
    assert len(table.take(np.zeros(0, int))) == 0


# --- what is kept -------------------------------------------------------------------------------------------------


def test_the_worker_keeps_the_table_and_it_is_read_not_computed(tiny_run, table, monkeypatch):
    assert files.has_arrays(tiny_run.folder / "codes" / "items.safetensors")
    monkeypatch.setattr(codes, "encode", None)
    again = codes.of_run(tiny_run)
    for name, array in vars(again).items():
        np.testing.assert_array_equal(array, getattr(table, name))


@pytest.mark.parametrize("breakage", ["flip", "cut", "sidecar", "no sidecar", "other weights", "gone"])
def test_a_table_that_is_damaged_or_of_other_weights_is_made_anew(tiny_run, table, copy_of, breakage):
    run = copy_of(tiny_run)
    path, sidecar = (run.folder / "codes" / f"items.safetensors{end}" for end in ("", ".json"))
    data = path.read_bytes()
    if breakage == "flip":
        path.write_bytes(data[:-8] + bytes([data[-8] ^ 1]) + data[-7:])
    elif breakage == "cut":
        path.write_bytes(data[:100])
    elif breakage == "sidecar":
        sidecar.write_text("{")
    elif breakage == "no sidecar":
        sidecar.unlink()
    elif breakage == "other weights":
        arrays, _ = files.read_arrays(path)
        files.write_arrays(path, {**arrays, "codes": arrays["codes"] + 1}, {"weights": "0" * 16})
    else:
        path.unlink()
    np.testing.assert_array_equal(codes.of_run(run).codes, table.codes)
    assert files.read_arrays(path)[1]["weights"] == weights.weights_version(run)


def test_a_model_without_spreads_and_items_without_labels(checkpoints):
    from aelib.config import RunConfig
    from aelib.datasets._base import Dataset
    from aelib.models._base import build

    data = load_dataset(RunConfig.parse({}).dataset)
    splits = {name: part.take(np.arange(30)) for name, part in data.splits.items()}
    nameless = {name: type(part)(part.values, None, part.index) for name, part in splits.items()}
    run = RunConfig.parse({"network": {"name": "mlp", "widths": []}, "training": {"batch_size": 5}})
    found = codes.encode(build(run, data.info), Dataset(nameless))
    assert found.spreads is None
    assert set(found.labels) == {-1}
    assert len(found) == 90


# --- pictures -----------------------------------------------------------------------------------------------------


def test_reconstructions_of_bytes_and_of_numbers_are_the_same(model, dataset):
    images = dataset.splits["test"].values[:7]
    recon = codes.reconstruct(model, images)
    assert (recon.dtype, recon.shape) == (np.float32, images.shape)
    np.testing.assert_allclose(recon, codes.reconstruct(model, (images / 255).astype(np.float32)), atol=1e-6)
    np.testing.assert_array_equal(codes.reconstruct(model, images[::-1])[::-1], recon)


def test_reconstructing_in_mid_training_leaves_the_model_training(dataset):
    from aelib.config import RunConfig
    from aelib.models._base import build

    mine = build(RunConfig.parse({"network": {"name": "mlp", "dropout": 0.5}}), dataset.info).train()
    images = dataset.splits["test"].values[:3]
    np.testing.assert_array_equal(codes.reconstruct(mine, images), codes.reconstruct(mine, images))
    assert mine.training


def test_pictures_are_clipped_for_display_only():
    floats = np.asarray([-0.5, 0.0, 0.5, 1.0, 1.5, 0.9999], np.float32).reshape(1, 1, 2, 3)
    np.testing.assert_array_equal(as_pictures(floats).ravel(), [0, 0, 128, 255, 255, 255])
    every = np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16)
    np.testing.assert_array_equal(as_pictures(every.astype(np.float32) / 255), every)


def test_a_loaded_model_is_frozen(model):
    assert not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())
    with pytest.raises(RuntimeError, match="frozen"):
        model.train()
    assert model.eval() is model


@pytest.mark.parametrize("breakage", ["flip", "cut", "empty", "tail", "gone", "sidecar", "sidecar list", "pickle"])
def test_damaged_weights_are_told(tiny_run, copy_of, breakage):
    run = copy_of(tiny_run)
    path, sidecar = (run.folder / f"weights.safetensors{end}" for end in ("", ".json"))
    data = path.read_bytes()
    changed = {
        "flip": data[:999] + bytes([data[999] ^ 16]) + data[1000:],
        "cut": data[:-1],
        "empty": b"",
        "tail": data + b"\0",
        "pickle": b"\x80\x04cos\nsystem\n(S'touch /tmp/pwned'\ntR.",
    }
    if breakage in changed:
        path.write_bytes(changed[breakage])
    elif breakage == "gone":
        path.unlink()
    else:
        sidecar.write_text("[]" if breakage == "sidecar list" else '{"sha256": "')
    with pytest.raises(AelibError) as caught:
        weights.load_model(run)
    assert caught.value.code in ("E_CORRUPT", "E_FILE")
    assert "weights.safetensors" in str(caught.value)


def resealed(run, tensors: dict[str, torch.Tensor]) -> None:
    weights.save_weights(run, tensors, weights.load_info(run), epoch=2)


@pytest.mark.parametrize("change", ["missing", "extra", "shape", "type"])
def test_weights_that_do_not_fit_the_config_are_told_by_name(tiny_run, copy_of, change):
    run = copy_of(tiny_run)
    tensors, _ = weights.load_weights(run)
    name = "to_mean.weight"
    if change == "missing":
        del tensors[name]
    elif change == "extra":
        tensors[name := "foreign"] = torch.zeros(1)
    elif change == "shape":
        tensors[name] = torch.zeros(2, 2)
    else:
        tensors[name] = tensors[name].to(torch.float64)
    resealed(run, tensors)
    with pytest.raises(AelibError, match=name) as caught:
        weights.load_model(run)
    assert caught.value.code == "E_MISMATCH"


def test_weights_that_are_no_numbers_are_refused(tiny_run, copy_of):
    run = copy_of(tiny_run)
    tensors, _ = weights.load_weights(run)
    tensors["to_mean.bias"][1] = float("nan")
    resealed(run, tensors)
    with pytest.raises(AelibError, match="not finite"):
        weights.load_model(run)


@pytest.mark.parametrize(
    "info", [{}, {"item_shape": [1, 8]}, {"item_shape": 5}, {"item_shape": [1, 8, 8], "counts": {}, "classes": 3}]
)
def test_a_sidecar_without_the_item_shape_is_told(tiny_run, copy_of, info):
    run = copy_of(tiny_run)
    files.write_json(run.folder / "weights.safetensors.json", {"sha256": "", "bytes": 0, "info": info})
    with pytest.raises(AelibError) as caught:
        weights.load_info(run)
    assert caught.value.code == "E_CORRUPT"


def test_a_sidecar_that_is_written_again_is_read_again(tiny_run, copy_of):
    run = copy_of(tiny_run)
    before, path = weights.load_info(run), run.folder / "weights.safetensors.json"
    about = files.read_object(path)
    files.write_json(path, {**about, "sha256": "5" * 64, "info": {**about["info"], "classes": ["one"]}})
    assert weights.weights_version(run) == "5" * 16
    assert weights.load_info(run).classes == ("one",) != before.classes
    path.write_text("{")
    with pytest.raises(AelibError):
        weights.load_info(run)


def test_a_run_without_weights_says_so(tiny_run, copy_of):
    run = copy_of(tiny_run)
    (run.folder / "weights.safetensors.json").unlink()
    assert weights.weights_version(run) == ""
    for ask in (weights.load_model, weights.load_weights, weights.load_info, codes.of_run):
        if ask is codes.of_run:
            (run.folder / "codes" / "items.safetensors").unlink()
        with pytest.raises(AelibError) as caught:
            ask(run)
        assert caught.value.code == "E_NO_WEIGHTS"


def test_a_reader_waits_while_the_worker_stands_between_weights_and_sidecar(tiny_run, copy_of, monkeypatch):
    from aelib.runs.lock import hold

    run = copy_of(tiny_run)
    path = run.folder / "weights.safetensors"
    data = path.read_bytes()
    path.write_bytes(b"newer weights, whose sidecar is still to come")
    waits = []

    def finish(seconds):
        waits.append(seconds)
        path.write_bytes(data)

    monkeypatch.setattr(weights.time, "sleep", finish)
    with pytest.raises(AelibError):
        weights.load_weights(run)
    assert not waits, "nobody writes: it is damaged"
    with hold(run.folder / "lock"):
        assert weights.load_weights(run)[0]
    assert len(waits) == 1
