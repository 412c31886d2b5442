"""The InfoVAE: a VAE whose codes are held to the prior as a population, and less, or not at all, one by one.

What for: codes that keep saying something where a VAE's dimensions fall silent; alpha = 1 is the MMD-VAE, which has no
KL term at all and keeps the most.
Limits: compares the items of a batch with each other: small batches judge badly, and a lambda that is large beside the
error of the pictures makes every code the prior (on 8 x 8 digits that happens from 30 on, on MNIST from 1000 on; at the
default of 5 both come back as well as from a VAE). No bound on the likelihood any more.
Reference: Zhao, Song and Ermon (2019), InfoVAE: balancing learning and inference in variational autoencoders.
"""

from pydantic import Field

from aelib.config import RunConfig
from aelib.datasets._base import DataInfo
from aelib.errors import AelibError
from aelib.losses.divergence import kl_to_standard_normal
from aelib.losses.mmd import mmd_squared
from aelib.models import _refusals
from aelib.models._base import Batch, Parts, Phase, Progress, Stage, Term
from aelib.models._gaussian import GaussianConfig, GaussianModel


class Config(GaussianConfig):
    """Settings of the InfoVAE."""

    alpha: float = Field(0.5, ge=-10_000, le=1, description="The KL term weighs 1 - alpha; 1 leaves it out (MMD-VAE)")
    lam: float = Field(
        5.0,
        ge=0,
        le=1e6,
        description="The distance from the prior weighs alpha + lambda - 1; large pictures stand more",
    )

    def check(self, run: RunConfig, info: DataInfo) -> None:
        """Refuse batches of one, and weights that would drive codes away from the prior."""
        super().check(run, info)
        _refusals.refuse_small_batches(run, info, 2, "the distance from the prior is taken over pairs of codes")
        if self.alpha + self.lam < 1:
            raise AelibError(
                "E_CONFIG",
                f"model.lam {self.lam:g} is too small for model.alpha {self.alpha:g}",
                f"the distance from the prior would weigh {self.alpha + self.lam - 1:g}, and so be made large",
                f"Take at least {1 - self.alpha:g}",
            )


class Model(GaussianModel):
    """Loss: reconstruction + (1 - alpha) ``kl`` + (alpha + lambda - 1) ``mmd``.

    ``mmd`` is the unbiased MMD^2 between one draw per item, so from q(z), and as many from N(0, 1); see ``losses.mmd``.
    """

    serves = ("generate", "features")

    def stages(self) -> tuple[Stage, ...]:
        """One stage, in which one optimiser moves everything."""
        return self.training_stage(Phase("info_vae", tuple(self.parameters()), self._loss))

    def _loss(self, batch: Batch, progress: Progress) -> Parts:
        drawn, config = self.walk(batch), self.config
        prior = self.sample(len(drawn.latents), batch.generator)
        return {
            **self.error(drawn.outputs, batch.targets),
            "kl": Term(kl_to_standard_normal(drawn.mean, drawn.log_variance), 1 - config.alpha),
            "mmd": Term(mmd_squared(drawn.latents, prior), config.alpha + config.lam - 1),
        }
