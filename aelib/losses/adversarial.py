"""A discriminator's loss and its share of right answers, both from logits."""

import torch
from torch import Tensor
from torch.nn import functional as F


def called_real(logits: Tensor) -> Tensor:
    """Cross-entropy of calling these real: -mean log D, with D the sigmoid of the logits.

    Source: Goodfellow et al. (2014), Generative adversarial nets, section 3 (first term of equation 1, negated).
    """
    return F.softplus(-logits).mean()


def called_made(logits: Tensor) -> Tensor:
    """Cross-entropy of calling these made: -mean log(1 - D); the second term of that equation, negated."""
    return F.softplus(logits).mean()


def accuracy(real: Tensor, made: Tensor) -> Tensor:
    """Share of right answers, both kinds weighing the same: 0.5 is guessing.

    Args:
        real: Logits of what is real; right above 0.
        made: Logits of what is made; right below 0.
    """
    return 0.5 * ((real > 0).to(torch.float32).mean() + (made < 0).to(torch.float32).mean())
