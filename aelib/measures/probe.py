"""How much of the class a straight cut through the code space finds: a linear probe."""

import warnings
from dataclasses import dataclass

import numpy as np

from aelib.errors import AelibError
from aelib.measures._labels import labelled, recall_by_class, refuse_one_class, refuse_other_length

STEPS = 200  # of the solver


@dataclass(frozen=True)
class Probe:
    """A logistic regression on codes, and how often it is right.

    Attributes:
        accuracy: Share (0..1) of the test items; to be read against the share of the largest class.
        by_class: The same for the items of each class that has some, by label number.
        train_accuracy: On the items it was fitted to; far above ``accuracy``, the probe has learnt by heart.
        strength: Inverse of its L2 penalty, scikit-learn's C.
        converged: Whether the solver came to rest within ``STEPS`` steps; if not, accuracy may be a little low.
        items: Test items that have a label.
    """

    accuracy: float
    by_class: dict[int, float]
    train_accuracy: float
    strength: float
    converged: bool
    items: int


def linear_probe(
    codes: np.ndarray,
    labels: np.ndarray | None,
    test_codes: np.ndarray,
    test_labels: np.ndarray | None,
    strength: float = 1.0,
) -> Probe:
    """Accuracy on test items of a multinomial logistic regression fitted to the training items' codes.

    Source: Alain and Bengio (2017), Understanding intermediate layers using linear classifier probes; computed by
    scikit-learn's ``LogisticRegression`` (L-BFGS). Each dimension is first brought to mean 0 and deviation 1 **of the
    training codes**; the test items have no part in that or in the fit. A longer code has an advantage, whatever it
    learnt: compare codes of one length, and with raw pixels. A low figure says that classes are not parted by planes;
    neighbours may still part them (``measures.neighbours``).

    Args:
        codes: (n, latent_dim), of the items that are learnt.
        labels: (n,); items with -1 are left out.
        test_codes: (m, latent_dim), of other items.
        test_labels: (m,), likewise.
        strength: Above 0; smaller keeps the weights smaller.

    Raises:
        AelibError: ``E_LABELS`` without labels or with one class only, ``E_CONFIG`` for a strength of 0 or less or
            codes of different lengths.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    codes, numbers = labelled(codes, labels, "training")
    test_codes, wanted = labelled(test_codes, test_labels, "test")
    refuse_one_class(numbers)
    refuse_other_length(codes, test_codes)
    if not 0 < strength < float("inf"):
        raise AelibError(
            "E_CONFIG", f"strength {strength} is out of range", "", "Take a number above 0, for instance 1"
        )
    scale = StandardScaler().fit(codes)
    learnt = scale.transform(codes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # said by ``converged``
        model = LogisticRegression(C=strength, max_iter=STEPS).fit(learnt, numbers)
    found = model.predict(scale.transform(test_codes))
    return Probe(
        float((found == wanted).mean()),
        recall_by_class(found, wanted),
        float((model.predict(learnt) == numbers).mean()),
        strength,
        int(np.max(model.n_iter_)) < STEPS,
        len(wanted),
    )
