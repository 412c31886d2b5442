"""An autoencoder trained from the outside in: the outer layers alone, then all of them.

What for: shows stages with epochs of their own, and that every hook of a stage is called.
Limits: test-only; has layers of its own and ignores the network.
Reference: Bengio et al. (2007), Greedy layer-wise training of deep networks.
"""

import torch
from pydantic import Field
from torch import Tensor, nn

from aelib.config import PluginConfig
from aelib.datasets._base import DataInfo
from aelib.losses.reconstruction import cross_entropy_above_floor
from aelib.models import _base
from aelib.models._base import Batch, Codes, DataPasses, Parts, Phase, Progress, Stage, Term


class Config(PluginConfig):
    """Settings of the layer-wise autoencoder."""

    latent_dim: int = Field(4, ge=1, le=4096, description="Numbers in a code")
    hidden: int = Field(32, ge=1, le=4096, description="Units in the outer layers")


class Model(_base.Model):
    """Two layers each way.

    Attributes:
        calls: Every call of a hook in order, as ``"outer.prepare"``; ``after_step`` once per run of steps.
        steps: int64 scalar buffer: how often ``after_step`` was called; goes through resume points.
        code_mean: (latent_dim,) buffer: moving average of the codes, which ``after_step`` keeps.
    """

    serves = ("compress",)
    code_shape = "any"
    steps: Tensor
    code_mean: Tensor

    def __init__(self, config: Config, network: PluginConfig, info: DataInfo) -> None:
        super().__init__(config, network, info)
        self.latent_dim, self.calls = config.latent_dim, []
        self.outer_encoder = nn.Sequential(nn.Flatten(), nn.Linear(info.features, config.hidden), nn.ReLU())
        self.inner_encoder = nn.Linear(config.hidden, config.latent_dim)
        self.inner_decoder = nn.Sequential(nn.Linear(config.latent_dim, config.hidden), nn.ReLU())
        self.outer_decoder = nn.Sequential(nn.Linear(config.hidden, info.features), nn.Unflatten(1, info.item_shape))
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))
        self.register_buffer("code_mean", torch.zeros(config.latent_dim))

    def encode(self, items: Tensor, labels: Tensor | None = None) -> Codes:
        codes = self.inner_encoder(self.outer_encoder(items))
        return Codes(codes, None, codes)

    def decode(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        return torch.sigmoid(self.outer_decoder(self.inner_decoder(latents)))

    def stages(self) -> tuple[Stage, ...]:
        outer = (*self.outer_encoder.parameters(), *self.outer_decoder.parameters())
        return (
            self._stage("outer", 1, Phase("outer", outer, self._outer_loss)),
            self._stage("all", None, Phase("all", tuple(self.parameters()), self._loss)),
        )

    def _stage(self, name: str, epochs: int | None, phase: Phase) -> Stage:
        def prepare(passes: DataPasses) -> None:
            assert next(passes()).targets.shape[1:] == self.info.item_shape
            self.calls.append(f"{name}.prepare")

        def finish(passes: DataPasses) -> None:
            assert sum(len(batch.targets) for batch in passes()) == self.info.counts["train"]
            self.calls.append(f"{name}.finish")

        def after_step(batch: Batch, progress: Progress) -> None:
            if self.calls[-1:] != [f"{name}.after_step"]:
                self.calls.append(f"{name}.after_step")
            self._average(batch)

        return Stage(name, epochs, prepare=prepare, phases=(phase,), after_step=after_step, finish=finish)

    @torch.no_grad()
    def _average(self, batch: Batch) -> None:
        self.steps += 1
        self.code_mean.lerp_(self.encode(batch.inputs).codes.mean(0), 0.1)

    def _outer_loss(self, batch: Batch, progress: Progress) -> Parts:
        logits = self.outer_decoder(self.outer_encoder(batch.inputs))
        return {"outer_cross_entropy": Term(cross_entropy_above_floor(logits, batch.targets))}

    def _loss(self, batch: Batch, progress: Progress) -> Parts:
        codes = self.encode(batch.inputs).latents
        logits = self.outer_decoder(self.inner_decoder(codes))
        return {"cross_entropy_above_floor": Term(cross_entropy_above_floor(logits, batch.targets))}
