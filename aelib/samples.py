"""New items from a run: latents drawn from its prior, a mixture over its codes or around given items, and decoded."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from aelib import codes
from aelib.errors import AelibError
from aelib.latent import around, mixture
from aelib.runs import weights
from aelib.runs.folder import Run

if TYPE_CHECKING:
    from aelib.models._base import Model

CHUNK = 256  # decoded at once
SOURCES = ("prior", "mixture")
HOTTEST = 10.0  # temperature


@dataclass(frozen=True)
class Samples:
    """New items and where they came from.

    Attributes:
        items: float32 (count, ...) after the output activation, not clipped.
        latents: float32 (count, latent_dim).
        labels: int64 (count,), the classes asked for, in turn; None where the model takes no class.
        source: ``prior``, ``mixture`` or ``items`` (around given ones).
        components: Of the mixture; 0 for the others.
    """

    items: np.ndarray
    latents: np.ndarray
    labels: np.ndarray | None
    source: str
    components: int


def draw(
    run: Run,
    count: int,
    seed: int = 0,
    source: Literal["", "prior", "mixture", "items"] = "",
    *,
    temperature: float = 1.0,
    label: int | None = None,
    items: np.ndarray | None = None,
    over: mixture.Mixture | None = None,
) -> Samples:
    """Draw new items from a trained run; the same seed gives the same items.

    Args:
        run: With weights.
        count: How many.
        seed: Of the draws.
        source: ``prior`` is the model's own; ``mixture`` is fitted to the codes of the training items; ``items`` stays
            around given ones (``aelib.latent.around``). Empty takes the prior where there is one.
        temperature: Multiplies the distance of each draw from where it is drawn around (the origin of the prior, the
            mean of its component, its item): below 1 safer and more alike, above 1 bolder. 0 to ``HOTTEST``.
        label: The class to draw, for a model that is told it; all of them in turn without it.
        items: Numbers in the dataset, for the source ``items``.
        over: What ``fitted`` gave, so that it is not fitted again.

    Raises:
        AelibError: ``E_ABILITY`` where the model has no prior, no decoder, or codes that do not decode; ``E_EMPTY``
            where none of ``items`` is known; ``E_CONFIG`` for a temperature or a class out of range;
            ``E_NONFINITE`` where the decoder gives no numbers.
    """
    import torch

    model = weights.load_model(run)
    source = source or ("prior" if model.can_sample else "mixture")
    refuse_without_decoder(run, model)
    classes = len(weights.load_info(run).classes)
    if not 0 <= temperature <= HOTTEST:  # false for NaN, too
        raise AelibError("E_CONFIG", f"temperature {temperature} is out of range", "", f"Take 0 to {HOTTEST:g}")
    if label is not None and not 0 <= label < classes:
        raise AelibError("E_CONFIG", f"There is no class {label}", f"there are {classes}, counted from 0")
    components = 0
    if source == "prior":
        latents = temperature * model.sample(count, torch.Generator().manual_seed(seed)).numpy()
    elif source == "items":
        table = codes.of_run(run)
        rows = np.flatnonzero(np.isin(table.index, np.zeros(0, np.int64) if items is None else items))
        latents = around.draw(table.codes, rows, count, seed, temperature)
    else:
        found = over or fitted(run)
        latents, components = found.sample(count, seed, temperature), len(found)
    labels = None
    if model.needs_labels:
        labels = np.arange(count, dtype=np.int64) % classes if label is None else np.full(count, label, np.int64)
    return Samples(decoded(model, latents, labels), latents, labels, source, components)


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


def decoded(model: "Model", latents: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
    """Items of latents (n, latent_dim), float32, in parts. Raises ``E_NONFINITE`` where they are no numbers."""
    import torch

    parts = []
    with torch.inference_mode():
        for start in range(0, len(latents), CHUNK):
            given = None if labels is None else torch.from_numpy(labels[start : start + CHUNK])
            parts.append(model.decode(torch.from_numpy(latents[start : start + CHUNK]), given).numpy())
    items = np.concatenate(parts)
    if not np.isfinite(items).all():
        raise AelibError(
            "E_NONFINITE",
            "The decoder gives no numbers here",
            "it overflows",
            "Take a lower temperature, or train anew",
        )
    return items
