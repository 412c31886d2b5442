"""The adversarial autoencoder: a second net compares codes with draws from a normal, and the encoder fools it.

What for: sampling and smooth ways between items without clouds or a formula for the prior's density: the codes as a
whole take the prior's shape. In two dimensions the map is a filled disc that decodes everywhere.
Limits: two nets in a contest: an accuracy of the discriminator near 0.5 says that codes and prior look alike to it, one
near 1 that the encoder has lost. No likelihood, no spreads. Batch norm in the encoder mixes the three phases. Best
weights follow the reconstruction alone, which says nothing of the prior.
Reference: Makhzani, Shlens, Jaitly, Goodfellow and Frey (2015), Adversarial autoencoders.
"""

import torch
from pydantic import Field

from aelib.config import PluginConfig, RunConfig
from aelib.datasets._base import DataInfo
from aelib.losses.adversarial import accuracy, called_made, called_real
from aelib.models._base import Batch, Parts, Phase, Progress, Stage, Term
from aelib.models._discriminator import RowDiscriminatorConfig, discriminator_of
from aelib.models._plain import PlainConfig, PlainModel
from aelib.models._prior import NormalPrior, refuse_bounded_codes


class Config(RowDiscriminatorConfig, PlainConfig):
    """Settings of the adversarial autoencoder."""

    regularisation_rate: float = Field(
        0.5, gt=0, le=100, description="Factor on the learning rate of the phase in which the encoder fools it"
    )

    def check(self, run: RunConfig, info: DataInfo) -> None:
        """Refuse codes that could not have the prior's shape."""
        super().check(run, info)
        refuse_bounded_codes(run)


class Model(NormalPrior, PlainModel):
    """Three phases at each step, each with its own optimiser, in this order; E encoder, D discriminator, z' ~ N(0, I).

    1. reconstruction, moves encoder and decoder: the error of ``PlainModel``;
    2. discriminator, moves D: ``discriminator`` = -E log D(z') - E log(1 - D(E(x))), E(x) without gradient;
    3. regularisation, moves the encoder: ``regularisation`` = -E log D(E(x)).

    ``discriminator_accuracy`` is shown and not counted.
    """

    serves = ("generate",)
    config: Config

    def __init__(self, config: Config, network: PluginConfig, info: DataInfo) -> None:
        super().__init__(config, network, info)
        self.discriminator = discriminator_of(config, config.latent_dim)

    def stages(self) -> tuple[Stage, ...]:
        """One stage of three phases at each step."""
        judging = tuple(self.discriminator.parameters())
        owned = {id(parameter) for parameter in judging}
        both = tuple(parameter for parameter in self.parameters() if id(parameter) not in owned)
        encoding = (*self.encoder.parameters(), *self.to_code.parameters())
        return (
            Stage(
                "training",
                phases=(
                    Phase("reconstruction", both, self._loss),
                    Phase("discriminator", judging, self._judgement, rate=self.config.discriminator_rate),
                    Phase("regularisation", encoding, self._regularisation, rate=self.config.regularisation_rate),
                ),
            ),
        )

    def _judgement(self, batch: Batch, progress: Progress) -> Parts:
        with torch.no_grad():
            codes = self._codes(batch.inputs)
        real, made = self.discriminator(self.sample(len(codes), batch.generator)), self.discriminator(codes)
        return {
            "discriminator": Term(called_real(real) + called_made(made)),
            "discriminator_accuracy": Term(accuracy(real, made), 0.0),
        }

    def _regularisation(self, batch: Batch, progress: Progress) -> Parts:
        return {"regularisation": Term(called_real(self.discriminator(self._codes(batch.inputs))))}
