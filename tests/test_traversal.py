"""Walks along dimensions, the plane of a flat code, pictures that move, and what dimensions have to do with factors."""

import io

import numpy as np
import pytest
from PIL import Image, ImageSequence
from scipy import stats

from aelib.errors import AelibError
from aelib.figures.gif import to_gif, walk_frames
from aelib.latent.traversal import plane, quantiles, walks
from aelib.measures.factors import in_words, relations


@pytest.fixture
def codes() -> np.ndarray:
    return np.random.default_rng(5).gamma(2.0, size=(400, 4)).astype(np.float32)


def test_a_walk_moves_one_number_through_the_quantiles(codes):
    start = np.asarray([9, 8, 7, 6], np.float32)
    found = walks(codes, start, [2, 0], 5)
    assert found.shape == (2, 5, 4)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[0, :, 2], np.quantile(codes[:, 2], [0.025, 0.2625, 0.5, 0.7375, 0.975]), rtol=1e-6)
    np.testing.assert_array_equal(found[0][:, [0, 1, 3]], np.tile(start[[0, 1, 3]], (5, 1)))
    np.testing.assert_array_equal(found[1][:, [1, 2, 3]], np.tile(start[[1, 2, 3]], (5, 1)))
    shares = [(codes[:, 0] <= value).mean() for value in found[1, :, 0]]
    np.testing.assert_allclose(shares, quantiles(5), atol=1 / 400)
    with pytest.raises(AelibError, match="two steps"):
        walks(codes, start, [0], 1)


def test_the_plane_of_a_flat_code(codes):
    flat = plane(codes[:, :2], 7)
    assert flat.shape == (7, 7, 2)
    assert (np.diff(flat[0, :, 0]) > 0).all(), "left to right"
    assert (np.diff(flat[:, 0, 1]) < 0).all(), "the upper row has the larger numbers"
    np.testing.assert_allclose(flat[-1, :, 0], np.quantile(codes[:, 0], quantiles(7)), rtol=1e-6)
    normal = plane(codes[:, :2], 7, is_normal=True)
    np.testing.assert_allclose(stats.norm.cdf(normal[0, :, 0]), quantiles(7), atol=1e-6)
    with pytest.raises(AelibError, match="4 numbers"):
        plane(codes)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_gif_has_each_frame_there_and_back(channels):
    drawn = np.random.default_rng(0).integers(0, 256, (3, 6, channels, 4, 5)).astype(np.uint8)
    frames = walk_frames(drawn, 2)
    assert frames.shape == (10, channels, 2 * (4 + 2 + 4), 2 * (5 + 2 + 5))
    np.testing.assert_array_equal(frames[0][:, :8:2, :10:2], drawn[0, 0])
    np.testing.assert_array_equal(frames[6], frames[4])
    with Image.open(io.BytesIO(to_gif(frames, 80))) as image:
        assert image.n_frames == 10
        assert image.info["duration"] == 80
        assert image.info["loop"] == 0
        shown = [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(image)]
    if channels == 1:
        np.testing.assert_array_equal(np.stack(shown)[..., 0], frames[:, 0])


def test_quantities_are_spearmans(codes):
    random = np.random.default_rng(1)
    factors = {"a": codes[:, 1] ** 3 + random.normal(size=400), "b": random.normal(size=400)}
    factors["b"][::7] = np.nan
    for factor in relations(codes, factors):
        known = np.isfinite(factors[factor.name])
        wanted = [stats.spearmanr(codes[known, d], factors[factor.name][known]).statistic for d in range(4)]
        np.testing.assert_allclose(factor.values, wanted, rtol=1e-9)
        assert factor.method == "rank"


def test_kinds_are_the_correlation_ratio(codes):
    kinds = np.random.default_rng(2).integers(0, 3, 400).astype(float)
    moved = codes + np.outer(kinds, [0, 1, 0, 5])
    (factor,) = relations(moved, {"shape": kinds}, frozenset({"shape"}))
    for d in range(4):  # eta^2 = 1 - within / total, by hand; and by F of the analysis of variance
        within = sum(((moved[kinds == k, d] - moved[kinds == k, d].mean()) ** 2).sum() for k in range(3))
        total = ((moved[:, d] - moved[:, d].mean()) ** 2).sum()
        np.testing.assert_allclose(factor.values[d], np.sqrt(1 - within / total), rtol=1e-6)
        f = stats.f_oneway(*(moved[kinds == k, d] for k in range(3))).statistic
        np.testing.assert_allclose(factor.values[d] ** 2, f * 2 / (f * 2 + 397), rtol=1e-6)
    assert in_words([factor], 3) == "tells shape apart"


def test_what_cannot_be_said_is_no_number(codes):
    still = codes.copy()
    still[:, 2] = 1.5
    unknown = np.full(400, np.nan)
    unknown[:2] = 1
    found = relations(still, {"same": np.ones(400), "unknown": unknown, "x": codes[:, 0]}, frozenset({"same"}))
    assert np.isnan(found[0].values).all()
    assert np.isnan(found[1].values).all()
    assert np.isnan(found[2].values[2])
    assert found[2].values[0] == pytest.approx(1)
    assert in_words(found, 2) == ""
    assert in_words(found, 0) == "rises with x"
    with pytest.raises(AelibError, match="does not fit"):
        relations(codes, {"x": np.ones(3)})
