"""The kernel and the U-statistic against double loops."""

import numpy as np
import pytest
import torch

from aelib.losses.mmd import imq_kernel, mmd_squared


def draws(count: int, dims: int, seed: int) -> torch.Tensor:
    return torch.randn(count, dims, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def kernel(a: np.ndarray, b: np.ndarray, variance: float) -> float:
    base = 2 * len(a) * variance
    distance = float(((a - b) ** 2).sum())
    return sum(base * scale / (base * scale + distance) for scale in (0.1, 0.2, 0.5, 1, 2, 5, 10))


@pytest.mark.parametrize("variance", [1.0, 4.0])
def test_mmd_by_a_double_loop(variance):
    codes, prior = draws(7, 3, 0), draws(5, 3, 1) * 2
    x, y = codes.numpy(), prior.numpy()
    within = sum(kernel(x[i], x[j], variance) for i in range(7) for j in range(7) if i != j) / 42
    among = sum(kernel(y[i], y[j], variance) for i in range(5) for j in range(5) if i != j) / 20
    between = sum(kernel(x[i], y[j], variance) for i in range(7) for j in range(5)) / 35
    assert mmd_squared(codes, prior, variance).item() == pytest.approx(within + among - 2 * between, rel=1e-9)


def test_kernel_of_one_point_with_itself_is_seven_and_falls_to_zero():
    here = torch.zeros(1, 4)
    assert imq_kernel(here, here).item() == 7
    assert imq_kernel(here, here + 1e6).item() < 1e-6


def test_estimate_is_unbiased_and_so_below_zero_at_times():
    found = [mmd_squared(draws(10, 2, seed), draws(10, 2, 5000 + seed)).item() for seed in range(1500)]
    assert min(found) < 0
    assert np.mean(found) == pytest.approx(0, abs=4 * np.std(found) / 1500**0.5)


def test_it_grows_with_the_distance_from_the_prior():
    prior = draws(300, 2, 1)
    found = [mmd_squared(draws(300, 2, 0) + shift, prior).item() for shift in (0.0, 0.5, 1.0, 3.0)]
    assert found == sorted(found)
    assert found[-1] > 1 > 0.1 > abs(found[0])


def test_gradient_is_finite_where_codes_coincide():
    codes = torch.zeros(4, 2, requires_grad=True)
    (gradient,) = torch.autograd.grad(mmd_squared(codes, torch.zeros(4, 2)), [codes])
    assert torch.isfinite(gradient).all()
