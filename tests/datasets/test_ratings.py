"""Ratings: what was given, what was not, and what is behind it."""

import numpy as np

from aelib.datasets import ratings


def test_values_are_stars_over_five_where_rated_and_zero_elsewhere():
    config = ratings.Config(count=300, films=40)
    dataset, truth = ratings.load(config), ratings.draw(config)
    items = dataset.all_items()
    rated = truth.rated[items.index]
    np.testing.assert_array_equal(ratings.observed(items.values), rated)
    np.testing.assert_allclose(items.values[rated] * 5, truth.stars[items.index][rated], rtol=1e-6)
    assert not items.values[~rated].any()
    assert set(np.unique(truth.stars)) == {1, 2, 3, 4, 5}
    np.testing.assert_allclose(items.factors, truth.tastes[items.index], rtol=1e-6)
    np.testing.assert_array_equal(items.labels, items.factors.argmax(1))
    assert dataset.info.is_unit_range
    assert dataset.feature_names[0] == "comedy 1"
    assert dataset.feature_names[-1] == "science fiction 40"


def test_the_share_of_ratings_is_met_and_nobody_rated_nothing():
    assert abs(ratings.draw(ratings.Config()).rated.mean() - 0.25) < 0.02
    sparse = ratings.draw(ratings.Config(count=500, films=20, rated=0.02)).rated
    assert sparse.sum(1).min() >= ratings.FEWEST
    assert ratings.draw(ratings.Config(count=100, films=20, rated=1.0)).rated.all()


def test_the_stars_are_of_low_rank_and_follow_the_tastes():
    truth = ratings.draw(ratings.Config())
    centred = truth.stars - truth.stars.mean(0)
    share = np.linalg.svd(centred, compute_uv=False) ** 2
    assert share[:4].sum() / share.sum() > 0.8
    assert share[4] / share.sum() < 0.01
    comedies = truth.stars[:, :25].mean(1)
    assert np.corrcoef(comedies, truth.tastes[:, 0])[0, 1] > 0.9


def test_an_error_over_rated_entries_only_recommends_and_over_all_entries_does_not():
    """What the docstring warns of, with a linear model of rank 4 fitted both ways."""
    truth = ratings.draw(ratings.Config(count=400, films=40))
    given, open_ = truth.rated, ~truth.rated
    values = np.where(given, truth.stars / 5, 0)
    left, scales, right = np.linalg.svd(values, full_matrices=False)
    whole = (left[:, :5] * scales[:5]) @ right[:5]
    mean = values[given].mean()
    users, films = np.random.default_rng(0).normal(size=(2, 400, 5)) * 0.1
    films = films[:40]
    for _ in range(15):  # alternating least squares over rated entries
        for row in range(400):
            seen = films[given[row]]
            users[row] = np.linalg.solve(seen.T @ seen + 0.1 * np.eye(5), seen.T @ (values[row, given[row]] - mean))
        for column in range(40):
            seen = users[given[:, column]]
            wanted = values[given[:, column], column] - mean
            films[column] = np.linalg.solve(seen.T @ seen + 0.1 * np.eye(5), seen.T @ wanted)
    errors = [np.sqrt(((guess * 5 - truth.stars)[open_] ** 2).mean()) for guess in (whole, users @ films.T + mean)]
    assert errors[1] < 1.0 < 2.0 < errors[0], errors
