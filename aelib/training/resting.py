"""Where items rest while a model learns from them: on the device as uint8, or outside it, read by a thread ahead of it.

Both give the same rows in the same order, so that a training ends with the same bits wherever its items rested.
"""

import contextlib
import queue
import threading
import warnings
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch

from aelib.datasets._base import Items
from aelib.datasets._mapped import is_mapped, share

Cuts = Sequence[tuple[int, int]]  # start and end of each batch
AHEAD = 4  # batches read before they are asked for


class Rows(NamedTuple):
    """Some items on the device, as they are at rest."""

    values: torch.Tensor
    masks: torch.Tensor | None
    labels: torch.Tensor | None


class OnDevice:
    """All items on the device: a batch is one look-up there."""

    def __init__(self, items: Items, device: str) -> None:
        self.device = device
        self.rows = Rows(*(None if array is None else _tensor(array).to(device) for array in _arrays(items)))  # type: ignore[arg-type]

    def walk(self, order: torch.Tensor, cuts: Cuts) -> Iterator[Rows]:
        """The items at ``order[start:end]`` for each cut."""
        order = order.to(self.device)  # at once: a copy at each step would make the device wait
        for start, end in cuts:
            rows = order[start:end]
            # copies whole rows: indexing by brackets goes byte by byte, which for pictures takes 20 times as long
            yield Rows(*(None if tensor is None else tensor.index_select(0, rows) for tensor in self.rows))  # type: ignore[arg-type]


class Streamed:
    """Items in memory or in a file: a thread reads ``AHEAD`` batches; for CUDA into pinned memory, copied meanwhile."""

    def __init__(self, items: Items, device: str) -> None:
        self.device, self.pinned, self.arrays = device, device.startswith("cuda"), _arrays(items)

    def walk(self, order: torch.Tensor, cuts: Cuts) -> Iterator[Rows]:
        """The items at ``order[start:end]`` for each cut; the thread ends with the walk, or when nobody asks on."""
        ready: queue.Queue[Rows | Exception | None] = queue.Queue(AHEAD)
        ended = threading.Event()

        def read() -> None:
            last: Exception | None = None
            try:
                for start, end in cuts:
                    if ended.is_set():
                        return
                    ready.put(self._gathered(order[start:end].numpy()))
            except Exception as error:  # told where the batch is asked for
                last = error
            ready.put(last)

        reader = threading.Thread(target=read, daemon=True, name="reads-ahead")
        reader.start()
        try:
            while (found := ready.get()) is not None:
                if isinstance(found, Exception):
                    raise found
                yield Rows(*(None if part is None else part.to(self.device, non_blocking=True) for part in found))  # type: ignore[arg-type]
        finally:
            ended.set()
            while reader.is_alive():  # it may wait for room
                with contextlib.suppress(queue.Empty):
                    ready.get(timeout=0.01)

    def _gathered(self, rows: np.ndarray) -> Rows:
        return Rows(*(None if array is None else self._taken(array, rows) for array in self.arrays))  # type: ignore[arg-type]

    def _taken(self, array: np.ndarray, rows: np.ndarray) -> torch.Tensor:
        if not self.pinned:
            return torch.from_numpy(array[rows])
        shape = (len(rows), *array.shape[1:])
        room = torch.empty(shape, dtype=_tensor(array[:0].copy()).dtype, pin_memory=True)
        np.take(array, rows, axis=0, out=room.numpy(), mode="clip")  # "clip" writes straight into ``out``
        return room


def at_rest(items: Items, device: str) -> OnDevice | Streamed:
    """On the device where the items take no more than ``share()`` of its free memory, else streamed to it."""
    size = sum(array.nbytes for array in _arrays(items) if array is not None)
    if share() == 0 or (is_mapped(items.values) and device == "cpu"):
        return Streamed(items, device)
    fits = device == "cpu" or size <= share() * _free(device)  # on the CPU they are where they are
    return OnDevice(items, device) if fits else Streamed(items, device)


def _free(device: str) -> int:
    if device.startswith("cuda"):
        return torch.cuda.mem_get_info(device)[0]
    return torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()


def _arrays(items: Items) -> tuple[np.ndarray, np.ndarray | None, np.ndarray | None]:
    return items.values, items.masks, items.labels


def _tensor(array: np.ndarray) -> torch.Tensor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a mapped file cannot be written, and nobody writes items
        return torch.from_numpy(np.ascontiguousarray(array))
