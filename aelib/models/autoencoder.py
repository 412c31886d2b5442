"""The plain undercomplete autoencoder: squeeze items through a short code and rebuild them.

What for: a first look at any dataset; compression, denoising (with a corruption), and a map of the codes.
Limits: no prior, so a code far from the data decodes to nothing in particular. A relu on the code can switch
dimensions off for good. The code must be shorter than the item, else copying is a solution. The penalties on
weights are parts of the loss, so Adam rescales their pull; training.weight_decay shrinks weights directly.
Reference: Hinton and Salakhutdinov (2006), Reducing the dimensionality of data with neural networks.
"""

from pydantic import Field

from aelib.config import RunConfig
from aelib.datasets._base import DataInfo
from aelib.errors import AelibError
from aelib.losses.weights import weight_l1, weight_l2
from aelib.models._base import Batch, Parts, Progress, Term
from aelib.models._plain import PlainConfig, PlainModel


class Config(PlainConfig):
    """Settings of the plain autoencoder."""

    l1: float = Field(0.0, ge=0, le=100, description="Weight of the sum of |w| over all weights, biases left out")
    l2: float = Field(0.0, ge=0, le=100, description="Weight of half the sum of w² over all weights, biases left out")

    def check(self, run: RunConfig, info: DataInfo) -> None:
        """Refuse a code as long as the item, and a cross-entropy of something that is no probability."""
        if self.latent_dim >= info.features:
            raise AelibError(
                "E_CONFIG",
                f"model.latent_dim {self.latent_dim} leaves nothing to learn",
                f"an undercomplete code is shorter than its item, which has {info.features} numbers",
                f"Take 1 to {info.features - 1}",
            )
        super().check(run, info)


class Model(PlainModel):
    """Encoder, code, decoder; one loss, one stage.

    Loss: the error of ``PlainModel`` + l1 ``weight_l1`` + l2 ``weight_l2``; each of the two is there when its
    coefficient is above 0.
    """

    serves = ("compress", "recommend", "anomalies", "denoise")
    config: Config

    def _loss(self, batch: Batch, progress: Progress) -> Parts:
        parts = dict(super()._loss(batch, progress))
        if self.config.l1:
            parts["weight_l1"] = Term(weight_l1(self.parameters()), self.config.l1)
        if self.config.l2:
            parts["weight_l2"] = Term(weight_l2(self.parameters()), self.config.l2)
        return parts
