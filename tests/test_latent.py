"""Everything done to codes, against brute force and closed forms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.neighbors import NearestNeighbors

from aelib.latent.blend import blend
from aelib.latent.neighbours import nearest, others
from aelib.latent.paths import PATHS, line, sphere
from aelib.latent.support import Support
from aelib.projections import _neighbours


def cloud(count: int, size: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, size)).astype(np.float32)


# --- neighbours ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("offset", [0, 50, 1000])
@pytest.mark.parametrize(("count", "size", "k"), [(700, 2, 8), (1500, 16, 6), (50, 64, 1), (20, 3, 20)])
def test_neighbours_are_those_of_brute_force(count, size, k, offset):
    codes, queries = cloud(count, size) + np.float32(offset), cloud(600, size, 1) + np.float32(offset)
    reference = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(codes.astype(np.float64) - offset)
    expected, theirs = reference.kneighbors(queries.astype(np.float64) - offset)
    rows, distances = nearest(queries, codes, k)
    assert rows.shape == distances.shape == (600, k)
    assert distances.dtype == np.float32
    np.testing.assert_allclose(distances, expected, rtol=1e-4, atol=1e-6)
    assert (rows == theirs).mean() > 0.999, "two at the same distance may change places"
    assert (np.diff(distances, axis=1) >= 0).all()


def test_each_item_is_its_own_nearest_even_in_a_dense_map():
    points = (np.random.default_rng(0).uniform(-10, 10, (20_000, 2)) + 300).astype(np.float32)
    rows, distances = nearest(points[:2000], points, 1)
    np.testing.assert_array_equal(points[rows[:, 0]], points[:2000])
    assert not distances.any()


@pytest.mark.parametrize(
    ("queries", "codes", "k", "shape"), [(3, 2, 5, (3, 2)), (0, 4, 2, (0, 2)), (3, 0, 2, (3, 0)), (1, 1, 1, (1, 1))]
)
def test_fewer_codes_than_asked_for(queries, codes, k, shape):
    rows, distances = nearest(cloud(queries, 2), cloud(codes, 2), k)
    assert rows.shape == distances.shape == shape


def test_neighbours_leave_their_input_as_it_was():
    codes, queries = cloud(30, 3), cloud(5, 3, 1)
    before = codes.copy(), queries.copy()
    nearest(queries, codes, 4)
    np.testing.assert_array_equal(codes, before[0])
    np.testing.assert_array_equal(queries, before[1])


# --- support ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 8])
def test_support_falls_on_the_way_out(size):
    support = Support.of(cloud(1500, size))
    direction = np.ones(size, np.float32) / np.sqrt(size)
    shares = support.share(np.linspace(0, 30, 200)[:, None].astype(np.float32) * direction)
    assert ((shares >= 0) & (shares <= 1)).all()
    outer = shares[40:]  # six standard deviations and more: no clump of the sample lies there
    assert (np.diff(outer) <= 0).all()
    assert shares[-1] == 0
    assert shares[0] > 0.5


def test_support_never_rises_with_the_distance_from_the_data():
    support = Support.of(cloud(400, 3))
    queries = cloud(300, 3, 5) * 3
    _, distances = nearest(queries, support.codes, 5)
    order = np.argsort(distances.mean(axis=1))
    assert (np.diff(support.share(queries)[order]) <= 0).all()


def test_new_draws_from_the_data_have_every_support_alike():
    support = Support.of(cloud(4000, 4))
    shares = np.sort(support.share(cloud(4000, 4, 7)))
    gap = np.abs(shares - np.linspace(0, 1, 4000)).max()  # Kolmogorov and Smirnov's, to the uniform distribution
    assert gap < 0.09  # 0.33 if an item counted as its own neighbour when the scale is made


def test_the_datas_own_distances_are_the_scale():
    codes = cloud(300, 3)
    expected, _ = NearestNeighbors(n_neighbors=6).fit(codes).kneighbors(codes)
    np.testing.assert_allclose(Support.of(codes).own, np.sort(expected[:, 1:].mean(axis=1)), rtol=1e-4)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 6])
def test_support_of_few_items_is_still_a_share(count):
    shares = Support.of(cloud(count, 2)).share(np.concatenate([cloud(count, 2), cloud(3, 2, 9) + 100]))
    assert shares.shape == (count + 3,)
    assert ((shares >= 0) & (shares <= 1)).all()
    assert not shares[count:].any()


def test_support_where_all_codes_are_alike():
    support = Support.of(np.full((20, 3), 2.5, np.float32))
    np.testing.assert_array_equal(support.share(np.array([[2.5] * 3, [2.6] * 3], np.float32)), [1, 0])


# --- paths --------------------------------------------------------------------------------------------------------

numbers = st.floats(-100, 100, width=32).map(lambda value: 0.0 if abs(value) < 1e-3 else value)
pairs = st.integers(1, 6).flatmap(
    lambda size: st.tuples(arrays(np.float32, size, elements=numbers), arrays(np.float32, size, elements=numbers))
)


@given(pairs, st.integers(2, 12))
def test_every_path_begins_and_ends_where_it_should_in_steps_of_finite_codes(ends, steps):
    start, end = ends
    for path in PATHS.values():
        codes = path(start, end, steps)
        assert codes.shape == (steps, len(start))
        assert codes.dtype == np.float32
        assert np.isfinite(codes).all()
        np.testing.assert_allclose(codes[0], start, rtol=1e-5, atol=1e-4)
        np.testing.assert_allclose(codes[-1], end, rtol=1e-5, atol=1e-4)


def test_a_line_has_exact_ends_and_even_steps():
    start, end = cloud(2, 5)
    codes = line(start, end, 9)
    np.testing.assert_array_equal(codes[[0, -1]], [start, end])
    np.testing.assert_allclose(codes[4], (start + end) / 2, rtol=1e-6)
    np.testing.assert_allclose(np.diff(codes, axis=0), np.tile((end - start) / 8, (8, 1)), atol=1e-6)


def test_a_sphere_keeps_the_radius_between_ends_of_equal_length():
    start, end = cloud(2, 8)
    end *= np.linalg.norm(start) / np.linalg.norm(end)
    lengths = np.linalg.norm(sphere(start, end, 33), axis=1)
    np.testing.assert_allclose(lengths, lengths[0], rtol=1e-5)
    assert np.linalg.norm(line(start, end, 33), axis=1).min() < 0.95 * lengths[0]


def test_a_sphere_is_the_rotation_in_the_plane_of_its_ends():
    start, end = np.array([2.0, 0, 0], np.float32), 2 * np.array([np.cos(1.2), np.sin(1.2), 0], np.float32)
    angles = np.linspace(0, 1.2, 7)
    expected = np.stack([2 * np.cos(angles), 2 * np.sin(angles), 0 * angles], axis=1)
    np.testing.assert_allclose(sphere(start, end, 7), expected, atol=1e-6)


def test_a_sphere_changes_length_evenly():
    start, end = cloud(2, 8) * np.array([[1], [5]], np.float32)
    lengths = np.linalg.norm(sphere(start, end, 11), axis=1)
    np.testing.assert_allclose(np.diff(lengths), np.diff(lengths).mean(), rtol=1e-3)


@pytest.mark.parametrize(
    ("start", "end"),
    [([0, 0], [1, 2]), ([1, 2], [0, 0]), ([1, 2], [-2, -4]), ([1, 2], [2, 4]), ([3], [-3]), ([0], [0])],
)
def test_where_there_is_no_one_great_circle_it_is_the_line(start, end):
    start, end = np.array(start, np.float32), np.array(end, np.float32)
    np.testing.assert_array_equal(sphere(start, end, 5), line(start, end, 5))


# --- blends -------------------------------------------------------------------------------------------------------


def test_a_blend_on_a_point_is_that_items_latents():
    points, latents = cloud(500, 2) * 10, cloud(500, 6, 1)
    found, rows = blend(points, points, latents)
    np.testing.assert_allclose(found, latents, atol=1e-5)
    np.testing.assert_array_equal(rows[:, 0], np.arange(500))
    assert found.dtype == np.float32


def test_a_blend_is_shepards():
    points, latents = cloud(40, 2), cloud(40, 3, 1)
    place = np.array([[0.3, -0.2]], np.float32)
    distances = np.linalg.norm(points - place, axis=1)
    rows = np.argsort(distances)[:8]
    weights = distances[rows] ** -2.0
    expected = (weights[:, None] * latents[rows]).sum(axis=0) / weights.sum()
    found, used = blend(place, points, latents)
    np.testing.assert_allclose(found[0], expected, rtol=1e-4)
    np.testing.assert_array_equal(used[0], rows)


def test_a_blend_stays_within_the_latents_it_is_made_of():
    points, latents = cloud(100, 2), cloud(100, 4, 1)
    found, rows = blend(cloud(200, 2, 3) * 5, points, latents)
    near = latents[rows]
    assert (found >= near.min(axis=1) - 1e-5).all()
    assert (found <= near.max(axis=1) + 1e-5).all()


def test_twins_on_the_map_share_their_place():
    points = np.array([[1, 1], [1, 1], [9, 9]], np.float32)
    latents = np.array([[0.0], [2.0], [100.0]], np.float32)
    np.testing.assert_allclose(blend(points[:1], points, latents)[0], [[1.0]], atol=1e-5)


def test_a_blend_of_one_item_is_that_item():
    found, rows = blend(cloud(3, 2), cloud(1, 2), np.array([[5.0]], np.float32))
    np.testing.assert_array_equal(found, np.full((3, 1), 5.0))
    assert rows.shape == (3, 1)


@pytest.mark.parametrize("small", [10**9, 0], ids=["NumPy", "compiled"])
@pytest.mark.parametrize(
    ("count", "size", "k"), [(300, 7, 15), (5000, 2, 3), (40, 60, 39), (12, 3, 30), (1, 3, 5), (2, 3, 1)]
)
def test_the_others_of_all_are_what_a_search_one_by_one_finds(count, size, k, small, monkeypatch):
    monkeypatch.setattr(_neighbours, "SMALL", small)
    _neighbours._last.clear()
    codes = (np.random.default_rng(count).normal(size=(count, size)) + 50).astype(np.float32)
    rows, distances = others(codes, k)
    assert rows.shape == distances.shape == (count, min(k, count - 1))
    assert (rows != np.arange(count)[:, None]).all()
    for row in range(0, count, max(1, count // 20)):
        away = np.linalg.norm(codes.astype(float) - codes[row], axis=1)
        expected = np.sort(np.delete(away, row))[: rows.shape[1]]
        np.testing.assert_allclose(distances[row], expected, rtol=1e-4)
        np.testing.assert_allclose(away[rows[row]], expected, rtol=1e-4)


@pytest.mark.parametrize("small", [10**9, 0], ids=["NumPy", "compiled"])
def test_others_of_twins_are_the_twins_and_never_the_item_itself(small, monkeypatch):
    monkeypatch.setattr(_neighbours, "SMALL", small)
    _neighbours._last.clear()
    codes = np.repeat(np.random.default_rng(0).normal(size=(3, 4)), 50, axis=0).astype(np.float32)
    rows, distances = others(codes, 9)
    assert not distances.any()
    assert (rows // 50 == np.arange(150)[:, None] // 50).all()
    assert (rows != np.arange(150)[:, None]).all()
    assert all(len(set(row)) == 9 for row in rows.tolist())


def test_others_of_some_are_theirs_among_all_and_a_search_is_not_made_twice(monkeypatch):
    codes = np.random.default_rng(0).normal(size=(200, 4)).astype(np.float32)
    rows, _ = others(codes, 6)
    monkeypatch.setattr(_neighbours, "_few", None)
    np.testing.assert_array_equal(others(codes.copy(), 4)[0], rows[:, :4])
    monkeypatch.undo()
    np.testing.assert_array_equal(others(codes, 6, np.array([3, 150]))[0], rows[[3, 150]])
