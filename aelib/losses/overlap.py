"""How well a predicted mask covers the true one."""

from torch import Tensor

SMOOTHING = 1.0  # pixels added to both sides: an empty mask that is left empty then scores 0


def soft_dice_per_item(probabilities: Tensor, masks: Tensor) -> Tensor:
    """Soft Dice loss of each item: 1 - (2 sum_i p_i y_i + 1) / (sum_i p_i + sum_i y_i + 1).

    One minus the overlap coefficient of Dice (1945) with probabilities in place of a yes or no (Milletari, Navab and
    Ahmadi 2016, V-Net; here with plain sums in the denominator, as in Drozdzal et al. 2016), and a pixel of smoothing.

    Args:
        probabilities: (n, ...) within [0, 1].
        masks: Same shape, within [0, 1]; 1 is foreground.

    Returns:
        (n,), from 0 (the same mask) to below 1.
    """
    p, y = probabilities.flatten(1), masks.flatten(1)
    return 1 - (2 * (p * y).sum(1) + SMOOTHING) / (p.sum(1) + y.sum(1) + SMOOTHING)


def soft_dice(probabilities: Tensor, masks: Tensor) -> Tensor:
    """Mean over the batch of ``soft_dice_per_item``: a scalar, from 0 to below 1."""
    return soft_dice_per_item(probabilities, masks).mean()
