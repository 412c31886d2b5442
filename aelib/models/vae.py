"""The variational autoencoder: codes are small clouds, kept near a standard normal; beta sets how near.

What for: a smooth latent space that can be sampled, walked over and interpolated; beta above 1 for codes
whose dimensions mean one thing each, below 1 for sharper pictures. Free bits keep dimensions in use; a capacity lets
the code grow by so many nats; a learned or optimal variance weighs pixels against the KL by itself.
Limits: blurred pictures; dimensions may go unused (their KL is near 0). With bce on grey pixels the sum is a
pseudo-ELBO and no likelihood: only pixels of 0 or 1 make it one, which dynamic binarisation draws anew at each step.
The squared error is a Gaussian likelihood; with a fixed sigma it is shown without its constant
(features / 2) log(2 pi sigma^2).
Reference: Kingma and Welling (2014), Auto-encoding variational Bayes; Higgins et al. (2017), beta-VAE; Kingma et al.
(2016), Inverse autoregressive flow (free bits); Burgess et al. (2018), Understanding disentangling in beta-VAE
(capacity); Rybkin, Daniilidis and Levine (2021), Calibrated decoders (optimal variance).
"""

from pydantic import Field
from torch import Tensor

from aelib.config import RunConfig, only_when
from aelib.datasets._base import DataInfo
from aelib.errors import AelibError
from aelib.losses.divergence import free_bits_top_up, kl_per_dimension
from aelib.models._base import Batch, Parts, Phase, Progress, Stage, Term
from aelib.models._gaussian import GaussianConfig, GaussianModel, risen


class Config(GaussianConfig):
    """Settings of the variational autoencoder."""

    beta: float = Field(1.0, ge=0, le=10_000, description="Weight of the KL term; 1 is the plain VAE")
    warm_up: float = Field(
        0.1, ge=0, le=1, description="Share of the run over which beta (or the capacity) rises from 0; 0 starts full"
    )
    free_bits: float = Field(
        0.0, ge=0, le=100, description="Nats of KL that each dimension has for nothing; 0.05 to 0.5 keeps them in use"
    )
    capacity: float = Field(
        0.0, ge=0, le=10_000, description="Nats that the whole KL is led up to (25, say), in place of beta; 0 = off"
    )
    gamma: float = Field(
        100.0,
        ge=0,
        le=10_000,
        description="Weight of the distance from the capacity",
        json_schema_extra=only_when(capacity=True),
    )

    def check(self, run: RunConfig, info: DataInfo) -> None:
        """Refuse two ways at once of steering the KL."""
        super().check(run, info)
        if self.capacity and (self.free_bits or self.beta != 1.0):
            other = "free_bits" if self.free_bits else "beta"
            raise AelibError(
                "E_CONFIG",
                f"model.capacity {self.capacity:g} does not go with model.{other} {getattr(self, other):g}",
                "both steer the KL term",
                f"Set model.capacity to 0, or leave model.{other} at {type(self).model_fields[other].default:g}",
            )


class Model(GaussianModel):
    """Encoder to a mean and a variance, one draw, decoder.

    Loss (sums over features or dimensions, mean over the batch): reconstruction + beta KL(q || N(0, 1)), ``kl``;
    with free bits lambda, + beta ``free_bits`` = sum_j max(lambda - KL_j, 0), which makes the two together
    sum_j max(KL_j, lambda), KL_j a mean over the batch. With a capacity C: reconstruction + gamma |KL - C|,
    ``kl_from_capacity``; ``kl`` is then shown and not counted. While warming up, beta or C is multiplied by the share
    of the warm-up that is done. Reconstruction: see ``GaussianModel``.
    """

    serves = ("generate", "anomalies", "disentangle")

    def stages(self) -> tuple[Stage, ...]:
        """One stage, in which one optimiser moves everything."""
        return self.training_stage(Phase("vae", tuple(self.parameters()), self._loss))

    def _loss(self, batch: Batch, progress: Progress) -> Parts:
        drawn = self.walk(batch)
        kl = kl_per_dimension(drawn.mean, drawn.log_variance)
        return {**self.error(drawn.outputs, batch.targets), **self._steered(kl, risen(progress, self.config.warm_up))}

    def _steered(self, kl: Tensor, share: float) -> Parts:
        if self.config.capacity:
            away = (kl.sum() - share * self.config.capacity).abs()
            return {"kl_from_capacity": Term(away, self.config.gamma), "kl": Term(kl.sum(), 0.0)}
        weight = self.config.beta * share
        parts = {"kl": Term(kl.sum(), weight)}
        if self.config.free_bits:
            parts["free_bits"] = Term(free_bits_top_up(kl, self.config.free_bits), weight)
        return parts
