"""What each dimension of a code has to do with what is known of the items: one figure per dimension and factor."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from aelib.errors import AelibError

FEWEST = 3  # items that know a factor: fewer say nothing
STRONG = 0.3  # below, in size, a figure is not put into words


@dataclass(frozen=True)
class Factor:
    """A factor and how strongly each dimension of the code goes with it.

    Attributes:
        name: Of the factor.
        method: ``rank`` for quantities: Spearman's correlation, -1 to 1. ``kinds`` for kinds: the correlation ratio,
            0 to 1, which has no sign.
        values: float64 (latent_dim,); NaN where the factor or the dimension does not vary, or too few items know it.
    """

    name: str
    method: Literal["rank", "kinds"]
    values: np.ndarray


def relations(
    codes: np.ndarray, factors: Mapping[str, np.ndarray], kinds: frozenset[str] = frozenset()
) -> list[Factor]:
    """How each dimension goes with each factor, over the items that know it (the others have NaN there).

    Quantities: Spearman (1904), the correlation of ranks, so that any rise counts and not only a straight one. Kinds:
    Fisher's correlation ratio eta = sqrt(variance between the kinds' means / variance of all); 1 where the dimension
    alone tells them apart. Both look at one dimension at a time: what two of them carry together is not seen, and
    a factor that goes round, such as an angle, looks weaker than it is.

    Args:
        codes: (n, latent_dim).
        factors: Name to (n,), NaN where unknown.
        kinds: Names of those whose numbers stand for kinds.

    Raises:
        AelibError: ``E_SHAPE`` for a factor of another length.
    """
    found = []
    for name, values in factors.items():
        if values.shape != (len(codes),):
            raise AelibError("E_SHAPE", f"The factor {name!r} does not fit", f"{values.shape} for {len(codes)} codes")
        known = np.isfinite(values)
        own, given = codes[known].astype(np.float64), values[known]
        measure = _ratio if name in kinds else _spearman
        empty = np.full(codes.shape[1], np.nan)
        found.append(
            Factor(name, "kinds" if name in kinds else "rank", measure(own, given) if known.sum() >= FEWEST else empty)
        )
    return found


def in_words(factors: list[Factor], dimension: int) -> str:
    """What a dimension does, strongest first, of what is at least ``STRONG``: ``rises with x, tells shape apart``."""
    strong = [(factor, float(factor.values[dimension])) for factor in factors]
    strong = sorted((pair for pair in strong if abs(pair[1]) >= STRONG), key=lambda pair: -abs(pair[1]))
    said = [
        f"tells {factor.name} apart"
        if factor.method == "kinds"
        else f"{'rises' if v > 0 else 'falls'} with {factor.name}"
        for factor, v in strong
    ]
    return ", ".join(said)


def _spearman(codes: np.ndarray, values: np.ndarray) -> np.ndarray:
    from scipy.stats import rankdata

    return _pearson(rankdata(codes, axis=0), rankdata(values))


def _pearson(columns: np.ndarray, values: np.ndarray) -> np.ndarray:
    away, own = columns - columns.mean(axis=0), values - values.mean()
    size = np.sqrt(np.square(away).sum(axis=0) * np.square(own).sum())
    return np.divide(own @ away, size, out=np.full(columns.shape[1], np.nan), where=size > 0)


def _ratio(codes: np.ndarray, values: np.ndarray) -> np.ndarray:
    _, place = np.unique(values, return_inverse=True)
    counts = np.bincount(place).astype(np.float64)
    if len(counts) < 2:
        return np.full(codes.shape[1], np.nan)
    centred = codes - codes.mean(axis=0)
    means = np.stack([np.bincount(place, weights=column) for column in centred.T], axis=1) / counts[:, None]
    whole = np.square(centred).sum(axis=0)
    between = (counts[:, None] * np.square(means)).sum(axis=0)
    flat = codes.max(axis=0) == codes.min(axis=0)
    share = np.divide(between, whole, out=np.full(codes.shape[1], np.nan), where=~flat)
    return np.sqrt(np.clip(share, 0, 1))
