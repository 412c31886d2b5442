"""Breast cancer: 569 tumours by 30 measurements of their cell nuclei, malignant or benign.

What for: A real table in which features lean on each other (radius, perimeter, area): few code numbers go far, and the
    two classes part on the map. Anomaly detection: learn benign, look for malignant.
Limits: Few items, from one clinic, measured by one program: nothing here is advice to anyone. Values are not within 0
    to 1: squared error and an identity output, no cross-entropy.
Reference: Street, Wolberg, Mangasarian (1993), Nuclear feature extraction for breast tumor diagnosis; UCI Machine
    Learning Repository (Breast Cancer Wisconsin, Diagnostic), as scikit-learn ships it.
"""

from aelib.config import PluginConfig
from aelib.datasets._base import Dataset, split_items
from aelib.datasets._tables import standardised


class Config(PluginConfig):
    """Nothing to choose."""


def load(config: Config) -> Dataset:
    """float32 (569, 30), standardised by the training items; nothing is downloaded."""
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer()
    notes = (
        "569 tumours with 30 measurements each, which come with scikit-learn.",
        "One fifth is kept for validation and one fifth for the test, always the same items.",
    )
    return standardised(
        split_items(
            bunch.data,  # type: ignore[union-attr]
            bunch.target,  # type: ignore[union-attr]
            validation=0.2,
            test=0.2,
            classes=("malignant", "benign"),
            notes=notes,
            feature_names=tuple(bunch.feature_names.tolist()),  # type: ignore[union-attr]
        )
    )
