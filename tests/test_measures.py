"""Figures against scikit-learn, and against cases counted by hand."""

import numpy as np
import pytest
from sklearn.manifold import trustworthiness

from aelib.measures import projection
from aelib.measures.projection import SAMPLE, distortion, projection_quality
from aelib.measures.reconstruction import (
    by_class,
    error_map,
    error_rank,
    peak_signal_to_noise,
    squared_error,
)

PICTURES = np.zeros((2, 3, 4, 5), np.float32)


def changed(value: float) -> np.ndarray:
    """The second picture differs in one pixel of one channel."""
    recon = PICTURES.copy()
    recon[1, 2, 3, 4] = value
    return recon


def test_squared_errors_are_summed_over_features():
    np.testing.assert_allclose(squared_error(changed(0.5), PICTURES), [0, 0.25])
    recon, targets = np.random.default_rng(0).random((2, 7, 1, 6, 6), np.float32)
    np.testing.assert_allclose(
        squared_error(recon, targets), [((a - b) ** 2).sum() for a, b in zip(recon, targets, strict=True)], rtol=1e-5
    )


def test_signal_to_noise_is_in_decibels():
    half = np.full((1, 1, 2, 2), 0.5, np.float32)
    assert peak_signal_to_noise(half, half * 0)[0] == pytest.approx(10 * np.log10(1 / 0.25))
    assert peak_signal_to_noise(changed(1.0), PICTURES)[0] == np.inf
    assert peak_signal_to_noise(changed(1.0), PICTURES)[1] == pytest.approx(10 * np.log10(60))


def test_error_maps_are_means_over_channels():
    found = error_map(changed(-0.6), PICTURES)
    assert found.shape == (2, 4, 5)
    assert found[1, 3, 4] == pytest.approx(0.2)
    assert found.sum() == pytest.approx(0.2)


def test_classes_come_worst_first_and_items_without_a_label_count_nowhere():
    errors = np.array([1, 3, 10, 2, 99], np.float32)
    rows = by_class(errors, np.array([0, 0, 2, 0, -1]), ("a", "b", "c"))
    assert [(row.name, row.count, row.mean, row.median) for row in rows] == [("c", 1, 10, 10), ("a", 3, 2, 2)]
    assert by_class(errors, np.full(5, -1), ()) == []


def test_a_rank_is_the_share_of_smaller_errors():
    errors = np.array([1.0, 2, 3, 4])
    assert [error_rank(value, errors) for value in (0, 1, 2.5, 9)] == [0, 0, 0.5, 1]
    assert error_rank(1.0, np.zeros(0)) == 0


def test_quality_is_scikit_learns_trustworthiness_both_ways():
    codes = np.random.default_rng(0).normal(size=(120, 5)).astype(np.float32)
    points = codes[:, :2] + 0.1
    found = projection_quality(codes, points)
    order = np.random.default_rng(0).permutation(120)  # the sum depends on no order but by rounding
    assert found["trustworthiness"] == pytest.approx(
        trustworthiness(codes[order], points[order], n_neighbors=15), abs=1e-4
    )
    assert found["continuity"] == pytest.approx(trustworthiness(points[order], codes[order], n_neighbors=15), abs=1e-4)
    assert found["items"] == 120


def test_quality_of_the_codes_themselves_is_one_and_of_noise_a_half():
    codes = np.random.default_rng(0).normal(size=(400, 2)).astype(np.float32)
    assert projection_quality(codes, codes * 3)["trustworthiness"] == 1
    noise = np.random.default_rng(1).normal(size=(400, 2)).astype(np.float32)
    assert 0.4 < projection_quality(codes, noise)["trustworthiness"] < 0.6


def test_few_items_have_no_quality_and_many_are_sampled():
    codes = np.random.default_rng(0).normal(size=(SAMPLE + 500, 2)).astype(np.float32)
    assert projection_quality(codes[:39], codes[:39]) == {}
    assert projection_quality(codes[:40], codes[:40])["items"] == 40
    found = projection_quality(codes, codes)
    assert found["items"] == SAMPLE
    assert found == projection_quality(codes, codes)


def test_a_map_of_one_single_point_is_measured_without_a_fault():
    codes = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32)
    assert 0 <= projection_quality(codes, np.zeros((60, 2), np.float32))["trustworthiness"] <= 1


def recall(codes: np.ndarray, points: np.ndarray, k: int) -> np.ndarray:
    """The share of nearest codes that are nearest points, counted one by one."""
    shares = []
    for row in range(len(codes)):
        near = [np.argsort(np.linalg.norm(space - space[row], axis=1)) for space in (codes, points)]
        true, drawn = (
            {int(other) for other in order if other != row}
            for order in ([n for n in each if n != row][:k] for each in near)
        )
        shares.append(len(true & drawn) / k)
    return np.array(shares)


def test_distortion_is_one_minus_the_recall_of_each_items_neighbours():
    random = np.random.default_rng(0)
    codes = random.normal(size=(150, 5)).astype(np.float32)
    points = codes[:, :2].copy()
    lost = distortion(codes, points)
    assert lost is not None
    assert lost.dtype == np.float32
    np.testing.assert_allclose(lost, 1 - recall(codes, points, 15), atol=1e-6)
    assert projection_quality(codes, points)["overlap"] == pytest.approx(1 - lost.mean(), abs=1e-4)


def test_a_map_that_is_the_code_space_loses_nothing_and_one_torn_item_loses_all():
    codes = np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32)
    lost = distortion(codes, codes * 3 + 1)
    assert lost is not None
    assert not lost.any()
    torn = codes.copy()
    torn[7] += 100
    lost = distortion(codes, torn)
    assert lost is not None
    assert lost[7] > 0.8
    assert lost.mean() < 0.1


def test_equally_far_is_kept():
    codes = np.repeat(np.random.default_rng(0).normal(size=(3, 4)), 30, axis=0).astype(np.float32)
    lost = distortion(codes, codes[:, :2])
    assert lost is not None
    assert not lost.any()
    nowhere = distortion(codes, np.zeros((90, 2), np.float32))
    assert nowhere is not None
    assert not nowhere.any()


def test_of_very_many_items_some_are_measured_and_the_rest_follow_them(monkeypatch):
    random = np.random.default_rng(0)
    codes = random.normal(size=(1500, 3)).astype(np.float32)
    points = codes[:, :2] * np.where(codes[:, :1] > 0, 1, 5)
    whole = distortion(codes, points)
    monkeypatch.setattr(projection, "EXACT", 1000)
    monkeypatch.setattr(projection, "MEASURED", 500)
    some = distortion(codes, points)
    assert whole is not None
    assert some is not None
    chosen = np.linspace(0, 1499, 500).astype(int)
    np.testing.assert_array_equal(some[chosen], whole[chosen])
    assert abs(float(some.mean() - whole.mean())) < 0.02


def test_few_items_have_no_distortion():
    codes = np.random.default_rng(0).normal(size=(39, 2)).astype(np.float32)
    assert distortion(codes, codes) is None
