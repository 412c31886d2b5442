"""The importance-weighted autoencoder: several draws per item, weighed by how well they explain it.

What for: a closer bound on the likelihood than the VAE's, a posterior that need not be a Gaussian cloud, and more
dimensions in use. Its validation loss is the same bound, so that epochs and runs of one k compare.
Limits: k draws cost k decoders. A large k starves the encoder (its gradient drowns in noise): 5 to 50. The bound is a
likelihood only where the reconstruction is one, see the VAE (published with dynamic binarisation); compare models by
one large k, afterwards (aelib.measures.likelihood).
Reference: Burda, Grosse and Salakhutdinov (2016), Importance weighted autoencoders.
"""

from pydantic import Field

from aelib.config import RunConfig
from aelib.datasets._base import DataInfo
from aelib.errors import AelibError
from aelib.losses.bounds import importance_weighted_bound, log_prior_over_posterior
from aelib.models._base import Batch, Parts, Phase, Progress, Stage, Term
from aelib.models._gaussian import GaussianConfig, GaussianModel, draw

HELD_OUT_AT_ONCE = 256  # items in a batch of training.evaluation
MOST_DECODED_NUMBERS = 500_000_000  # draws x items x features; 2 GB for the outputs alone


class Config(GaussianConfig):
    """Settings of the importance-weighted autoencoder."""

    samples: int = Field(5, ge=1, le=200, description="Draws per item, the paper's k; 1 is the VAE")

    def check(self, run: RunConfig, info: DataInfo) -> None:
        """Refuse a variance that is the best one for a plain VAE only, and more draws than memory can hold."""
        super().check(run, info)
        if self.variance == "optimal":
            raise AelibError(
                "E_CONFIG",
                "model.variance 'optimal' does not go with model 'iwae'",
                "the mean error is the best variance of one draw, not of weighed ones",
                "Set model.variance to 'learned'",
            )
        decoded = max(run.training.batch_size, HELD_OUT_AT_ONCE) * info.features
        if self.samples > 1 and self.samples * decoded > MOST_DECODED_NUMBERS:
            raise AelibError(
                "E_TOO_LARGE",
                f"model.samples {self.samples} is too many for batches of these items",
                f"{self.samples * decoded:,} numbers would be decoded at once",
                f"Take at most {max(MOST_DECODED_NUMBERS // decoded, 1)}",
            )


class Model(GaussianModel):
    """Loss = -log (1/k) sum_k w_k, mean over the batch, log w = log p(x | z) + log p(z) - log q(z | x).

    Shown in three parts, whose sum it is: the reconstruction and the ``kl``, both as means over the k draws (together
    minus the ELBO), and ``tightening``, at most 0: what weighing the draws adds to the bound.
    """

    serves = ("generate",)

    def stages(self) -> tuple[Stage, ...]:
        """One stage, in which one optimiser moves everything."""
        return self.training_stage(Phase("iwae", tuple(self.parameters()), self._loss))

    def _loss(self, batch: Batch, progress: Progress) -> Parts:
        mean, log_variance = self.posterior(batch.inputs, batch.labels)
        latents = draw(mean, log_variance, batch.generator, self.config.samples)
        outputs = self.before_output(latents.flatten(0, 1))
        targets = batch.targets.repeat(self.config.samples, *[1] * (batch.targets.ndim - 1))
        errors = self.error_per_item(outputs, targets).unflatten(0, latents.shape[:2])
        kl = -log_prior_over_posterior(latents, mean, log_variance)
        log_weights = -errors - kl
        bound = importance_weighted_bound(log_weights)
        return {
            self.error_name: Term(errors.mean()),
            "kl": Term(kl.mean()),
            "tightening": Term((log_weights.mean(0) - bound).mean()),
        }
