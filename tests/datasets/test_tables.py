"""scikit-learn's tables, and how features are brought to one scale."""

import numpy as np
import pytest
from sklearn import datasets
from sklearn.preprocessing import StandardScaler

from aelib.datasets import breast_cancer, wine
from aelib.datasets._base import split_items
from aelib.datasets._tables import standardised
from aelib.errors import AelibError


@pytest.mark.parametrize(
    ("module", "source", "first"),
    [(wine, datasets.load_wine, "alcohol"), (breast_cancer, datasets.load_breast_cancer, "mean radius")],
    ids=["wine", "breast_cancer"],
)
def test_tables_are_sklearns_standardised_by_the_training_items_alone(module, source, first):
    dataset, bunch = module.load(module.Config()), source()
    scaler = StandardScaler().fit(bunch.data[dataset.splits["train"].index])
    for part in dataset.splits.values():
        np.testing.assert_allclose(part.values, scaler.transform(bunch.data[part.index]), atol=1e-5)
        np.testing.assert_array_equal(part.labels, bunch.target[part.index])
    assert dataset.feature_names[0] == first
    assert len(dataset.feature_names) == bunch.data.shape[1]
    assert not dataset.info.is_unit_range
    assert any("standardised" in note and "training items" in note for note in dataset.notes)


def test_malignant_is_malignant():
    assert breast_cancer.load(breast_cancer.Config()).classes == tuple(datasets.load_breast_cancer().target_names)


def table(values, names=()):
    return split_items(values, None, 0.2, 0.2, feature_names=names)


def test_a_constant_feature_is_moved_to_zero_and_named():
    values = np.random.default_rng(0).normal(size=(50, 3))
    values[:, 1] = 0.1
    dataset = standardised(table(values, ("a", "b", "c")))
    assert not dataset.all_items().values[:, 1].any()
    assert dataset.notes[-1] == "The same in all training items, therefore 0: b."


def test_small_numbers_on_a_large_offset_are_kept():
    values = np.random.default_rng(0).normal(size=(50, 2)) * 1e-3 + 1e6
    train = standardised(table(values)).splits["train"].values
    np.testing.assert_allclose(train.std(0), 1, rtol=1e-4)  # in float32 they would all be alike


def test_a_table_in_which_nothing_varies_and_numbers_too_large_are_refused():
    with pytest.raises(AelibError, match="nothing to learn") as caught:
        standardised(table(np.ones((20, 2))))
    assert caught.value.code == "E_DATA_BAD"
    values = np.random.default_rng(0).normal(size=(50, 2))
    values[:, 1] *= 1e200
    with pytest.raises(AelibError, match="feature 2") as caught:
        standardised(table(values))
    assert caught.value.code == "E_TOO_LARGE"
