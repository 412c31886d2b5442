"""The optimiser of a phase, and the gradients it can read."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from aelib.models._base import Phase

Gradients = Sequence[Any]  # tensors in the order of a phase's parameters; None for one that is left out


def _let_the_compiler_be() -> None:
    """Keep torch's compiler from being imported (measured: 5 of the 6 s before a worker's first step).

    Torch (2.14) imports ``torch._dynamo`` when an optimiser takes its parameters, to hide that from the compiler, and
    again at each step, to break the graph there. Nothing is compiled here, so the methods beneath those wrappers do
    the same: ``__dynamo_disable`` is where torch keeps what to call in place of a hidden method. A torch that works
    otherwise imports what it wants, as before.
    """
    for method in vars(torch.optim.Optimizer).values():
        hidden = getattr(method, "__wrapped__", None)
        if hidden is not None and not hasattr(hidden, "__dynamo_disable"):
            hidden.__dynamo_disable = hidden


def _alone(step: Callable[..., Any]) -> Callable[[Any], None]:
    """An optimiser's step beneath its wrappers."""
    beneath = inspect.unwrap(step)

    def step_alone(self: Any) -> None:
        with torch.no_grad():
            beneath(self)

    return step_alone


_let_the_compiler_be()


class _AdamW(torch.optim.AdamW):
    """AdamW that hands gradients to torch's fused kernel itself: what torch's own step looks up, sorts and checks is a
    tenth of a small step.

    The kernel has no public name (torch 2.14); a test holds its steps to those of ``torch.optim.AdamW``.
    """

    step = _alone(torch.optim.AdamW.step)  # type: ignore[assignment]
    calls: "list[_Call] | None" = None  # what the kernel takes, once torch's first step has made the states

    def move(self, parameters: Sequence[Tensor], gradients: Gradients) -> None:
        if not self.defaults["fused"]:  # a device that torch has no such kernel for
            return _by_torch(self, parameters, gradients)
        if any(gradient is None for gradient in gradients) or len(self.state) < len(parameters):
            self._count_apart()
            return _by_torch(self, parameters, gradients)
        if self.calls is None:
            self.calls = [_Call.of(group, parameters, self.state) for group in self.param_groups]
        with torch.no_grad():
            for call in self.calls:
                call.move(gradients)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.calls = None  # they hold the states from before
        super().load_state_dict(state_dict)

    def _count_apart(self) -> None:
        """Give each parameter a count of its own: from here on one may be left out of a step."""
        self.calls = None
        for state in self.state.values():
            state["step"] = state["step"].clone()


@dataclass(frozen=True)
class _Call:
    """One group of parameters as the kernel takes it. While all of them move they share one count of steps."""

    group: dict[str, Any]
    places: list[int]  # of its parameters among the phase's
    means: list[Tensor]
    squares: list[Tensor]
    steps: list[Tensor]  # one for each parameter
    counts: list[Tensor]  # each of these once

    @classmethod
    def of(cls, group: dict[str, Any], parameters: Sequence[Tensor], known: Mapping[Tensor, Any]) -> "_Call":
        place = {parameter: number for number, parameter in enumerate(parameters)}
        states = [known[parameter] for parameter in group["params"]]
        if len({float(state["step"]) for state in states}) == 1:
            for state in states:
                state["step"] = states[0]["step"]
        means, squares, steps = ([state[key] for state in states] for key in ("exp_avg", "exp_avg_sq", "step"))
        counts = list({id(step): step for step in steps}.values())
        return cls(group, [place[parameter] for parameter in group["params"]], means, squares, steps, counts)

    def move(self, gradients: Gradients) -> None:
        group, (beta1, beta2) = self.group, self.group["betas"]
        torch._foreach_add_(self.counts, 1)  # pyright: ignore[reportPrivateImportUsage]
        torch._fused_adamw_(  # pyright: ignore[reportPrivateImportUsage]
            group["params"], [gradients[place] for place in self.places], self.means, self.squares, [], self.steps,
            lr=group["lr"], beta1=beta1, beta2=beta2, weight_decay=group["weight_decay"], eps=group["eps"],
            amsgrad=False, maximize=False, grad_scale=None, found_inf=None,
        )  # fmt: skip


class _SGD(torch.optim.SGD):
    """Torch's own."""

    step = _alone(torch.optim.SGD.step)  # type: ignore[assignment]

    def move(self, parameters: Sequence[Tensor], gradients: Gradients) -> None:
        _by_torch(self, parameters, gradients)


Optimiser = _AdamW | _SGD


def _by_torch(optimiser: Optimiser, parameters: Sequence[Tensor], gradients: Gradients) -> None:
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)


def optimiser_for(phase: Phase, rate: float, weight_decay: float, device: str) -> Optimiser:
    """AdamW, or what the phase asks for; decays weights (matrices and kernels), not biases and scales.

    Its ``move(parameters, gradients)`` takes one step: the phase's parameters, and gradients laid out as they are.
    """
    decay = phase.sgd.decay if phase.sgd else weight_decay
    groups = [
        {"params": [p for p in phase.parameters if p.ndim > 1], "weight_decay": decay},
        {"params": [p for p in phase.parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    groups, fused = [group for group in groups if group["params"]], device.startswith(("cpu", "cuda"))
    if phase.sgd:
        return _SGD(groups, lr=phase.sgd.rate, fused=fused)
    return _AdamW(groups, lr=rate, fused=fused)


def laid_out_as(parameter: Tensor, gradient: Tensor | None) -> Tensor | None:
    """A gradient with the strides of its parameter, as ``backward`` would leave it.

    ``autograd.grad`` may give a transposed or expanded view, and torch's fused AdamW reads memory in order whatever
    the strides (2.14, CPU): such a gradient would move the wrong weights.
    """
    if gradient is None or gradient.stride() == parameter.stride():
        return gradient
    return torch.empty_like(parameter).copy_(gradient)
