"""The linear autoencoder: one layer in, one layer out, no bend anywhere.

What for: seeing that training without activations finds what principal components give in closed form: the same
subspace, hence the same error.
Limits: its axes are not those of PCA: any invertible mixing of the code, undone by the decoder, has the same error, so
single dimensions mean nothing. Rotate by the singular vectors of from_code's weights before calling them components.
The items' mean is taken off first: the same minimum, but without it one dimension is long spent on the mean.
Squared error and a free output only: with a sigmoid it would be a logistic PCA. The network is left aside.
Reference: Bourlard and Kamp (1988), Auto-association by multilayer perceptrons and singular value decomposition; Baldi
and Hornik (1989), Neural networks and principal component analysis: learning from examples without local minima.
"""

import torch
from pydantic import Field
from torch import Tensor, nn

from aelib.config import PluginConfig, RunConfig
from aelib.datasets._base import DataInfo
from aelib.errors import AelibError
from aelib.losses.reconstruction import squared_error
from aelib.models import _base
from aelib.models._base import Batch, Codes, DataPasses, Parts, Phase, Progress, Stage, Term
from aelib.models._centred import centred, mean_of_items


class Config(PluginConfig):
    """Settings of the linear autoencoder."""

    latent_dim: int = Field(16, ge=1, le=4096, description="Numbers in a code")

    def check(self, run: RunConfig, info: DataInfo) -> None:
        """Refuse a code as long as the item: copying would be a solution."""
        if self.latent_dim >= info.features:
            raise AelibError(
                "E_CONFIG",
                f"model.latent_dim {self.latent_dim} leaves nothing to learn",
                f"a linear code of that length copies its item, which has {info.features} numbers",
                f"Take 1 to {info.features - 1}",
            )


class Model(_base.Model):
    """Loss ``squared_error`` = ||x - W2 (W1 (x - m) + b1) - b2||^2, mean over the batch.

    Attributes:
        mean: m, (features,) buffer, of the training items; b2 begins there.
    """

    serves = ("compress",)
    code_shape = "any"
    mean: Tensor

    def __init__(self, config: Config, network: PluginConfig, info: DataInfo) -> None:
        super().__init__(config, network, info)
        self.latent_dim = config.latent_dim
        self.register_buffer("mean", torch.zeros(info.features))
        self.to_code = nn.Linear(info.features, config.latent_dim)
        self.from_code = nn.Linear(config.latent_dim, info.features)

    def encode(self, items: Tensor, labels: Tensor | None = None) -> Codes:
        """W1 (x - m) + b1, a missing entry counting as its mean; no spreads."""
        codes = self.to_code(centred(items.flatten(1), self.mean, self.info.missing))
        return Codes(codes, None, codes)

    def decode(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Items, not clipped."""
        return self.from_code(latents).unflatten(1, self.info.item_shape)

    def stages(self) -> tuple[Stage, ...]:
        """One stage, in which one optimiser moves everything; the mean is taken before."""
        phase = Phase("linear", tuple(self.parameters()), self._loss)
        return (Stage("training", prepare=self._take_mean, phases=(phase,)),)

    @torch.no_grad()
    def _take_mean(self, passes: DataPasses) -> None:
        self.mean.copy_(mean_of_items(passes, self.info.missing, self.mean))
        self.from_code.bias.copy_(self.mean)

    def _loss(self, batch: Batch, progress: Progress) -> Parts:
        recon = self.decode(self.encode(batch.inputs).latents)
        return {"squared_error": Term(squared_error(recon, batch.targets, self.info.missing))}
