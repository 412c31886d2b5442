"""What the map's layers are drawn from: lattices, planes, ellipses, outlines and round trips."""

import numpy as np
import pytest

from aelib.latent import lattice
from aelib.latent.blend import blend
from aelib.latent.ellipses import covariances
from aelib.latent.outlines import contours, outlines
from aelib.latent.plane import Plane, linear_map, placed
from aelib.latent.round_trip import round_trip, trail
from aelib.latent.support import Support
from aelib.projections.pca import Config as PcaConfig
from aelib.projections.pca import fit as pca


def cloud(count: int, size: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, size)).astype(np.float32)


# --- planes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [3, 8, 400])
def test_a_plane_blends_and_measures_as_plain_search_does(count):
    points, latents, places = cloud(count, 2), cloud(count, 5, 1), cloud(60, 2, 2)
    plane = Plane.of(points)
    found, rows = plane.blend(places, latents)
    wanted, theirs = blend(places, points, latents)
    np.testing.assert_array_equal(np.sort(rows), np.sort(theirs))
    np.testing.assert_allclose(found, wanted, atol=1e-4)
    np.testing.assert_allclose(plane.share(places), Support.of(points).share(places), atol=1.01 / min(count, 500))


def test_one_point_alone_supports_nothing():
    plane = Plane.of(np.zeros((1, 2)))
    np.testing.assert_array_equal(plane.share(np.zeros((2, 2))), [0, 0])
    np.testing.assert_array_equal(plane.blend(np.ones((2, 2)), np.full((1, 3), 7.0))[0], np.full((2, 3), 7))


def test_a_linear_map_is_found_and_a_bent_one_is_refused():
    codes = cloud(500, 6) * [1, 2, 3, 1, 1, 0]
    points = pca(codes, PcaConfig(name="pca"))
    linear = linear_map(codes, points)
    assert linear is not None
    np.testing.assert_allclose(codes @ linear[0] + linear[1], points, atol=1e-3)
    assert linear_map(codes, np.tanh(points)) is None
    assert linear_map(codes[:10], points[:10]) is None, "ten codes of six numbers prove nothing"


def test_new_codes_lie_on_the_linear_map_or_among_their_neighbours():
    codes, new = cloud(800, 4), cloud(20, 4, 9)
    np.testing.assert_allclose(placed(new, codes, codes[:, [2, 0]]), new[:, [2, 0]], atol=1e-4)
    bent = np.tanh(codes[:, :2])
    np.testing.assert_allclose(placed(codes[:5], codes, bent), bent[:5], atol=1e-4)
    assert np.abs(placed(new, codes, bent)).max() <= 1


# --- lattices -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "cells"),
    [((1, 8, 8), 3900), ((1, 28, 28), 3900), ((3, 64, 64), 1024), ((3, 512, 512), 900), ((1, 32, 1682), 1000)],
)
def test_a_lattice_never_weighs_more_than_its_limit(shape, cells):
    grid = lattice.plan(shape, cloud(100, 2))
    assert grid.rows * grid.columns * (np.prod(grid.tile) + 1) <= lattice.BYTES
    assert grid.rows * grid.columns >= cells, "pictures are made smaller before cells are made fewer"


@pytest.mark.parametrize("points", [np.zeros((1, 2)), np.zeros((0, 2)), cloud(50, 2) * [1, 0], cloud(9, 2) * [1e-9, 1]])
def test_a_grid_covers_its_points_whatever_they_are(points):
    grid = lattice.plan((1, 8, 8), points)
    places = grid.places()
    assert places.shape == (grid.rows * grid.columns, 2)
    assert np.isfinite(places).all()
    left, right, low, high = grid.extent
    assert (left < right) & (low < high)
    assert (places[0, 1] >= places[-1, 1]) & (places[0, 0] <= places[-1, 0]), "from the top left"
    if len(points):
        assert (points.min(0) >= [left, low]).all()
        assert (points.max(0) <= [right, high]).all()


def test_smaller_pictures_are_the_means_of_their_blocks():
    pictures = np.random.default_rng(0).integers(0, 256, (3, 2, 5, 6), dtype=np.uint8)
    small = lattice.shrunk(pictures, 2)
    assert small.shape == (3, 2, 3, 3)
    wanted = pictures[:, :, :4].astype(float).reshape(3, 2, 2, 2, 3, 2).mean(axis=(3, 5))
    assert np.abs(small[:, :, :2] - wanted).max() <= 0.5
    assert lattice.shrunk(pictures, 1) is pictures


# --- ellipses -----------------------------------------------------------------------------------------------------


def test_covariances_are_those_of_draws():
    spreads, matrix = np.abs(cloud(1, 5)), cloud(5, 2, 3)
    across, both, up = covariances(spreads, matrix)[0]
    drawn = (np.random.default_rng(1).normal(size=(200_000, 5)) * spreads[0]) @ matrix
    np.testing.assert_allclose([[across, both], [both, up]], np.cov(drawn.T), rtol=0.03, atol=0.03)


# --- outlines -----------------------------------------------------------------------------------------------------


def test_a_contour_of_a_hill_is_a_circle():
    ys, xs = np.mgrid[0:61, 0:61]
    (ring,) = contours(np.exp(-((xs - 30) ** 2 + (ys - 30) ** 2) / 200), np.exp(-0.5))
    np.testing.assert_allclose(np.hypot(*(ring - 30).T), 10, atol=0.1)
    steps = np.linalg.norm(np.roll(ring, -1, axis=0) - ring, axis=1)
    assert steps.max() < 1.5, "in order round the hill"


def test_a_ring_has_two_contours():
    ys, xs = np.mgrid[0:61, 0:61]
    far = np.hypot(xs - 30, ys - 30)
    assert len(contours(np.exp(-((far - 15) ** 2) / 8), 0.5)) == 2


def test_outlines_hold_most_of_their_group():
    points = np.concatenate([cloud(300, 2) + np.array([8, 0]), cloud(80, 2, 1) - np.array([8, 0]), cloud(3, 2, 2)])
    groups = np.repeat([4, 1, 2], [300, 80, 3])
    groups[5] = -1
    found = outlines(points, groups, points)
    assert [(each.group, each.size) for each in found] == [(4, 299), (1, 80)], "three points are no group"
    for each in found:
        own = points[groups == each.group]
        inside = np.sum([_inside(ring, own) for ring in each.rings], axis=0) % 2
        assert 0.75 < inside.mean() < 0.97
        assert groups[each.row] == each.group
        assert np.linalg.norm(points[each.row] - own.mean(0)) < 0.3
        assert np.linalg.norm(each.anchor - own.mean(0)) < 1.5


def test_nothing_to_outline():
    assert outlines(cloud(20, 2), np.full(20, -1), cloud(20, 2)) == []
    assert outlines(np.zeros((20, 2)), np.zeros(20, int), cloud(20, 2)) == []


def _inside(ring: np.ndarray, points: np.ndarray) -> np.ndarray:
    crossings = np.zeros(len(points), int)
    for (ax, ay), (bx, by) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        between = (ay > points[:, 1]) != (by > points[:, 1])
        at = ax + (points[:, 1] - ay) / ((by - ay) or 1) * (bx - ax)
        crossings += between & (points[:, 0] < at)
    return crossings


# --- round trips --------------------------------------------------------------------------------------------------


def test_a_round_trip_and_a_trail_are_the_models_own(tiny_run):
    import torch

    from aelib.datasets._base import load_dataset
    from aelib.runs.weights import load_model

    model = load_model(tiny_run)
    codes = cloud(6, 3)
    with torch.inference_mode():
        wanted = model.encode(model.decode(torch.from_numpy(codes))).codes.numpy()
    np.testing.assert_array_equal(round_trip(model, codes), wanted)

    item = load_dataset(tiny_run.dataset()).all_items().take(np.asarray([7])).floats()
    found = trail(model, item, "gaussian", (0, 0.5, 1), seed=3)
    with torch.inference_mode():
        clean = model.encode(torch.from_numpy(item)).codes.numpy()
    np.testing.assert_array_equal(found[:1], clean)
    moved = np.linalg.norm(found - clean, axis=1)
    assert 0 < moved[1] < moved[2]
    np.testing.assert_array_equal(found, trail(model, item, "gaussian", (0, 0.5, 1), seed=3))
