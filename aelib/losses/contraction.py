"""How much a code moves when its item moves: the squared Frobenius norm of the encoder's Jacobian."""

import warnings
from collections.abc import Callable

import torch
from torch import Tensor

# torch 2.14 raises it within itself at the first forward derivative; it is nothing that a user could act on.
warnings.filterwarnings("ignore", message="`torch.jit.script` is deprecated", category=FutureWarning)


def sigmoid_layer_jacobian(codes: Tensor, weight: Tensor) -> Tensor:
    """||J||^2 of one sigmoid layer h = s(W x + b), exactly; mean over the batch.

    ||J||^2 = sum_j (h_j (1 - h_j))^2 sum_i W_ji^2 (Rifai et al. 2011, Contractive auto-encoders, section 3). It
    holds for this one layer alone: not for another activation, and not for the last layer of several.

    Args:
        codes: h, (n, latent_dim) within [0, 1].
        weight: W, (latent_dim, features).

    Returns:
        A scalar, at least 0.
    """
    return (codes * (1 - codes)).square().mean(0) @ weight.square().sum(1)


def probed_jacobian(
    encode: Callable[[Tensor], Tensor], items: Tensor, probes: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """The codes of items, and an unbiased estimate of ||J||^2 for an encoder of any depth; mean over the batch.

    ||J||^2 = E ||J u||^2 with u drawn from N(0, I) for each item (Hutchinson 1990); J u is one forward derivative.
    Each item's code must depend on that item alone.

    Args:
        encode: (n, ...) -> (n, latent_dim).
        items: (n, ...).
        probes: Draws per item, at least 1; the spread of the estimate falls with their root.
        generator: On the device of ``items``.

    Returns:
        Codes (n, latent_dim), and a scalar, at least 0.
    """
    norms, codes = [], items
    for _ in range(probes):
        direction = torch.randn(items.shape, generator=generator, device=items.device, dtype=items.dtype)
        derivative = torch.func.jvp(encode, (items,), (direction,))
        codes = derivative[0]
        norms.append(derivative[1].square().sum(1).mean())
    return codes, torch.stack(norms).mean()
