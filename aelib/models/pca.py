"""Principal components: the best straight-line compression of a given length, found without a single step.

What for: the line that every autoencoder has to pass. Codes are coordinates along the directions of largest variance,
in that order; decoding is exact algebra, so the map and the sliders read easily.
Limits: straight directions only. No network, corruption or training setting has a part in it: it is fitted once, to the
clean items; a missing entry is taken for its mean over the items that have it. Decoded pictures may leave [0, 1]. Up to
4096 numbers per item the fit is exact; above, it is a subspace iteration of 12 passes, whose last directions may be
slightly off where variances lie close together.
Reference: Pearson (1901), On lines and planes of closest fit to systems of points in space; Halko, Martinsson and Tropp
(2011), Finding structure with randomness (the iteration).
"""

import torch
from pydantic import Field
from torch import Tensor

from aelib.config import PluginConfig, RunConfig
from aelib.datasets._base import DataInfo
from aelib.errors import AelibError
from aelib.models import _base
from aelib.models._base import Codes, DataPasses, Stage
from aelib.models._centred import centred, mean_of_items

LARGEST_COVARIANCE = 4096  # numbers per item; its covariance takes 134 MB, and a minute to take apart
PASSES, SPARE = 12, 16  # of the iteration beyond that size: walks over the data, and directions more than asked for


class Config(PluginConfig):
    """Settings of principal components."""

    latent_dim: int = Field(16, ge=1, le=4096, description="Number of components")

    def check(self, run: RunConfig, info: DataInfo) -> None:
        """Refuse more components than there are directions."""
        if self.latent_dim > info.features:
            raise AelibError(
                "E_CONFIG",
                f"model.latent_dim {self.latent_dim} is more than there are directions",
                f"an item has {info.features} numbers",
                f"Take 1 to {info.features}",
            )


class Model(_base.Model):
    """codes = (x - mean) components^T, decoded to mean + codes components.

    Attributes:
        mean: (features,) buffer, of the training items.
        components: (latent_dim, features) buffer: rows of length 1 at right angles, by falling variance. In each, the
            number of largest size is positive. Rows beyond the rank of the data are 0.
        variances: (latent_dim,) buffer: of the training items along each component, n - 1 in the denominator.
    """

    serves = ("compress", "anomalies", "features")
    watch = "error"
    code_shape = "any"
    is_closed_form = True
    mean: Tensor
    components: Tensor
    variances: Tensor

    def __init__(self, config: Config, network: PluginConfig, info: DataInfo) -> None:
        super().__init__(config, network, info)
        self.latent_dim = config.latent_dim
        self.register_buffer("mean", torch.zeros(info.features))
        self.register_buffer("components", torch.zeros(config.latent_dim, info.features))
        self.register_buffer("variances", torch.zeros(config.latent_dim))

    def encode(self, items: Tensor, labels: Tensor | None = None) -> Codes:
        """Coordinates along the components, a missing entry counting as its mean; no spreads."""
        codes = centred(items.flatten(1), self.mean, self.info.missing) @ self.components.T
        return Codes(codes, None, codes)

    def decode(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Items, not clipped."""
        return (latents @ self.components + self.mean).unflatten(1, self.info.item_shape)

    def stages(self) -> tuple[Stage, ...]:
        """One stage without steps."""
        return (Stage("components", fit=self._fit),)

    @torch.no_grad()
    def _fit(self, passes: DataPasses) -> None:
        data = _Centred(passes, self.mean, self.info.missing)
        if self.info.features <= LARGEST_COVARIANCE:
            directions = torch.eye(self.info.features, dtype=torch.float64, device=data.mean.device)
        else:
            directions = _leading_subspace(data, min(self.latent_dim + SPARE, self.info.features))
        # Within the span of the directions: the covariance there is taken apart exactly (Rayleigh and Ritz).
        variances, axes = torch.linalg.eigh(data.covariance_in(directions))
        variances, axes = variances.flip(0)[: self.latent_dim], axes.flip(1)[:, : self.latent_dim]
        components = (directions @ axes).T
        signs = components.gather(1, components.abs().argmax(1, keepdim=True)).sign()
        real = variances > variances[0].clamp_min(1e-300) * 1e-12  # beyond the rank there is nothing but rounding
        self.mean.copy_(data.mean)
        self.components.copy_(torch.where(real[:, None], components * signs, 0.0))
        self.variances.copy_(torch.where(real, variances, 0.0))


class _Centred:
    """The training items less their mean, in float64, walked over a batch at a time."""

    def __init__(self, passes: DataPasses, like: Tensor, missing: float | None = None) -> None:
        self.passes, self.missing = passes, missing
        self.device = "cpu" if like.device.type == "mps" else like.device  # mps has no float64
        zeros = torch.zeros(like.shape, dtype=torch.float64, device=self.device)
        self.mean = mean_of_items(passes, missing, zeros)
        self.count = sum(len(batch.items) for batch in passes())

    def covariance_in(self, directions: Tensor) -> Tensor:
        """Q^T C Q for directions Q (features, k) and the covariance C."""
        inside = torch.zeros(directions.shape[1], directions.shape[1], dtype=torch.float64, device=self.device)
        is_whole = directions.shape[0] == directions.shape[1]
        for batch in self.passes():
            rows = self._rows(batch.items)
            rows = rows if is_whole else rows @ directions
            inside += rows.T @ rows
        return inside / max(self.count - 1, 1)

    def spread_of(self, directions: Tensor) -> Tensor:
        """C Q up to a factor."""
        spread = torch.zeros_like(directions)
        for batch in self.passes():
            rows = self._rows(batch.items)
            spread += rows.T @ (rows @ directions)
        return spread

    def _rows(self, items: Tensor) -> Tensor:
        return centred(items.flatten(1).to(self.device).to(torch.float64), self.mean, self.missing)


def _leading_subspace(data: _Centred, count: int) -> Tensor:
    """(features, count) directions at right angles that span those of largest variance."""
    start = torch.randn(len(data.mean), count, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    directions = torch.linalg.qr(start.to(data.device))[0]
    for _ in range(PASSES):
        directions = torch.linalg.qr(data.spread_of(directions))[0]
    return directions
