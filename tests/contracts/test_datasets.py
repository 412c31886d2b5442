"""Every dataset, by looping over the registry, offline."""

import numpy as np
import pytest

from aelib.config import RunConfig
from aelib.datasets._base import SPLITS, load_dataset
from aelib.errors import AelibError
from aelib.registry import DATASETS
from tests.datasets._made import DRAWN, MADE, TABLES, made_config

each_dataset = pytest.mark.parametrize("name", DATASETS.names())
pytestmark = pytest.mark.usefixtures("offline")


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
