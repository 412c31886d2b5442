"""What the models with a plain code share: encoder, code, decoder, and an error with an honest name."""

from collections.abc import Iterable
from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from aelib.config import PluginConfig, RunConfig
from aelib.datasets._base import DataInfo
from aelib.losses.reconstruction import cross_entropy_above_floor, squared_error
from aelib.models import _base, _refusals
from aelib.models._base import Batch, Codes, Parts, Phase, Progress, Stage, Term
from aelib.networks._base import ACTIVATIONS, Layer, layer_back


class PlainConfig(PluginConfig):
    """Settings that all of them have; a variant adds its own below."""

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
        """Refuse a cross-entropy of what is no probability, and a sigmoid that cannot reach the items."""
        _refusals.refuse_bce_outside_unit_range(run, info)
        _refusals.refuse_bce_of_missing(run, info)
        _refusals.refuse_sigmoid_outside_unit_range(run, info)
        _refusals.refuse_bce_without_sigmoid(run)


class PlainModel(_base.Model):
    """Encoder, code, decoder; one stage, in which one optimiser moves everything.

    Loss (sum over features, mean over the batch), with x the target and o the output before its activation s:
    ``cross_entropy_above_floor`` = BCE(x, o) - H(x), or ``squared_error`` = sum_i (x_i - s(o_i))^2. A variant adds
    parts by ``_loss``, or hooks and stages by ``stages``.
    """

    can_round = True

    config: Any  # a PlainConfig; each variant says which

    def __init__(self, config: PlainConfig, network: PluginConfig, info: DataInfo) -> None:
        super().__init__(config, network, info)
        self.latent_dim = config.latent_dim
        body = _base.build_body(network, info)
        self.encoder, self.decoder, self.layers = body.encoder, body.decoder, body.layers
        self.to_code = nn.Linear(body.features, config.latent_dim)
        self.code_activation = ACTIVATIONS.get(config.code_activation, nn.Identity)()
        self.from_code = layer_back(self.to_code, body.tied)
        self.output = nn.Sigmoid() if config.output == "sigmoid" else nn.Identity()

    def encode(self, items: Tensor, labels: Tensor | None = None) -> Codes:
        """Codes after the code's activation; no spreads."""
        codes = self._codes(items)
        return Codes(codes, None, codes)

    def decode(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Items after the declared output activation."""
        return self.output(self._before_output(latents))

    def stages(self) -> Iterable[Stage]:
        """One stage, in which one optimiser moves everything."""
        return (Stage("training", phases=(Phase(self.config.name, tuple(self.parameters()), self._loss),)),)

    def _codes(self, items: Tensor) -> Tensor:
        return self.code_activation(_base.in_float32(self.to_code(self.encoder(items))))

    def _before_output(self, latents: Tensor) -> Tensor:
        return _base.in_float32(self.decoder(self.from_code(latents)))

    def _loss(self, batch: Batch, progress: Progress) -> Parts:
        return self._error(self._before_output(self._codes(batch.inputs)), batch.targets)

    def _error(self, outputs: Tensor, targets: Tensor) -> dict[str, Term]:
        """The part that compares; ``outputs`` are before their activation."""
        if self.config.reconstruction == "bce":
            return {"cross_entropy_above_floor": Term(cross_entropy_above_floor(outputs, targets))}
        return {"squared_error": Term(squared_error(self.output(outputs), targets, self.info.missing))}


def layers_of(run: RunConfig, info: DataInfo) -> tuple[Layer, ...] | None:
    """``Body.layers`` of a run's network, without taking memory; for a config's ``check``."""
    with torch.device("meta"):
        return _base.build_body(run.network, info).layers
