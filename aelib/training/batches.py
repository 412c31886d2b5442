"""Batches of items in an order that is a pure function of (seed, stage, epoch), wherever the items rest."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import torch

from aelib.config import PluginConfig
from aelib.corruptions._base import apply_all
from aelib.datasets._base import Items
from aelib.models._base import Batch
from aelib.training.resting import Rows, at_rest


def generator_for(device: str, *numbers: int) -> torch.Generator:
    """A generator whose state depends on these numbers alone (mixed by NumPy's SeedSequence)."""
    state = np.random.SeedSequence([number & 0xFFFFFFFF for number in numbers]).generate_state(2, np.uint32)
    return torch.Generator(device).manual_seed(int(state[0]) << 31 | int(state[1]) >> 1)


class Batches:
    """One split's items on a device, cut into batches.

    Args:
        items: The split.
        corruptions: Applied to the inputs, in order; the targets stay clean.
        device: Where the batches live; pictures rest there as uint8 (a quarter of float's room) where they fit, else
            they are streamed to it (see ``resting``): the same batches with the same bits.
        target: ``items``, or ``masks`` where the dataset has them.
    """

    def __init__(self, items: Items, corruptions: Sequence[PluginConfig], device: str, target: str = "items") -> None:
        self.count, self.resting = len(items), at_rest(items, device)
        self.corruptions, self.device, self.target = corruptions, device, target

    def __len__(self) -> int:
        return self.count

    def shuffled(
        self, size: int, seed: int, stage: int, epoch: int, first: int = 0, state: torch.Tensor | None = None
    ) -> Iterator[Batch]:
        """One epoch of training batches; order, corruption and sampling follow from (seed, stage, epoch).

        To go on within an epoch, give the ``first`` batch and the generator's ``state`` before it.
        """
        order = torch.randperm(len(self), generator=generator_for("cpu", seed, stage, epoch, 0))
        generator = generator_for(self.device, seed, stage, epoch, 1)
        if state is not None:
            generator.set_state(state)
        for rows in self.resting.walk(order, bounds(len(self), size)[first:]):
            yield self._batch(rows, generator, self.corruptions)

    def in_order(self, size: int, seed: int, clean: bool = False) -> Iterator[Batch]:
        """All items in their own order, each time with the same corruption and sampling noise."""
        generator = generator_for(self.device, seed, 2)
        for rows in self.resting.walk(torch.arange(len(self)), bounds(len(self), size)):
            yield self._batch(rows, generator, () if clean else self.corruptions)

    def _batch(self, rows: Rows, generator: torch.Generator, corruptions: Sequence[PluginConfig]) -> Batch:
        items = _floats(rows.values)
        targets = _floats(rows.masks) if self.target == "masks" and rows.masks is not None else items
        return Batch(apply_all(items, corruptions, generator), targets, rows.labels, generator, items)


def _floats(values: torch.Tensor) -> torch.Tensor:
    return values.to(torch.float32).div_(255) if values.dtype == torch.uint8 else values


def bounds(count: int, size: int) -> list[tuple[int, int]]:
    """Start and end of each batch; a last batch of one joins the one before (batch norm cannot use it)."""
    starts = list(range(0, count, size))
    if len(starts) > 1 and count - starts[-1] == 1:
        starts.pop()
    return list(pairwise([*starts, count]))
