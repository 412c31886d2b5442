"""Penalties on a model's weights: matrices and kernels. Biases and scales (one axis) are left alone."""

from collections.abc import Iterable

import torch
from torch import Tensor


def weight_l1(parameters: Iterable[Tensor]) -> Tensor:
    """The sum of |w| over all weights; its gradient is the sign of each weight.

    Source: Goodfellow, Bengio and Courville (2016), Deep Learning, section 7.1.2.

    Args:
        parameters: All of a model's; those with one axis are passed over.

    Returns:
        A scalar, at least 0.
    """
    return torch.stack([weights.abs().sum() for weights in parameters if weights.ndim > 1]).sum()


def weight_l2(parameters: Iterable[Tensor]) -> Tensor:
    """Half the sum of w^2 over all weights; its gradient is the weights themselves.

    Source: Goodfellow, Bengio and Courville (2016), Deep Learning, section 7.1.1.

    Args:
        parameters: All of a model's; those with one axis are passed over.

    Returns:
        A scalar, at least 0.
    """
    return 0.5 * torch.stack([weights.square().sum() for weights in parameters if weights.ndim > 1]).sum()
