"""Where a code comes to when its decoded item is encoded again, and where a disturbed item's code goes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from aelib.config import read_choice
from aelib.corruptions._base import apply_all
from aelib.registry import CORRUPTIONS

if TYPE_CHECKING:
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
    import torch

    clean = torch.from_numpy(item)
    given = None if label is None else torch.tensor([label])
    found = []
    with torch.inference_mode():
        for severity in severities:
            config = read_choice(CORRUPTIONS, {"name": corruption, "severity": float(severity)})
            inputs = apply_all(clean, [config], torch.Generator().manual_seed(seed))
            found.append(model.encode(inputs, given).codes.numpy())
    return np.concatenate(found)
