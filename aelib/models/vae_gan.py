"""The VAE-GAN: a variational autoencoder whose error is measured by what a discriminator sees, not pixel by pixel.

What for: sharper pictures than a VAE's, from codes that can still be sampled and walked over: a whisker moved by one
pixel costs little, a blur costs much.
Limits: three nets in a contest: it takes longer, depends on rates and batch size, and may invent detail. The feature
error adds up over thousands of features and drowns the KL term: raise beta where draws from the prior look broken while
reconstructions are sharp. Pixel errors are larger than a plain autoencoder's, as nothing asks for them; they are
watched all the same, since the loss itself is measured in a net that moves. No likelihood.
Reference: Larsen, Sønderby, Larochelle and Winther (2016), Autoencoding beyond pixels using a learned similarity
metric.
"""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from aelib.config import PluginConfig, RunConfig
from aelib.datasets._base import DataInfo
from aelib.errors import AelibError
from aelib.losses.adversarial import accuracy, called_made, called_real
from aelib.losses.divergence import kl_to_standard_normal
from aelib.losses.reconstruction import squared_error
from aelib.models import _refusals
from aelib.models._base import Batch, Parts, Phase, Progress, Stage, Term
from aelib.models._discriminator import item_body
from aelib.models._gaussian import GaussianCodes, draw


class Config(PluginConfig):
    """Settings of the VAE-GAN."""

    latent_dim: int = Field(16, ge=1, le=4096, description="Numbers in a code")
    output: Literal["sigmoid", "identity"] = Field(
        "sigmoid", description="Last activation; identity for values outside 0..1"
    )
    beta: float = Field(
        1.0, ge=0, le=10_000, description="Weight of the KL term; 1 is the paper's, more gives better samples"
    )
    gamma: float = Field(
        1.0, ge=0, le=10_000, description="Weight of the feature error against fooling, for the decoder"
    )
    fooling: Literal["minimax", "non_saturating"] = Field(
        "minimax",
        description="The decoder's part in the contest: minimax as in the paper; the other pulls harder when it loses",
    )
    discriminator_channels: int = Field(
        32, ge=1, le=1024, description="Channels of its first layer, doubled in each further one; vectors: units / 8"
    )
    discriminator_rate: float = Field(
        0.1, gt=0, le=100, description="Factor on the learning rate of its phase; too fast, and it wins at once"
    )

    def check(self, run: RunConfig, info: DataInfo) -> None:
        """Refuse an output that cannot reach the items, and weights that two phases would share."""
        _refusals.refuse_sigmoid_outside_unit_range(run, info)
        _refusals.refuse_missing(run, info, "its discriminator would learn which entries are missing")
        if getattr(run.network, "tied", False):
            raise AelibError(
                "E_CONFIG",
                "network.tied does not go with model 'vae_gan'",
                "encoder and decoder are trained apart, against each other's wishes, and cannot share weights",
                "Set network.tied to false",
            )


class Model(GaussianCodes):
    """Three phases at each step, in this order; each makes its own draws and moves its own net only.

    With D_l the features in the discriminator's last hidden layer, x' the decoded draw from q(z | x), and x'' the
    decoded draw from the prior (the paper's algorithm 1; L_GAN there stands for the discriminator's cross-entropy):

    1. encoder: beta ``kl`` + ``feature_error`` = ||D_l(x) - D_l(x')||^2 / 2;
    2. decoder: gamma ``decoder_feature_error`` (the same) + ``fooling`` = E log(1 - D(x')) + E log(1 - D(x'')), or
       -E log D(x') - E log D(x'') where it is non-saturating;
    3. discriminator: ``discriminator`` = -E log D(x) - E log(1 - D(x')) - E log(1 - D(x'')), x' and x'' without
       gradient.

    ``discriminator_accuracy`` is shown and not counted.
    """

    serves = ("generate",)
    watch = "error"

    def __init__(self, config: Config, network: PluginConfig, info: DataInfo) -> None:
        super().__init__(config, network, info)
        self.judge_features, features = item_body(info, config.discriminator_channels)
        self.judge_verdict = nn.Linear(features, 1)

    def stages(self) -> tuple[Stage, ...]:
        """One stage of three phases at each step."""
        encoding = _parameters(self.encoder, self.to_mean, self.to_log_variance)
        decoding = _parameters(self.from_code, self.decoder)
        judging = _parameters(self.judge_features, self.judge_verdict)
        return (
            Stage(
                "training",
                phases=(
                    Phase("encoder", encoding, self._encoder_loss),
                    Phase("decoder", decoding, self._decoder_loss),
                    Phase("discriminator", judging, self._judgement, rate=self.config.discriminator_rate),
                ),
            ),
        )

    def _encoder_loss(self, batch: Batch, progress: Progress) -> Parts:
        mean, log_variance = self.posterior(batch.inputs)
        decoded = self.decode(draw(mean, log_variance, batch.generator))
        return {
            "kl": Term(kl_to_standard_normal(mean, log_variance), self.config.beta),
            "feature_error": Term(self._feature_error(self.judge_features(decoded), batch.targets)),
        }

    def _decoder_loss(self, batch: Batch, progress: Progress) -> Parts:
        features, sampled = (self.judge_features(self.decode(latents)) for latents in self._both(batch))
        fooling = self._fooling(self.judge_verdict(features), self.judge_verdict(sampled))
        error = self._feature_error(features, batch.targets)
        return {"decoder_feature_error": Term(error, self.config.gamma), "fooling": Term(fooling)}

    def _judgement(self, batch: Batch, progress: Progress) -> Parts:
        with torch.no_grad():
            decoded, sampled = (self.decode(latents) for latents in self._both(batch))
        real, made, invented = (self._verdict(items) for items in (batch.targets, decoded, sampled))
        return {
            "discriminator": Term(called_real(real) + called_made(made) + called_made(invented)),
            "discriminator_accuracy": Term(accuracy(real, torch.cat([made, invented])), 0.0),
        }

    @torch.no_grad()
    def _both(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Draws from the posterior of each input, and as many from the prior."""
        drawn = draw(*self.posterior(batch.inputs), batch.generator)
        return drawn, self.sample(len(drawn), batch.generator)

    def _feature_error(self, features: Tensor, targets: Tensor) -> Tensor:
        with torch.no_grad():
            wanted = self.judge_features(targets)
        return 0.5 * squared_error(features, wanted)

    def _fooling(self, *verdicts: Tensor) -> Tensor:
        if self.config.fooling == "minimax":
            return -torch.stack([called_made(verdict) for verdict in verdicts]).sum()
        return torch.stack([called_real(verdict) for verdict in verdicts]).sum()

    def _verdict(self, items: Tensor) -> Tensor:
        return self.judge_verdict(self.judge_features(items))


def _parameters(*modules: nn.Module) -> tuple[nn.Parameter, ...]:
    return tuple(parameter for module in modules for parameter in module.parameters())
