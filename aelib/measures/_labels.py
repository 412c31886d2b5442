"""Codes with their labels: items without one are left out, and what cannot be measured is refused."""

import numpy as np

from aelib.errors import AelibError


def labelled(codes: np.ndarray, labels: np.ndarray | None, part: str) -> tuple[np.ndarray, np.ndarray]:
    """The codes whose items have a label, and these labels.

    Args:
        codes: (n, latent_dim).
        labels: (n,), -1 where there is none; or None.
        part: What to call these items in an error: ``training`` or ``test``.

    Raises:
        AelibError: ``E_LABELS`` where no item has a label, ``E_CONFIG`` for lengths that do not agree or codes that
            are not finite.
    """
    if labels is None or not (labels >= 0).any():
        raise AelibError(
            "E_LABELS", f"None of the {part} items has a label", "", "Take a dataset with classes, or another measure"
        )
    if len(codes) != len(labels):
        raise AelibError(
            "E_CONFIG",
            f"The {part} codes do not match their labels",
            f"{len(codes)} codes, {len(labels)} labels",
            "Give one label for each code, -1 where there is none",
        )
    if not np.isfinite(codes).all():
        raise AelibError(
            "E_CONFIG", f"The {part} codes are not all finite numbers", "", "Train again with a smaller learning rate"
        )
    has_one = labels >= 0
    return codes[has_one], labels[has_one]


def refuse_one_class(labels: np.ndarray) -> None:
    """Raise ``E_LABELS`` unless there are two classes to tell apart."""
    if len(np.unique(labels)) < 2:
        raise AelibError(
            "E_LABELS",
            "There is nothing to tell apart",
            f"all {len(labels):,} items are of class {labels[0]}",
            "Take items of at least two classes",
        )


def recall_by_class(found: np.ndarray, labels: np.ndarray) -> dict[int, float]:
    """For each class that has items, the share (0..1) of these for which it was found."""
    return {int(number): float((found[labels == number] == number).mean()) for number in np.unique(labels)}


def refuse_other_length(codes: np.ndarray, test_codes: np.ndarray) -> None:
    """Raise ``E_CONFIG`` unless both are codes of one length."""
    if codes.shape[1:] != test_codes.shape[1:]:
        raise AelibError(
            "E_CONFIG",
            "Training and test codes differ in length",
            f"{codes.shape[1:]} and {test_codes.shape[1:]}",
            "Take both from one model",
        )
