"""Groups of items as regions of the code space: middle and edge, what lies next to one, what lies between two."""

import numpy as np

from aelib.errors import AelibError
from aelib.latent.neighbours import nearest

MOST_DISTANCES = 300_000_000  # members times codes that growing and shrinking look at: a few seconds on one core


def typical(codes: np.ndarray, rows: np.ndarray, count: int) -> np.ndarray:
    """At most ``count`` members, nearest to the group's mean code first.

    Args:
        codes: (n, d), all codes.
        rows: (m,), the group's rows.
        count: How many are wanted.
    """
    return rows[np.argsort(_from_mean(codes, rows), kind="stable")[:count]]


def odd(codes: np.ndarray, rows: np.ndarray, count: int) -> np.ndarray:
    """At most ``count`` members, farthest from the group's mean code first."""
    return rows[np.argsort(-_from_mean(codes, rows), kind="stable")[:count]]


def grow(codes: np.ndarray, rows: np.ndarray, k: int) -> np.ndarray:
    """The group and the ``k`` nearest other items of each member, by distance in the code space; sorted rows.

    Raises ``E_TOO_LARGE`` where that would take longer than anybody waits.
    """
    return np.union1d(rows, _neighbours(codes, rows, k).ravel())


def shrink(codes: np.ndarray, rows: np.ndarray, k: int) -> np.ndarray:
    """The members whose ``k`` nearest other items are all members; sorted rows. Raises as ``grow`` does."""
    near = _neighbours(codes, rows, k)
    return rows[np.isin(near, rows).all(axis=1)] if near.size else rows


def direction(codes: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """From the mean code of one group to that of another, (d,), float32.

    Source: Larsen et al., "Autoencoding beyond pixels", 2016, section 4.2 (differences of mean latents).
    """
    return codes[second].mean(axis=0) - codes[first].mean(axis=0)


def _from_mean(codes: np.ndarray, rows: np.ndarray) -> np.ndarray:
    members = codes[rows]
    return np.linalg.norm(members - members.mean(axis=0), axis=1)


def _neighbours(codes: np.ndarray, rows: np.ndarray, k: int) -> np.ndarray:
    """The ``k`` nearest others of each member, (m, k)."""
    if len(rows) * len(codes) > MOST_DISTANCES:
        raise AelibError(
            "E_TOO_LARGE",
            f"{len(rows):,} items are too many to look for the neighbours of each",
            f"among {len(codes):,} codes at most {MOST_DISTANCES // len(codes):,}",
            "Select fewer",
        )
    k = min(k, len(codes) - 1)
    found, _ = nearest(codes[rows], codes, k + 1)
    others = found != rows[:, None]
    others[others.all(axis=1), -1] = False  # of codes that are alike, the item itself may not be among the nearest
    return found[others].reshape(len(rows), k)
