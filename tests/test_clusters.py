"""Groups in the code space, against groups that were made on purpose."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from aelib.errors import AelibError
from aelib.measures import clusters as measure
from aelib.measures.clusters import FEWEST, clusters


def groups(count: int, size: int = 6, number: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    member = np.minimum(random.geometric(0.4, count) - 1, number - 1)
    centres = random.normal(size=(number, size)) * 20
    return (centres[member] + random.normal(size=(count, size))).astype(np.float32), member


@pytest.mark.parametrize("method", ["hdbscan", "kmeans"])
def test_groups_that_lie_apart_are_found_largest_first(method):
    codes, member = groups(600)
    found = clusters(codes, method, 4 if method == "kmeans" else None)
    assert found.labels.dtype == np.int32
    assert found.count == 4
    inside = found.labels >= 0
    assert inside.mean() > 0.9
    assert adjusted_rand_score(member[inside], found.labels[inside]) == 1
    sizes = np.bincount(found.labels[inside])
    assert (np.diff(sizes) <= 0).all()
    assert found.method == method
    assert found.sentence.startswith(f"4 clusters by {'HDBSCAN' if method == 'hdbscan' else 'k-means'} in the code")


def test_more_items_follow_the_nearest_of_a_stated_sample(monkeypatch):
    monkeypatch.setattr(measure, "FITTED", 500)
    codes, member = groups(3000)
    found = clusters(codes)
    assert "fitted on 500 of 3,000 items" in found.sentence
    inside = found.labels >= 0
    assert inside.mean() > 0.9
    assert adjusted_rand_score(member[inside], found.labels[inside]) == 1
    np.testing.assert_array_equal(found.labels, clusters(codes).labels)
    assert (clusters(codes, seed=1).labels >= -1).all()


def test_items_in_no_group_stay_in_none_and_are_counted():
    codes, _ = groups(500)
    far = np.random.default_rng(1).uniform(-400, 400, (40, 6)).astype(np.float32)
    found = clusters(np.concatenate([codes, far]))
    assert (found.labels[500:] == -1).all()
    assert f"{(found.labels < 0).sum()} items in none" in found.sentence


@pytest.mark.parametrize("method", ["hdbscan", "kmeans"])
@pytest.mark.parametrize(
    ("codes", "sentence"),
    [
        (np.zeros((0, 3)), "too few items to look for clusters: 0"),
        (np.zeros((FEWEST - 1, 3)), "too few items"),
        (np.full((50, 3), 2.5), "all codes are alike"),
    ],
)
def test_where_there_can_be_none_it_says_so(codes, sentence, method):
    found = clusters(codes, method)
    assert found.labels.shape == (len(codes),)
    assert (found.labels == -1).all()
    assert found.count == 0
    assert sentence in found.sentence


def test_an_even_cloud_has_no_dense_groups():
    found = clusters(np.random.default_rng(0).uniform(size=(400, 5)).astype(np.float32))
    if found.count == 0:
        assert "finds no clusters" in found.sentence
    assert found.count < 3


def test_k_means_takes_no_more_clusters_than_there_are_places():
    codes = np.repeat(np.random.default_rng(0).normal(size=(3, 4)), 10, axis=0)
    assert clusters(codes, "kmeans", 8).count == 3


def test_what_cannot_be_clustered_is_refused():
    codes, _ = groups(60)
    with pytest.raises(AelibError, match="1 clusters are no clusters"):
        clusters(codes, "kmeans", 1)
    codes[3, 2] = np.nan
    with pytest.raises(AelibError, match="not finite") as caught:
        clusters(codes)
    assert caught.value.code == "E_CODES"
