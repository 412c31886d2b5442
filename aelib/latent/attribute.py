"""Directions of attributes: how clearly two groups differ along one, told on items that it was not made from."""

from typing import NamedTuple

import numpy as np

from aelib.errors import AelibError
from aelib.latent.groups import direction
from aelib.latent.neighbours import nearest

RANDOM_PAIRS = 200  # of groups of the same sizes drawn at random


class Attribute(NamedTuple):
    """A direction and how well it tells its groups apart.

    Attributes:
        step: (d,), float32, from the mean of the first group's training half to that of the second's.
        effect: Cohen's d of the held-out halves along it.
        by_chance: The 95 % quantile of |d| for directions between random groups of the same sizes.
        right: Share (0..1) of the held-out items that lie on their own group's side of the middle.
        trained: Items that the direction was made from.
        held_out: Items that it was told on.
    """

    step: np.ndarray
    effect: float
    by_chance: float
    right: float
    trained: int
    held_out: int


def attribute(codes: np.ndarray, first: np.ndarray, second: np.ndarray, seed: int = 0) -> Attribute:
    """Make a direction of half the items of each group and tell it on the others.

    Args:
        codes: (n, d).
        first: Rows of the items without the attribute.
        second: Rows of those with it; items of both groups count for neither.
        seed: Of the halves and of the random groups.

    Raises:
        AelibError: ``E_EMPTY`` where a group has fewer than four items of its own.

    Source of d: Cohen, "Statistical power analysis", 1988, chapter 2 (difference of means over the pooled standard
    deviation).
    """
    first, second = np.setdiff1d(first, second), np.setdiff1d(second, first)
    if min(len(first), len(second)) < 4:
        raise AelibError(
            "E_EMPTY",
            "These groups are too small for a direction",
            f"they have {len(first)} and {len(second)} items of their own, each needs four",
            "Select more",
        )
    random = np.random.default_rng(seed)
    step, effect, right = _told(codes, random.permutation(first), random.permutation(second))
    every, cut = np.concatenate([first, second]), len(first)
    chance = []
    for _ in range(RANDOM_PAIRS):
        mixed = random.permutation(every)
        chance.append(abs(_told(codes, mixed[:cut], mixed[cut:])[1]))
    trained = len(first) // 2 + len(second) // 2
    return Attribute(step, effect, float(np.quantile(chance, 0.95)), right, trained, len(every) - trained)


def analogy(
    a: np.ndarray, b: np.ndarray, c: np.ndarray, codes: np.ndarray, k: int = 6
) -> tuple[np.ndarray, np.ndarray]:
    """A is to B as C is to what: the code c + b - a (d,), and the rows (k,) of the items nearest to it.

    Source: Mikolov, Yih and Zweig, "Linguistic regularities in continuous space word representations", 2013, section 4.
    """
    answer = (c + b - a).astype(np.float32)
    return answer, nearest(answer[None], codes, k)[0][0]


def _told(codes: np.ndarray, first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, float, float]:
    """The direction of the first halves, and Cohen's d and the share on the right side of the second halves."""
    (train_a, held_a), (train_b, held_b) = (np.split(rows, [len(rows) // 2]) for rows in (first, second))
    step = direction(codes, train_a, train_b)
    middle = (codes[train_a].mean(axis=0) + codes[train_b].mean(axis=0)) / 2
    low, high = ((codes[rows] - middle).astype(np.float64) @ step for rows in (held_a, held_b))
    freedom = max(len(low) + len(high) - 2, 1)
    spread = np.sqrt((((low - low.mean()) ** 2).sum() + ((high - high.mean()) ** 2).sum()) / freedom)
    effect = float((high.mean() - low.mean()) / spread) if spread > 0 else 0.0
    return step, effect, float(((low < 0).sum() + (high > 0).sum()) / (len(low) + len(high)))
