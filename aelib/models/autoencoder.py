"""The plain undercomplete autoencoder: squeeze items through a short code and rebuild them.

What for: a first look at any dataset; compression, denoising (with a corruption), and a map of the codes.
Limits: no prior, so a code far from the data decodes to nothing in particular. A relu on the code can switch
dimensions off for good. The code must be shorter than the item, else copying is a solution.
Reference: Hinton and Salakhutdinov (2006), Reducing the dimensionality of data with neural networks.
"""

from typing import Literal

from pydantic import Field
from torch import Tensor, nn

from aelib.config import PluginConfig, RunConfig
from aelib.datasets._base import DataInfo
from aelib.errors import AelibError
from aelib.losses.reconstruction import cross_entropy_above_floor, squared_error
from aelib.models import _base
from aelib.models._base import Batch, Codes, Parts, Phase, Progress, Stage, Term
from aelib.networks._base import ACTIVATIONS


class Config(PluginConfig):
    """Settings of the plain autoencoder."""

    latent_dim: int = Field(16, ge=1, le=4096, description="Numbers in a code")
    reconstruction: Literal["bce", "squared_error"] = Field(
        "bce",
        description="bce: binary cross-entropy, each pixel a probability; squared_error: sum of squares",
    )
    output: Literal["sigmoid", "identity"] = Field("sigmoid", description="Last activation; sigmoid stays in 0..1")
    code_activation: Literal["linear", "relu", "sigmoid", "tanh"] = Field(
        "linear", description="Activation on the code itself; linear leaves it free"
    )

    def check(self, run: RunConfig, info: DataInfo) -> None:
        """Refuse a code as long as the item, and a cross-entropy of something that is no probability."""
        if self.latent_dim >= info.features:
            raise AelibError(
                "E_CONFIG",
                f"model.latent_dim {self.latent_dim} leaves nothing to learn",
                f"an undercomplete code is shorter than its item, which has {info.features} numbers",
                f"Take 1 to {info.features - 1}",
            )
        _base.refuse_bce_outside_unit_range(run, info)
        _base.refuse_sigmoid_outside_unit_range(run, info)
        if self.reconstruction == "bce" and self.output != "sigmoid":
            raise AelibError(
                "E_CONFIG",
                f"model.output {self.output!r} does not go with model.reconstruction 'bce'",
                "binary cross-entropy needs outputs between 0 and 1",
                "Set model.output to 'sigmoid', or model.reconstruction to 'squared_error'",
            )


class Model(_base.Model):
    """Encoder, code, decoder; one loss, one stage.

    Loss (sum over features, mean over the batch), with x the target and o the output before its activation s:
    ``cross_entropy_above_floor`` = BCE(x, o) - H(x), or ``squared_error`` = sum_i (x_i - s(o_i))^2.
    """

    def __init__(self, config: Config, network: PluginConfig, info: DataInfo) -> None:
        super().__init__(config, network, info)
        self.latent_dim = config.latent_dim
        body = _base.build_body(network, info)
        self.encoder, self.decoder = body.encoder, body.decoder
        self.to_code = nn.Linear(body.features, config.latent_dim)
        self.code_activation = ACTIVATIONS.get(config.code_activation, nn.Identity)()
        self.from_code = nn.Linear(config.latent_dim, body.features)
        self.output = nn.Sigmoid() if config.output == "sigmoid" else nn.Identity()

    def encode(self, items: Tensor, labels: Tensor | None = None) -> Codes:
        """Codes after the code's activation; no spreads."""
        codes = self.code_activation(self.to_code(self.encoder(items)))
        return Codes(codes, None, codes)

    def decode(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Items after the declared output activation."""
        return self.output(self._before_output(latents))

    def stages(self) -> tuple[Stage, ...]:
        """One stage, in which one optimiser moves everything."""
        return (Stage("training", phases=(Phase("autoencoder", tuple(self.parameters()), self._loss),)),)

    def _before_output(self, latents: Tensor) -> Tensor:
        return self.decoder(self.from_code(latents))

    def _loss(self, batch: Batch, progress: Progress) -> Parts:
        outputs = self._before_output(self.encode(batch.inputs).latents)
        if self.config.reconstruction == "bce":
            return {"cross_entropy_above_floor": Term(cross_entropy_above_floor(outputs, batch.targets))}
        return {"squared_error": Term(squared_error(self.output(outputs), batch.targets))}
