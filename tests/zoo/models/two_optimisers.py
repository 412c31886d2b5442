"""A small adversarial autoencoder: three phases per step, each with an optimiser and a rate of its own.

What for: shows that the loop keeps optimisers apart, even where two of them move the same weights.
Limits: test-only; the critic is tiny.
Reference: Makhzani et al. (2015), Adversarial autoencoders.
"""

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from aelib.config import PluginConfig
from aelib.datasets._base import DataInfo
from aelib.losses.reconstruction import cross_entropy_above_floor
from aelib.models import _base
from aelib.models._base import Batch, Codes, Parts, Phase, Progress, Stage, Term


class Config(PluginConfig):
    """Settings of the adversarial autoencoder."""

    latent_dim: int = Field(4, ge=1, le=4096, description="Numbers in a code")


class Model(_base.Model):
    """The critic learns to tell codes from normal draws; the encoder learns to fool it."""

    serves = ("generate",)
    watch = "cross_entropy_above_floor"
    can_sample = True

    def __init__(self, config: Config, network: PluginConfig, info: DataInfo) -> None:
        super().__init__(config, network, info)
        self.latent_dim = config.latent_dim
        body = _base.build_body(network, info)
        self.encoder = nn.Sequential(body.encoder, nn.Linear(body.features, config.latent_dim))
        self.decoder = nn.Sequential(nn.Linear(config.latent_dim, body.features), body.decoder)
        self.critic = nn.Sequential(nn.Linear(config.latent_dim, 16), nn.ReLU(), nn.Linear(16, 1))

    def encode(self, items: Tensor, labels: Tensor | None = None) -> Codes:
        codes = self.encoder(items)
        return Codes(codes, None, codes)

    def decode(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        return torch.sigmoid(self.decoder(latents))

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        return torch.randn(count, self.latent_dim, generator=generator, device=generator.device)

    def stages(self) -> tuple[Stage, ...]:
        both = (*self.encoder.parameters(), *self.decoder.parameters())
        return (
            Stage(
                "training",
                phases=(
                    Phase("reconstruction", both, self._reconstruction),
                    Phase("critic", tuple(self.critic.parameters()), self._criticism, rate=0.5),
                    Phase("regularise", tuple(self.encoder.parameters()), self._fooling, rate=0.1),
                ),
            ),
        )

    def _reconstruction(self, batch: Batch, progress: Progress) -> Parts:
        logits = self.decoder(self.encoder(batch.inputs))
        return {"cross_entropy_above_floor": Term(cross_entropy_above_floor(logits, batch.targets))}

    def _criticism(self, batch: Batch, progress: Progress) -> Parts:
        with torch.no_grad():
            codes = self.encoder(batch.inputs)
        drawn = torch.randn(codes.shape, generator=batch.generator, device=codes.device, dtype=codes.dtype)
        return {
            "critic_prior": Term(_called(self.critic(drawn), 1.0)),
            "critic_codes": Term(_called(self.critic(codes), 0.0)),
        }

    def _fooling(self, batch: Batch, progress: Progress) -> Parts:
        return {"fooling": Term(_called(self.critic(self.encoder(batch.inputs)), 1.0))}


def _called(verdicts: Tensor, truth: float) -> Tensor:
    return F.binary_cross_entropy_with_logits(verdicts, torch.full_like(verdicts, truth))
