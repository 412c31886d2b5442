"""The camera of a training: it keeps the codes of the same validation items at moments that the clock has no part in.

Before the first step, after 1, 3, 10, 30 … steps of the first epoch, and after each epoch; of more than ``FRAMES``
epochs the first ones, then every k-th, and the last. It draws no random number and leaves the model as it was: the
weights are those of a training that nobody filmed.
"""

from typing import TYPE_CHECKING

import numpy as np

from aelib.codes import CHUNK
from aelib.datasets._base import Dataset
from aelib.runs import movie
from aelib.runs.folder import Run

if TYPE_CHECKING:
    import torch

    from aelib.models._base import Model
    from aelib.training.report import Report

ITEMS = 2000  # at most; fewer of wide codes, see BYTES
FEWEST = 200
FRAMES = 200  # epochs kept, about
FIRST = 20  # epochs, of which none is left out
BYTES = 64 * 2**20  # of all frames of a run together, about
SEED = 0  # of the choice of items: the same ones in every run on the same data


class Camera:
    """Films one training.

    Args:
        run: Its frames lie in ``movie/``.
        dataset: Of whose validation split some items are filmed.
        model: Before its first step; it says how wide codes are.
        device: Where the model lives.
        epochs: Planned, about.
    """

    def __init__(self, run: Run, dataset: Dataset, model: "Model", device: str, epochs: int) -> None:
        import torch

        self.run, self.model, split = run, model, dataset.splits["validation"]
        most = max(FEWEST, BYTES // (4 * max(1, model.latent_dim) * (min(epochs, FRAMES) + 8)))
        order = np.random.default_rng(SEED).permutation(len(split))
        rows = np.sort(order[: min(ITEMS, most)]).astype(np.int64)
        items = split.take(rows)
        labels = np.full(len(rows), -1, np.int64) if items.labels is None else items.labels.astype(np.int64)
        self.cast = movie.Cast(rows, items.index.astype(np.int64), labels, dataset.info)
        self.values = torch.from_numpy(np.ascontiguousarray(items.values)).to(device)
        self.labels = None if items.labels is None else torch.from_numpy(items.labels).to(device)

    def go_back_to(self, epoch: int, step: int) -> None:
        """Begin, or go on from this moment: what was filmed after it is filmed again."""
        movie.drop_after(self.run, epoch, step)
        if not movie.cast_version(self.run):
            movie.write_cast(self.run, self.cast)

    def take(self, report: "Report") -> None:
        """Keep a frame, where one is due at this report. Codes that are not finite are not kept."""
        if not is_due(report):
            return
        codes = self._codes()
        if np.isfinite(codes).all():
            movie.write_frame(self.run, report.epoch, report.step, codes)

    def _codes(self) -> np.ndarray:
        import torch

        modes = [(module, module.training) for module in self.model.modules()]
        self.model.eval()
        try:
            with torch.no_grad():  # not inference mode: what a model keeps of it must be fit to learn from
                parts = [self._encoded(slice(start, start + CHUNK)) for start in range(0, len(self.values), CHUNK)]
        finally:
            for module, mode in modes:
                module.training = mode
        return torch.cat(parts).float().cpu().numpy()

    def _encoded(self, part: slice) -> "torch.Tensor":
        values = self.values[part]
        items = values.float().div_(255) if not values.is_floating_point() else values.float()
        return self.model.encode(items, None if self.labels is None else self.labels[part]).codes


def is_due(report: "Report") -> bool:
    """Whether a movie has a frame at this report: decided by its position alone, never by the clock."""
    from aelib.training.report import is_early

    if not report.finished:
        return is_early(*report.position)
    every = -(-report.epochs // FRAMES) or 1
    return report.epoch <= FIRST or report.epoch % every == 0 or report.epoch == report.epochs
