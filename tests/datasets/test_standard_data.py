"""Digits, and what is found or fetched: the IDX files and CIFAR-10, when they are missing, damaged or broken off."""

import gzip
import hashlib
import http.server
import io
import pickle
import threading
import urllib.error
import urllib.request
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from aelib.datasets._base import load_dataset
from aelib.errors import AelibError
from aelib.registry import DATASETS
from tests.datasets._made import IDX_KINDS, idx_arrays, idx_bytes, make_cifar, make_idx

pytestmark = pytest.mark.usefixtures("offline")
each_idx = pytest.mark.parametrize("name", IDX_KINDS)


def test_digits_are_sklearns_and_spread_over_the_range():
    from sklearn.datasets import load_digits

    dataset = load_dataset(DATASETS.load("digits").Config())
    assert dataset.info.counts == {"train": 1079, "validation": 359, "test": 359}
    assert dataset.info.item_shape == (1, 8, 8)
    assert dataset.classes == tuple("0123456789")
    items, bunch = dataset.all_items(), load_digits()
    np.testing.assert_allclose(items.values[:, 0] / 255, bunch.images[items.index] / 16, atol=0.5 / 255 + 1e-9)
    np.testing.assert_array_equal(items.labels, bunch.target[items.index])
    assert (items.values.min(), items.values.max()) == (0, 255)


def test_digits_are_found_where_scikit_learn_keeps_them_elsewhere(monkeypatch):
    from aelib.datasets import digits

    from_the_file = digits._read()
    monkeypatch.setattr(digits.importlib.util, "find_spec", lambda name: None)
    for ours, theirs in zip(from_the_file, digits._read(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


# ── The torchvision four ─────────────────────────────────────────────────────────────────────────────────────────


@each_idx
def test_idx_files_are_read_as_they_are(name, home):
    make_idx(home, IDX_KINDS[name])
    dataset = DATASETS.load(name).load(DATASETS.load(name).Config())
    arrays = idx_arrays()
    assert dataset.info.counts == {"train": 25, "validation": 5, "test": 12}
    test = dataset.splits["test"]
    np.testing.assert_array_equal(test.values[:, 0], arrays["t10k-images-idx3-ubyte"])
    np.testing.assert_array_equal(test.labels, arrays["t10k-labels-idx1-ubyte"])
    for split in ("train", "validation"):
        part = dataset.splits[split]
        np.testing.assert_array_equal(part.values[:, 0], arrays["train-images-idx3-ubyte"][part.index])
        np.testing.assert_array_equal(part.labels, arrays["train-labels-idx1-ubyte"][part.index])


def test_cifar_batches_are_read_as_colour_planes(home, monkeypatch):
    folder = make_cifar(home, monkeypatch)
    dataset = DATASETS.load("cifar10").load(DATASETS.load("cifar10").Config())
    assert dataset.info.counts == {"train": 45, "validation": 5, "test": 10}
    stored = pickle.loads((folder / "test_batch").read_bytes())["data"]
    np.testing.assert_array_equal(dataset.splits["test"].values, stored.reshape(10, 3, 32, 32))
    np.testing.assert_array_equal(dataset.splits["test"].labels, np.arange(10))


@pytest.mark.parametrize("name", ["fashion_mnist", "kmnist", "cifar10"])
def test_class_names_are_torchvisions(name):
    from torchvision import datasets

    classes = DATASETS.load(name).SOURCE.classes
    if name == "cifar10":  # torchvision reads them from the downloaded batches.meta
        assert classes == ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
    else:
        assert list(classes) == getattr(datasets, DATASETS.load(name).SOURCE.kind).classes


@pytest.mark.parametrize("name", [*IDX_KINDS, "cifar10"])
@pytest.mark.parametrize("folder_exists", [True, False])
def test_missing_files_are_named_with_their_folder_and_nothing_is_left_behind(
    name, folder_exists, tmp_path, monkeypatch
):
    home = tmp_path / "data"
    monkeypatch.setenv("AELIB_DATA", str(home))
    if folder_exists:
        home.mkdir()
    source = DATASETS.load(name).SOURCE
    with pytest.raises(AelibError, match="no network in tests") as caught:
        DATASETS.load(name).load(DATASETS.load(name).Config())
    assert caught.value.code == "E_DATA_MISSING"
    assert str(home / source.folder) in caught.value.how_to_fix
    assert all(file in caught.value.how_to_fix for file in source.files)
    assert [path.name for path in tmp_path.rglob("*")] == (["data"] if folder_exists else [])


def test_only_the_missing_file_is_asked_for(home):
    folder = make_idx(home, "MNIST")
    (folder / "train-labels-idx1-ubyte").unlink()
    with pytest.raises(AelibError) as caught:
        DATASETS.load("mnist").load(DATASETS.load("mnist").Config())
    assert "Put train-labels-idx1-ubyte (unpacked)" in caught.value.how_to_fix


def test_a_folder_that_cannot_be_written_gives_the_same_sentence(tmp_path, monkeypatch):
    blocker = tmp_path / "data"
    blocker.write_text("a file, so that no folder can be made here; chmod would not stop root")
    monkeypatch.setenv("AELIB_DATA", str(blocker))
    monkeypatch.setattr(urllib.request, "urlopen", lambda *args, **kwargs: io.BytesIO(b""))
    with pytest.raises(AelibError, match="Put train-images-idx3-ubyte") as caught:
        DATASETS.load("mnist").load(DATASETS.load("mnist").Config())
    assert caught.value.code == "E_DATA_MISSING"


@pytest.mark.parametrize("damage", ["cut", "labels_short", "label_99", "empty", "no_idx"])
def test_damaged_idx_files_are_refused(damage, home):
    folder = make_idx(home, "MNIST")
    images, labels = folder / "train-images-idx3-ubyte", folder / "train-labels-idx1-ubyte"
    if damage == "cut":
        images.write_bytes(images.read_bytes()[:-100])
    elif damage == "labels_short":
        labels.write_bytes(idx_bytes(np.zeros(29)))
    elif damage == "label_99":
        labels.write_bytes(idx_bytes(np.full(30, 99)))
    else:
        images.write_bytes(b"" if damage == "empty" else b"<html>not found</html>")
    with pytest.raises(AelibError, match="MNIST") as caught:
        DATASETS.load("mnist").load(DATASETS.load("mnist").Config())
    assert caught.value.code == "E_DATA_BAD"
    assert str(folder) in str(caught.value)


def test_a_changed_cifar_file_is_never_unpickled(home, monkeypatch):
    folder = make_cifar(home, monkeypatch)

    class Bomb:
        def __reduce__(self):
            return Path.touch, (folder / "ran",)

    (folder / "data_batch_3").write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(AelibError) as caught:
        DATASETS.load("cifar10").load(DATASETS.load("cifar10").Config())
    assert caught.value.code == "E_DATA_BAD"
    assert not (folder / "ran").exists()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A web server on this machine that gives a made MNIST, and torchvision told to ask it alone."""
    from torchvision.datasets import MNIST

    monkeypatch.undo()  # the real urlopen is needed to reach 127.0.0.1
    monkeypatch.setenv("AELIB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("no_proxy", "*")
    folder = tmp_path / "mirror"
    folder.mkdir()
    resources = []
    for name, array in idx_arrays().items():
        packed = gzip.compress(idx_bytes(array), mtime=0)
        (folder / f"{name}.gz").write_bytes(packed)
        resources.append((f"{name}.gz", hashlib.md5(packed).hexdigest()))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setattr(MNIST, "mirrors", [f"http://127.0.0.1:{server.server_port}/"])
    monkeypatch.setattr(MNIST, "resources", resources)
    yield folder
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_download_leaves_whole_files_and_nothing_else(mirror, tmp_path):
    dataset = DATASETS.load("mnist").load(DATASETS.load("mnist").Config())
    assert dataset.info.counts == {"train": 25, "validation": 5, "test": 12}
    left = sorted(path.relative_to(tmp_path / "data").as_posix() for path in (tmp_path / "data").rglob("*.*"))
    assert left == []  # no .gz, no staging folder
    assert sorted(path.name for path in (tmp_path / "data" / "MNIST" / "raw").iterdir()) == sorted(idx_arrays())


def test_a_download_that_breaks_leaves_nothing(mirror, tmp_path):
    packed = mirror / "t10k-labels-idx1-ubyte.gz"
    packed.write_bytes(packed.read_bytes()[:-5])  # the last file: three are down already when its checksum fails
    with pytest.raises(AelibError) as caught:
        DATASETS.load("mnist").load(DATASETS.load("mnist").Config())
    assert caught.value.code == "E_DATA_MISSING"
    assert list((tmp_path / "data").iterdir()) == []


def test_the_real_mnist(real_data, monkeypatch):
    if not (real_data / "MNIST").is_dir():
        pytest.skip(f"real data folder absent: {real_data / 'MNIST'}")
    before = sorted((path, path.stat().st_mtime_ns) for path in real_data.rglob("*"))
    monkeypatch.setenv("AELIB_DATA", str(real_data))
    dataset = DATASETS.load("mnist").load(DATASETS.load("mnist").Config())
    assert dataset.info.counts == {"train": 50_000, "validation": 10_000, "test": 10_000}
    assert dataset.splits["test"].labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    items = dataset.all_items()
    training = items.values[items.index < 60_000]
    assert training.mean() / 255 == pytest.approx(0.1307, abs=5e-5)  # the mean that everybody normalises with
    assert sorted((path, path.stat().st_mtime_ns) for path in real_data.rglob("*")) == before
