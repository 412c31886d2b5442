"""The beta-TCVAE: of the three things in a VAE's KL term it presses on dependence between dimensions alone.

What for: codes whose dimensions mean one thing each, at less cost to the pictures than a large beta; and, with all
weights at 1, a VAE that shows how much its codes say and how far they depend on each other.
Limits: the parts are estimates from one batch: comparable between runs of one batch size only, too small in small
batches (the paper takes 1000 and more), and rough on a short last batch. Memory grows with the batch squared. Without
true factors nobody can say that the dimensions mean what they seem to.
Reference: Chen, Li, Grosse and Duvenaud (2018), Isolating sources of disentanglement in variational autoencoders.
"""

from typing import Literal

from pydantic import Field

from aelib.config import RunConfig
from aelib.datasets._base import DataInfo
from aelib.errors import AelibError
from aelib.losses.total_correlation import decompose_kl
from aelib.models import _refusals
from aelib.models._base import Batch, Parts, Phase, Progress, Stage, Term
from aelib.models._gaussian import GaussianConfig, GaussianModel

MOST_PAIRED_NUMBERS = 200_000_000  # batch^2 x latent_dim; 0.8 GB, several times over in the backward pass


class Config(GaussianConfig):
    """Settings of the beta-TCVAE."""

    alpha: float = Field(1.0, ge=0, le=10_000, description="Weight of the information between item and code")
    beta: float = Field(6.0, ge=0, le=10_000, description="Weight of the total correlation; 1 with the others is a VAE")
    gamma: float = Field(1.0, ge=0, le=10_000, description="Weight of each dimension's own distance from the prior")
    estimator: Literal["stratified", "weighted"] = Field(
        "stratified",
        description="How a batch stands in for all items; weighted is the paper's plain one, off by a constant",
    )

    def check(self, run: RunConfig, info: DataInfo) -> None:
        """Refuse batches of one, and batches whose pairs would not fit in memory."""
        super().check(run, info)
        _refusals.refuse_small_batches(run, info, 2, "the items of a batch are compared with each other")
        paired = run.training.batch_size**2 * self.latent_dim
        if paired > MOST_PAIRED_NUMBERS:
            most = int((MOST_PAIRED_NUMBERS / self.latent_dim) ** 0.5)
            raise AelibError(
                "E_CONFIG",
                f"training.batch_size {run.training.batch_size} is too large for model 'tc_vae'",
                f"all pairs of a batch in {self.latent_dim} dimensions are {paired:,} numbers",
                f"Take at most {most}",
            )


class Model(GaussianModel):
    """Loss: reconstruction + alpha I(x; z) + beta TC(z) + gamma sum_j KL(q(z_j) || p(z_j)).

    Parts: ``index_code_mutual_information``, ``total_correlation``, ``dimension_wise_kl``; the estimator has the number
    of training items in it, see ``losses.total_correlation``.
    """

    serves = ("disentangle",)

    def stages(self) -> tuple[Stage, ...]:
        """One stage, in which one optimiser moves everything."""
        return self.training_stage(Phase("tc_vae", tuple(self.parameters()), self._loss))

    def _loss(self, batch: Batch, progress: Progress) -> Parts:
        drawn, config = self.walk(batch), self.config
        size = self.info.counts["train"]
        kl = decompose_kl(drawn.latents, drawn.mean, drawn.log_variance, size, config.estimator)
        return {
            **self.error(drawn.outputs, batch.targets),
            "index_code_mutual_information": Term(kl.mutual_information, config.alpha),
            "total_correlation": Term(kl.total_correlation, config.beta),
            "dimension_wise_kl": Term(kl.dimension_wise_kl, config.gamma),
        }
