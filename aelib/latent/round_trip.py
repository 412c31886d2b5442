"""Where a code comes to when its decoded item is encoded again, and where a disturbed item's code goes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from aelib.config import PluginConfig, read_choice
from aelib.corruptions._base import apply_all
from aelib.corruptions._stack import in_proportion
from aelib.registry import CORRUPTIONS

if TYPE_CHECKING:
    import torch

    from aelib.models._base import Model


def round_trip(model: "Model", latents: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
    """Codes E(D(z)), float32 (n, d), of latents z (n, d).

    For an autoencoder with little noise, E(D(z)) - z is about the step towards where the data lie denser: Alain,
    Bengio, "What regularized auto-encoders learn from the data-generating distribution", JMLR 2014.
    """
    import torch

    given = None if labels is None else torch.from_numpy(labels)
    with torch.inference_mode():
        items = model.decode(torch.from_numpy(np.ascontiguousarray(latents, np.float32)), given)
        return model.encode(items, given).codes.numpy()


def trail(
    model: "Model", item: np.ndarray, corruption: str, severities: Sequence[float], seed: int, label: int | None = None
) -> np.ndarray:
    """Codes, float32 (len(severities), d), of one item disturbed more and more; the same noise throughout.

    Args:
        model: Encodes.
        item: The clean item as floats, (1, channels, height, width) or (1, features).
        corruption: Its name.
        severities: Each in 0..1; 0 is the clean item.
        seed: Of the noise.
        label: The item's class, for a model that wants one.
    """
    return trail_of([read_choice(CORRUPTIONS, corruption)], model, item, severities, seed, label)


def trail_of(
    stack: Sequence[PluginConfig],
    model: "Model",
    item: np.ndarray,
    strengths: Sequence[float],
    seed: int,
    label: int | None = None,
) -> np.ndarray:
    """Codes, float32 (len(strengths), d), of one item under a stack that is turned up as a whole; arguments as above.

    What a strength is: ``aelib.corruptions._stack.in_proportion``.
    """
    import torch

    clean = torch.from_numpy(item)
    noisy = (apply_all(clean, in_proportion(stack, each), torch.Generator().manual_seed(seed)) for each in strengths)
    return np.concatenate([_codes(model, inputs, label) for inputs in noisy])


def cloud_of(
    stack: Sequence[PluginConfig], model: "Model", item: np.ndarray, count: int, seed: int, label: int | None = None
) -> np.ndarray:
    """Codes, float32 (count, d), of one item disturbed ``count`` times, each time with noise of its own."""
    import torch

    clean = torch.from_numpy(item).repeat(count, *[1] * (item.ndim - 1))
    return _codes(model, apply_all(clean, stack, torch.Generator().manual_seed(seed)), label)


def disturbed_codes(codes: np.ndarray, spread: np.ndarray, severity: float, count: int, seed: int) -> np.ndarray:
    """Codes (count, d) about one code: normal noise of ``severity`` times the data's standard deviation per dimension.

    Args:
        codes: (d,), the clean code.
        spread: (d,), standard deviation of the data's codes.
        severity: 0 or more, in standard deviations.
        count: How many draws; the first ones do not depend on it.
        seed: Of the draws.
    """
    noise = np.random.default_rng(seed).standard_normal((count, len(codes)))
    return (codes + severity * spread * noise).astype(np.float32)


def _codes(model: "Model", inputs: "torch.Tensor", label: int | None) -> np.ndarray:
    import torch

    given = None if label is None else torch.full((len(inputs),), label)
    with torch.inference_mode():
        return model.encode(inputs, given).codes.numpy()
