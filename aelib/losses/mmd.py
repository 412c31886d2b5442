"""How far two samples are from one distribution: the maximum mean discrepancy."""

from torch import Tensor

IMQ_SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


def imq_kernel(a: Tensor, b: Tensor, prior_variance: float = 1.0) -> Tensor:
    """Inverse multiquadratic kernel, summed over seven scales.

    k(a, b) = sum_s C s / (C s + |a - b|^2), C = 2 latent_dim prior_variance, the expected squared distance of two
    draws from the prior, s in ``IMQ_SCALES`` (Tolstikhin et al. 2018, Wasserstein auto-encoders, section 4, and the
    authors' code for the scales).

    Args:
        a: (n, latent_dim).
        b: (m, latent_dim).
        prior_variance: Of each dimension of the prior.

    Returns:
        (n, m), above 0, at most 7.
    """
    squared = (a.square().sum(1)[:, None] + b.square().sum(1)[None] - 2 * a @ b.T).clamp(min=0)
    base = 2 * a.shape[1] * prior_variance
    terms = [base * scale / (base * scale + squared) for scale in IMQ_SCALES]
    return sum(terms[1:], terms[0])


def mmd_squared(codes: Tensor, draws: Tensor, prior_variance: float = 1.0) -> Tensor:
    """Unbiased estimate of MMD^2 between codes and draws from the prior (U-statistic: no item is its own pair).

    sum_{i != j} k(z_i, z_j) / n(n-1) + sum_{i != j} k(p_i, p_j) / m(m-1) - 2 sum_ij k(z_i, p_j) / nm (Gretton et al.
    2012, A kernel two-sample test, equation 3).

    Args:
        codes: (n, latent_dim), n at least 2.
        draws: (m, latent_dim), m at least 2.
        prior_variance: Of each dimension of the prior, for the kernel's width.

    Returns:
        A scalar; 0 in expectation when both come from one distribution, so it may be below 0.
    """
    within = _mean_of_pairs(imq_kernel(codes, codes, prior_variance))
    among = _mean_of_pairs(imq_kernel(draws, draws, prior_variance))
    return within + among - 2 * imq_kernel(codes, draws, prior_variance).mean()


def _mean_of_pairs(kernel: Tensor) -> Tensor:
    count = len(kernel)
    return (kernel.sum() - kernel.diagonal().sum()) / (count * (count - 1))
