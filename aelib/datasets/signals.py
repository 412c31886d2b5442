"""Signals: vectors of 64 samples, each the sum of two sines with known frequencies.

What for: The smallest case of one-dimensional data (a heartbeat, a sensor, a sound), with the truth known: four
    numbers make each signal, so a code of four can hold it, and PCA with four cannot, for the surface is curved.
Limits: No noise, no envelope, no silence; two pure tones are no voice. Values run from -1 to 1: squared error and an
    identity output, no cross-entropy. The frequencies are not whole numbers, so a Fourier series does not give them
    at once.
Reference: Fourier (1822), Théorie analytique de la chaleur; the signals are drawn by this program.
"""

import numpy as np

from aelib.datasets._base import Dataset, split_items
from aelib.datasets._signals import CLASSES, FACTORS, SignalConfig, about, draw, waves

SAMPLES = 64


class Config(SignalConfig):
    """How many signals, and which."""


def load(config: Config) -> Dataset:
    """float32 (count, 64) within -1 to 1; factors as in ``_signals.draw``."""
    signals = draw(config.count, config.seed)
    values = waves(signals.factors, np.arange(SAMPLES) / SAMPLES).astype(np.float32)
    notes = (
        *about(config),
        "64 samples over one window, from -1 to 1, as they are: nothing is standardised.",
        "One fifth is kept for validation and one fifth for the test, always the same items.",
    )
    return split_items(
        values,
        signals.classes,
        validation=0.2,
        test=0.2,
        classes=CLASSES,
        notes=notes,
        factors=signals.factors,
        factor_names=FACTORS,
        feature_names=tuple(f"sample {number}" for number in range(1, SAMPLES + 1)),
    )
