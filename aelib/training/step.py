"""One step: every phase of a stage makes its own forward pass and moves its own parameters."""

from collections.abc import Callable, Mapping

import torch
from torch.nn.utils import get_total_norm

from aelib.models._base import Batch, Phase, Progress, Stage, total
from aelib.training.optimisers import Optimiser, laid_out_as

GRADIENT = "gradient_norm"  # beside the loss parts of a step that is measured


def step(
    stage: Stage,
    batch: Batch,
    progress: Progress,
    optimisers: Mapping[str, Optimiser],
    pace: Callable[[Phase, Progress], Mapping[str, float]],
    autocast: torch.autocast,
    measured: bool = True,
) -> dict[str, torch.Tensor]:
    """Move the parameters of each phase in order.

    Args:
        stage: Its phases are taken in their order.
        batch: What they see.
        progress: Where in the stage this step is.
        optimisers: By the phase's name.
        pace: What moves with the run in the optimiser of a phase: learning rate, momentum.
        autocast: The precision of the forward passes.
        measured: Whether the gradients' norm is wanted too.

    Returns:
        Loss parts by name, ``loss`` (the weighted sum of the first phase's) and, where measured, ``gradient_norm``: the
        Euclidean length of all phases' gradients together. All on the device, nothing is waited for.
    """
    figures: dict[str, torch.Tensor] = {}
    norms: list[torch.Tensor] = []
    for phase in stage.phases:
        optimiser = optimisers[phase.name]
        for group in optimiser.param_groups:
            group |= pace(phase, progress)
        with autocast:
            parts = phase.loss(batch, progress)
        loss = total(parts)
        gradients = torch.autograd.grad(loss, phase.parameters, allow_unused=True)
        if measured:
            norms.append(get_total_norm([gradient for gradient in gradients if gradient is not None]))
        optimiser.move(phase.parameters, [laid_out_as(*pair) for pair in zip(phase.parameters, gradients, strict=True)])
        if phase is stage.phases[0]:
            figures["loss"] = loss
        figures |= {name: term.value for name, term in parts.items()}
    if measured and norms:
        figures[GRADIENT] = torch.linalg.vector_norm(torch.stack(norms))
    if stage.after_step:
        stage.after_step(batch, progress)
    return figures
