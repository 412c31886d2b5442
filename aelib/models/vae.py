"""The variational autoencoder: codes are small clouds, kept near a standard normal; beta sets how near.

What for: a smooth latent space that can be sampled, walked over and interpolated; beta above 1 for codes
whose dimensions mean one thing each, below 1 for sharper pictures.
Limits: blurred pictures; dimensions may go unused (their KL is near 0). With bce on grey pixels the sum is a
pseudo-ELBO and no likelihood: only pixels of 0 or 1 make it one. The squared error is a Gaussian likelihood
of fixed sigma, shown without its constant (features / 2) log(2 pi sigma^2). Outputs always pass a sigmoid.
Reference: Kingma and Welling (2014), Auto-encoding variational Bayes; Higgins et al. (2017), beta-VAE.
"""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from aelib.config import PluginConfig
from aelib.datasets._base import DataInfo
from aelib.losses.divergence import kl_to_standard_normal
from aelib.losses.reconstruction import cross_entropy_above_floor, gaussian_error
from aelib.models import _base
from aelib.models._base import Batch, Codes, Parts, Phase, Progress, Stage, Term

LOG_VARIANCE_LIMIT = 10.0  # beyond it exp() says nothing more, and a runaway value would overflow


class Config(PluginConfig):
    """Settings of the variational autoencoder."""

    latent_dim: int = Field(16, ge=1, le=4096, description="Numbers in a code")
    beta: float = Field(1.0, ge=0, le=10_000, description="Weight of the KL term; 1 is the plain VAE")
    reconstruction: Literal["bce", "squared_error"] = Field(
        "bce",
        description="bce: binary cross-entropy, pixels as probabilities; squared_error: Gaussian pixels",
    )
    sigma: float = Field(
        0.1,
        ge=0.001,
        le=10,
        description="Pixel noise assumed by squared_error; larger gives the KL term more say",
    )
    warm_up: float = Field(0.1, ge=0, le=1, description="Share of the run over which beta rises from 0; 0 starts full")


class Model(_base.Model):
    """Encoder to a mean and a variance, one draw, decoder.

    Loss (sums over features or dimensions, mean over the batch): reconstruction + beta KL(q || N(0, 1)).
    Reconstruction: ``cross_entropy_above_floor`` = BCE(x, o) - H(x) or ``gaussian_error`` = SSE / 2 sigma^2.
    While warming up, beta is multiplied by the share of the warm-up that is done.
    """

    can_sample = True

    def __init__(self, config: Config, network: PluginConfig, info: DataInfo) -> None:
        super().__init__(config, network, info)
        self.latent_dim = config.latent_dim
        body = _base.build_body(network, info)
        self.encoder, self.decoder = body.encoder, body.decoder
        self.to_mean = nn.Linear(body.features, config.latent_dim)
        self.to_log_variance = nn.Linear(body.features, config.latent_dim)
        self.from_code = nn.Linear(config.latent_dim, body.features)

    def encode(self, items: Tensor, labels: Tensor | None = None) -> Codes:
        """The posterior's mean as codes, its standard deviation as spreads."""
        mean, log_variance = self._posterior(items)
        return Codes(mean, torch.exp(0.5 * log_variance), mean)

    def decode(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Items after the sigmoid."""
        return torch.sigmoid(self._before_output(latents))

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Latents (count, latent_dim) from the standard normal."""
        return torch.randn(count, self.latent_dim, generator=generator, device=generator.device)

    def stages(self) -> tuple[Stage, ...]:
        """One stage, in which one optimiser moves everything."""
        return (Stage("training", phases=(Phase("vae", tuple(self.parameters()), self._loss),)),)

    def _posterior(self, items: Tensor) -> tuple[Tensor, Tensor]:
        features = self.encoder(items)
        log_variance = self.to_log_variance(features).clamp(-LOG_VARIANCE_LIMIT, LOG_VARIANCE_LIMIT)
        return self.to_mean(features), log_variance

    def _before_output(self, latents: Tensor) -> Tensor:
        return self.decoder(self.from_code(latents))

    def _loss(self, batch: Batch, progress: Progress) -> Parts:
        mean, log_variance = self._posterior(batch.inputs)
        noise = torch.randn(mean.shape, generator=batch.generator, device=mean.device, dtype=mean.dtype)
        outputs = self._before_output(mean + torch.exp(0.5 * log_variance) * noise)
        kl = Term(kl_to_standard_normal(mean, log_variance), self._kl_weight(progress))
        if self.config.reconstruction == "bce":
            return {
                "cross_entropy_above_floor": Term(cross_entropy_above_floor(outputs, batch.targets)),
                "kl": kl,
            }
        error = gaussian_error(torch.sigmoid(outputs), batch.targets, self.config.sigma)
        return {"gaussian_error": Term(error), "kl": kl}

    def _kl_weight(self, progress: Progress) -> float:
        share = progress.fraction / self.config.warm_up if self.config.warm_up else 1.0
        return self.config.beta * min(share, 1.0)
