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


def structural_similarity(recon: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """SSIM per picture (n,), -1 to 1, 1 where both are equal: of light, contrast and structure in small windows.

    Wang, Bovik, Sheikh, Simoncelli (2004), Image Quality Assessment: From Error Visibility to Structural Similarity,
    IEEE TIP 13, equation 13: Gaussian window of 11 pixels and sigma 1.5, K1 = 0.01, K2 = 0.03, range 1; the mean over
    the places where the window lies inside the picture, and over channels. In a picture of less than 11 pixels the
    window is the largest odd one that fits.

    Args:
        recon: (n, channels, height, width) in [0, 1].
        targets: The same shape.
    """
    side = min(11, *targets.shape[2:])
    side -= 1 - side % 2
    place = np.arange(side) - side // 2
    weights = np.exp(-(place**2) / (2 * 1.5**2))
    weights /= weights.sum()

    def blurred(images: np.ndarray) -> np.ndarray:
        down = np.lib.stride_tricks.sliding_window_view(images, side, axis=2) @ weights
        return np.lib.stride_tricks.sliding_window_view(down, side, axis=3) @ weights

    a, b = recon.astype(np.float64), targets.astype(np.float64)
    mean_a, mean_b, squares_a, squares_b, products = np.split(blurred(np.concatenate([a, b, a * a, b * b, a * b])), 5)
    var_a, var_b, both = squares_a - mean_a**2, squares_b - mean_b**2, products - mean_a * mean_b
    light = (2 * mean_a * mean_b + 0.01**2) / (mean_a**2 + mean_b**2 + 0.01**2)
    return (light * (2 * both + 0.03**2) / (var_a + var_b + 0.03**2)).mean(axis=(1, 2, 3))


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
