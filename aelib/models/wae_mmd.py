"""The Wasserstein autoencoder: sharp codes without clouds, which as a whole are shaped like the prior.

What for: sampling like a VAE with sharper pictures, for codes are not blurred one by one: only their whole population
is held against the normal distribution.
Limits: compares the items of a batch with each other: small batches judge badly. A code much longer than the data's
own dimension cannot fill the prior. No likelihood, no spreads.
Reference: Tolstikhin, Bousquet, Gelly and Schoelkopf (2018), Wasserstein auto-encoders.
"""

from typing import Literal

from pydantic import Field

from aelib.config import RunConfig
from aelib.datasets._base import DataInfo
from aelib.losses.mmd import mmd_squared
from aelib.models import _refusals
from aelib.models._base import Batch, Parts, Progress, Term
from aelib.models._plain import PlainConfig, PlainModel
from aelib.models._prior import NormalPrior, refuse_bounded_codes


class Config(PlainConfig):
    """Settings of the Wasserstein autoencoder."""

    reconstruction: Literal["bce", "squared_error"] = Field(
        "squared_error",
        description="squared_error: the paper's cost; bce: binary cross-entropy, each pixel a probability",
    )
    lam: float = Field(10.0, ge=0, le=1e6, description="Weight of the distance from the prior, lambda in the paper")

    def check(self, run: RunConfig, info: DataInfo) -> None:
        """Refuse batches of one, and codes that could not have the prior's shape."""
        super().check(run, info)
        _refusals.refuse_small_batches(run, info, 2, "the distance from the prior is taken over pairs of codes")
        refuse_bounded_codes(run)


class Model(NormalPrior, PlainModel):
    """Loss: the error of ``PlainModel`` + lambda ``mmd``, the unbiased MMD^2 between the codes and draws from N(0, 1).

    Kernel: inverse multiquadratic over seven scales, see ``losses.mmd``. The estimate may be below 0.
    """

    serves = ("generate",)
    config: Config

    def _loss(self, batch: Batch, progress: Progress) -> Parts:
        codes = self._codes(batch.inputs)
        error = self._error(self._before_output(codes), batch.targets)
        prior = self.sample(len(codes), batch.generator)
        return {**error, "mmd": Term(mmd_squared(codes, prior), self.config.lam)}
