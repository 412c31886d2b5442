"""How the learning rate moves, and how a good one is found by a short trial."""

import copy
import math
from itertools import chain, count

import numpy as np
import torch

from aelib.models._base import Model, Progress, total
from aelib.training.batches import Batches


def rate_factor(schedule: str, fraction: float) -> float:
    """The factor on the peak learning rate at ``fraction`` (0..1) of a stage.

    ``cosine`` falls to zero along half a cosine; ``one_cycle`` climbs for 30 % from 1/25 and falls to nearly zero
    (Smith and Topin, "Super-convergence", 2018).
    """
    if schedule == "cosine":
        return 0.5 * (1 + math.cos(math.pi * min(fraction, 1.0)))
    if schedule == "one_cycle":
        low, peak_at = 1 / 25, 0.3
        if fraction < peak_at:
            return low + (1 - low) * 0.5 * (1 - math.cos(math.pi * fraction / peak_at))
        return 1e-4 + (1 - 1e-4) * 0.5 * (1 + math.cos(math.pi * (min(fraction, 1.0) - peak_at) / (1 - peak_at)))
    return 1.0


def find_rate(model: Model, batches: Batches, batch_size: int, seed: int, steps: int = 60) -> float:
    """A learning rate from a range test on a copy of the model, which is thrown away.

    The rate grows from 1e-5 to 1 over ``steps`` steps; chosen is the one where the smoothed loss of the first phase
    that takes the run's rate falls fastest (Smith, "Cyclical Learning Rates", 2017, section 3.3). Models without such
    a phase (closed form) give 1e-3.
    """
    torch.manual_seed(seed)  # dropout draws from torch's own generator
    trial = copy.deepcopy(model).train()
    phase = next((phase for stage in trial.stages() for phase in stage.phases if not phase.sgd), None)
    if phase is None:
        return 1e-3
    optimiser = torch.optim.Adam(phase.parameters)
    endless = chain.from_iterable(batches.shuffled(batch_size, seed, 999, epoch) for epoch in count())
    rates, losses = np.geomspace(1e-5, 1.0, steps), []
    for rate, batch in zip(rates, endless, strict=False):
        optimiser.param_groups[0]["lr"] = float(rate)
        optimiser.zero_grad()
        loss = total(phase.loss(batch, Progress()))
        value = loss.item()
        if not math.isfinite(value) or (losses and value > 4 * losses[0] + 1e-6):
            break  # before it is noted: one infinity would be the steepest place of all
        losses.append(value)
        loss.backward()
        optimiser.step()
    if len(losses) < 7:  # three windows of five
        return 1e-4
    smooth = np.convolve(losses, np.ones(5) / 5, mode="valid")
    steepest = int(np.argmin(np.gradient(smooth)))
    return float(f"{rates[steepest + 2]:.2g}")  # +2: the middle of the smoothing window
