"""Figures on held-out items: the same loss function as in training, and the squared error of reconstructions."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import torch
from torch import Tensor

from aelib.losses.reconstruction import squared_error
from aelib.models._base import Batch, Model, Progress, Stage, total
from aelib.training.batches import Batches

CHUNK = 256  # items at once; convolutions are fastest here (docs: measured for encoding)
CODES = CHUNK * 64  # numbers: so many, at most, are compared one by one
COUNTED = 1024  # items that the active dimensions are counted over
LEAST = 0.01  # variance of a code number that is in use; the prior's is 1


@torch.no_grad()
def evaluate(
    model: Model,
    batches: Batches,
    stage: Stage,
    seed: int,
    precision: AbstractContextManager[object] | None = None,
) -> dict[str, float]:
    """Means over all items.

    Args:
        model: Put back into training where it was.
        batches: Of the held-out items.
        stage: Whose loss parts are wanted.
        seed: Of corruptions and draws: the same each time.
        precision: Of the forward passes, where a training rounds them: an autocast, entered for each batch.

    Returns:
        Each loss part of the stage by name, its ``figures``, ``loss`` (the weighted sum of its first phase) and
        ``error``: the squared error per item, summed over its features that are there, of the deterministic
        reconstruction of clean items. When the run has corruptions, ``error_corrupted`` is the same with corrupted
        inputs and clean targets.
    """
    training = model.training
    model.eval()
    sums: dict[str, float] = {}
    try:
        if stage.figures:
            stage.figures()  # what was counted before belongs to another walk
        with _remembering(model):
            for batch in batches.in_order(CHUNK, seed):
                with precision or nullcontext():
                    figures = _figures(model, batch, stage, bool(batches.corruptions))
                for name, value in figures.items():
                    sums[name] = sums.get(name, 0.0) + float(value) * len(batch.targets)
    finally:
        if training:
            model.train()
    whole = stage.figures() if stage.figures else {}
    return {name: value / len(batches) for name, value in sums.items()} | dict(whole)


@contextmanager
def _remembering(model: Model) -> Iterator[None]:
    """Within it a layer that is asked again for the same tensor or the same codes gives what it gave: so far as the
    reconstruction of clean items goes the way of the loss, it is not computed twice.

    Only for layers that depend on nothing but their input: torch's own, out of training.
    """
    layers = [child for child in model.children() if type(child).__module__.startswith("torch.nn")]
    try:
        for layer in layers:
            layer.forward = _remembered(layer.forward)
        yield
    finally:
        for layer in layers:
            vars(layer).pop("forward", None)


def _remembered(forward: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    known = deque[tuple[Tensor, Tensor]](maxlen=2)  # of clean items and of corrupted ones

    def remember(given: Tensor) -> Tensor:
        for asked, answer in known:
            if asked is given or _are_same_codes(asked, given):
                return answer
        known.append((given, forward(given)))
        return known[-1][1]

    return remember


def _are_same_codes(asked: Tensor, given: Tensor) -> bool:
    """Codes that are read as float32 once more are another tensor; larger things would take long to compare."""
    if (asked.shape, asked.dtype) != (given.shape, given.dtype) or given.numel() > CODES:
        return False
    return torch.equal(asked, given)


def _figures(model: Model, batch: Batch, stage: Stage, corrupted: bool) -> dict[str, torch.Tensor]:
    figures: dict[str, torch.Tensor] = {}
    for phase in stage.phases:
        parts = phase.loss(batch, Progress(1, 1))
        figures |= {name: term.value for name, term in parts.items()}
        if phase is stage.phases[0]:
            figures["loss"] = total(parts)
    missing = model.info.missing
    figures["error"] = squared_error(model.reconstruct(batch.items, batch.labels), batch.targets, missing)
    if corrupted:
        figures["error_corrupted"] = squared_error(
            model.reconstruct(batch.inputs, batch.labels), batch.targets, missing
        )
    return figures


@torch.no_grad()
def active_dimensions(model: Model, batches: Batches) -> dict[str, float]:
    """How many numbers of the code move with the item: those whose posterior mean has a variance above ``LEAST``.

    Counted over the first ``COUNTED`` items. Empty where a code has no posterior and so no scale to be measured
    against. Source: Burda, Grosse and Salakhutdinov (2016), Importance weighted autoencoders, section 5.2.
    """
    if not model.can_encode:
        return {}
    training = model.training
    model.eval()
    found, rows = [], 0
    try:
        for batch in batches.in_order(CHUNK, 0, clean=True):
            codes = model.encode(batch.items, batch.labels)
            if codes.spreads is None:
                return {}
            found.append(codes.codes.double())
            rows += len(batch.items)
            if rows >= COUNTED:
                break
    finally:
        if training:
            model.train()
    moving = torch.cat(found).var(dim=0, correction=0) > LEAST
    return {"active_dimensions": float(moving.sum())}
