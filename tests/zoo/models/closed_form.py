"""Principal components by a singular value decomposition: no step is ever taken.

What for: shows that the loop takes a model that is fitted at once.
Limits: test-only; keeps all items in memory while fitting; ignores the network.
Reference: Pearson (1901), On lines and planes of closest fit to systems of points in space.
"""

import torch
from pydantic import Field
from torch import Tensor

from aelib.config import PluginConfig
from aelib.datasets._base import DataInfo
from aelib.models import _base
from aelib.models._base import Codes, DataPasses, Stage


class Config(PluginConfig):
    """Settings of the closed form."""

    latent_dim: int = Field(4, ge=1, le=4096, description="Number of components")


class Model(_base.Model):
    """Codes are coordinates along the components of largest variance."""

    serves = ("compress",)
    is_closed_form = True
    code_shape = "any"
    mean: Tensor
    components: Tensor

    def __init__(self, config: Config, network: PluginConfig, info: DataInfo) -> None:
        super().__init__(config, network, info)
        self.latent_dim = config.latent_dim
        self.register_buffer("mean", torch.zeros(info.features))
        self.register_buffer("components", torch.zeros(config.latent_dim, info.features))

    def encode(self, items: Tensor, labels: Tensor | None = None) -> Codes:
        codes = (items.flatten(1) - self.mean) @ self.components.T
        return Codes(codes, None, codes)

    def decode(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        return (latents @ self.components + self.mean).unflatten(1, self.info.item_shape)

    def stages(self) -> tuple[Stage, ...]:
        return (Stage("components", fit=self._fit),)

    @torch.no_grad()
    def _fit(self, passes: DataPasses) -> None:
        items = torch.cat([batch.targets.flatten(1) for batch in passes()])
        self.mean.copy_(items.mean(0))
        _, _, directions = torch.linalg.svd(items - self.mean, full_matrices=False)
        found = min(self.latent_dim, len(directions))
        self.components[:found] = directions[:found]
