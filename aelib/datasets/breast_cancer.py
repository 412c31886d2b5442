"""Breast cancer: 569 tumours by 30 measurements of their cell nuclei, malignant or benign.

What for: A real table in which features lean on each other (radius, perimeter, area): few code numbers go far, and the
    two classes part on the map. Anomaly detection: learn benign, look for malignant.
Limits: Few items, from one clinic, measured by one program: nothing here is advice to anyone. Values are not within 0
    to 1: squared error and an identity output, no cross-entropy.
Reference: Street, Wolberg, Mangasarian (1993), Nuclear feature extraction for breast tumor diagnosis; UCI Machine
    Learning Repository (Breast Cancer Wisconsin, Diagnostic), as scikit-learn ships it.
"""

from aelib.config import PluginConfig
from aelib.datasets._base import Dataset
from aelib.datasets._tables import of_scikit_learn


class Config(PluginConfig):
    """Nothing to choose."""


def load(config: Config) -> Dataset:
    """float32 (569, 30), standardised by the training items; nothing is downloaded."""
    from sklearn.datasets import load_breast_cancer

    return of_scikit_learn(
        load_breast_cancer(),
        ("malignant", "benign"),
        "569 tumours with 30 measurements each, which come with scikit-learn.",
        share=0.2,
    )
