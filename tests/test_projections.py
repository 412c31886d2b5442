"""What every projection promises, and each against its reference."""

import sys
import warnings

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.manifold import trustworthiness

from aelib.config import PluginConfig, read_choice
from aelib.errors import AelibError
from aelib.files import has_arrays
from aelib.jobs import projecting
from aelib.latent.neighbours import nearest, others
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


def fitted(name: str, codes: np.ndarray, labels: np.ndarray | None = None, **fields) -> np.ndarray:
    return projections.fit(codes, read_choice(PROJECTIONS, {"name": name, **fields}), labels)


def needs_labels(name: str) -> bool:
    return getattr(PROJECTIONS.load(name), "NEEDS_LABELS", False)


def sizes(name: str) -> tuple[int, ...]:
    """How many dimensions a method gives."""
    return (2, 3) if "dimensions" in PROJECTIONS.load(name).Config.model_fields else (2,)


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
def test_points_are_finite_and_the_same_each_time(name, case):
    codes = CASES[case]
    before, labels = codes.copy(), np.arange(len(codes)) % 3
    for dimensions in sizes(name):
        fields = {"dimensions": dimensions} if len(sizes(name)) > 1 else {}
        if needs_labels(name) and len(codes) < 4:
            with pytest.raises(AelibError, match="classes") as caught:
                fitted(name, codes, labels, **fields)
            assert caught.value.code == "E_LABELS"
            continue
        points = fitted(name, codes, labels, **fields)
        assert points.shape == (len(codes), dimensions)
        assert points.dtype == np.float32
        assert np.isfinite(points).all()
        np.testing.assert_array_equal(points, fitted(name, codes, labels, **fields))
    np.testing.assert_array_equal(codes, before)


@pytest.mark.parametrize("name", NAMES)
def test_identical_codes_are_one_point_where_all_are_alike(name):
    assert np.ptp(fitted(name, CASES["all identical"], np.arange(30) % 3), axis=0).max() < 1e-6


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
def test_many_codes_get_nearly_their_nearest(monkeypatch):
    """By descent: in order, without themselves, the same for the same seed, and nearly all true ones."""
    from aelib.projections import _neighbours

    codes = cloud(2000, 8)
    codes = np.concatenate([codes, codes[:3]])  # twins
    true_rows, _ = others(codes, 10)
    monkeypatch.setattr(_neighbours, "MOST_EXACT", 100)
    rows, distances = _neighbours.for_layout(codes, 10, seed=1)
    assert rows.shape == distances.shape == (len(codes), 10)
    assert not (rows == np.arange(len(codes))[:, None]).any()
    assert (np.diff(distances, axis=1) >= 0).all()
    np.testing.assert_allclose(distances, np.linalg.norm(codes[:, None] - codes[rows], axis=2), atol=1e-3)
    np.testing.assert_array_equal(_neighbours.for_layout(codes, 10, seed=1)[0], rows)
    assert np.mean([len(set(a) & set(b)) / 10 for a, b in zip(rows, true_rows, strict=True)]) > 0.97


def graph(codes: np.ndarray, neighbours: int) -> np.ndarray:
    """Our fuzzy graph as a full table."""
    rows, distances = others(codes, neighbours - 1)
    heads, tails, weights = PROJECTIONS.load("umap").fuzzy_graph(rows, distances)
    table = np.zeros((len(codes), len(codes)))
    table[heads, tails] = weights
    return table


@pytest.mark.slow
@pytest.mark.parametrize("case", ["a cloud", "mostly twins", "one off the rest", "huge"])
def test_umaps_graph_and_curve_are_umap_learns(case):
    with warnings.catch_warnings(action="ignore"):
        from umap.umap_ import find_ab_params, fuzzy_simplicial_set
    codes = CASES[case]
    rows, distances = others(codes, 9)
    own = np.arange(len(codes))[:, None]
    known = {"knn_indices": np.hstack([own, rows]), "knn_dists": np.hstack([own * 0.0, distances]).astype(np.float32)}
    theirs, _, _ = fuzzy_simplicial_set(codes, 10, np.random.RandomState(0), "euclidean", **known)
    np.testing.assert_allclose(graph(codes, 10), theirs.toarray(), atol=2e-4)
    for min_dist in (0.0, 0.1, 0.7):
        np.testing.assert_allclose(PROJECTIONS.load("umap").curve(min_dist), find_ab_params(1.0, min_dist), rtol=1e-4)


@pytest.mark.slow
def test_umap_is_as_good_as_umap_learn():
    with warnings.catch_warnings(action="ignore"):
        from umap import UMAP

        codes = clusters(900)
        theirs = UMAP(random_state=0).fit_transform(codes)
    ours = fitted("umap", codes)
    assert trustworthiness(codes, ours, n_neighbors=15) > trustworthiness(codes, theirs, n_neighbors=15) - 0.005


@pytest.mark.slow
def test_umaps_settings_do_what_they_say():
    codes = clusters(200)
    assert (fitted("umap", codes, seed=1) != fitted("umap", codes, seed=2)).any()
    tight, loose = (nearest(points, points, 2)[1][:, 1].mean() for points in
                    (fitted("umap", codes, min_dist=0.0), fitted("umap", codes, min_dist=0.9)))  # fmt: skip
    assert loose > 3 * tight


def test_umap_of_too_few_is_laid_out_without_umap():
    before = "umap" in sys.modules
    for case in ("one point", "two identical points", "three points", "all identical"):
        np.testing.assert_array_equal(fitted("umap", CASES[case]), fitted("pca", CASES[case]))
    assert ("umap" in sys.modules) == before


# --- linear discriminants, random planes ---------------------------------------------------------------------------


@pytest.mark.parametrize(("classes", "size", "dimensions"), [(5, 6, 2), (5, 6, 3), (3, 4, 2), (4, 40, 3)])
def test_lda_is_scikit_learns_up_to_its_sign(classes, size, dimensions):
    codes, labels = cloud(300, size), np.arange(300) % classes
    codes += np.random.default_rng(3).normal(size=(classes, size)).astype(np.float32)[labels] * 2
    peer = LinearDiscriminantAnalysis(solver="eigen", n_components=dimensions).fit(codes.astype(np.float64), labels)
    expected = peer.transform(codes.astype(np.float64))
    points = fitted("lda", codes, labels, dimensions=dimensions)
    ours, theirs = points - points.mean(axis=0), expected - expected.mean(axis=0)
    for column in range(dimensions):  # scikit-learn divides by n, we by n - classes
        scale = ours[:, column] @ theirs[:, column] / (theirs[:, column] @ theirs[:, column])
        assert abs(scale) == pytest.approx(1, abs=0.02)
        np.testing.assert_allclose(ours[:, column], scale * theirs[:, column], atol=2e-3)


def test_lda_of_two_classes_shows_beside_them_what_they_hide():
    codes, labels = cloud(200, 4), np.arange(200) % 2
    codes[:, 3] += 20 * labels
    points = fitted("lda", codes, labels)
    assert (
        points[labels == 0, 0].max() < points[labels == 1, 0].min()
        or points[labels == 1, 0].max() < points[labels == 0, 0].min()
    )
    assert abs(np.corrcoef(points[:, 1], codes[:, 0])[0, 1]) > 0.95, "the widest of the other directions"


def test_lda_places_items_without_a_label_and_learns_nothing_from_them():
    codes, labels = cloud(90, 4), np.arange(90) % 3
    some = np.where(np.arange(90) < 60, labels, -1)
    points = fitted("lda", codes, some)
    np.testing.assert_allclose(points[:60], fitted("lda", codes[:60], labels[:60]), atol=1e-4)
    assert np.isfinite(points).all()


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        (None, "these items have none"),
        (np.full(2000, -1), "these items have none"),
        (np.zeros(2000, int), "all items are of one"),
        (np.arange(2000), "there are 2,000, and it takes at most 1,000"),
        (np.where(np.arange(2000) < 500, np.arange(2000), -1), "each item is a class of its own"),
    ],
)
def test_lda_without_usable_labels_says_so(labels, sentence):
    with pytest.raises(AelibError, match=sentence) as caught:
        fitted("lda", cloud(2000, 3), labels)
    assert caught.value.code == "E_LABELS"


def test_lda_of_a_hundred_thousand_classes_is_a_sentence():
    with pytest.raises(AelibError, match="there are 100,000"):
        fitted("lda", cloud(200_000, 2), np.arange(200_000) % 100_000)


def test_random_planes_are_orthonormal_views():
    codes = np.eye(6, dtype=np.float32)
    for seed in range(3):
        points = fitted("random", codes, seed=seed, dimensions=3)
        np.testing.assert_allclose((points - points.mean(axis=0)).T @ points, np.eye(3), atol=0.6)
        axes = fitted("random", np.concatenate([codes, -codes]), seed=seed, dimensions=3)[:6]  # centred at the origin
        np.testing.assert_allclose(axes.T @ axes, np.eye(3), atol=1e-5)
    assert (fitted("random", codes, seed=0) != fitted("random", codes, seed=1)).any()


def test_axes_in_space_are_three_columns():
    codes = cloud(20, 5)
    np.testing.assert_array_equal(fitted("axes", codes, dimensions=3, deep=4), codes[:, [0, 1, 4]])
    flat = fitted("axes", cloud(20, 2), dimensions=3)
    np.testing.assert_array_equal(flat, np.pad(cloud(20, 2), ((0, 0), (0, 1))))


# --- new items on a fixed map ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "fields"), [("pca", {}), ("axes", {"up": 3}), ("random", {}), ("lda", {})])
def test_new_items_lie_on_a_linear_map_where_the_map_itself_would_put_them(name, fields):
    codes, labels = cloud(500, 5), np.arange(500) % 4
    for dimensions in (2, 3):
        points = fitted(name, codes, labels, dimensions=dimensions, **fields)
        found = projections.place(codes[:50], codes[50:], points[50:])
        np.testing.assert_allclose(found, points[:50], atol=1e-3)


def test_new_items_lie_between_their_nearest_on_a_curved_map():
    codes = np.linspace(0, 6, 400, dtype=np.float32)[:, None] * np.ones(3, np.float32)
    points = np.stack([np.sin(codes[:, 0]), np.cos(codes[:, 0])], axis=1)
    between = (codes[:-1] + codes[1:]) / 2
    expected = np.stack([np.sin(between[:, 0]), np.cos(between[:, 0])], axis=1)
    before = points.copy()
    np.testing.assert_allclose(projections.place(between, codes, points), expected, atol=5e-3)
    np.testing.assert_array_equal(points, before)


def test_a_code_of_the_map_lands_on_its_own_point_and_twins_in_their_middle():
    codes = cloud(300, 4)
    points = np.random.default_rng(2).normal(size=(300, 2)).astype(np.float32)
    np.testing.assert_allclose(projections.place(codes[:20], codes, points), points[:20], atol=1e-6)
    codes[1] = codes[0]
    np.testing.assert_allclose(projections.place(codes[:1], codes, points)[0], points[:2].mean(axis=0), atol=1e-6)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_a_map_of_few_takes_new_items_too(count):
    points = np.arange(count * 2, dtype=np.float32).reshape(count, 2)
    found = projections.place(cloud(3, 4), cloud(count, 4, 9), points)
    assert found.shape == (3, 2)
    assert (found >= points.min(axis=0) - 1e-5).all()
    assert (found <= points.max(axis=0) + 1e-5).all()


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
    assert found.distortion is not None
    np.testing.assert_array_equal(found.distortion, done.distortion)
    assert found.quality["overlap"] == pytest.approx(1 - found.distortion.mean(), abs=1e-4)
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
