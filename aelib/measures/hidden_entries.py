"""How well a model guesses entries that were hidden from it, where an item is known in part only (ratings)."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from aelib import codes
from aelib.errors import AelibError

if TYPE_CHECKING:
    from aelib.models._base import Model

SHARE = 0.1  # of the entries that are there; Sedhain et al. keep a tenth of the ratings for the test


@dataclass(frozen=True)
class Guesses:
    """Guesses of hidden entries.

    Attributes:
        rmse: Root of the mean squared error over the hidden entries, in the items' own units (stars / 5 for ratings).
        baseline: The same, had each been guessed as the mean of its feature over the training items.
        hidden: How many entries were hidden.
        items: Of how many items.
    """

    rmse: float
    baseline: float
    hidden: int
    items: int


def hidden_entries_error(
    model: "Model",
    values: np.ndarray,
    train: np.ndarray,
    labels: np.ndarray | None = None,
    *,
    share: float = SHARE,
    seed: int = 0,
) -> Guesses:
    """Hide a share of what is there, reconstruct from the rest, and compare on the hidden entries alone.

    Source: Sedhain, Menon, Sanner and Xie (2015), AutoRec, section 3: RMSE on a random tenth of the ratings. There the
    items (users, or films) of the test were also trained on; here they are items that the model has never seen.

    Args:
        model: Trained; used where it is.
        values: Items that were not learnt from, float32 (n, features).
        train: The training items, for the baseline.
        labels: int64 (n,), for a conditional model.
        share: Of each item's entries; an item keeps at least one.
        seed: Of the choice.

    Raises:
        AelibError: ``E_ABILITY`` where the data declare no missing value, ``E_CONFIG`` for a share outside 0..1,
            ``E_EMPTY`` where nothing could be hidden.
    """
    missing = model.info.missing
    if missing is None:
        raise AelibError(
            "E_ABILITY",
            "There are no entries to guess",
            "every entry of these items is there",
            "Take a run on data with missing entries, such as ratings",
        )
    if not 0 < share < 1:
        raise AelibError("E_CONFIG", f"share {share} is out of range", "", "Take a number above 0 and below 1")
    hidden = _chosen(values != missing, share, seed)
    if not hidden.any():
        raise AelibError("E_EMPTY", "No entry could be hidden", "each item keeps at least one", "Give more items")
    recon = codes.reconstruct(model, np.where(hidden, np.float32(missing), values), labels)
    there = train != missing
    means = np.where(there, train, 0).sum(0) / np.maximum(there.sum(0), 1)
    guesses = (recon, np.broadcast_to(means, values.shape))
    rmse, baseline = (
        float(np.sqrt(np.square(guess[hidden].astype(np.float64) - values[hidden]).mean())) for guess in guesses
    )
    return Guesses(rmse, baseline, int(hidden.sum()), len(values))


def _chosen(there: np.ndarray, share: float, seed: int) -> np.ndarray:
    """bool, same shape: drawn one by one with probability share; of an item drawn whole, one is given back."""
    chosen = there & (np.random.default_rng(seed).random(there.shape) < share)
    whole = (chosen == there).all(axis=1) & there.any(axis=1)
    chosen[whole, there[whole].argmax(axis=1)] = False
    return chosen
