"""New labelled items: drawn class by class, worth measured on items apart, written as a data set that Train reads."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression

from aelib import codes
from aelib.config import read_choice
from aelib.datasets._base import load_dataset
from aelib.errors import AelibError
from aelib.exchange import augmented
from aelib.jobs import augmenting, desk, local
from aelib.measures import augmentation
from aelib.registry import DATASETS
from aelib.runs.weights import load_info, load_model


@pytest.fixture(scope="module")
def run(tiny_run):
    return tiny_run


@pytest.fixture(scope="module")
def splits(run):
    return load_dataset(run.dataset()).splits


@pytest.fixture(scope="module")
def own(run):
    table = codes.of_run(run)
    return table.codes[table.rows("train")]


@pytest.fixture(scope="module")
def model(run):
    return load_model(run)


@pytest.mark.parametrize("method", augmentation.METHODS)
def test_each_class_gets_as_many_and_they_lie_with_the_class(method, model, own, splits, monkeypatch):
    seen = []
    original = augmentation.decoded
    monkeypatch.setattr(augmentation, "decoded", lambda *given: seen.append(given[1]) or original(*given))
    labels = np.where(splits["train"].labels < 3, splits["train"].labels, -1)
    items, numbers = augmentation.draw(model, own, labels, 60, method, seed=1)
    assert numbers.tolist() == [0] * 60 + [1] * 60 + [2] * 60
    assert items.shape == (180, 1, 8, 8)
    for number in range(3):
        of_class, drawn = own[labels == number], seen[0][numbers == number]
        np.testing.assert_allclose(drawn.mean(axis=0), of_class.mean(axis=0), atol=0.5 * of_class.std())
    again, _ = augmentation.draw(model, own, labels, 60, method, seed=1)
    np.testing.assert_array_equal(items, again)
    assert not np.array_equal(items, augmentation.draw(model, own, labels, 60, method, seed=2)[0])


def test_a_class_of_too_few_is_refused_by_name(model, own):
    labels = np.full(len(own), -1)
    with pytest.raises(AelibError) as caught:
        augmentation.draw(model, own, labels, 3)
    assert caught.value.code == "E_LABELS"
    labels[:4] = 7
    with pytest.raises(AelibError, match="Class number 7") as caught:
        augmentation.draw(model, own, labels, 3, "mixture")
    assert caught.value.code == "E_TOO_FEW"
    assert len(augmentation.draw(model, own, labels, 3, "noise")[0]) == 3


def test_the_effect_is_that_of_the_classifier_on_items_apart(model, own, splits):
    told = []
    found = augmentation.effect(
        model, own, splits["train"], splits["test"], per_class=8, new_per_class=10, told=told.append
    )
    assert found.without.shape == found.with_new.shape == (5,)
    assert (found.real, found.new, found.test) == (80, 100, len(splits["test"]))
    assert told == pytest.approx(np.linspace(0.1, 1, 10)), "after each classifier"
    assert (found.without > 0.6).all(), "a classifier that learns something"
    labels, random = splits["train"].labels, np.random.default_rng(3)  # the fourth seed by hand
    rows = np.concatenate([random.permutation(np.flatnonzero(labels == number))[:8] for number in range(10)])
    flat = [splits[name].values.reshape(len(splits[name]), -1) / np.float32(255) for name in ("train", "test")]
    wanted = LogisticRegression(max_iter=300).fit(flat[0][rows], labels[rows]).score(flat[1], splits["test"].labels)
    assert found.without[3] == pytest.approx(wanted)
    new, numbers = augmentation.draw(model, own[rows], labels[rows], 10, "mixture", 3)
    both = np.concatenate([flat[0][rows], new.reshape(100, -1)]), np.concatenate([labels[rows], numbers])
    wanted = LogisticRegression(max_iter=300).fit(*both).score(flat[1], splits["test"].labels)
    assert found.with_new[3] == pytest.approx(wanted, abs=0.003)
    np.testing.assert_allclose(found.gains, found.with_new - found.without)


def test_new_items_of_nothing_but_noise_do_harm(model, own, splits, monkeypatch):
    """The measure sees it when new items are worthless: random pixels with random labels."""
    random = np.random.default_rng(0)
    made = random.random((2000, 1, 8, 8)).astype(np.float32), random.integers(0, 10, 2000)
    monkeypatch.setattr(augmentation, "draw", lambda *given: made)
    found = augmentation.effect(model, own, splits["train"], splits["test"], per_class=5, classifier="neighbours")
    assert found.gains.mean() <= 0
    harmful = splits["train"].floats()[:400], (splits["train"].labels[:400] + 1) % 10
    monkeypatch.setattr(augmentation, "draw", lambda *given: harmful)
    found = augmentation.effect(model, own, splits["train"], splits["test"], per_class=5)
    assert found.gains.mean() < -0.2


@pytest.mark.parametrize(
    ("change", "more", "code"),
    [
        ({"labels": None}, {}, "E_LABELS"),
        ({"labels": 0}, {}, "E_LABELS"),
        ({}, {"seeds": 4}, "E_CONFIG"),
        ({}, {"per_class": 10**6}, "E_TOO_LARGE"),
    ],
)
def test_what_cannot_be_measured_is_refused(model, own, splits, change, more, code):
    training = splits["train"]
    if "labels" in change:
        same = None if change["labels"] is None else np.zeros(len(training), np.int64)
        training = replace(training, labels=same)
    with pytest.raises(AelibError) as caught:
        augmentation.effect(model, own, training, splits["test"], **more)
    assert caught.value.code == code
    with pytest.raises(AelibError):
        augmentation.effect(model, own, splits["train"], splits["test"].take(np.zeros(0, int)))


# --- by a worker, kept with the run

SETTINGS = {
    "per_class": 8, "new_per_class": 4, "method": "noise", "classifier": "neighbours", "seeds": 5, "temperature": 1.0,
}  # fmt: skip


def test_a_worker_measures_once_and_the_run_keeps_it(run, copy_of, own, splits, model, monkeypatch):
    copied, started = copy_of(run), []
    monkeypatch.setattr(local, "start", lambda module, *arguments, **more: started.append(module))
    assert augmenting.request(copied, SETTINGS) == ""
    assert augmenting.is_asked(copied, SETTINGS)
    assert not augmenting.is_asked(copied, {**SETTINGS, "per_class": 9})
    assert started == ["aelib.jobs.augmenting"]
    assert augmenting.serve(copied.folder.parent) == 0
    assert not augmenting.is_asked(copied, SETTINGS)
    kept = augmentation.kept(copied, SETTINGS)
    wanted = augmentation.effect(model, own, splits["train"], splits["test"], **SETTINGS)
    np.testing.assert_array_equal(kept.without, wanted.without)
    np.testing.assert_array_equal(kept.with_new, wanted.with_new)
    assert (kept.real, kept.new, kept.test) == (wanted.real, wanted.new, wanted.test)
    monkeypatch.setattr(augmentation, "effect", None)
    np.testing.assert_array_equal(augmentation.measure(copied, SETTINGS).gains, wanted.gains)
    copied.place("measures", f"{augmentation.key(SETTINGS)}.json").write_text("{}")
    assert augmentation.kept(copied, SETTINGS) is None, "damaged: measured again"


def test_a_measurement_is_stopped_while_it_runs_and_asked_for_again(run, copy_of, monkeypatch):
    copied, shares = copy_of(run), []
    monkeypatch.setattr(local, "start", lambda *arguments, **more: None)
    learn = augmentation._accuracy

    def stop_at_the_third(*given):
        shares.append(augmenting.progress(copied, SETTINGS))
        if len(shares) == 3:
            augmenting.stop(copied, SETTINGS)
            assert not augmenting.is_asked(copied, SETTINGS)
        return learn(*given)

    monkeypatch.setattr(desk, "TOLD_SECONDS", 0.0)
    monkeypatch.setattr(augmentation, "_accuracy", stop_at_the_third)
    augmenting.request(copied, SETTINGS)
    assert augmenting.serve(copied.folder.parent) == 0
    assert shares == [0.0, 0.1, 0.2], "the fourth classifier did not learn"
    assert augmentation.kept(copied, SETTINGS) is None
    assert not list((copied.folder.parent / ".augmenting").glob(f"{run.id}~*"))
    augmenting.request(copied, SETTINGS)
    augmenting.stop(copied, SETTINGS)
    assert augmenting.request(copied, SETTINGS) == "", "wanted again before the worker saw that it was stopped"
    assert augmenting.serve(copied.folder.parent) == 0
    assert augmentation.kept(copied, SETTINGS) is not None


def test_a_worker_that_died_over_a_measurement_is_told_and_data_that_changed_are_refused(run, copy_of, monkeypatch):
    copied = copy_of(run)
    monkeypatch.setattr(local, "start", lambda *arguments, **more: None)
    augmenting.request(copied, SETTINGS)
    (request,) = (copied.folder.parent / ".augmenting").glob("*.json")
    request.with_suffix(".begun").write_text("{}")
    assert augmenting.serve(copied.folder.parent) == 0
    assert "The worker ended" in augmenting.request(copied, SETTINGS)
    augmenting.forget_fault(copied, SETTINGS)
    config = json.loads((copied.folder / "config.json").read_text())
    (copied.folder / "config.json").write_text(json.dumps({**config, "dataset_hash": "0" * 64}))
    assert augmenting.request(copied, SETTINGS) == ""
    assert augmenting.serve(copied.folder.parent) == 0
    assert "changed since this run was trained" in augmenting.request(copied, SETTINGS)


# --- as a data set


def test_the_folder_is_a_data_set_whose_test_items_are_real(run, model, own, splits, checkpoints):
    items, labels = augmentation.draw(model, own, splits["train"].labels, 4)
    made = augmented.write(checkpoints, load_info(run), splits["train"], splits["test"], items, labels, {"run": run.id})
    assert made.folder.parent == checkpoints / "made-data"
    assert not list(made.folder.parent.glob(".*")), "nothing unfinished is left"
    dataset = load_dataset(read_choice(DATASETS, made.dataset))
    assert dataset.classes == tuple(str(number) for number in range(10))
    counts = dataset.info.counts
    assert counts["test"] == len(splits["test"]) == made.test
    assert counts["train"] + counts["validation"] == len(splits["train"]) + 40
    assert not [note for note in dataset.notes if "were brought to" in note], "no picture was resampled"
    real = {value.tobytes() for value in splits["test"].values}
    assert {value.tobytes() for value in dataset.splits["test"].values} == real
    with Image.open(made.folder / "train" / "3" / "new-0000012.png") as picture:
        np.testing.assert_array_equal(np.asarray(picture), np.rint(np.clip(items[12, 0], 0, 1) * 255))
    about = json.loads((made.folder / "about.json").read_text())
    counts = {"real": len(splits["train"]), "new": 40, "test": len(splits["test"])}
    assert about == {"run": run.id, **counts, "size": 8, "channels": "grey"}
    assert augmented.written(checkpoints) == [made]


@pytest.fixture
def made(run, splits, checkpoints):
    one, label = np.zeros((1, 1, 8, 8), np.float32), np.zeros(1, np.int64)
    few = splits["train"].take(np.arange(30))
    return augmented.write(checkpoints, load_info(run), few, few, one, label, {"run": run.id})


def test_a_data_set_is_deleted_whole_and_nothing_else_is(made, checkpoints, monkeypatch):
    root = made.folder.parent
    (root / ".deleting-augmented-20260101-000000-0000").mkdir()  # an earlier deletion was cut off
    for folder in (
        root / "..",
        checkpoints,
        root / "augmented-20260101-000000-abcd",
        Path("made-data") / made.folder.name,
    ):
        with pytest.raises(AelibError) as caught:
            augmented.delete(checkpoints, replace(made, folder=folder))
        assert caught.value.code == "E_ID"
    elsewhere = checkpoints / "mine"
    elsewhere.mkdir()
    link = root / "augmented-20260101-000000-beef"
    link.symlink_to(elsewhere)
    with pytest.raises(AelibError):
        augmented.delete(checkpoints, replace(made, folder=link))
    link.unlink()
    with monkeypatch.context() as patch:
        patch.setenv("AELIB_MODE", "demo")
        with pytest.raises(AelibError) as caught:
            augmented.delete(checkpoints, made)
        assert caught.value.code == "E_DEMO"
    assert made.folder.is_dir()
    augmented.delete(checkpoints, made)
    assert not list(root.iterdir())
    assert elsewhere.is_dir()
    assert augmented.written(checkpoints) == []


def test_a_data_set_that_a_run_waits_to_learn_from_stays(made, checkpoints):
    from aelib.config import RunConfig
    from aelib.jobs import queue

    spelt = {**made.dataset, "folder": f"{made.folder.parent}/./{made.folder.name}/"}  # as people type it
    config = RunConfig.parse({"dataset": spelt, "model": {"name": "autoencoder"}, "training": {"batch_size": 8}})
    waiting = queue.submit(checkpoints, config)
    assert [reader.id for reader in augmented.readers(checkpoints)[made.folder.resolve()]] == [waiting.id]
    with pytest.raises(AelibError, match=waiting.id) as caught:
        augmented.delete(checkpoints, made)
    assert caught.value.code == "E_CONFLICT"
    queue.stop(waiting)
    augmented.delete(checkpoints, made)
    assert augmented.readers(checkpoints)[made.folder.resolve()] == [waiting]


def test_in_the_demo_nothing_is_written(run, splits, checkpoints, monkeypatch):
    monkeypatch.setenv("AELIB_MODE", "demo")
    one, label = np.zeros((1, 1, 8, 8), np.float32), np.zeros(1, np.int64)
    with pytest.raises(AelibError) as caught:
        augmented.write(checkpoints, load_info(run), splits["train"], splits["test"], one, label, {})
    assert caught.value.code == "E_DEMO"
    assert not checkpoints.exists()


def test_names_of_classes_that_are_no_folders_get_numbers():
    assert augmented.class_folders(("cat", "sea lion")) == ["cat", "sea lion"]
    for bad in ("../up", "a/b", "test", "", "é", "CAT", ".hidden", "nul", "x" * 70):
        names = augmented.class_folders(("cat", bad))
        assert names[0] == "0000-cat"
        assert names[1].startswith("0001")
        assert "/" not in names[1]


def test_what_cannot_be_written_leaves_nothing(run, model, splits, checkpoints, monkeypatch):
    info, training, test = load_info(run), splits["train"], splits["test"]
    one, label = np.zeros((1, 1, 8, 8), np.float32), np.zeros(1, np.int64)
    wide = replace(info, item_shape=(1, 8, 16))
    for changed, items, code in (
        (wide, one, "E_TYPE"),
        (replace(info, classes=()), one, "E_LABELS"),
        (info, one[:0], "E_EMPTY"),
        (info, np.zeros((augmented.MOST_NEW + 1, 1, 1, 1)), "E_TOO_LARGE"),
    ):
        with pytest.raises(AelibError) as caught:
            augmented.write(checkpoints, changed, training, test, items, label, {})
        assert caught.value.code == code

    def full(value):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(augmented, "to_png", full)
    with pytest.raises(AelibError) as caught:
        augmented.write(checkpoints, info, training, test, one, label, {})
    assert caught.value.code == "E_DISK"
    assert not list((checkpoints / "made-data").iterdir())
