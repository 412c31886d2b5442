"""The optimiser of a phase, and the gradients it can read."""

import torch

from aelib.models._base import Phase


def optimiser_for(phase: Phase, rate: float, weight_decay: float, device: str) -> torch.optim.Optimizer:
    """AdamW, or what the phase asks for; decays weights (matrices and kernels), not biases and scales."""
    decay = phase.sgd.decay if phase.sgd else weight_decay
    groups = [
        {"params": [p for p in phase.parameters if p.ndim > 1], "weight_decay": decay},
        {"params": [p for p in phase.parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    groups, fused = [group for group in groups if group["params"]], device.startswith(("cpu", "cuda"))
    if phase.sgd:
        return torch.optim.SGD(groups, lr=phase.sgd.rate, fused=fused)
    return torch.optim.AdamW(groups, lr=rate, fused=fused)


def laid_out_as(parameter: torch.Tensor, gradient: torch.Tensor | None) -> torch.Tensor | None:
    """A gradient with the strides of its parameter, as ``backward`` would leave it.

    ``autograd.grad`` may give a transposed or expanded view, and torch's fused AdamW reads memory in order whatever
    the strides (2.14, CPU): such a gradient would move the wrong weights.
    """
    if gradient is None or gradient.stride() == parameter.stride():
        return gradient
    return torch.empty_like(parameter).copy_(gradient)
