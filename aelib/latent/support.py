"""Support: how much real data lies near a code, as a share anyone can read."""

from dataclasses import dataclass

import numpy as np

from aelib.latent.neighbours import nearest

K = 5  # neighbours that are averaged
REFERENCE = 500  # items whose own distances make the scale: a share is then good to about 0.2 %


@dataclass(frozen=True)
class Support:
    """The data and the scale of its own distances.

    Attributes:
        codes: (n, d), the data.
        own: (r,), sorted: the mean distance of reference items to their ``K`` nearest others.
    """

    codes: np.ndarray
    own: np.ndarray

    @classmethod
    def of(cls, codes: np.ndarray) -> "Support":
        """Measure the data against itself, on at most ``REFERENCE`` evenly taken items."""
        codes = np.asarray(codes, np.float32)
        chosen = np.linspace(0, len(codes) - 1, min(len(codes), REFERENCE)).astype(int) if len(codes) else []
        _, distances = nearest(codes[chosen], codes, K + 1)
        return cls(codes, np.sort(distances[:, 1:].mean(axis=1)) if distances.shape[1] > 1 else np.zeros(1, np.float32))

    def share(self, queries: np.ndarray) -> np.ndarray:
        """For each query (m, d), the share (0..1) of the data that lies farther from its neighbours than the query.

        1 means in the thick of the data, 0 means off it: shown as "nearer than x % of the data". A query that is one
        of the data's own codes is measured as they are: without itself.
        """
        if len(self.codes) < 2:
            return np.zeros(len(queries))
        _, distances = nearest(np.asarray(queries, np.float32), self.codes, K + 1)
        is_own = distances[:, 0] == 0
        mean = np.where(is_own, distances[:, 1:].mean(axis=1), distances[:, :-1].mean(axis=1))
        return 1.0 - np.searchsorted(self.own, mean, side="left") / len(self.own)
