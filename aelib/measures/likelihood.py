"""A lower bound on log p(x) for any model with Gaussian codes, by importance-weighted draws."""

import math
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from aelib.errors import AelibError

if TYPE_CHECKING:
    import torch

    from aelib.models._base import Model

SAMPLES = 500
DECODED_AT_ONCE = 4096  # items out of the decoder; bounds the memory whatever k and n are


@dataclass(frozen=True)
class Bound:
    """A bound and how it was got.

    Attributes:
        name: What the figure is, to be shown with it.
        nats: Mean over the items of the bound on log p(x). For Gaussian pixels p is a density: it may be above 0.
        standard_error: Of that mean, from the spread between items (not from the draws).
        bits_per_dimension: -nats / (features log 2); features that are missing do not count.
        items: How many items.
        samples: Draws per item, the paper's k: bounds of different k do not compare.
    """

    name: str
    nats: float
    standard_error: float
    bits_per_dimension: float
    items: int
    samples: int


def importance_weighted_bound(
    model: "Model",
    values: np.ndarray,
    labels: np.ndarray | None = None,
    *,
    sigma: float | None,
    samples: int = SAMPLES,
    threshold: float | None = None,
    missing: float | None = None,
    seed: int = 0,
) -> Bound:
    """E log (1/k) sum_k p(x | z_k) p(z_k) / q(z_k | x), z_k from q: at most log p(x), the nearer the larger k.

    Source: Burda, Grosse and Salakhutdinov (2016), Importance weighted autoencoders. Works on any model whose
    ``encode`` gives means and spreads and whose ``decode`` gives pixels after the output activation. The bound is on
    what the model was trained for only if its prior is the standard normal.

    Args:
        model: Trained; used where it is, in evaluation mode.
        values: Items as at rest (uint8), or as floats.
        labels: int64 (n,), for a conditional model: the bound is then on log p(x | y).
        sigma: Standard deviation of Gaussian pixels; None for Bernoulli pixels. A model knows its own: ``pixel_sigma``.
        samples: k, draws per item.
        threshold: Bernoulli pixels must be 0 or 1, on grey ones there is no likelihood. None draws each pixel once
            with its grey value as probability; a number makes pixels above it 1. Black and white stays as it is.
        missing: The value of entries that are not there (``DataInfo.missing``): they have no likelihood.
        seed: Of pixels and draws.

    Raises:
        AelibError: ``E_ABILITY`` for a model without spreads or without a decoder, ``E_CONFIG`` for Bernoulli pixels
            outside [0, 1] or a number of samples or a sigma that cannot be, ``E_EMPTY`` for fewer than two items.
    """
    import torch

    _refuse(values, sigma, samples)
    device = next(chain(model.parameters(), model.buffers())).device
    generator = torch.Generator(device).manual_seed(seed)
    items_at_once = max(1, DECODED_AT_ONCE // samples)
    training, bounds, changed = model.training, [], False
    model.eval()
    try:
        with torch.inference_mode():
            for start in range(0, len(values), items_at_once):
                rows = slice(start, start + items_at_once)
                items = _floats(values[rows], device)
                given = None if labels is None else torch.from_numpy(labels[rows]).to(device)
                if sigma is None:
                    binary = _binary(items, threshold, generator)
                    changed = changed or not torch.equal(items, binary)
                    items = binary
                bounds.append(_bounds(model, items, given, sigma, samples, missing, generator).cpu().double())
    finally:
        model.train(training)
    found = torch.cat(bounds)
    nats, count = float(found.mean()), len(found)
    there = values.size if missing is None else np.count_nonzero(values != missing)
    return Bound(
        _name(samples, sigma, threshold, changed, labels is not None and model.needs_labels),
        nats,
        float(found.std()) / count**0.5,
        -nats / (there / count * np.log(2)),
        count,
        samples,
    )


def _bounds(
    model: "Model",
    items: "torch.Tensor",
    labels: "torch.Tensor | None",
    sigma: float | None,
    samples: int,
    missing: float | None,
    generator: "torch.Generator",
) -> "torch.Tensor":
    """(n,) bounds of a few items; the draws are taken in parts where all at once would be too many."""
    import torch

    from aelib.losses.bounds import importance_weighted_bound, log_prior_over_posterior

    found = model.encode(items, labels)
    if found.spreads is None or not model.can_decode:
        lacks = "spreads" if found.spreads is None else "decoder"
        raise AelibError(
            "E_ABILITY", "This model has no bound on the likelihood", f"it has no {lacks}", "Take a variational model"
        )
    mean, log_variance = found.codes, 2 * found.spreads.log()
    weights = []
    for start in range(0, samples, DECODED_AT_ONCE):
        count = min(DECODED_AT_ONCE, samples - start)
        noise = torch.randn((count, *mean.shape), generator=generator, device=mean.device, dtype=mean.dtype)
        latents = mean + found.spreads * noise
        given = None if labels is None else labels.repeat(count)
        recon = model.decode(latents.flatten(0, 1), given).unflatten(0, (count, len(items)))
        each = _log_likelihood(recon, items, sigma)
        if missing is not None:
            each = each.masked_fill(items == missing, 0)
        log_likelihood = each.flatten(2).sum(2)
        weights.append(log_likelihood + log_prior_over_posterior(latents, mean, log_variance))
    return importance_weighted_bound(torch.cat(weights))


def _log_likelihood(recon: "torch.Tensor", items: "torch.Tensor", sigma: float | None) -> "torch.Tensor":
    """Of each pixel. A probability that float32 rounded to 0 or 1 is held one rounding step away from it."""
    import torch

    from aelib.losses.bounds import log_normal

    if sigma is None:
        step = torch.finfo(recon.dtype).eps / 2
        chance = recon.clamp(step, 1 - step)
        return torch.where(items > 0.5, chance.log(), torch.log1p(-chance))
    return log_normal(items, recon, torch.full_like(items, 2 * math.log(sigma)))


def _binary(grey: "torch.Tensor", threshold: float | None, generator: "torch.Generator") -> "torch.Tensor":
    return grey.bernoulli(generator=generator) if threshold is None else (grey > threshold).to(grey.dtype)


def _floats(values: np.ndarray, device: "torch.device") -> "torch.Tensor":
    import torch

    items = torch.from_numpy(np.ascontiguousarray(values)).to(device).float()
    return items / 255 if values.dtype == np.uint8 else items


def _name(samples: int, sigma: float | None, threshold: float | None, changed: bool, conditional: bool) -> str:
    if sigma is not None:
        pixels = f"density of Gaussian pixels, sigma {sigma:.4g}"
    elif not changed:
        pixels = "Bernoulli pixels, black and white"
    else:
        pixels = "Bernoulli pixels, " + ("drawn from the grey ones" if threshold is None else f"cut at {threshold:g}")
    return f"IWAE-{samples} bound on log {'p(x | y)' if conditional else 'p(x)'}, {pixels}"


def _refuse(values: np.ndarray, sigma: float | None, samples: int) -> None:
    if len(values) < 2:
        raise AelibError("E_EMPTY", "A bound needs items", f"got {len(values)}", "Give at least 2")
    if samples < 1:
        raise AelibError("E_CONFIG", f"samples {samples} is out of range", "", "Take 500 to 5000, at least 1")
    if sigma is not None and not 0 < sigma < float("inf"):
        raise AelibError("E_CONFIG", f"sigma {sigma} is out of range", "", "Take a number above 0")
    if sigma is None and values.dtype != np.uint8 and not (values.min() >= 0 and values.max() <= 1):
        raise AelibError(
            "E_CONFIG",
            "Bernoulli pixels must lie in [0, 1]",
            f"these go from {values.min():.3g} to {values.max():.3g}",
            "Give sigma, the standard deviation of Gaussian pixels",
        )
