"""How well items come back: errors per item and per class, error maps, signal-to-noise."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ClassError:
    """Errors of one class: how many items, mean and median squared error per item."""

    name: str
    count: int
    mean: float
    median: float


def squared_error(recon: np.ndarray, targets: np.ndarray, missing: float | None = None) -> np.ndarray:
    """Squared error per item (n,), summed over features; both (n, channels, height, width) in [0, 1], or vectors.

    Entries whose target is ``missing`` (``DataInfo.missing``) are left out.
    """
    return _squares(recon, targets, missing).sum(axis=1)


def peak_signal_to_noise(recon: np.ndarray, targets: np.ndarray, missing: float | None = None) -> np.ndarray:
    """PSNR per item (n,) in decibels for pixels in [0, 1]: -10 log10 of the mean squared error; infinite if equal."""
    there = np.ones(targets.shape, bool) if missing is None else targets != missing
    mean = _squares(recon, targets, missing).sum(axis=1) / np.maximum(there.reshape(len(recon), -1).sum(axis=1), 1)
    with np.errstate(divide="ignore"):
        return -10 * np.log10(mean)


def error_map(recon: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Absolute error per pixel (n, height, width), mean over channels, in [0, 1]."""
    return np.abs(recon.astype(np.float32) - targets).mean(axis=1)


def by_class(errors: np.ndarray, labels: np.ndarray, classes: tuple[str, ...]) -> list[ClassError]:
    """One row per class that has items, worst mean first."""
    rows = []
    for number, name in enumerate(classes):
        own = errors[labels == number]
        if len(own):
            rows.append(ClassError(name, len(own), float(own.mean()), float(np.median(own))))
    return sorted(rows, key=lambda row: -row.mean)


def error_rank(error: float, errors: np.ndarray) -> float:
    """Share (0..1) of items whose error is smaller."""
    return float((errors < error).mean()) if len(errors) else 0.0


def _squares(recon: np.ndarray, targets: np.ndarray, missing: float | None) -> np.ndarray:
    squares = np.square(recon.astype(np.float64) - targets)
    return (squares if missing is None else np.where(targets == missing, 0, squares)).reshape(len(recon), -1)
