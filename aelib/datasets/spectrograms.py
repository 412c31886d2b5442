"""Spectrograms: the signals of two sines as pictures of their short-time spectra, 32 x 32 pixels, grey.

What for: Sound for models that see pictures: time runs to the right, frequency upwards, bright is loud. The same
    signals as in ``signals``, item by item, with the same true factors.
Limits: The phase of each tone is thrown away, as in every magnitude spectrogram; only the beat between the two tones
    and the clicks at both ends tell of it. Steady tones give level bands; speech and music move. Loudness below -40 dB
    is cut off.
Reference: Gabor (1946), Theory of communication, Journal of the IEE 93; Allen, Rabiner (1977), A unified approach to
    short-time Fourier analysis and synthesis, Proceedings of the IEEE 65; Hann window.
"""

import numpy as np

from aelib.datasets._base import Dataset, split_items
from aelib.datasets._signals import CLASSES, FACTORS, SignalConfig, about, draw, waves

SIDE = 32  # frames and frequency bins
SAMPLES = 64  # of the signal
WINDOW = 20  # samples in one frame
FLOOR = -40.0  # decibels below a full-scale sine


class Config(SignalConfig):
    """How many signals, and which."""


def load(config: Config) -> Dataset:
    """uint8 (count, 1, 32, 32); factors as in ``_signals.draw``."""
    signals = draw(config.count, config.seed)
    samples = waves(signals.factors, np.arange(SAMPLES) / SAMPLES)
    pictures = np.concatenate([spectrograms(part) for part in np.array_split(samples, -(-config.count // 1000))])
    notes = (
        *about(config),
        "64 samples over one window; 32 frames of 20 samples, two samples apart, under a Hann window, silence before "
        "and after; 32 frequencies from 0.5 to 31.5 cycles per window, upwards; black is -40 dB of a full-scale sine "
        "or less, white is 0 dB.",
        "One fifth is kept for validation and one fifth for the test, always the same items as in 'signals'.",
    )
    return split_items(
        pictures,
        signals.classes,
        validation=0.2,
        test=0.2,
        classes=CLASSES,
        notes=notes,
        factors=signals.factors,
        factor_names=FACTORS,
    )


def spectrograms(signals: np.ndarray) -> np.ndarray:
    """Magnitudes of the short-time Fourier transform in decibels, as pictures.

    S(m, f) = 20 log10 |2 / sum(w) sum_k w_k x_(2m + k - 9) exp(-2 pi i f k / 64)|, f = 0.5, 1.5, ... 31.5, with x = 0
    outside of the signal and w the Hann window.

    Args:
        signals: (n, 64).

    Returns:
        uint8 (n, 1, 32, 32): the highest frequency on top, time to the right; 255 is 0 dB, 0 is -40 dB.
    """
    window = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(WINDOW) + 0.5) / WINDOW)
    silence = WINDOW // 2 - 1
    padded = np.pad(signals, ((0, 0), (silence, silence)))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW, axis=1)[:, ::2]
    turns = np.outer(np.arange(WINDOW), np.arange(SIDE) + 0.5) / SAMPLES
    kernel = np.exp(-2j * np.pi * turns) * (2 * window / window.sum())[:, None]
    loudness = 20 * np.log10(np.maximum(np.abs(frames @ kernel), 1e-9))
    shades = np.rint(np.clip(1 - loudness / FLOOR, 0, 1) * 255).astype(np.uint8)
    return np.ascontiguousarray(shades.transpose(0, 2, 1)[:, None, ::-1])
