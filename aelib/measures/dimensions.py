"""Which dimensions of a code carry something: KL where there is a posterior, else variance."""

from dataclasses import dataclass

import numpy as np

from aelib.codes import CodeTable

BINS = 24
QUIET_KL = 0.01  # nats; below, a dimension says nothing about the item (Burda et al., 2016, use the same order)
QUIET_SHARE = 1e-4  # of the largest variance


@dataclass(frozen=True)
class Dimension:
    """One dimension of a code over the data.

    Attributes:
        number: Its place in the code.
        low, high: The 0.5 % and 99.5 % quantiles, widened when they coincide.
        mean, std: Over the data.
        weight: KL in nats, or variance.
        histogram: ``BINS`` counts from low to high.
        quiet: Whether it carries next to nothing.
    """

    number: int
    low: float
    high: float
    mean: float
    std: float
    weight: float
    histogram: tuple[int, ...]
    quiet: bool


def kl_per_dimension(table: CodeTable) -> np.ndarray:
    """Mean KL to the standard normal per dimension (latent_dim,), in nats, from the stored codes and spreads.

    KL = (mean^2 + sd^2 - 1 - ln sd^2) / 2, Kingma and Welling 2014, appendix B.
    """
    assert table.spreads is not None, "only for codes with a posterior"
    variance = np.square(table.spreads.astype(np.float64))
    return 0.5 * (np.square(table.codes.astype(np.float64)) + variance - 1 - np.log(variance)).mean(axis=0)


def describe_dimensions(table: CodeTable) -> list[Dimension]:
    """All dimensions, the most informative first."""
    codes = table.codes.astype(np.float64)
    variance = codes.var(axis=0)
    weight = kl_per_dimension(table) if table.spreads is not None else variance
    floor = QUIET_KL if table.spreads is not None else QUIET_SHARE * max(float(variance.max()), 1e-12)
    found = []
    for number in np.argsort(-weight, kind="stable"):
        values = codes[:, number]
        low, high = np.quantile(values, [0.005, 0.995])
        if high - low < 1e-6:
            low, high = values.mean() - 1.0, values.mean() + 1.0
        counts, _ = np.histogram(np.clip(values, low, high), bins=BINS, range=(low, high))
        found.append(
            Dimension(
                int(number),
                float(low),
                float(high),
                float(values.mean()),
                float(values.std()),
                float(weight[number]),
                tuple(int(count) for count in counts),
                bool(weight[number] < floor),
            )
        )
    return found
