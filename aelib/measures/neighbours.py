"""Whether the nearest codes are of the same class: how well k nearest neighbours guess a label."""

from dataclasses import dataclass

import numpy as np

from aelib.errors import AelibError
from aelib.measures._labels import labelled, recall_by_class, refuse_one_class, refuse_other_length


@dataclass(frozen=True)
class NeighbourAccuracy:
    """How often the vote of the neighbours is right.

    Attributes:
        accuracy: Share (0..1) of the test items; to be read against the share of the largest class.
        by_class: The same for the items of each class that has some, by label number.
        k: Voting neighbours.
        items: Test items that have a label.
    """

    accuracy: float
    by_class: dict[int, float]
    k: int
    items: int


def neighbour_accuracy(
    codes: np.ndarray,
    labels: np.ndarray | None,
    test_codes: np.ndarray,
    test_labels: np.ndarray | None,
    k: int = 5,
) -> NeighbourAccuracy:
    """Accuracy of the majority among the k nearest training codes, by plain Euclidean distance and exact search.

    Source: Cover and Hart (1967), Nearest neighbor pattern classification; computed by scikit-learn's
    ``KNeighborsClassifier``, where a tie goes to the lowest label number. Codes are taken as they are, not
    standardised: a dimension of large variance weighs more. It says that classes lie apart in patches, not that a
    plane parts them (``measures.probe``), nor that a map of the codes shows it.

    Args:
        codes: (n, latent_dim), of the items that vote.
        labels: (n,); items with -1 are left out.
        test_codes: (m, latent_dim), of other items.
        test_labels: (m,), likewise.
        k: Voting neighbours.

    Raises:
        AelibError: ``E_LABELS`` without labels or with one class only, ``E_CONFIG`` for fewer voting items than k, a k
            below 1 or codes of different lengths.
    """
    from sklearn.neighbors import KNeighborsClassifier

    codes, numbers = labelled(codes, labels, "training")
    test_codes, wanted = labelled(test_codes, test_labels, "test")
    refuse_one_class(numbers)
    if not 1 <= k <= len(codes):
        raise AelibError(
            "E_CONFIG", f"k {k} is out of range", f"{len(codes)} items can vote", f"Take 1 to {len(codes)}"
        )
    refuse_other_length(codes, test_codes)
    found = KNeighborsClassifier(n_neighbors=k, algorithm="brute").fit(codes, numbers).predict(test_codes)
    return NeighbourAccuracy(float((found == wanted).mean()), recall_by_class(found, wanted), k, len(wanted))
