"""Signals and their spectrograms hold the frequencies that their factors say."""

import numpy as np
import pytest
from scipy import signal as reference

from aelib.datasets import signals, spectrograms
from aelib.datasets._signals import FACTORS


@pytest.fixture(scope="module")
def waves():
    return signals.load(signals.Config(count=300))


def test_signals_are_the_stated_sums_of_sines(waves):
    items = waves.all_items()
    assert waves.factor_names == FACTORS
    t = np.arange(64) / 64
    for row in range(20):
        first, second, ratio, phase = items.factors[row].astype(float)
        wanted = (np.sin(2 * np.pi * first * t) + ratio * np.sin(2 * np.pi * second * t + phase)) / (1 + ratio)
        np.testing.assert_allclose(items.values[row], wanted, atol=1e-4)
    assert np.abs(items.values).max() <= 1


def test_the_two_loudest_frequencies_are_the_factors(waves):
    items = waves.all_items()
    spectrum = np.abs(np.fft.rfft(items.values * np.hanning(64), 1024, axis=1))
    cycles = np.arange(513) / 16
    bands = cycles < 11, cycles >= 12
    loudest = np.stack([cycles[band][spectrum[:, band].argmax(1)] for band in bands], 1)
    far = items.factors[:, 0] > 2.5  # below that, a tone meets its own mirror image
    np.testing.assert_allclose(loudest[far], items.factors[far, :2], atol=1.0)


def test_classes_are_thirds_of_the_first_band(waves):
    items = waves.all_items()
    for number, (low, high) in enumerate([(1, 4), (4, 7), (7, 10)]):
        band = items.factors[items.labels == number, 0]
        assert low <= band.min()
        assert band.max() <= high


def test_four_numbers_are_not_enough_for_pca(waves):
    """The stated reason to take them: the surface of all signals is curved."""
    values = waves.splits["train"].values
    variance = np.linalg.svd(values - values.mean(0), compute_uv=False) ** 2
    assert variance[:4].sum() / variance.sum() < 0.5


def test_both_datasets_hold_the_same_signals_item_by_item(waves):
    pictures = spectrograms.load(spectrograms.Config(count=300))
    for split, part in waves.splits.items():
        other = pictures.splits[split]
        np.testing.assert_array_equal(part.index, other.index)
        np.testing.assert_array_equal(part.factors, other.factors)
        np.testing.assert_array_equal(part.labels, other.labels)
        np.testing.assert_allclose(
            spectrograms.spectrograms(part.values.astype(float)).astype(int), other.values.astype(int), atol=1
        )


def test_spectrograms_are_scipys_short_time_fourier_transform(waves):
    values = waves.splits["test"].values[:5].astype(float)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(20) + 0.5) / 20)
    # 128 frequencies hold 0.5, 1.5, ... cycles per window as every other one, from the first.
    transform = reference.ShortTimeFFT(window, hop=1, fs=64, mfft=128, phase_shift=None)
    padded = np.pad(values, ((0, 0), (9, 9)))
    frames = transform.stft(padded, p0=10, p1=10 + 63)[:, 1:64:2, ::2]
    loudness = 20 * np.log10(np.maximum(np.abs(frames) * 2 / window.sum(), 1e-9))
    wanted = np.clip(1 + loudness / 40, 0, 1)[:, ::-1] * 255
    np.testing.assert_allclose(spectrograms.spectrograms(values)[:, 0], wanted, atol=0.51)


def test_a_full_scale_tone_is_white_at_its_height():
    tone = np.sin(2 * np.pi * 16.5 * np.arange(64) / 64)[None]
    picture = spectrograms.spectrograms(tone)[0, 0]
    inner = picture[:, 6:26]
    assert (inner.argmax(0) == 31 - 16).all()
    assert inner.max() >= 253
    assert spectrograms.spectrograms(np.zeros((1, 64))).max() == 0
