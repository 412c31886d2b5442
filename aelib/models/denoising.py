"""The denoising autoencoder: corrupted items go in, the clean ones are asked for.

What for: features that survive noise and gaps, even from a code longer than the item; cleaning and filling in. Any
model denoises when the run has corruptions; this one weighs corrupted and clean places apart, and can be
trained layer by layer first (layerwise_epochs), as deep sigmoid nets need it.
Limits: it learns to undo the corruption it was shown, not another. Where a corruption changes nothing (a black
pixel masked) the place counts as clean. A corruption that moves every pixel, such as gaussian, leaves no clean
place. Layer by layer needs the network mlp.
Reference: Vincent et al. (2008), Extracting and composing robust features with denoising autoencoders; Vincent et
al. (2010), Stacked denoising autoencoders, JMLR 11 (emphasis: section 5.2; stacking: section 4).
"""

from collections.abc import Iterator

import torch
from pydantic import Field
from torch import Tensor, nn

from aelib.config import PluginConfig, RunConfig, only_when
from aelib.datasets._base import DataInfo
from aelib.errors import AelibError
from aelib.losses.emphasis import cross_entropy_above_floor_at, squared_error_at
from aelib.models._base import Batch, Parts, Phase, Progress, Stage, Term
from aelib.models._plain import PlainConfig, PlainModel, layers_of
from aelib.networks._base import Layer


class Config(PlainConfig):
    """Settings of the denoising autoencoder."""

    latent_dim: int = Field(32, ge=1, le=4096, description="Numbers in a code; may be more than the item has")
    alpha: float = Field(1.0, ge=0, le=1000, description="Weight of the error on corrupted places")
    beta: float = Field(1.0, ge=0, le=1000, description="Weight of the error on places left clean")
    layerwise_epochs: int = Field(
        0, ge=0, le=1000, description="Epochs for each layer alone before all are trained together; 0 = none"
    )
    layerwise_masking: float = Field(
        0.25,
        ge=0,
        le=0.95,
        description="Share of a deeper layer's inputs set to 0 while it is trained alone",
        json_schema_extra=only_when(layerwise_epochs=True),
    )

    def check(self, run: RunConfig, info: DataInfo) -> None:
        """Refuse an error of nothing, and layers that cannot be told apart."""
        super().check(run, info)
        if self.alpha == self.beta == 0:
            raise AelibError(
                "E_CONFIG",
                "model.alpha and model.beta are both 0",
                "then no place counts and nothing is learnt",
                "Set one of them above 0; both 1 is the plain error",
            )
        if self.layerwise_epochs and layers_of(run, info) is None:
            raise AelibError(
                "E_CONFIG",
                f"model.layerwise_epochs {self.layerwise_epochs} does not go with network {run.network.name!r}",
                "it has no pairs of layers that could be trained alone",
                "Set model.layerwise_epochs to 0, or take the network 'mlp'",
            )


class Model(PlainModel):
    """Loss: alpha times the error on places where inputs and targets differ + beta times that on all others.

    ``…_on_corrupted`` and ``…_on_clean`` are sums over those places, means over the batch; with alpha = beta = 1 their
    sum is the error of ``PlainModel``. In a layer's own stage the same error compares the layer's clean input h, made
    by the layers before it, with what the layer rebuilds from its corrupted input: the run's corruptions on items,
    masking on deeper inputs. There h is a row of activations: cross-entropy where they are sigmoids (and bce is
    chosen), squared error otherwise.
    """

    serves = ("denoise", "features", "anomalies")
    needs_corruptions = True
    config: Config

    def __init__(self, config: Config, network: PluginConfig, info: DataInfo) -> None:
        super().__init__(config, network, info)
        code = Layer(self.to_code, self.code_activation, self.from_code)
        self.pairs = (*(self.layers or ()), code)

    def stages(self) -> Iterator[Stage]:
        """Each pair of layers alone, outermost first, where asked for; then all together."""
        for number in range(len(self.pairs) if self.config.layerwise_epochs else 0):
            yield self._layer_stage(number)
        yield Stage("training", phases=(Phase("denoising", tuple(self.parameters()), self._loss),))

    def _layer_stage(self, number: int) -> Stage:
        pair, name = self.pairs[number], f"layer_{number + 1}"
        parameters = (*pair.down.parameters(), *pair.up.parameters())

        def loss(batch: Batch, progress: Progress) -> Parts:
            inputs, targets = self._layer_data(number, batch)
            outputs = pair.up(pair.activation(pair.down(inputs)))
            before = self.pairs[number - 1].activation if number else self.output
            return self._emphasised(outputs, inputs, targets, before, name, on_items=number == 0)

        return Stage(name, self.config.layerwise_epochs, phases=(Phase(name, parameters, loss),))

    @torch.no_grad()
    def _layer_data(self, number: int, batch: Batch) -> tuple[Tensor, Tensor]:
        """Corrupted and clean inputs of one layer, as rows."""
        if number == 0:
            return batch.inputs.flatten(1), batch.targets.flatten(1)
        clean = batch.items.flatten(1)
        for pair in self.pairs[:number]:
            clean = pair.activation(pair.down(clean))
        draw = torch.rand(clean.shape, generator=batch.generator, device=clean.device, dtype=torch.float32)
        return clean.masked_fill(draw < self.config.layerwise_masking, 0.0), clean

    def _loss(self, batch: Batch, progress: Progress) -> Parts:
        outputs = self._before_output(self._codes(batch.inputs))
        return self._emphasised(outputs, batch.inputs, batch.targets, self.output)

    def _emphasised(
        self,
        outputs: Tensor,
        inputs: Tensor,
        targets: Tensor,
        activation: nn.Module,
        name: str = "",
        on_items: bool = True,
    ) -> dict[str, Term]:
        corrupted = inputs != targets
        if self.config.reconstruction == "bce" and isinstance(activation, nn.Sigmoid):
            kind, errors = (
                "cross_entropy",
                [cross_entropy_above_floor_at(outputs, targets, places) for places in (corrupted, ~corrupted)],
            )
        else:
            recon, missing = activation(outputs), self.info.missing if on_items else None
            kind, errors = (
                "squared_error",
                [squared_error_at(recon, targets, places, missing) for places in (corrupted, ~corrupted)],
            )
        return {
            f"{name or kind}_on_corrupted": Term(errors[0], self.config.alpha),
            f"{name or kind}_on_clean": Term(errors[1], self.config.beta),
        }
