"""New items from a run: latents drawn from the model's prior, or from a mixture over its codes, and decoded."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from aelib import codes
from aelib.errors import AelibError
from aelib.latent import mixture
from aelib.runs import weights
from aelib.runs.folder import Run

if TYPE_CHECKING:
    from aelib.models._base import Model

CHUNK = 256  # decoded at once
SOURCES = ("prior", "mixture")


@dataclass(frozen=True)
class Samples:
    """New items and where they came from.

    Attributes:
        items: float32 (count, ...) after the output activation, not clipped.
        latents: float32 (count, latent_dim).
        labels: int64 (count,), the classes asked for, in turn; None where the model takes no class.
        source: ``prior`` or ``mixture``.
        components: Of the mixture; 0 for the prior.
    """

    items: np.ndarray
    latents: np.ndarray
    labels: np.ndarray | None
    source: str
    components: int


def draw(run: Run, count: int, seed: int = 0, source: Literal["", "prior", "mixture"] = "") -> Samples:
    """Draw new items from a trained run; the same seed gives the same items.

    Args:
        run: With weights.
        count: How many.
        seed: Of the draws.
        source: ``prior`` is the model's own; ``mixture`` is fitted to the codes of the training items. Empty takes the
            prior where there is one.

    Raises:
        AelibError: ``E_ABILITY`` where the model has no prior, no decoder, or codes that do not decode.
    """
    import torch

    model = weights.load_model(run)
    source = source or ("prior" if model.can_sample else "mixture")
    refuse_without_decoder(run, model)
    components = 0
    if source == "prior":
        latents = model.sample(count, torch.Generator().manual_seed(seed)).numpy()
    else:
        found = fitted(run)
        latents, components = found.sample(count, seed), len(found)
    classes = len(weights.load_info(run).classes)
    labels = np.arange(count, dtype=np.int64) % classes if model.needs_labels else None
    return Samples(_decoded(model, latents, labels), latents, labels, source, components)


def fitted(run: Run) -> mixture.Mixture:
    """The mixture over the codes of a run's training items; the same each time."""
    table = codes.of_run(run)
    return mixture.fit(table.codes[table.rows("train")])


def refuse_without_decoder(run: Run, model: "Model") -> None:
    """Raise ``E_ABILITY`` where a vector drawn from somewhere would not decode."""
    if not model.can_decode:
        raise AelibError("E_ABILITY", f"The model of {run.id} has no decoder", model.no_decoder, "Take another run")
    if model.code_shape == "grid":
        raise AelibError(
            "E_ABILITY",
            f"The model of {run.id} cannot sample",
            "its code is a grid of words, and nothing here has learnt which grids are likely",
            "Take a run of another model, for instance 'rae' or 'vae'",
        )


def _decoded(model: "Model", latents: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
    import torch

    parts = []
    with torch.inference_mode():
        for start in range(0, len(latents), CHUNK):
            given = None if labels is None else torch.from_numpy(labels[start : start + CHUNK])
            parts.append(model.decode(torch.from_numpy(latents[start : start + CHUNK]), given).numpy())
    return np.concatenate(parts)
