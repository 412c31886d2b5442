"""The mixture over codes: it finds clusters, draws with the right moments, and its density is a density."""

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from aelib.errors import AelibError
from aelib.latent import mixture

CENTRES = np.array([[0.0, 0.0], [12.0, 0.0], [0.0, 9.0]])
COVARIANCES = np.array([[[1.0, 0.6], [0.6, 1.0]], [[0.5, 0.0], [0.0, 2.0]], [[1.5, -0.9], [-0.9, 1.0]]])
SHARES = np.array([0.5, 0.3, 0.2])


def clusters(count: int = 1500, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    parts = [
        random.multivariate_normal(centre, covariance, round(count * share))
        for centre, covariance, share in zip(CENTRES, COVARIANCES, SHARES, strict=True)
    ]
    return random.permutation(np.concatenate(parts)).astype(np.float32)


@pytest.fixture(scope="module")
def fitted() -> mixture.Mixture:
    return mixture.fit(clusters())


def test_three_separated_clusters_are_three_components(fitted):
    assert len(fitted) == 3
    assert min(fitted.bic, key=fitted.bic.get) == 3
    order = [int(np.argmin(np.linalg.norm(fitted.means - centre, axis=1))) for centre in CENTRES]
    assert sorted(order) == [0, 1, 2]
    np.testing.assert_allclose(fitted.means[order], CENTRES, atol=0.2)
    np.testing.assert_allclose(fitted.weights[order], SHARES, atol=0.02)
    np.testing.assert_allclose(fitted.covariances[order], COVARIANCES, atol=0.3)


def test_one_cluster_is_one_component():
    assert len(mixture.fit(np.random.default_rng(0).normal(size=(600, 3)))) == 1


def test_samples_have_the_mixtures_moments(fitted):
    drawn = fitted.sample(100_000, seed=1)
    assert drawn.dtype == np.float32
    mean = fitted.weights @ fitted.means
    away = fitted.means - mean
    covariance = np.einsum("k,kij->ij", fitted.weights, fitted.covariances + away[:, :, None] * away[:, None, :])
    np.testing.assert_allclose(drawn.mean(axis=0), mean, atol=0.06)
    np.testing.assert_allclose(np.cov(drawn.T), covariance, rtol=0.02, atol=0.2)


def test_the_same_seed_draws_the_same(fitted):
    assert np.array_equal(fitted.sample(50, 3), fitted.sample(50, 3))
    assert not np.array_equal(fitted.sample(50, 3), fitted.sample(50, 4))
    assert fitted.sample(0, 3).shape == (0, 2)
    again = mixture.fit(clusters())
    assert np.array_equal(again.means, fitted.means)


def test_log_density_is_that_of_scipy(fitted):
    codes = clusters(200, seed=5) * 1.5
    parts = [
        np.log(weight) + multivariate_normal(mean, covariance).logpdf(codes)
        for weight, mean, covariance in zip(fitted.weights, fitted.means, fitted.covariances, strict=True)
    ]
    np.testing.assert_allclose(fitted.log_density(codes), logsumexp(parts, axis=0), rtol=1e-9)


def test_the_density_sums_to_one(fitted):
    across, up = np.linspace(-10, 22, 641), np.linspace(-12, 20, 641)
    grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    mass = np.exp(fitted.log_density(grid)).sum() * (across[1] - across[0]) * (up[1] - up[0])
    assert mass == pytest.approx(1, abs=1e-3)


def test_scale_and_place_change_nothing_else(fitted):
    moved = mixture.fit(clusters() * 1000 + 50_000)
    assert len(moved) == 3
    order = [int(np.argmin(np.linalg.norm(moved.means - (mean * 1000 + 50_000), axis=1))) for mean in fitted.means]
    np.testing.assert_allclose(moved.means[order], fitted.means * 1000 + 50_000, rtol=1e-3)


def test_dead_dimensions_and_equal_codes_have_a_floor():
    flat = np.concatenate([clusters(), np.zeros((1500, 2), np.float32)], axis=1)
    drawn = mixture.fit(flat).sample(1000, 0)
    assert 0 < drawn[:, 2:].std() < 0.1 * drawn[:, :2].std()
    same = mixture.fit(np.ones((20, 3), np.float32))
    np.testing.assert_allclose(same.sample(10, 0), 1.0, atol=1e-6)
    assert np.isfinite(same.log_density(np.ones((2, 3)))).all()


def test_components_that_the_codes_cannot_carry_are_not_tried():
    codes = np.random.default_rng(0).normal(size=(100, 10))
    assert mixture.fit(codes).bic.keys() == {1, 2, 3, 5}
    assert mixture.fit(codes[:3]).bic.keys() == {1}
    assert mixture.fit(codes, components=(4,)).bic.keys() == {1, 4}


def test_what_cannot_be_fitted_is_refused():
    for codes, code in ((np.zeros((1, 2)), "E_EMPTY"), (np.zeros((5, 2000)), "E_TOO_LARGE")):
        with pytest.raises(AelibError) as caught:
            mixture.fit(codes)
        assert caught.value.code == code
