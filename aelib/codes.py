"""Encode a dataset: the code, the spread and the error of every item, kept in the run folder."""

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aelib.datasets._base import SPLITS, Dataset, Items, load_dataset
from aelib.errors import AelibError
from aelib.files import read_arrays, write_arrays
from aelib.runs import weights
from aelib.runs.folder import Run

if TYPE_CHECKING:
    from aelib.models._base import Model

CHUNK = 256  # items at once; convolutions are fastest here on a CPU


@dataclass(frozen=True)
class CodeTable:
    """One row per item: train, then validation, then test.

    Attributes:
        codes: float32 (n, latent_dim), the mean.
        spreads: float32 (n, latent_dim), the posterior's standard deviation, or None.
        errors: float32 (n,), squared error of the reconstruction from the clean item (of the predicted mask from the
            true one, for a model that learns masks), summed over the features that are there; NaN where nobody knows.
        labels: int64 (n,), -1 where there is no label.
        index: int64 (n,), the item's place in the dataset's own order.
        split: int8 (n,), 0 train, 1 validation, 2 test.
    """

    codes: np.ndarray
    spreads: np.ndarray | None
    errors: np.ndarray
    labels: np.ndarray
    index: np.ndarray
    split: np.ndarray

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def has_errors(self) -> bool:
        """Whether the errors are known; those of imported codes may be NaN throughout."""
        return len(self) > 0 and not np.isnan(self.errors).all()

    def rows(self, split: str) -> np.ndarray:
        """Row numbers of a split, or of ``all``."""
        return np.arange(len(self)) if split == "all" else np.flatnonzero(self.split == SPLITS.index(split))

    def take(self, rows: np.ndarray) -> "CodeTable":
        """The table's rows in this order."""
        spreads = None if self.spreads is None else self.spreads[rows]
        return CodeTable(
            self.codes[rows], spreads, self.errors[rows], self.labels[rows], self.index[rows], self.split[rows]
        )


def encode(model: "Model", dataset: Dataset) -> CodeTable:
    """Codes, spreads and errors of all items of a dataset, computed where the model is."""
    import torch

    from aelib.losses.reconstruction import squared_error_per_item

    items, device = dataset.all_items(), _device(model)
    model.eval()
    codes, spreads, errors = [], [], []
    with torch.inference_mode():
        for start in range(0, len(items), CHUNK):
            part = items.take(np.arange(start, min(start + CHUNK, len(items))))
            batch = torch.from_numpy(part.floats()).to(device)
            labels = None if part.labels is None else torch.from_numpy(part.labels).to(device)
            found = model.encode(batch, labels)
            recon = model.decode(found.latents, labels) if model.can_decode else model.reconstruct(batch, labels)
            wanted = batch if model.target == "items" else torch.from_numpy(targets(model, part)).to(device)
            errors.append(squared_error_per_item(recon, wanted, model.info.missing).cpu().numpy())
            codes.append(found.codes.cpu().numpy())
            if found.spreads is not None:
                spreads.append(found.spreads.cpu().numpy())
    split = np.repeat(np.arange(3, dtype=np.int8), [len(dataset.splits[name]) for name in SPLITS])
    labels = np.full(len(items), -1, np.int64) if items.labels is None else items.labels
    return CodeTable(
        np.concatenate(codes).astype(np.float32),
        np.concatenate(spreads).astype(np.float32) if spreads else None,
        np.concatenate(errors).astype(np.float32),
        labels,
        items.index,
        split,
    )


def write(run: Run, table: CodeTable) -> None:
    """Keep a table in the run folder, stamped with the weights it came from."""
    arrays = {name: array for name, array in vars(table).items() if array is not None}
    write_arrays(run.place("codes", "items.safetensors"), arrays, {"weights": weights.weights_version(run)})


def of_run(run: Run) -> CodeTable:
    """The table of a run, read from its folder; computed and kept when missing, damaged or older than the weights."""
    path = run.place("codes", "items.safetensors")
    with contextlib.suppress(AelibError):
        arrays, about = read_arrays(path)
        if about.get("weights") == weights.weights_version(run):
            return CodeTable(**{"spreads": None, **arrays})  # type: ignore[arg-type]
    if run.is_imported:
        raise AelibError(
            "E_CORRUPT", f"The codes of {run.id} are damaged", "they came from elsewhere", "Import them again"
        )
    table = encode(weights.load_model(run), load_dataset(run.dataset()))
    write(run, table)
    return table


def targets(model: "Model", items: Items) -> np.ndarray:
    """What the model should give for these items, float32: the items, or their masks (n, 1, height, width)."""
    if model.target == "items":
        return items.floats()
    assert items.masks is not None, "checked when the run was queued"
    return items.masks.astype(np.float32) / 255


def reconstruct(model: "Model", values: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
    """Reconstructions of a few items, as they are at rest or as floats; float32 out, not clipped."""
    import torch

    training = model.training
    model.eval()
    with torch.inference_mode():
        batch = torch.from_numpy(np.ascontiguousarray(values)).to(_device(model)).float()
        batch = batch / 255 if values.dtype == np.uint8 else batch
        given = None if labels is None else torch.from_numpy(labels).to(_device(model))
        recon = model.reconstruct(batch, given).cpu().numpy()
    if training:
        model.train()
    return recon


def _device(model: "Model") -> "str":
    tensor = next(model.parameters(), next(model.buffers(), None))
    return "cpu" if tensor is None else str(tensor.device)
