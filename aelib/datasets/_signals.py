"""Sums of two sines with known frequencies: what ``signals`` shows as vectors and ``spectrograms`` as pictures."""

from dataclasses import dataclass

import numpy as np
from pydantic import Field

from aelib.config import PluginConfig

CLASSES = ("low", "mid", "high")
FACTORS = ("frequency 1", "frequency 2", "amplitude ratio", "phase")
LOW_BAND, HIGH_BAND = (1.0, 10.0), (12.0, 24.0)  # cycles per window, of the first and of the second sine


class SignalConfig(PluginConfig):
    """How many signals, and which."""

    count: int = Field(4000, ge=100, le=100_000, description="Signals, each with factors drawn by chance")
    seed: int = Field(0, ge=0, le=2**32 - 1, description="Which factors are drawn")


@dataclass(frozen=True)
class Signals:
    """Signals with what is behind them.

    Attributes:
        factors: float64 (n, 4): both frequencies in cycles per window, amplitude ratio, phase in radians.
        classes: int64 (n,): 0, 1, 2 for a first frequency in the lower, middle and upper third of its band.
    """

    factors: np.ndarray
    classes: np.ndarray


def draw(count: int, seed: int) -> Signals:
    """Factors, uniform and independent: 1 to 10 and 12 to 24 cycles, ratio 0.25 to 1, phase 0 to 2 pi.

    The bands do not overlap, so that the two sines cannot change places: each signal has one truth.
    """
    random = np.random.default_rng(seed)
    low = np.array([LOW_BAND[0], HIGH_BAND[0], 0.25, 0.0])
    high = np.array([LOW_BAND[1], HIGH_BAND[1], 1.0, 2 * np.pi])
    share = random.random((count, 4))
    return Signals(low + (high - low) * share, np.floor(share[:, 0] * 3).astype(np.int64))


def waves(factors: np.ndarray, times: np.ndarray) -> np.ndarray:
    """x(t) = [sin(2 pi f1 t) + a sin(2 pi f2 t + phase)] / (1 + a), within -1 to 1.

    Args:
        factors: (n, 4): f1, f2, a, phase.
        times: (samples,), in windows: 0 is the start, 1 the end.

    Returns:
        float64 (n, samples).
    """
    first, second, ratio, phase = (column[:, None] for column in factors.T)
    sum_of_both = np.sin(2 * np.pi * first * times) + ratio * np.sin(2 * np.pi * second * times + phase)
    return sum_of_both / (1 + ratio)


def about(config: SignalConfig) -> tuple[str, ...]:
    """Sentences on how the signals were made."""
    return (
        f"{config.count:,} sums of two sines, drawn by seed {config.seed}: the first makes 1 to 10 cycles per window, "
        "the second 12 to 24; its amplitude is 0.25 to 1 of the first's, its phase 0 to 2 pi; the sum is divided by "
        "1 + that ratio.",
        "The class is the third of its band that the first frequency lies in: low (1 to 4 cycles), mid (4 to 7), "
        "high (7 to 10).",
    )
