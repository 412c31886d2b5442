"""t-SNE's two halves against sums over all pairs and against scikit-learn, and the whole against scikit-learn's map."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.manifold import TSNE, _t_sne, trustworthiness

from aelib.config import read_choice
from aelib.latent.neighbours import others
from aelib.projections import _base as projections
from aelib.projections import _interpolation, tsne
from aelib.registry import PROJECTIONS

pytestmark = pytest.mark.slow  # compiles what it needs


def codes_in_groups(count: int, size: int = 8) -> np.ndarray:
    random = np.random.default_rng(0)
    return (random.normal(size=(10, size)) * 4)[np.arange(count) % 10] + random.normal(size=(count, size))


def pushes(points: np.ndarray) -> tuple[np.ndarray, float]:
    """Counted pair by pair, in double precision."""
    away = points[:, None, :] - points[None, :, :]
    kernel = 1.0 / (1.0 + np.square(away).sum(axis=2))
    np.fill_diagonal(kernel, 0.0)
    return np.einsum("ij,ijd->id", kernel**2, away), float(kernel.sum())


@pytest.mark.parametrize("way", [_interpolation._all_pairs, _interpolation._by_grid])
@pytest.mark.parametrize("width", [1e-4, 1.0, 6.0])
def test_pushes_are_the_sum_over_all_pairs(way, width):
    points = np.random.default_rng(0).normal(size=(1500, 2)) * width + 3
    push, total = way(points)
    expected, whole = pushes(points)
    assert total == pytest.approx(whole, rel=2e-3)
    typical = np.sqrt(np.square(expected).sum(axis=1).mean())
    off = np.sqrt(np.square(push - expected).sum(axis=1).mean())
    assert off < (0.02 if way is _interpolation._by_grid else 1e-3) * max(typical, 1e-3)


def test_the_grid_takes_points_at_its_very_rim_and_all_in_one_place():
    corners = np.array([[0, 0], [0, 40], [40, 0], [40, 40], [20, 20]], float)
    push, total = _interpolation._by_grid(corners)
    expected, whole = pushes(corners)
    np.testing.assert_allclose(push, expected, atol=1e-4)
    assert abs(total - whole) < 1, "a point's own share is known to a fifth only: nothing among thousands"
    push, _ = _interpolation._by_grid(np.zeros((50, 2)))
    np.testing.assert_allclose(push, 0, atol=1e-3)


def test_affinities_are_scikit_learns():
    codes = codes_in_groups(200)
    rows, distances = others(codes, 45)
    ends, columns, weights = tsne.affinities(rows, distances, 15)
    ours = csr_matrix((weights, columns, np.concatenate([[0], ends]))).toarray()
    start = np.arange(0, 200 * 45 + 1, 45)
    theirs = _t_sne._joint_probabilities_nn(csr_matrix((distances.ravel() ** 2, rows.ravel(), start)), 15, 0)
    np.testing.assert_allclose(ours, theirs.toarray(), atol=1e-7)
    assert weights.sum() == pytest.approx(1)


@pytest.mark.parametrize("few", [10**9, 0], ids=["all pairs", "grid"])
def test_a_map_is_as_good_as_scikit_learns(few, monkeypatch):
    monkeypatch.setattr(_interpolation, "FEW", few)
    codes = codes_in_groups(500).astype(np.float32)
    ours = projections.fit(codes, read_choice(PROJECTIONS, "tsne"))
    theirs = TSNE(init="pca", random_state=0).fit_transform(codes)
    assert trustworthiness(codes, ours, n_neighbors=15) > trustworthiness(codes, theirs, n_neighbors=15) - 0.005
    groups = np.stack([ours[number::10].mean(axis=0) for number in range(10)])
    nearest = np.linalg.norm(ours[:, None] - groups, axis=2).argmin(axis=1)
    assert (nearest == np.arange(500) % 10).mean() > 0.98


def test_the_perplexity_counts_and_is_held_to_the_items_there_are():
    codes = codes_in_groups(60).astype(np.float32)
    maps = [projections.fit(codes, read_choice(PROJECTIONS, {"name": "tsne", "perplexity": p})) for p in (5.0, 15.0)]
    assert np.abs(maps[0] - maps[1]).max() > 0.1
    assert np.isfinite(
        projections.fit(codes[:7], read_choice(PROJECTIONS, {"name": "tsne", "perplexity": 200.0}))
    ).all()
