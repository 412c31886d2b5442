"""How many dimensions of a Gaussian code are in use: those whose mean moves with the item."""

import numpy as np

from aelib.codes import CodeTable
from aelib.errors import AelibError

LEAST_VARIANCE = 0.01


def active_units(table: CodeTable, least: float = LEAST_VARIANCE) -> np.ndarray:
    """Which dimensions are active: Var_x(E_q[z_j | x]) > 0.01, the variance over items of the posterior's mean.

    Source: Burda, Grosse and Salakhutdinov (2016), Importance weighted autoencoders, section 5.2. The prior's variance
    of 1 is the scale of the threshold, so there is no such number for codes without a posterior.

    Args:
        table: Codes of a run; take the rows of one split first, where that is meant.
        least: The threshold, in squared units of the code.

    Returns:
        bool (latent_dim,); its sum is the number of active units.

    Raises:
        AelibError: ``E_ABILITY`` for codes without spreads.
    """
    if table.spreads is None:
        raise AelibError(
            "E_ABILITY",
            "Active units cannot be counted",
            "these codes have no posterior, and so no scale to be measured against",
            "Take a run of a variational model",
        )
    return table.codes.astype(np.float64).var(axis=0) > least
