"""Two symmetric stacks: layers learnt one by one as Boltzmann machines, unrolled, and fine-tuned together.

What for: the net that made deep autoencoders work, as it was published: deep logistic layers start from weights that
already say something of the data. Each layer is a stage of its own, so one can watch the stack grow; the error shown
is that of the whole unrolled stack.
Limits: for the network mlp with activation sigmoid; a relu net with today's optimisers needs no such start. The layers
ignore corruptions and the run's learning rate: they learn clean items, with rates of their own. Output identity makes
the outermost units linear, with unit variance: for vectors scaled to about that.
Reference: Hinton and Salakhutdinov (2006), Reducing the dimensionality of data with neural networks, and its
supporting text (784-1000-500-250-30); Hinton (2012), A practical guide to training restricted Boltzmann machines.
"""

from collections.abc import Iterator
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from aelib.config import PluginConfig, RunConfig
from aelib.datasets._base import DataInfo
from aelib.errors import AelibError
from aelib.losses.free_energy import free_energy_per_item
from aelib.losses.reconstruction import squared_error
from aelib.models import _refusals
from aelib.models._base import Batch, Parts, Phase, Progress, Sgd, Stage, Term
from aelib.models._plain import PlainConfig, PlainModel, layers_of
from aelib.networks._base import Layer

# The recipe of 2006
START = 0.1  # deviation of the first weights
MOMENTUM, LATER_MOMENTUM, SLOW_EPOCHS = 0.5, 0.9, 5  # momentum in the first epochs of each layer, and after these


class Config(PlainConfig):
    """Settings of the deep belief net; its layers are the widths of its network, and the code."""

    latent_dim: int = Field(30, ge=1, le=4096, description="Numbers in a code")
    code_activation: Literal["linear", "sigmoid"] = Field(  # type: ignore[assignment]  # frozen: narrower is safe
        "linear", description="The units of the code: linear as published, or logistic as all others"
    )
    rbm_epochs: int = Field(
        10, ge=0, le=1000, description="Epochs for each layer alone (published: 50); 0 leaves the start to chance"
    )
    rbm_rate: float = Field(0.1, gt=0, le=10, description="Step size of the layers between logistic units")
    linear_rate: float = Field(
        0.001, gt=0, le=1, description="Step size of a layer with linear units on one side, which need smaller steps"
    )
    weight_cost: float = Field(2e-4, ge=0, le=1, description="Weight decay while a layer is trained alone")

    def check(self, run: RunConfig, info: DataInfo) -> None:
        """Refuse layers that are no pairs, that are not logistic, or a machine without a logistic side."""
        super().check(run, info)
        _refusals.refuse_missing(run, info, "its Boltzmann machines would learn which entries are missing")
        layers = layers_of(run, info)
        if layers is None:
            raise AelibError(
                "E_CONFIG",
                f"network {run.network.name!r} does not go with model 'deep_belief'",
                "it has no pairs of layers that could be trained alone",
                "Take the network 'mlp' with activation 'sigmoid'",
            )
        if not all(isinstance(layer.activation, nn.Sigmoid) for layer in layers):
            raise AelibError(
                "E_CONFIG",
                f"network.activation {getattr(run.network, 'activation', '')!r} does not go with model 'deep_belief'",
                "a Boltzmann machine's units are logistic",
                "Set network.activation to 'sigmoid'",
            )
        if not layers and self.output == "identity" and self.code_activation == "linear":
            raise AelibError(
                "E_CONFIG",
                "network.widths is empty and both ends are linear",
                "a Boltzmann machine with linear units on both sides has no bounds",
                "Give network.widths a layer, or set model.code_activation to 'sigmoid'",
            )


class Model(PlainModel):
    """Each layer's machine: ``contrastive_divergence`` = F(v) - F(v'), F as in ``losses.free_energy``, mean over n.

    v is the layer's input: items, or the layer below's probabilities; v' is its reconstruction from one binary (linear
    units: Gaussian) draw of the hidden units, itself not drawn, and held fixed. Its gradient is CD-1's statistic;
    gradient descent with momentum moves it. ``rbm_squared_error`` = |v - v'|^2 is shown and not counted. The way back
    has the transposed weights after every step. Then all is fine-tuned with the loss of ``PlainModel``.
    """

    can_round = False  # a free energy is the difference of large sums

    serves = ("compress", "features")
    config: Config

    def __init__(self, config: Config, network: PluginConfig, info: DataInfo) -> None:
        super().__init__(config, network, info)
        self.pairs = (*(self.layers or ()), Layer(self.to_code, self.code_activation, self.from_code))
        for pair in self.pairs:
            nn.init.normal_(pair.down.weight, std=START)
            nn.init.zeros_(pair.down.bias)
            nn.init.zeros_(pair.up.bias)
            _unroll(pair)

    def stages(self) -> Iterator[Stage]:
        """Each machine alone, outermost first; then all layers together."""
        for number in range(len(self.pairs) if self.config.rbm_epochs else 0):
            yield self._rbm_stage(number)
        yield Stage("fine_tuning", phases=(Phase("fine_tuning", tuple(self.parameters()), self._loss),))

    def _rbm_stage(self, number: int) -> Stage:
        pair, name, epochs = self.pairs[number], f"rbm_{number + 1}", self.config.rbm_epochs
        visible = self.pairs[number - 1].activation if number else self.output
        linear = {"linear_visible": not _is_logistic(visible), "linear_hidden": not _is_logistic(pair.activation)}

        def loss(batch: Batch, progress: Progress) -> Parts:
            data = self._data(number, batch)
            drive = pair.down(data)
            with torch.no_grad():
                hidden = _drawn(pair.activation(drive), linear["linear_hidden"], batch.generator)
                recon = visible(F.linear(hidden, pair.down.weight.T, pair.up.bias))
            before = free_energy_per_item(data, drive, pair.up.bias, **linear)
            after = free_energy_per_item(recon, pair.down(recon), pair.up.bias, **linear)
            return {
                "contrastive_divergence": Term((before - after).mean()),
                "rbm_squared_error": Term(squared_error(recon, data), 0.0),
            }

        def momentum(progress: Progress) -> float:
            epoch = progress.done * epochs // max(progress.total, 1)
            return MOMENTUM if epoch < SLOW_EPOCHS else LATER_MOMENTUM

        rate = self.config.linear_rate if any(linear.values()) else self.config.rbm_rate
        sgd = Sgd(rate, momentum, self.config.weight_cost)
        phase = Phase(name, (*pair.down.parameters(), pair.up.bias), loss, sgd=sgd)
        return Stage(name, epochs, phases=(phase,), after_step=lambda batch, progress: _unroll(pair))

    @torch.no_grad()
    def _data(self, number: int, batch: Batch) -> Tensor:
        """A layer's input (n, units): clean items, or what the layers below make of them, never drawn."""
        data = batch.items.flatten(1)
        for pair in self.pairs[:number]:
            data = pair.activation(pair.down(data))
        return data


@torch.no_grad()
def _unroll(pair: Layer) -> None:
    """The way back gets the transposed weights, unless they are the same numbers anyway (tied)."""
    if isinstance(pair.up, nn.Linear):
        pair.up.weight.copy_(pair.down.weight.T)


def _is_logistic(activation: nn.Module) -> bool:
    return isinstance(activation, nn.Sigmoid)


def _drawn(means: Tensor, linear: bool, generator: torch.Generator) -> Tensor:
    if linear:
        return means + torch.randn(means.shape, generator=generator, device=means.device, dtype=means.dtype)
    return torch.bernoulli(means, generator=generator)
