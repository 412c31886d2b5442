"""The FactorVAE: a second net guesses whether a code's dimensions depend on each other, and the encoder evades it.

What for: codes whose dimensions mean one thing each, as the beta-TCVAE, with small batches and without a pairwise
estimator.
Limits: two nets in a contest: the total correlation is what the discriminator can see of it, so it starts near 0 and
grows while the discriminator learns; slower and less steady than the beta-TCVAE. Best weights follow a loss that holds
this moving figure.
Reference: Kim and Mnih (2018), Disentangling by factorising.
"""

import torch
from pydantic import Field
from torch import Tensor

from aelib.config import PluginConfig, RunConfig
from aelib.datasets._base import DataInfo
from aelib.losses.adversarial import accuracy, called_made, called_real
from aelib.losses.divergence import kl_to_standard_normal
from aelib.models import _refusals
from aelib.models._base import Batch, Parts, Phase, Progress, Stage, Term
from aelib.models._discriminator import RowDiscriminatorConfig, discriminator_of
from aelib.models._gaussian import GaussianConfig, GaussianModel, draw


class Config(RowDiscriminatorConfig, GaussianConfig):
    """Settings of the FactorVAE."""

    gamma: float = Field(6.4, ge=0, le=10_000, description="Weight of the total correlation")
    discriminator_layers: int = Field(3, ge=1, le=12, description="Hidden layers of the discriminator; the paper has 6")
    discriminator_rate: float = Field(
        0.1, gt=0, le=100, description="Factor on the learning rate for the discriminator; of 0.001 it leaves 0.0001"
    )

    def check(self, run: RunConfig, info: DataInfo) -> None:
        """Refuse batches whose second half cannot be permuted."""
        super().check(run, info)
        _refusals.refuse_small_batches(run, info, 4, "dimensions are exchanged between the items of half a batch")


class Model(GaussianModel):
    """Loss of the first phase: reconstruction + KL(q || N(0, 1)) + gamma E[log D(z) - log(1 - D(z))].

    D(z) is the discriminator's probability that z comes from q(z) and not from prod_j q(z_j); the last part,
    ``total_correlation``, is its mean logit, and reaches the encoder only: this phase does not own the
    discriminator, and z does not pass the decoder on the way there. Second phase: the discriminator's cross-entropy
    on codes of one half of the batch, as they are, against those of the other half with each dimension permuted over
    the items (the paper takes a second batch for these); codes carry no gradient there. ``discriminator_accuracy`` is
    shown and not counted.
    """

    serves = ("disentangle",)

    def __init__(self, config: Config, network: PluginConfig, info: DataInfo) -> None:
        super().__init__(config, network, info)
        self.discriminator = discriminator_of(config, config.latent_dim)

    def stages(self) -> tuple[Stage, ...]:
        """One stage of two phases at each step: the autoencoder, then the discriminator."""
        judging = tuple(self.discriminator.parameters())
        owned = {id(parameter) for parameter in judging}
        coding = tuple(parameter for parameter in self.parameters() if id(parameter) not in owned)
        return self.training_stage(
            Phase("factor_vae", coding, self._loss),
            Phase("discriminator", judging, self._judgement, rate=self.config.discriminator_rate),
        )

    def _loss(self, batch: Batch, progress: Progress) -> Parts:
        drawn = self.walk(batch)
        return {
            **self.error(drawn.outputs, batch.targets),
            "kl": Term(kl_to_standard_normal(drawn.mean, drawn.log_variance)),
            "total_correlation": Term(self.discriminator(drawn.latents).mean(), self.config.gamma),
        }

    def _judgement(self, batch: Batch, progress: Progress) -> Parts:
        with torch.no_grad():
            latents = draw(*self.posterior(batch.inputs, batch.labels), batch.generator)
        half = len(latents) // 2
        real = self.discriminator(latents[:half])
        made = self.discriminator(permute_dimensions(latents[half:], batch.generator))
        return {
            "discriminator": Term(0.5 * (called_real(real) + called_made(made))),
            "discriminator_accuracy": Term(accuracy(real, made), 0.0),
        }


def permute_dimensions(latents: Tensor, generator: torch.Generator) -> Tensor:
    """Each column in an order of its own: draws from prod_j q(z_j) (Kim and Mnih 2018, algorithm 1).

    Args:
        latents: (n, latent_dim), drawn from q(z).
        generator: On the latents' device.

    Returns:
        (n, latent_dim): every column holds the same numbers as before.
    """
    order = torch.rand(latents.shape, generator=generator, device=latents.device).argsort(0)
    return latents.gather(0, order)
