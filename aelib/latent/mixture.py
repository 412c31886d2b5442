"""A Gaussian mixture over codes: where data lie, as a density that can be drawn from, for models without a prior."""

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aelib.errors import AelibError

if TYPE_CHECKING:
    from sklearn.mixture import GaussianMixture

COMPONENTS = (1, 2, 3, 5, 10, 20)  # tried; the one with the lowest BIC is taken
FLOOR = 1e-4  # added to each variance, as a share of the codes' mean variance: no component may shrink to a point
MOST_ROWS = 10_000  # codes that are fitted, evenly taken: the time grows with rows x components x dimensions^2
LONGEST_CODE = 1024  # numbers: a full covariance is their square
LEAST_ROWS = 2  # per dimension and component, on average: fewer leave a full covariance to chance


@dataclass(frozen=True)
class Mixture:
    """p(z) = sum_k weights_k N(z; means_k, covariances_k).

    Attributes:
        weights: float64 (components,), above 0, summing to 1.
        means: float64 (components, latent_dim).
        covariances: float64 (components, latent_dim, latent_dim), symmetric, positive definite.
        bic: What each number of components tried came to: smaller is better. Comparable only with each other.
    """

    weights: np.ndarray
    means: np.ndarray
    covariances: np.ndarray
    bic: dict[int, float]

    def __len__(self) -> int:
        return len(self.weights)

    def sample(self, count: int, seed: int, temperature: float = 1.0) -> np.ndarray:
        """Draws (count, latent_dim), float32, in no order; the same seed gives the same draws.

        ``temperature`` multiplies each draw's distance from its component's mean: 0 gives the means themselves.
        """
        random = np.random.default_rng(seed)
        component = random.choice(len(self), size=count, p=self.weights)
        noise = random.standard_normal((count, self.means.shape[1]))
        roots = np.linalg.cholesky(self.covariances)
        drawn = np.empty_like(noise)
        for number in range(len(self)):
            rows = component == number
            drawn[rows] = self.means[number] + temperature * noise[rows] @ roots[number].T
        return drawn.astype(np.float32)

    def log_density(self, codes: np.ndarray) -> np.ndarray:
        """The logarithm of p at each code (n, latent_dim): float64 (n,), in nats."""
        away = np.asarray(codes, np.float64)[None] - self.means[:, None]
        roots = np.linalg.cholesky(self.covariances)
        whitened = np.linalg.solve(roots, away.transpose(0, 2, 1))
        halves = np.log(np.diagonal(roots, axis1=1, axis2=2)).sum(axis=1)
        constant = np.log(self.weights) - halves - 0.5 * self.means.shape[1] * np.log(2 * np.pi)
        return np.logaddexp.reduce(constant[:, None] - 0.5 * np.square(whitened).sum(axis=1), axis=0)


def fit(codes: np.ndarray, components: tuple[int, ...] = COMPONENTS, seed: int = 0) -> Mixture:
    """Fit mixtures with full covariances by expectation and maximisation, and take the best number of components.

    Smallest BIC = -2 log-likelihood + parameters x log(rows) (Schwarz 1978, Estimating the dimension of a model). On
    codes of an autoencoder: Ghosh et al. (2020), From variational to deterministic autoencoders, section 4.

    Args:
        codes: (n, latent_dim), finite; of more than ``MOST_ROWS`` rows as many are taken, evenly.
        components: Numbers to try. Those with fewer than ``LEAST_ROWS`` rows per dimension and component are passed
            over; 1 is always tried.
        seed: Of the start by k-means.

    Raises:
        AelibError: ``E_EMPTY`` for fewer than two codes, ``E_TOO_LARGE`` for codes of more than ``LONGEST_CODE``,
            ``E_NONFINITE`` for codes that hold NaN or infinity.
    """
    rows, dimensions = codes.shape
    if rows < 2:
        raise AelibError("E_EMPTY", "A mixture needs at least two codes", f"there are {rows}")
    if dimensions > LONGEST_CODE:
        raise AelibError(
            "E_TOO_LARGE",
            f"A mixture over codes of {dimensions} numbers is too large",
            f"each component would have {dimensions} x {dimensions} covariances",
            f"Train with a code of at most {LONGEST_CODE} numbers",
        )
    if not np.isfinite(codes).all():
        raise AelibError(
            "E_NONFINITE", "No mixture can be fitted to these codes", "they hold NaN or infinity", "Train again, slower"
        )
    chosen = np.linspace(0, rows - 1, min(rows, MOST_ROWS)).astype(int)
    taken = np.asarray(codes, np.float64)[chosen]
    centre, scale = taken.mean(axis=0), max(float(np.sqrt(taken.var(axis=0).mean())), 1e-12)
    taken = (taken - centre) / scale  # so that the floor is a share of what is there
    most = len(taken) // (LEAST_ROWS * dimensions)
    fits = {count: _fit(taken, count, seed) for count in sorted({1, *components}) if count <= max(most, 1)}
    bic = {count: float(found.bic(taken)) for count, found in fits.items()}
    best = fits[min(bic, key=lambda count: bic[count])]
    weights, means, covariances = (np.asarray(part) for part in (best.weights_, best.means_, best.covariances_))
    return Mixture(weights / weights.sum(), means * scale + centre, covariances * scale**2, bic)


def _fit(codes: np.ndarray, count: int, seed: int) -> "GaussianMixture":
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    mixture = GaussianMixture(count, covariance_type="full", reg_covar=FLOOR, max_iter=200, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a mixture that still moves a little is good enough
        return mixture.fit(codes)
