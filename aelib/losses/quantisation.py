"""What a codebook costs and how it is used."""

import torch
from torch import Tensor


def commitment(cells: Tensor, vectors: Tensor) -> Tensor:
    """How far the encoder's output is from the code vectors it was given: ||z - sg(e)||^2.

    Sum over cells and their numbers, mean over the batch. The code vectors carry no gradient (van den Oord, Vinyals
    and Kavukcuoglu 2017, Neural discrete representation learning, equation 3, last term).

    Args:
        cells: z, (n, numbers, height, width).
        vectors: e, same shape.

    Returns:
        A scalar, at least 0.
    """
    return (cells - vectors.detach()).square().flatten(1).sum(1).mean()


def perplexity(counts: Tensor) -> Tensor:
    """How many code vectors are in even use: exp(-sum_k p_k log p_k), with p_k the share of use (0 log 0 = 0).

    It depends on how much was counted: over one small batch it is far below its value over an epoch.

    Args:
        counts: (codebook size,), how often each was chosen.

    Returns:
        A scalar from 1 (one vector does it all, or nothing was counted) to the codebook's size.
    """
    shares = counts / counts.sum().clamp_min(1)
    return torch.exp(-torch.xlogy(shares, shares).sum())
