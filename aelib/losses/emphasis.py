"""Errors on some places only, so that corrupted and clean places can be weighed apart."""

from torch import Tensor
from torch.nn import functional as F

from aelib.losses.reconstruction import binary_entropy_floor


def squared_error_at(recon: Tensor, targets: Tensor, places: Tensor, missing: float | None = None) -> Tensor:
    """Squared error: sum over the marked places that are there, mean over the batch.

    Summed over the two halves with weights alpha and beta it is the emphasised error of Vincent et al. (2010),
    Stacked denoising autoencoders, section 5.2.

    Args:
        recon: (n, ...) after the output activation.
        targets: Same shape.
        places: bool, same shape: what counts.
        missing: Value of targets that stands for "not there"; None: all are.

    Returns:
        A scalar, at least 0, in squared units per item.
    """
    counted = places if missing is None else places & (targets != missing)
    return (recon - targets).masked_fill(~counted, 0).square().sum() / len(targets)


def cross_entropy_above_floor_at(logits: Tensor, targets: Tensor, places: Tensor) -> Tensor:
    """Binary cross-entropy above its floor: sum over the marked places, mean over the batch.

    Source as ``squared_error_at``; the floor is the entropy of the targets at the same places.

    Args:
        logits: (n, ...) before the sigmoid.
        targets: Same shape, within [0, 1].
        places: bool, same shape: what counts.

    Returns:
        A scalar in nats per item, at least 0 up to rounding.
    """
    each = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    floor = binary_entropy_floor(targets.masked_fill(~places, 0))  # a target of 0 has no entropy
    return each.masked_fill(~places, 0).sum() / len(targets) - floor
