"""Neighbours, probe and anomaly scores: against scikit-learn, against closed forms, and counted by hand."""

import numpy as np
import pytest
from scipy.stats import mannwhitneyu
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from aelib.config import read_choice
from aelib.datasets._base import load_dataset
from aelib.errors import AelibError
from aelib.measures.anomaly import one_against_rest, roc, threshold_at
from aelib.measures.neighbours import neighbour_accuracy
from aelib.measures.probe import linear_probe
from aelib.registry import DATASETS

LINE = np.array([[0.0], [1.0], [2.0], [10.0], [11.0], [12.0]])
SIDES = np.array([0, 0, 0, 1, 1, 1])
MEASURES = [neighbour_accuracy, linear_probe]


def digits() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    splits = load_dataset(read_choice(DATASETS, "digits")).splits
    found = [(splits[name].floats().reshape(len(splits[name]), -1), splits[name].labels) for name in ("train", "test")]
    (codes, labels), (test_codes, test_labels) = found
    assert labels is not None
    assert test_labels is not None
    return codes, labels, test_codes, test_labels


# --- neighbours ---


def test_neighbours_by_hand():
    found = neighbour_accuracy(LINE, SIDES, np.array([[1.4], [9.0], [3.0]]), np.array([0, 1, 1]), k=3)
    assert found.accuracy == pytest.approx(2 / 3)
    assert found.by_class == {0: 1.0, 1: 0.5}
    assert (found.k, found.items) == (3, 3)


@pytest.mark.parametrize("k", [1, 5])
def test_neighbours_are_scikit_learns(k):
    codes, labels, test_codes, test_labels = digits()
    expected = KNeighborsClassifier(k).fit(codes, labels).score(test_codes, test_labels)
    assert neighbour_accuracy(codes, labels, test_codes, test_labels, k).accuracy == pytest.approx(expected)
    assert expected > 0.97


def test_too_few_items_to_vote_are_refused():
    with pytest.raises(AelibError, match="k 7 is out of range: 6 items can vote") as caught:
        neighbour_accuracy(LINE, SIDES, LINE, SIDES, k=7)
    assert caught.value.code == "E_CONFIG"


# --- probe ---


def test_the_probe_is_scikit_learns():
    codes, labels, test_codes, test_labels = digits()
    expected = make_pipeline(StandardScaler(), LogisticRegression(max_iter=200)).fit(codes, labels)
    found = linear_probe(codes, labels, test_codes, test_labels)
    assert found.accuracy == pytest.approx(expected.score(test_codes, test_labels))
    assert found.train_accuracy == pytest.approx(expected.score(codes, labels))
    assert found.converged
    right = expected.predict(test_codes) == test_labels
    assert found.by_class[3] == pytest.approx(right[test_labels == 3].mean())


def test_units_of_a_dimension_do_not_matter_to_the_probe():
    codes, labels, test_codes, test_labels = digits()
    scale = np.linspace(0.01, 100, codes.shape[1])
    plain = linear_probe(codes, labels, test_codes, test_labels)
    scaled = linear_probe(codes * scale + 7, labels, test_codes * scale + 7, test_labels)
    assert scaled.accuracy == pytest.approx(plain.accuracy, abs=0.004)


def test_test_items_have_no_part_in_the_fit():
    codes, labels, test_codes, test_labels = digits()
    whole = linear_probe(codes, labels, test_codes, test_labels)
    zero = test_labels == 0
    assert linear_probe(codes, labels, test_codes[zero], test_labels[zero]).accuracy == whole.by_class[0]


def test_a_ring_has_neighbours_and_no_plane():
    angles = np.random.default_rng(0).uniform(0, 2 * np.pi, 600)
    labels = np.arange(600) % 2
    codes = np.stack([np.cos(angles), np.sin(angles)], 1) * (1 + 2 * labels)[:, None]
    parts = codes[:400], labels[:400], codes[400:], labels[400:]
    assert neighbour_accuracy(*parts).accuracy == 1.0
    assert linear_probe(*parts).accuracy < 0.65


def test_a_probe_that_is_cut_short_says_so(monkeypatch):
    monkeypatch.setattr("aelib.measures.probe.STEPS", 2)
    assert not linear_probe(*digits()).converged


@pytest.mark.parametrize("strength", [0.0, -1.0, float("inf"), float("nan")])
def test_a_strength_that_cannot_be_is_refused(strength):
    with pytest.raises(AelibError, match="strength"):
        linear_probe(LINE, SIDES, LINE, SIDES, strength)


# --- both ---


@pytest.mark.parametrize("measure", MEASURES)
def test_items_without_a_label_are_left_out(measure):
    labels = np.array([0, 0, 0, 1, 1, -1])
    more = {"k": 1} if measure is neighbour_accuracy else {}
    found = measure(LINE, labels, LINE, np.array([0, -1, -1, -1, -1, 1]), **more)
    assert (found.items, found.accuracy) == (2, 1.0)


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize(
    ("changes", "code", "says"),
    [
        ({"labels": None}, "E_LABELS", "None of the training items has a label"),
        ({"test_labels": np.full(6, -1)}, "E_LABELS", "None of the test items has a label"),
        ({"labels": np.zeros(6, int)}, "E_LABELS", "all 6 items are of class 0"),
        ({"labels": SIDES[:5]}, "E_CONFIG", "6 codes, 5 labels"),
        ({"codes": LINE * np.nan}, "E_CONFIG", "not all finite"),
        ({"test_codes": np.ones((6, 2))}, "E_CONFIG", "differ in length"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_a_sentence(measure, changes, code, says):
    given = {"codes": LINE, "labels": SIDES, "test_codes": LINE, "test_labels": SIDES, **changes}
    with pytest.raises(AelibError, match=says) as caught:
        measure(**given)
    assert caught.value.code == code


# --- anomaly ---


def test_roc_by_hand():
    found = roc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True]))
    assert found.area == pytest.approx(0.75)
    assert found.thresholds[0] == np.inf
    assert (found.false_positive_rates[0], found.true_positive_rates[0]) == (0, 0)
    assert (found.false_positive_rates[-1], found.true_positive_rates[-1]) == (1, 1)
    for false, true, at in zip(found.false_positive_rates, found.true_positive_rates, found.thresholds, strict=True):
        assert false == np.mean(np.array([0.1, 0.4]) >= at)
        assert true == np.mean(np.array([0.35, 0.8]) >= at)


def test_the_area_is_the_chance_to_score_higher_with_ties_counting_half():
    generator = np.random.default_rng(0)
    scores, kinds = generator.integers(0, 12, 300).astype(float), generator.random(300) < 0.3
    expected = mannwhitneyu(scores[kinds], scores[~kinds]).statistic / (kinds.sum() * (~kinds).sum())
    assert roc(scores, kinds).area == pytest.approx(expected)
    assert roc(-scores, kinds).area == pytest.approx(1 - expected)
    assert roc(np.ones(300), kinds).area == 0.5


def test_one_class_against_each_other():
    scores = np.array([1.0, 2.0, 1.5, 1.7, 5.0, 6.0, 0.0])
    labels = np.array([0, 0, 1, 1, 2, 2, -1])
    found = one_against_rest(scores, labels, normal=0)
    assert found.by_class == {1: 0.5, 2: 1.0}
    assert found.area == pytest.approx(0.75)


def test_the_area_against_the_rest_is_the_weighted_mean_of_the_classes():
    generator = np.random.default_rng(1)
    scores, labels = generator.normal(size=400), generator.integers(0, 5, 400)
    found = one_against_rest(scores + labels, labels, normal=2)
    counts = {number: (labels == number).sum() for number in found.by_class}
    mean = sum(found.by_class[number] * count for number, count in counts.items()) / sum(counts.values())
    assert found.area == pytest.approx(mean)


@pytest.mark.parametrize("rate", [0.0, 0.01, 0.05, 0.3])
def test_a_threshold_flags_no_more_than_was_asked_for_and_is_the_lowest(rate):
    scores = np.random.default_rng(2).normal(size=1000)
    at = threshold_at(scores, rate)
    assert (scores > at).mean() == pytest.approx(rate)
    assert (scores > np.nextafter(at, -np.inf)).mean() > rate


def test_a_threshold_among_ties():
    assert threshold_at(np.array([1.0, 1.0, 1.0, 2.0]), 0.25) == 1.0
    assert threshold_at(np.array([1.0, 2.0, 2.0, 2.0]), 0.25) == 2.0


@pytest.mark.parametrize(
    ("call", "code", "says"),
    [
        (lambda: roc(np.ones(3), np.zeros(3, bool)), "E_LABELS", "there are no unusual ones"),
        (lambda: roc(np.ones(3), np.ones(3, bool)), "E_LABELS", "there are no usual ones"),
        (lambda: roc(np.ones(3), np.array([True, False])), "E_CONFIG", "3 and 2"),
        (lambda: roc(np.array([1, np.nan]), np.array([True, False])), "E_CONFIG", "not all finite"),
        (lambda: one_against_rest(np.ones(3), None, 0), "E_LABELS", "None of the items has a label"),
        (lambda: one_against_rest(np.ones(3), np.array([1, 1, 2]), 0), "E_LABELS", "No item is of class 0"),
        (lambda: one_against_rest(np.ones(2), np.array([1, 1]), 1), "E_LABELS", "there are no unusual ones"),
        (lambda: one_against_rest(np.ones(2), np.array([1, 1, 2]), 1), "E_CONFIG", "2 and 3"),
        (lambda: threshold_at(np.array([])), "E_EMPTY", "there are none"),
        (lambda: threshold_at(np.ones(3), 1.0), "E_CONFIG", "false-positive rate 1 is out of range"),
        (lambda: threshold_at(np.array([np.inf])), "E_CONFIG", "not all finite"),
    ],
)
def test_what_has_no_curve_is_refused_in_a_sentence(call, code, says):
    with pytest.raises(AelibError, match=says) as caught:
        call()
    assert caught.value.code == code
