"""The optimiser of a phase, and the gradients it can read."""

import inspect
from typing import Any, TypeVar, cast

import torch

from aelib.models._base import Phase

_Kind = TypeVar("_Kind", bound=torch.optim.Optimizer)


def _without_the_compiler(kind: type[_Kind]) -> type[_Kind]:
    """An optimiser that does not import torch's compiler (measured: 5 of the 6 s before a worker's first step).

    Torch (2.14) imports ``torch._dynamo`` when an optimiser takes its parameters, to hide that from the compiler, and
    again at each step, to break the graph there. Nothing is compiled here, so the methods beneath those wrappers do
    the same: ``__dynamo_disable`` is where torch keeps what to call in place of a hidden method. A torch that works
    otherwise imports what it wants, as before.
    """
    for method in vars(torch.optim.Optimizer).values():
        hidden = getattr(method, "__wrapped__", None)
        if hidden is not None and not hasattr(hidden, "__dynamo_disable"):
            hidden.__dynamo_disable = hidden
    step = inspect.unwrap(kind.step)

    def step_alone(self: Any) -> None:
        with torch.no_grad():
            step(self)

    return cast(type[_Kind], type(kind.__name__, (kind,), {"step": step_alone}))


def _straight_to_its_kernel(kind: type[torch.optim.AdamW]) -> type[torch.optim.AdamW]:
    """AdamW that calls torch's fused kernel itself: torch's sorting and checking on the way are 5 % of a small step.

    The kernel has no public name (torch 2.14); a test holds its steps to those of ``torch.optim.AdamW``.
    """
    whole = kind.step

    def step(self: Any) -> None:
        chosen = [[each for each in group["params"] if each.grad is not None] for group in self.param_groups]
        states = [[self.state[parameter] for parameter in moved] for moved in chosen]
        if not all(group["fused"] for group in self.param_groups) or not all(all(each) for each in states):
            return whole(self)  # which makes the states, too
        with torch.no_grad():
            for group, moved, known in zip(self.param_groups, chosen, states, strict=True):
                if moved:
                    _move(group, moved, known)

    return cast(type[torch.optim.AdamW], type(kind.__name__, (kind,), {"step": step}))


def _move(group: dict[str, Any], moved: list[Any], known: list[dict[str, torch.Tensor]]) -> None:
    steps, (beta1, beta2) = [state["step"] for state in known], group["betas"]
    torch._foreach_add_(steps, 1)  # pyright: ignore[reportPrivateImportUsage]
    torch._fused_adamw_(  # pyright: ignore[reportPrivateImportUsage]
        moved, [parameter.grad for parameter in moved], [state["exp_avg"] for state in known],
        [state["exp_avg_sq"] for state in known], [], steps, lr=group["lr"], beta1=beta1, beta2=beta2,
        weight_decay=group["weight_decay"], eps=group["eps"], amsgrad=False, maximize=False, grad_scale=None,
        found_inf=None,
    )  # fmt: skip


_AdamW = _straight_to_its_kernel(_without_the_compiler(torch.optim.AdamW))
_SGD = _without_the_compiler(torch.optim.SGD)


def optimiser_for(phase: Phase, rate: float, weight_decay: float, device: str) -> torch.optim.Optimizer:
    """AdamW, or what the phase asks for; decays weights (matrices and kernels), not biases and scales."""
    decay = phase.sgd.decay if phase.sgd else weight_decay
    groups = [
        {"params": [p for p in phase.parameters if p.ndim > 1], "weight_decay": decay},
        {"params": [p for p in phase.parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    groups, fused = [group for group in groups if group["params"]], device.startswith(("cpu", "cuda"))
    if phase.sgd:
        return _SGD(groups, lr=phase.sgd.rate, fused=fused)
    return _AdamW(groups, lr=rate, fused=fused)


def laid_out_as(parameter: torch.Tensor, gradient: torch.Tensor | None) -> torch.Tensor | None:
    """A gradient with the strides of its parameter, as ``backward`` would leave it.

    ``autograd.grad`` may give a transposed or expanded view, and torch's fused AdamW reads memory in order whatever
    the strides (2.14, CPU): such a gradient would move the wrong weights.
    """
    if gradient is None or gradient.stride() == parameter.stride():
        return gradient
    return torch.empty_like(parameter).copy_(gradient)
