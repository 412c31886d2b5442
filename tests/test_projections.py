"""What every projection promises, and each against its reference."""

import sys
import warnings

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.manifold import trustworthiness

from aelib.config import PluginConfig, read_choice
from aelib.errors import AelibError
from aelib.files import has_arrays
from aelib.jobs import projecting
from aelib.projections import _base as projections
from aelib.registry import PROJECTIONS

SLOW = {name for name in PROJECTIONS.names() if not PROJECTIONS.load(name).QUICK}
NAMES = [pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in PROJECTIONS.names()]


def cloud(count: int, size: int, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return (random.normal(size=(count, size)) * np.linspace(3, 1, size) + 5).astype(np.float32)


def clusters(count: int = 300, size: int = 6) -> np.ndarray:
    random = np.random.default_rng(1)
    centres = random.normal(size=(5, size)) * 10
    return (centres[np.arange(count) % 5] + random.normal(size=(count, size))).astype(np.float32)


def fitted(name: str, codes: np.ndarray, **fields) -> np.ndarray:
    return projections.fit(codes, read_choice(PROJECTIONS, {"name": name, **fields}))


CASES = {
    "a cloud": cloud(60, 5),
    "two dimensions": cloud(30, 2),
    "one dimension": cloud(30, 1),
    "one point": cloud(1, 4),
    "two points": cloud(2, 4),
    "two identical points": np.repeat(cloud(1, 4), 2, axis=0),
    "three points": cloud(3, 4),
    "four points": cloud(4, 4),
    "five points": cloud(5, 4),
    "all identical": np.full((30, 4), 7.5, np.float32),
    "all zero": np.zeros((30, 4), np.float32),
    "one off the rest": np.concatenate([np.zeros((29, 4)), np.ones((1, 4))]).astype(np.float32),
    "mostly twins": np.repeat(cloud(4, 4), 10, axis=0),
    "one live dimension": cloud(40, 4) * np.array([1, 0, 0, 0], np.float32),
    "more dimensions than points": cloud(8, 50),
    "far from the origin": cloud(60, 3) + 10_000,
    "tiny": cloud(60, 3) * 1e-6,
    "huge": cloud(60, 3) * 1e6,
    "double precision": cloud(40, 3).astype(np.float64),
    "not in C order": np.asfortranarray(cloud(40, 3)),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", NAMES)
def test_points_are_finite_repeatable_pairs(name, case):
    codes = CASES[case]
    before = codes.copy()
    points = fitted(name, codes)
    assert points.shape == (len(codes), 2)
    assert points.dtype == np.float32
    assert np.isfinite(points).all()
    np.testing.assert_array_equal(points, fitted(name, codes))
    np.testing.assert_array_equal(codes, before)


@pytest.mark.parametrize("name", NAMES)
def test_identical_codes_are_one_point_where_all_are_alike(name):
    assert np.ptp(fitted(name, CASES["all identical"]), axis=0).max() < 1e-6


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", PROJECTIONS.names())
def test_codes_that_are_no_numbers_are_refused_with_their_row(name, bad):
    codes = cloud(30, 3)
    codes[[7, 9], 1] = bad
    with pytest.raises(AelibError, match="2 hold numbers that are not finite, first row 7") as caught:
        fitted(name, codes)
    assert caught.value.code == "E_CODES"


@pytest.mark.parametrize("name", PROJECTIONS.names())
def test_no_codes_are_refused(name):
    with pytest.raises(AelibError, match="no codes"):
        fitted(name, np.zeros((0, 3), np.float32))


# --- each against its reference -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "size"), [(200, 2), (200, 3), (500, 16), (20, 64), (1000, 1)])
def test_pca_is_scikit_learns_pca(count, size):
    codes = cloud(count, size)
    parts = min(2, size)
    expected = PCA(parts, svd_solver="full").fit_transform(codes.astype(np.float64))
    points = fitted("pca", codes)
    scale = np.abs(expected).max()
    for column in range(parts):
        ours, theirs = points[:, column], expected[:, column]
        assert min(np.abs(ours - theirs).max(), np.abs(ours + theirs).max()) < 1e-5 * scale
    if size == 1:
        assert not points[:, 1].any()


def test_pca_has_scikit_learns_signs_too():
    for seed in range(5):
        codes = cloud(100, 5, seed)
        expected = PCA(2, svd_solver="full").fit_transform(codes.astype(np.float64))
        assert np.abs(fitted("pca", codes) - expected).max() < 1e-4


def test_pca_keeps_its_precision_far_from_the_origin():
    codes = cloud(300, 4)
    far = (codes.astype(np.float64) + 1000).astype(np.float32)  # rounds to 6e-5
    assert np.abs(fitted("pca", far) - fitted("pca", codes)).max() < 1e-3


def test_axes_are_the_columns_asked_for():
    codes = cloud(20, 5)
    np.testing.assert_array_equal(fitted("axes", codes), codes[:, [0, 1]])
    np.testing.assert_array_equal(fitted("axes", codes, across=4, up=2), codes[:, [4, 2]])
    np.testing.assert_array_equal(fitted("axes", codes, across=1, up=1), codes[:, [1, 1]])


@pytest.mark.parametrize(("across", "up", "wrong"), [(5, 0, 5), (0, 5, 5), (9, 4, 9)])
def test_axes_refuse_a_dimension_that_is_not_there(across, up, wrong):
    with pytest.raises(AelibError, match=f"no dimension {wrong}.*0 to 4") as caught:
        fitted("axes", cloud(20, 5), across=across, up=up)
    assert caught.value.code == "E_CONFIG"


@pytest.mark.slow
def test_umap_keeps_clusters_apart_and_neighbours_together():
    codes = clusters()
    points = fitted("umap", codes)
    assert trustworthiness(codes, points, n_neighbors=15) > 0.9
    assert trustworthiness(codes, points, n_neighbors=15) > trustworthiness(codes, fitted("pca", codes), n_neighbors=15)
    centres = np.stack([points[group::5].mean(axis=0) for group in range(5)])
    nearest = np.linalg.norm(points[:, None] - centres, axis=2).argmin(axis=1)
    assert (nearest == np.arange(len(codes)) % 5).all()


@pytest.mark.slow
def test_umaps_settings_are_umaps_own(monkeypatch):
    """Asked of the constructor: two fits of one UMAP need not agree to the bit, its spectral start varies."""
    with warnings.catch_warnings(action="ignore"):
        import umap

    given = {}

    class Recorded(umap.UMAP):
        def __init__(self, **settings):
            given.update(settings)
            super().__init__(**settings)

    monkeypatch.setattr(umap, "UMAP", Recorded)
    points = fitted("umap", clusters(120), neighbours=7, min_dist=0.3, seed=4)
    assert (given["n_neighbors"], given["min_dist"], given["random_state"]) == (7, 0.3, 4)
    assert points.shape == (120, 2)


def test_umap_of_too_few_is_laid_out_without_umap():
    before = "umap" in sys.modules
    for case in ("one point", "two identical points", "three points", "all identical"):
        np.testing.assert_array_equal(fitted("umap", CASES[case]), fitted("pca", CASES[case]))
    assert ("umap" in sys.modules) == before


# --- what is kept in the run folder -------------------------------------------------------------------------------


def config(**fields) -> PluginConfig:
    return read_choice(PROJECTIONS, {"name": "axes", **fields})


def test_points_are_kept_and_read_again(tiny_run):
    done = projecting.compute(tiny_run, config(up=2))
    assert projections.stored(tiny_run, config(up=2))
    found = projections.read(tiny_run, config(up=2))
    assert found is not None
    np.testing.assert_array_equal(found.points, done.points)
    assert found.quality == done.quality
    assert set(found.quality) == {"trustworthiness", "continuity", "overlap", "items"}
    assert found.config == config(up=2)
    assert projections.read(tiny_run, config(across=2, up=0)) is None


def test_a_name_stands_for_method_settings_and_weights(tiny_run, copy_of):
    other = copy_of(tiny_run)
    assert projections.key(other, config()) == projections.key(tiny_run, config())
    assert projections.key(other, config()) != projections.key(other, config(up=2))
    sidecar = other.folder / "weights.safetensors.json"
    sidecar.write_text(sidecar.read_text().replace('"sha256": "', '"sha256": "0'))
    assert projections.key(other, config()) != projections.key(tiny_run, config())


def test_a_stored_map_is_given_without_computing(tiny_run, monkeypatch):
    done = projecting.compute(tiny_run, config(up=2))
    monkeypatch.setattr(projections, "fit", None)
    np.testing.assert_array_equal(projecting.compute(tiny_run, config(up=2)).points, done.points)


def test_a_damaged_map_is_told_once_and_made_anew(tiny_run, copy_of):
    run = copy_of(tiny_run)
    done = projecting.compute(run, config(up=2))
    path = next((run.folder / "projections").glob(f"{projections.key(run, config(up=2))}.safetensors"))
    for asked in (projections.read, projecting.compute):
        path.write_bytes(path.read_bytes()[:-5] + b"wrong")
        if asked is projections.read:
            with pytest.raises(AelibError) as caught:
                asked(run, config(up=2))
            assert caught.value.code == "E_CORRUPT"
            assert asked(run, config(up=2)) is None
            projecting.compute(run, config(up=2))
        np.testing.assert_array_equal(projecting.compute(run, config(up=2)).points, done.points)
    assert has_arrays(path)
