"""The sparse autoencoder: many units, few of them in use for any one item.

What for: codes longer than the item whose units stand for parts (strokes, edges), for reading them one by one.
Four ways: l1 (a price on the size of the code), kl (each unit on for a target share of items), top_k (the k largest
are kept, the others are 0), removed_connections (the code sees only some of the weights).
Limits: units can die and never come back: watch dead_units, which counts those that no item of a batch switches on (so
rarely used ones too, in small batches). l1 could be cheated by small codes and large weights, so the weights out of
each unit are kept at length 1, in the layer next to the code only: behind it take weight decay, or no widths. kl needs
batches of 256 or more. The map and the sliders read long codes badly.
Reference: Olshausen and Field (1996), Emergence of simple-cell receptive fields (l1, unit norms); Ng (2011), Sparse
autoencoder, CS294A notes (kl); Makhzani and Frey (2014), k-sparse autoencoders; Wan et al. (2013), Regularization of
neural networks using DropConnect (connections drawn anew).
"""

from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from aelib.config import PluginConfig, RunConfig, only_when
from aelib.datasets._base import DataInfo
from aelib.errors import AelibError
from aelib.losses.sparsity import code_l1, dead_units, keep_largest, mean_active, rate_divergence
from aelib.models._base import Batch, Parts, Phase, Progress, Stage, Term
from aelib.models._plain import PlainConfig, PlainModel
from aelib.networks._base import Transposed

SCHEDULE = 0.5  # share of the run over which k falls from k_start (Makhzani and Frey: half of the epochs)


class Config(PlainConfig):
    """Settings of the sparse autoencoder; each way reads its own."""

    latent_dim: int = Field(256, ge=1, le=4096, description="Numbers in a code; may be more than the item has")
    code_activation: Literal["linear", "relu", "sigmoid", "tanh"] = Field(
        "relu", description="Activation on the code; kl needs sigmoid, top_k was published with linear"
    )
    sparsity: Literal["l1", "kl", "top_k", "removed_connections"] = Field(
        "l1", description="What keeps codes sparse: a price on size, a target rate, the k largest, or fewer weights"
    )
    lam: float = Field(
        0.1,
        ge=0,
        le=1000,
        description="l1: weight of the sum of |h| over the code",
        json_schema_extra=only_when(sparsity="l1"),
    )
    rho: float = Field(
        0.05,
        ge=0.001,
        le=0.999,
        description="kl: share of items for which a unit should be on",
        json_schema_extra=only_when(sparsity="kl"),
    )
    beta: float = Field(
        3.0,
        ge=0,
        le=1000,
        description="kl: weight of the divergence from that rate",
        json_schema_extra=only_when(sparsity="kl"),
    )
    k: int = Field(
        25,
        ge=1,
        le=4096,
        description="top_k: how many units of a code are kept",
        json_schema_extra=only_when(sparsity="top_k"),
    )
    k_start: int = Field(
        0,
        ge=0,
        le=4096,
        description="top_k: begin with so many and come down to k over half the run; 0 = k at once",
        json_schema_extra=only_when(sparsity="top_k"),
    )
    removed: float = Field(
        0.5,
        ge=0,
        le=0.99,
        description="removed_connections: share of the weights at the code",
        json_schema_extra=only_when(sparsity="removed_connections"),
    )
    redrawn: bool = Field(
        False,
        description="removed_connections: others at each step, all of them kept in use; off: the same for good",
        json_schema_extra=only_when(sparsity="removed_connections"),
    )

    def check(self, run: RunConfig, info: DataInfo) -> None:
        """Refuse a divergence of what is no rate, and more kept units than there are."""
        super().check(run, info)
        if self.sparsity == "kl" and self.code_activation != "sigmoid":
            raise AelibError(
                "E_CONFIG",
                f"model.code_activation {self.code_activation!r} does not go with model.sparsity 'kl'",
                "a rate lies between 0 and 1, as only sigmoid codes do",
                "Set model.code_activation to 'sigmoid', or model.sparsity to 'l1' or 'top_k'",
            )
        if self.sparsity == "top_k":
            self._check_counts()

    def _check_counts(self) -> None:
        if self.k > self.latent_dim:
            raise AelibError(
                "E_CONFIG",
                f"model.k {self.k} is more than model.latent_dim {self.latent_dim}",
                "no more units can be kept than the code has",
                f"Set model.k to 1 to {self.latent_dim}",
            )
        if self.k_start and not self.k <= self.k_start <= self.latent_dim:
            raise AelibError(
                "E_CONFIG",
                f"model.k_start {self.k_start} does not come down to model.k {self.k}",
                f"it begins high and ends at k, within the {self.latent_dim} units of the code",
                f"Set model.k_start to 0, or to {self.k} to {self.latent_dim}",
            )


class Model(PlainModel):
    """Loss: the error of ``PlainModel`` + lam ``code_l1``, or + beta ``rate_divergence``, or alone.

    ``active_units`` (mean number per item) and ``dead_units`` (none of the batch) go with weight 0: they are shown and
    move nothing. A unit is on where its size is above 0.001; a sigmoid above one half.

    Attributes:
        connections: (latent_dim, features) buffer of 0 and 1, where connections are removed for good; the way back
            uses it transposed.
    """

    serves = ("features",)
    config: Config
    connections: Tensor

    def __init__(self, config: Config, network: PluginConfig, info: DataInfo) -> None:
        super().__init__(config, network, info)
        self.threshold = 0.5 if config.code_activation == "sigmoid" else 1e-3
        self.is_fixed = config.sparsity == "removed_connections" and not config.redrawn
        self.is_redrawn = config.sparsity == "removed_connections" and config.redrawn
        if config.sparsity == "l1":
            self._unit_norms()
        if self.is_fixed:
            kept = torch.rand(self.to_code.weight.shape) >= config.removed
            self.register_buffer("connections", kept.to(self.to_code.weight.dtype))

    def stages(self) -> tuple[Stage, ...]:
        """One stage; with l1, the weights out of each unit get their length back after each step."""
        phase = Phase("sparse", tuple(self.parameters()), self._loss)
        norms = self._after_step if self.config.sparsity == "l1" else None
        return (Stage("training", phases=(phase,), after_step=norms),)

    def _codes(self, items: Tensor) -> Tensor:
        return self._sparse_codes(items, self.connections if self.is_fixed else None, self.config.k)

    def _before_output(self, latents: Tensor) -> Tensor:
        return self._outputs(latents, self.connections if self.is_fixed else None)

    def _loss(self, batch: Batch, progress: Progress) -> Parts:
        connections = self._connections(batch.generator)
        codes = self._sparse_codes(batch.inputs, connections, self._kept_units(progress))
        parts = self._error(self._outputs(codes, connections), batch.targets)
        if self.config.sparsity == "l1":
            parts["code_l1"] = Term(code_l1(codes), self.config.lam)
        if self.config.sparsity == "kl":
            parts["rate_divergence"] = Term(rate_divergence(codes, self.config.rho), self.config.beta)
        parts["active_units"] = Term(mean_active(codes, self.threshold), 0.0)
        parts["dead_units"] = Term(dead_units(codes, self.threshold), 0.0)
        return parts

    def _sparse_codes(self, items: Tensor, connections: Tensor | None, kept: int) -> Tensor:
        codes = self.code_activation(_through(self.to_code, self.encoder(items), connections))
        return keep_largest(codes, kept) if self.config.sparsity == "top_k" else codes

    def _outputs(self, latents: Tensor, connections: Tensor | None) -> Tensor:
        back = None if connections is None else connections.T
        return self.decoder(_through(self.from_code, latents, back))

    def _connections(self, generator: torch.Generator) -> Tensor | None:
        """The factors on the weights in this step; as with dropout, what is left is scaled up while training."""
        if not (self.is_redrawn and self.training):
            return self.connections if self.is_fixed else None
        weight = self.to_code.weight
        draw = torch.rand(weight.shape, generator=generator, device=weight.device, dtype=torch.float32)
        return (draw >= self.config.removed).to(weight.dtype) / (1 - self.config.removed)

    def _kept_units(self, progress: Progress) -> int:
        if not self.config.k_start:
            return self.config.k
        done = min(progress.fraction / SCHEDULE, 1.0)
        return round(self.config.k_start + (self.config.k - self.config.k_start) * done)

    def _after_step(self, batch: Batch, progress: Progress) -> None:
        self._unit_norms()

    @torch.no_grad()
    def _unit_norms(self) -> None:
        columns = self.from_code.weight
        columns.div_(columns.norm(dim=0, keepdim=True).clamp_min(1e-12))


def _through(layer: nn.Linear | Transposed, features: Tensor, connections: Tensor | None) -> Tensor:
    """A linear layer with each weight multiplied by its connection."""
    if connections is None:
        return layer(features)
    return F.linear(features, layer.weight * connections, layer.bias)
