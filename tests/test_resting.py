"""Items that do not fit: mapped from a file that is written once, streamed by a thread, with the bits of memory."""

import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from aelib import codes
from aelib.config import RunConfig, read_choice
from aelib.datasets import _base, _mapped
from aelib.datasets._base import SPLITS, Items, load_dataset
from aelib.errors import AelibError
from aelib.models._base import build
from aelib.registry import DATASETS
from aelib.training.batches import Batches
from aelib.training.loop import train
from aelib.training.resting import AHEAD, OnDevice, Streamed, at_rest
from tests.training._small import DATA, config, figures, numbered, same


@pytest.fixture
def nothing_fits(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AELIB_ITEMS_SHARE", "0")
    yield
    _base._load.cache_clear()


def loaded(name: str, **fields):
    _base._load.cache_clear()
    return load_dataset(read_choice(DATASETS, {"name": name, **fields}))


def readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "reads-ahead"]


# --- streamed -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", [{}, {"network": {"dropout": 0.4}}, {"corruptions": ("gaussian", "masking")}])
def test_a_streamed_training_has_the_bits_of_one_in_memory(variant, monkeypatch):
    run = config(**variant)

    def trained():
        model = build(run, DATA.info)
        return model, [figures(report) for report in train(model, DATA, run) if report.finished]

    one, rows = trained()
    monkeypatch.setenv("AELIB_ITEMS_SHARE", "0")
    assert isinstance(at_rest(DATA.splits["train"], "cpu"), Streamed)
    two, again = trained()
    assert same(one, two)
    assert rows == again
    assert not readers()


def test_a_streamed_training_resumes_from_the_middle_of_an_epoch(nothing_fits, monkeypatch):
    monkeypatch.setattr("aelib.training.loop.REPORT_SECONDS", 0.0)
    run, points = config(corruptions=("masking",), epochs=2), []
    whole = build(run, DATA.info)
    for report in train(whole, DATA, run):
        points += [report.snapshot()] if report.snapshot else []
    for point in (points[1], points[-2]):
        again = build(run, DATA.info)
        assert list(train(again, DATA, run, resume=point))
        assert same(again, whole)


def test_labels_and_masks_come_along(nothing_fits):
    items = numbered()
    masked = Items(items.values, items.labels, items.index, masks=255 - items.values)
    for batch in Batches(masked, (), "cpu", "masks").shuffled(4, 1, 0, 0):
        numbers = (batch.items[:, 0, 0, 0] * 255).round().long()
        assert torch.equal(numbers, batch.labels)
        assert torch.allclose(batch.targets, 1 - batch.items)


def test_a_walk_that_nobody_ends_leaves_no_thread(nothing_fits):
    batches = Batches(numbered(200), (), "cpu")
    walk = batches.shuffled(4, 1, 0, 0)
    next(walk)
    assert len(readers()) == 1
    walk.close()
    assert not readers()


def test_it_reads_no_further_ahead_than_it_should():
    class Counting(np.ndarray):
        read = 0

        def __getitem__(self, key):
            Counting.read += 1
            return super().__getitem__(key)

    items = numbered(200)
    streamed = Streamed(Items(items.values.view(Counting), None, items.index), "cpu")
    walk = streamed.walk(torch.arange(200), [(start, start + 2) for start in range(0, 200, 2)])
    next(walk)
    next(walk)
    assert Counting.read <= 2 + AHEAD + 1
    walk.close()


def test_a_fault_while_reading_is_told_where_the_batch_is_asked_for():
    streamed = Streamed(numbered(8), "cpu")
    with pytest.raises(IndexError):
        list(streamed.walk(torch.arange(5, 13), [(0, 4), (4, 8)]))
    assert not readers()


def test_items_in_memory_stay_there_while_they_fit():
    assert isinstance(at_rest(numbered(), "cpu"), OnDevice)


# --- mapped -------------------------------------------------------------------------------------------------------


def test_a_mapped_dataset_is_the_dataset(nothing_fits, monkeypatch):
    mapped = loaded("digits")
    monkeypatch.delenv("AELIB_ITEMS_SHARE")
    plain = loaded("digits")
    assert type(plain) is not type(mapped)
    assert mapped.hash == plain.hash
    assert mapped.info == plain.info
    assert (mapped.notes, mapped.factor_names, mapped.factor_values) == (
        plain.notes, plain.factor_names, plain.factor_values,
    )  # fmt: skip
    for name in (*SPLITS, "all"):
        one, two = mapped.items(name), plain.items(name)
        assert _mapped.is_mapped(one.values)
        assert not _mapped.is_mapped(two.values)
        for array, other in zip(one._arrays(), two._arrays(), strict=True):
            assert (array is None) == (other is None)
            assert array is None or np.array_equal(array, other)


def test_it_trains_and_encodes_to_the_same_bits(nothing_fits, monkeypatch):
    run = RunConfig.parse(
        {"network": {"name": "mlp", "widths": [8]}, "model": {"name": "vae", "latent_dim": 2},
         "training": {"epochs": 1, "device": "cpu"}}
    )  # fmt: skip

    def trained(dataset):
        model = build(run, dataset.info)
        return model, list(train(model, dataset, run))[-1].validation, codes.encode(model, dataset)

    one, figures_one, table_one = trained(loaded("digits"))
    monkeypatch.delenv("AELIB_ITEMS_SHARE")
    two, figures_two, table_two = trained(loaded("digits"))
    assert same(one, two)
    assert figures_one == figures_two
    assert np.array_equal(table_one.codes, table_two.codes)
    assert np.array_equal(table_one.errors, table_two.errors)


def folders(home: Path) -> list[Path]:
    return sorted(path for path in (home / "mapped").iterdir() if not path.name.startswith("."))


def test_it_is_written_once_and_again_when_it_is_damaged(nothing_fits, home):
    loaded("digits")
    (folder,) = folders(home)
    before = (folder / "values.npy").stat().st_mtime_ns
    loaded("digits")
    assert (folder / "values.npy").stat().st_mtime_ns == before
    (folder / "values.npy").write_bytes((folder / "values.npy").read_bytes()[:5000])  # torn
    assert loaded("digits").hash
    assert folders(home) == [folder]
    assert not [path for path in (home / "mapped").iterdir() if path.name.startswith(".")], "nothing half-written"


def test_a_source_with_a_fingerprint_is_read_once(nothing_fits, home, tmp_path, monkeypatch):
    from PIL import Image

    from aelib.datasets import image_folder

    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number in range(20):
        Image.new("L", (8, 8), number * 10).save(pictures / f"{number:02}.png")
    first = loaded("image_folder", folder=str(pictures), size=8)
    with monkeypatch.context() as patch:
        patch.setattr(image_folder, "load", lambda config: pytest.fail("read again"))
        assert loaded("image_folder", folder=str(pictures), size=8).hash == first.hash
    Image.new("L", (8, 8), 255).save(pictures / "99.png")
    assert len(loaded("image_folder", folder=str(pictures), size=8).all_items()) == 21


def test_a_full_disk_is_one_sentence(nothing_fits, home, monkeypatch):
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_mapped, "_write_array", full)
    with pytest.raises(AelibError, match="the disk is full"):
        loaded("digits")
    assert not list((home / "mapped").iterdir())


@pytest.mark.parametrize("text", ["-0.1", "1.5", "much", "nan"])
def test_a_share_that_is_none_is_refused(text, monkeypatch):
    monkeypatch.setenv("AELIB_ITEMS_SHARE", text)
    with pytest.raises(AelibError, match="AELIB_ITEMS_SHARE is out of range"):
        loaded("digits")


def test_there_is_free_memory():
    assert 2**20 < _mapped.free_memory() < 2**50
