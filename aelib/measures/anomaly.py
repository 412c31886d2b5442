"""Whether a score tells unusual items from usual ones: ROC curves, one class against the rest, thresholds."""

from dataclasses import dataclass

import numpy as np

from aelib.errors import AelibError


@dataclass(frozen=True)
class Roc:
    """What each threshold on a score flags, from the strictest to the most lenient.

    Attributes:
        false_positive_rates: (points,) share of usual items that are flagged, rising from 0 to 1.
        true_positive_rates: (points,) share of unusual items that are flagged, rising from 0 to 1.
        thresholds: (points,) a score at or above it is flagged; the first is infinite, and flags nothing.
        area: Under the curve: the chance that an unusual item scores above a usual one, ties counting half. 0.5 is
            chance; below, usual items score higher.
    """

    false_positive_rates: np.ndarray
    true_positive_rates: np.ndarray
    thresholds: np.ndarray
    area: float


@dataclass(frozen=True)
class OneAgainstRest:
    """How a score of one class's model tells it from the other classes.

    Attributes:
        normal: The class that the model has learnt.
        area: AUROC against all other classes together.
        by_class: AUROC against each other class alone: which one passes for the normal one.
    """

    normal: int
    area: float
    by_class: dict[int, float]


def roc(scores: np.ndarray, is_anomaly: np.ndarray) -> Roc:
    """The ROC curve of a score, high for what is unusual.

    Source: Fawcett (2006), An introduction to ROC analysis; computed by scikit-learn (``roc_curve``, points on a
    straight line left out). The area does not depend on how many unusual items there are; what a threshold flags in
    use does. It says nothing about the best threshold: for that, ``threshold_at``.

    Args:
        scores: (n,), for instance the squared error of each item's reconstruction. On binary cross-entropy take its
            part above the floor: the floor is the item's own entropy, and ranks items by that.
        is_anomaly: bool (n,).

    Raises:
        AelibError: ``E_LABELS`` unless both kinds are there, ``E_CONFIG`` for scores that are not finite or lengths
            that do not agree.
    """
    from sklearn.metrics import roc_auc_score, roc_curve

    kinds = np.asarray(is_anomaly, bool)
    _refuse(scores, kinds)
    false, true, thresholds = roc_curve(kinds, scores)
    return Roc(false, true, thresholds, float(roc_auc_score(kinds, scores)))


def one_against_rest(scores: np.ndarray, labels: np.ndarray | None, normal: int) -> OneAgainstRest:
    """AUROC of a score by which one class should be told from all others, and from each of them.

    Source: the protocol of Ruff et al. (2018), Deep one-class classification, section 4: learn one class, score the
    whole test set. The area against the rest is the mean of those against each class, weighted by its items.

    Args:
        scores: (n,) of test items, high for what is unusual.
        labels: (n,); items with -1 are left out.
        normal: The label of the class that was learnt.

    Raises:
        AelibError: ``E_LABELS`` without labels, without items of the class or with no others; and what ``roc`` raises.
    """
    if labels is None or not (labels >= 0).any():
        raise AelibError("E_LABELS", "None of the items has a label", "", "Take a dataset with classes")
    if len(scores) != len(labels):
        raise AelibError("E_CONFIG", "Scores and labels differ in number", f"{len(scores)} and {len(labels)}", "")
    scores, labels = scores[labels >= 0], labels[labels >= 0]
    if not (labels == normal).any():
        raise AelibError(
            "E_LABELS", f"No item is of class {normal}", "it is to be the normal one", "Take another class"
        )
    others = [int(number) for number in np.unique(labels) if number != normal]
    area = roc(scores, labels != normal).area
    by_class = {}
    for other in others:
        rows = (labels == normal) | (labels == other)
        by_class[other] = roc(scores[rows], labels[rows] == other).area
    return OneAgainstRest(normal, area, by_class)


def threshold_at(usual_scores: np.ndarray, false_positive_rate: float = 0.05) -> float:
    """The lowest threshold that flags at most this share of usual items, where a score *above* it is flagged.

    Args:
        usual_scores: (n,), of usual items that the model has not been fitted to (the validation split); on those it
            was fitted to, scores are too low, and more will be flagged than was asked for.
        false_positive_rate: From 0 (nothing of these) to below 1. A share below 1 / n cannot be told from 0.

    Raises:
        AelibError: ``E_EMPTY`` without scores, ``E_CONFIG`` for a rate out of range or scores that are not finite.
    """
    if len(usual_scores) == 0:
        raise AelibError("E_EMPTY", "A threshold needs scores", "there are none", "Give those of usual items")
    if not 0 <= false_positive_rate < 1:
        raise AelibError(
            "E_CONFIG",
            f"The false-positive rate {false_positive_rate:g} is out of range",
            "it is a share of the usual items",
            "Take a number from 0 to below 1, for instance 0.05",
        )
    _refuse_not_finite(usual_scores)
    ranked = np.sort(usual_scores)[::-1]
    return float(ranked[int(np.floor(false_positive_rate * len(ranked) + 1e-9))])


def _refuse(scores: np.ndarray, is_anomaly: np.ndarray) -> None:
    if len(scores) != len(is_anomaly):
        raise AelibError("E_CONFIG", "Scores and kinds differ in number", f"{len(scores)} and {len(is_anomaly)}", "")
    if is_anomaly.all() or not is_anomaly.any():
        lacking = "unusual" if not is_anomaly.any() else "usual"
        raise AelibError(
            "E_LABELS", "A ROC curve needs both kinds of items", f"there are no {lacking} ones", "Add some, or relabel"
        )
    _refuse_not_finite(scores)


def _refuse_not_finite(scores: np.ndarray) -> None:
    if not np.isfinite(scores).all():
        raise AelibError(
            "E_CONFIG", "The scores are not all finite numbers", "", "Look for a model whose training blew up"
        )
