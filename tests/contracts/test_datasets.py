"""Every dataset, by looping over the registry, offline; and what each one promises on its own."""

import gzip
import hashlib
import http.server
import io
import os
import pickle
import threading
import urllib.error
import urllib.request
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from aelib.config import RunConfig, read_choice
from aelib.datasets import image_folder
from aelib.datasets._base import SPLITS, load_dataset
from aelib.errors import AelibError
from aelib.registry import DATASETS

each_dataset = pytest.mark.parametrize("name", DATASETS.names())
IDX_KINDS = {"mnist": "MNIST", "fashion_mnist": "FashionMNIST", "kmnist": "KMNIST"}
DRAWN = {"sprites", "faces", "signals", "spectrograms", "ratings"}  # by our own code, with the truth behind them
TABLES = {"wine", "breast_cancer", "table"}
MADE = {*IDX_KINDS, *DRAWN, *TABLES, "digits", "cifar10", "image_folder"}  # these must load; others may be missing
each_idx = pytest.mark.parametrize("name", IDX_KINDS)


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    """No test here asks the network for anything."""

    def refuse(*args, **kwargs):
        raise urllib.error.URLError("no network in tests")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)


@pytest.fixture
def home(tmp_path, monkeypatch):
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.setenv("AELIB_DATA", str(folder))
    return folder


@pytest.fixture(scope="session")
def real_data():
    folder = Path(os.environ.get("AELIB_TEST_DATA") or Path(__file__).parents[3] / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"real data folder absent: {folder} (set AELIB_TEST_DATA)")
    return folder


# ── Small made data ──────────────────────────────────────────────────────────────────────────────────────────────


def idx_bytes(array):
    """The IDX format: two zero bytes, type 8 (uint8), number of axes, each length as big-endian 32 bits, data."""
    header = bytes([0, 0, 8, array.ndim]) + b"".join(length.to_bytes(4, "big") for length in array.shape)
    return header + array.astype(np.uint8).tobytes()


def idx_arrays(train=30, test=12):
    random = np.random.default_rng(0)
    arrays = {}
    for part, count in (("train", train), ("t10k", test)):
        arrays[f"{part}-images-idx3-ubyte"] = random.integers(0, 256, (count, 28, 28))
        arrays[f"{part}-labels-idx1-ubyte"] = np.arange(count) % 10
    return arrays


def make_idx(home, kind):
    folder = home / kind / "raw"
    folder.mkdir(parents=True)
    for name, array in idx_arrays().items():
        (folder / name).write_bytes(idx_bytes(array))
    return folder


def make_cifar(home, monkeypatch):
    """Made batches in the real layout; torchvision is told their checksums instead of the real ones."""
    from torchvision.datasets import CIFAR10

    folder, sums = home / "cifar-10-batches-py", {}
    folder.mkdir()
    random = np.random.default_rng(1)
    for name in [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]:
        entry = {"data": random.integers(0, 256, (10, 3072), dtype=np.uint8), "labels": list(range(10))}
        (folder / name).write_bytes(pickle.dumps(entry))
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": ["any"] * 10}))
    for path in folder.iterdir():
        sums[path.name] = hashlib.md5(path.read_bytes()).hexdigest()
    monkeypatch.setattr(CIFAR10, "train_list", [[n, s] for n, s in sorted(sums.items()) if n.startswith("data")])
    monkeypatch.setattr(CIFAR10, "test_list", [["test_batch", sums["test_batch"]]])
    monkeypatch.setattr(CIFAR10, "meta", {**CIFAR10.meta, "md5": sums["batches.meta"]})
    return folder


def make_pictures(folder, count=12, size=(20, 16), mode="RGB", seed=0, suffix="png"):
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    for number in range(count):
        shape = (size[1], size[0], 3) if mode == "RGB" else (size[1], size[0])
        Image.fromarray(random.integers(0, 256, shape, dtype=np.uint8)).save(folder / f"{number:03}.{suffix}")


def made_config(name, home, monkeypatch):
    """A config of a dataset that can be loaded here; for one that is new, its own defaults."""
    fields = {}
    if name in IDX_KINDS:
        make_idx(home, IDX_KINDS[name])
    elif name == "cifar10":
        make_cifar(home, monkeypatch)
    elif name == "image_folder":
        make_pictures(home / "mine" / "cat")
        make_pictures(home / "mine" / "dog", seed=1)
        fields = {"folder": str(home / "mine")}
    elif name == "table":
        rows = "".join(f"{number},{number % 7},{number % 3 * 0.5},{'ab'[number % 2]}\n" for number in range(30))
        (home / "mine.csv").write_text(f"height,weight,age,kind\n{rows}")
        fields = {"path": str(home / "mine.csv"), "label": "kind"}
    elif "count" in DATASETS.load(name).Config.model_fields:  # drawn: a small sample keeps the suite quick
        fields = {"count": 120}
    return DATASETS.load(name).Config(**fields)


# ── The contract ─────────────────────────────────────────────────────────────────────────────────────────────────


def loaded_or_refused(module, config):
    try:
        return module.load(config), None
    except AelibError as error:
        return None, error


@each_dataset
def test_the_contract(name, home, monkeypatch):
    config = made_config(name, home, monkeypatch)
    module = DATASETS.load(name)
    dataset, refused = loaded_or_refused(module, config)
    assert not (refused and name in MADE), refused
    if refused:  # a dataset that must be downloaded and for which nothing is made above
        assert (refused.code, str(home) in str(refused)) == ("E_DATA_MISSING", True)
        return
    items = dataset.all_items()
    assert tuple(dataset.splits) == SPLITS
    assert sorted(items.index) == list(range(len(items))), "splits are disjoint and cover everything"
    assert all(len(dataset.splits[split]) > 0 for split in SPLITS)
    for split in SPLITS:
        check_values(dataset.splits[split], dataset.info)
    check_truth(items, dataset)
    if dataset.classes:
        assert items.labels.dtype == np.int64
        assert set(items.labels) == set(range(len(dataset.classes)))
        assert len(set(dataset.classes)) == len(dataset.classes)
    else:
        assert items.labels is None
    assert dataset.notes
    assert all(note.endswith(".") for note in dataset.notes)
    again = module.load(config)
    assert again.hash == dataset.hash
    assert again.notes == dataset.notes


def check_values(part, info):
    """Pictures are uint8 with 1 or 3 channels, vectors float32 and finite."""
    assert part.values.shape == (len(part), *info.item_shape)
    assert part.values.flags.c_contiguous
    if info.kind == "images":
        assert part.values.dtype == np.uint8
        assert info.item_shape[0] in (1, 3)
    else:
        assert part.values.dtype == np.float32
        assert np.isfinite(part.values).all()
        assert info.low < info.high


def check_truth(items, dataset):
    """Factors and masks, where there are some, belong to the items; names belong to columns."""
    assert (items.factors is None) == (dataset.factor_names == ())
    if items.factors is not None:
        assert items.factors.dtype == np.float32
        assert items.factors.shape == (len(items), len(dataset.factor_names))
        assert np.isfinite(items.factors).all()
        assert (items.factors.std(0) > 0).all(), "a factor that never varies is none"
        assert len(set(dataset.factor_names)) == len(dataset.factor_names)
    assert dataset.info.has_masks == (items.masks is not None)
    if items.masks is not None:
        assert items.masks.dtype == np.uint8
        assert items.masks.shape == (len(items), 1, *dataset.info.item_shape[1:])
        assert set(np.unique(items.masks)) == {0, 255}
    if dataset.feature_names:
        assert dataset.info.kind == "vectors"
        assert len(set(dataset.feature_names)) == dataset.info.features


def test_which_datasets_know_the_truth():
    for name in DRAWN:
        dataset = load_dataset(DATASETS.load(name).Config(count=100))
        assert dataset.factor_names, name
        assert dataset.info.has_masks == (name in {"sprites", "faces"}), name


@pytest.mark.parametrize("name", sorted(DRAWN))
def test_drawn_data_follow_the_seed_and_a_larger_sample_keeps_the_smaller(name):
    module = DATASETS.load(name)
    some, more, other = (
        module.load(module.Config(**fields)).all_items()
        for fields in ({"count": 100}, {"count": 150}, {"count": 100, "seed": 1})
    )
    some, more, other = (items.take(np.argsort(items.index)) for items in (some, more, other))
    assert not np.array_equal(some.factors, other.factors)
    if name != "ratings":  # there the films are drawn after the users
        np.testing.assert_array_equal(more.factors[:100], some.factors)
        np.testing.assert_array_equal(more.values[:100], some.values)


@pytest.mark.parametrize("name", sorted({*DRAWN, *TABLES, "digits"} - {"table"}))
def test_the_usual_training_settings_fit_its_size(name, home, monkeypatch):
    info = load_dataset(DATASETS.load(name).Config()).info
    assert info.counts["train"] >= RunConfig.parse({}).training.batch_size


@each_dataset
def test_the_help_is_complete(name):
    text = DATASETS.help(name)
    assert all([text.summary, text.what_for, text.limits, text.reference])
    assert all(field.description for key, field in DATASETS.load(name).Config.model_fields.items() if key != "name")


@each_dataset
def test_the_config_survives_json(name, home, monkeypatch):
    config = made_config(name, home, monkeypatch)
    assert type(config).model_validate(config.model_dump(mode="json")) == config
    assert hash(config) == hash(type(config).model_validate(config.model_dump()))


# ── digits ───────────────────────────────────────────────────────────────────────────────────────────────────────


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


# ── image_folder ─────────────────────────────────────────────────────────────────────────────────────────────────


def load_folder(folder, **fields):
    return image_folder.load(image_folder.Config(folder=str(folder), **fields))


def refusal(folder, **fields):
    with pytest.raises(AelibError) as caught:
        load_folder(folder, **fields)
    return caught.value


def test_class_folders_become_labels_in_sorted_order(tmp_path):
    make_pictures(tmp_path / "dog", 6, size=(32, 32))
    make_pictures(tmp_path / "cat" / "indoors", 8, size=(32, 32), seed=1)
    dataset = load_folder(tmp_path)
    assert dataset.classes == ("cat", "dog")
    assert dataset.info.counts == {"train": 8, "validation": 3, "test": 3}
    items = dataset.all_items()
    np.testing.assert_array_equal(items.labels, (items.index >= 8).astype(int))
    first = np.asarray(Image.open(tmp_path / "cat" / "indoors" / "000.png")).transpose(2, 0, 1)
    np.testing.assert_array_equal(items.values[items.index == 0][0], first)


def test_loose_pictures_have_no_labels(tmp_path):
    make_pictures(tmp_path)
    dataset = load_folder(tmp_path)
    assert dataset.classes == ()
    assert dataset.splits["train"].labels is None
    assert len(dataset.all_items()) == 12


def test_train_and_test_folders_are_kept_apart_also_inside_a_wrapping_folder(tmp_path):
    for pool, count in (("train", 10), ("test", 3)):
        make_pictures(tmp_path / "wrapped" / pool / "a", count)
        make_pictures(tmp_path / "wrapped" / pool / "b", count, seed=1)
    dataset = load_folder(tmp_path)
    assert dataset.info.counts == {"train": 16, "validation": 4, "test": 6}
    assert dataset.classes == ("a", "b")
    assert dataset.splits["test"].labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert any("test/ is the test split" in note for note in dataset.notes)


def test_a_train_folder_alone_and_with_a_validation_folder(tmp_path):
    make_pictures(tmp_path / "train" / "a", 10)
    make_pictures(tmp_path / "train" / "b", 10)
    assert load_folder(tmp_path).classes == ("a", "b")
    make_pictures(tmp_path / "val" / "a", 5)
    dataset = load_folder(tmp_path)
    assert (dataset.classes, len(dataset.all_items())) == (("a", "b"), 25)
    assert any("joined with train/" in note for note in dataset.notes)


def test_a_flat_test_folder_beside_labelled_training_pictures_drops_the_labels(tmp_path):
    make_pictures(tmp_path / "train" / "a", 10)
    make_pictures(tmp_path / "test", 4)
    dataset = load_folder(tmp_path)
    assert dataset.classes == ()
    assert dataset.info.counts["test"] == 4
    assert "No labels: only train/ has class folders." in dataset.notes


def test_everything_else_is_left_out_and_counted(tmp_path):
    make_pictures(tmp_path / "a", 10)
    make_pictures(tmp_path / "__MACOSX" / "a", 2)
    make_pictures(tmp_path / ".thumbnails", 2)
    make_pictures(tmp_path, 1)
    (tmp_path / "a" / ".DS_Store").write_bytes(b"x")
    (tmp_path / "a" / "Thumbs.db").write_bytes(b"x")
    (tmp_path / "readme.txt").write_text("BMW pictures")
    (tmp_path / "a" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    (tmp_path / "b").symlink_to(tmp_path, target_is_directory=True)
    dataset = load_folder(tmp_path)
    assert len(dataset.all_items()) == 10
    assert dataset.notes[-1] == (
        "Left out: 1 broken links and special files, 1 files that are no pictures, 1 links to folders, "
        "1 pictures beside the class folders, 4 system files and folders."
    )


def test_a_picture_counts_by_its_content_not_its_name(tmp_path):
    make_pictures(tmp_path, 9)
    make_pictures(tmp_path / "x", 1, suffix="jpg")
    (tmp_path / "x" / "000.jpg").rename(tmp_path / "no_ending")
    assert len(load_folder(tmp_path).all_items()) == 10


@pytest.mark.parametrize(
    ("modes", "channels", "wanted", "note"),
    [
        (("L",), "auto", 1, "Grey items: no picture has colour."),
        (("L", "RGB"), "auto", 3, "Colour items: 12 of 24 pictures are grey, their channel is repeated."),
        (
            ("L", "RGB"),
            "grey",
            1,
            "Grey items: 12 of 24 pictures had colour and were turned grey (luma, ITU-R BT.601).",
        ),
        (("L",), "colour", 3, "Colour items: 12 of 12 pictures are grey, their channel is repeated."),
        (("RGB",), "auto", 3, "Colour items: every picture has colour."),
    ],
)
def test_one_rule_for_channels_with_counts(tmp_path, modes, channels, wanted, note):
    for mode in modes:
        make_pictures(tmp_path / mode, mode=mode)
    dataset = load_folder(tmp_path, channels=channels)
    assert dataset.info.item_shape == (wanted, 32, 32)
    assert note in dataset.notes


def test_grey_saved_as_colour_is_still_grey(tmp_path):
    for number in range(10):
        grey = np.full((8, 8, 1), number, np.uint8).repeat(3, axis=2)
        Image.fromarray(grey).save(tmp_path / f"{number}.png")
    dataset = load_folder(tmp_path, size=8)
    assert dataset.info.item_shape == (1, 8, 8)
    items = dataset.all_items()
    np.testing.assert_array_equal(items.values[:, 0, 0, 0], items.index)


def test_sizes_and_conversions_are_counted(tmp_path):
    make_pictures(tmp_path / "s", 10, size=(32, 32))
    make_pictures(tmp_path / "s" / "large", 2, size=(64, 40))
    Image.new("CMYK", (32, 32)).save(tmp_path / "s" / "print.jpg")
    notes = load_folder(tmp_path).notes
    assert any(
        note.startswith("2 of 13 pictures (32 x 32 to 64 x 40 pixels) were brought to 32 x 32") for note in notes
    )
    assert "1 of 13: CMYK turned into RGB." in notes


def test_the_order_does_not_depend_on_the_order_of_writing(tmp_path):
    make_pictures(tmp_path / "one", 12)
    for path in sorted((tmp_path / "one").iterdir(), reverse=True):
        (tmp_path / "two").mkdir(exist_ok=True)
        (tmp_path / "two" / path.name).write_bytes(path.read_bytes())
    assert load_folder(tmp_path / "one").hash == load_folder(tmp_path / "two").hash


def test_large_photographs_are_read_at_a_fraction_and_look_the_same(tmp_path):
    ramp = np.linspace(0, 255, 1600).astype(np.uint8)
    photo = np.stack([np.tile(ramp, (1200, 1)), np.full((1200, 1600), 90, np.uint8), np.tile(ramp[::-1], (1200, 1))], 2)
    for number in range(10):
        Image.fromarray(photo).save(tmp_path / f"{number}.jpg", quality=95)
    image = load_folder(tmp_path, size=32).splits["train"].values[0].astype(int)
    middle = photo[:1184, 200:1384]  # 32 x 37 pixels: all but the crop's last 16 rows and columns
    wanted = middle.reshape(32, 37, 32, 37, 3).mean((1, 3)).transpose(2, 0, 1)
    assert np.abs(image - wanted).mean() < 3


def test_refusals_name_the_folder_or_the_file(tmp_path, monkeypatch):
    assert refusal(tmp_path / "nowhere").code == "E_DATA_MISSING"
    assert str(tmp_path / "nowhere") in str(refusal(tmp_path / "nowhere"))
    assert refusal("").code == "E_DATA_MISSING"
    assert refusal(tmp_path).code == "E_EMPTY"
    make_pictures(tmp_path, 9)
    assert refusal(tmp_path).code == "E_TOO_FEW"
    assert refusal(tmp_path / "000.png").what.startswith("Cannot open the folder")
    make_pictures(tmp_path, 12)
    whole = (tmp_path / "005.png").read_bytes()
    for content, code in ((whole[: len(whole) // 2], "E_IMAGE_TRUNCATED"), (b"", "E_EMPTY"), (b"<svg/>", "E_TYPE")):
        (tmp_path / "005.png").write_bytes(content)
        error = refusal(tmp_path)
        assert (error.code, "'005.png'" in str(error)) == (code, True)
    (tmp_path / "005.png").write_bytes(whole)
    monkeypatch.setattr(image_folder, "MAX_MEMORY", 12 * 3 * 32**2 - 1)
    assert refusal(tmp_path).code == "E_TOO_LARGE"
    monkeypatch.setattr(image_folder, "MAX_FILES", 11)
    assert "more than 11 files" in str(refusal(tmp_path))


def test_odd_names_are_shown_escaped(tmp_path):
    make_pictures(tmp_path, 11)
    (tmp_path / "000.png").rename(tmp_path / "a\n\u202eb.png")
    (tmp_path / "a\n\u202eb.png").write_bytes(b"")
    assert "'a\\n\\u202eb.png' is empty" in str(refusal(tmp_path))


@pytest.mark.parametrize("fields", [{"size": 7}, {"size": 129}, {"size": 16.0}, {"fit": "zoom"}, {"folder": "a\0b"}])
def test_settings_out_of_range_are_refused(fields):
    with pytest.raises(AelibError, match=next(iter(fields))) as caught:
        RunConfig.parse({"dataset": {"name": "image_folder", **fields}})
    assert caught.value.code == "E_CONFIG"


def test_the_real_photos(real_data, tmp_path):
    if not (real_data / "photos32.zip").is_file():
        pytest.skip(f"real data folder absent: {real_data / 'photos32.zip'}")
    with zipfile.ZipFile(real_data / "photos32.zip") as archive:
        for entry in archive.infolist()[::10]:
            path = (tmp_path / entry.filename).resolve()
            assert path.is_relative_to(tmp_path)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(archive.read(entry))
    dataset = load_folder(tmp_path)
    assert len(dataset.all_items()) == 500
    assert len(dataset.classes) == 10
    assert dataset.info.item_shape == (3, 32, 32)
    assert "All 500 pictures have 32 x 32 pixels already; none was resampled." in dataset.notes


def test_a_folder_that_changed_is_read_again(tmp_path: Path) -> None:
    for number in range(12):
        Image.new("L", (8, 8), number * 20).save(tmp_path / f"{number:02d}.png")
    config = read_choice(DATASETS, {"name": "image_folder", "folder": str(tmp_path), "size": 8})
    before = load_dataset(config)
    assert load_dataset(config) is before, "nothing changed: the kept one"
    Image.new("L", (8, 8), 255).save(tmp_path / "99.png")
    assert sum(load_dataset(config).info.counts.values()) == 13
