"""The regularised autoencoder: a plain autoencoder kept smooth, and a mixture fitted to its codes afterwards.

What for: the best samples for the least trouble: no clouds, no contest; train, fit a Gaussian mixture to the codes,
decode draws from it (the mixture is offered for every deterministic code: `python -m aelib sample`).
Limits: no prior of its own, so nothing can be drawn before a mixture is fitted, and no likelihood. Smooth only as far
as the decoder's weights are kept small. A large beta pulls all codes to 0, a large lam makes the decoder blur.
Reference: Ghosh, Sajjadi, Vergari, Black and Schölkopf (2020), From variational to deterministic autoencoders (RAE-L2).
"""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from aelib.models._base import Batch, Parts, Progress, Term
from aelib.models._plain import PlainConfig, PlainModel


class Config(PlainConfig):
    """Settings of the regularised autoencoder."""

    reconstruction: Literal["bce", "squared_error"] = Field(
        "squared_error",
        description="squared_error: the paper's; bce: binary cross-entropy, each pixel a probability",
    )
    beta: float = Field(0.01, ge=0, le=10_000, description="Weight of half the squared length of a code")
    lam: float = Field(1e-4, ge=0, le=100, description="Weight of the decoder's squared weights, lambda in the paper")


class Model(PlainModel):
    """Loss: the error of ``PlainModel`` + beta ``code_l2`` + lambda ``decoder_l2``.

    ``code_l2`` = ||z||^2 / 2, mean over the batch; ``decoder_l2`` = ||theta||^2, the sum of squares of the decoder's
    weights, biases and scales left out. The paper's own settings (1e-4 and 1e-7, on means over pixels and over the
    code) are these defaults for MNIST in our sums, rounded.
    """

    serves = ("generate", "compress")
    config: Config

    def _loss(self, batch: Batch, progress: Progress) -> Parts:
        codes = self._codes(batch.inputs)
        return {
            **self._error(self._before_output(codes), batch.targets),
            "code_l2": Term(0.5 * codes.square().sum(1).mean(), self.config.beta),
            "decoder_l2": Term(_squared_weights(self.from_code, self.decoder), self.config.lam),
        }


def _squared_weights(*modules: nn.Module) -> Tensor:
    """Sum of squares of all matrices and kernels, tied ones too."""
    weights = [getattr(module, "weight", None) for part in modules for module in part.modules()]
    return torch.stack([weight.square().sum() for weight in weights if weight is not None and weight.ndim > 1]).sum()
