"""A model trained elsewhere whose decoder came as a lattice: pictures at even steps over its two-dimensional code.

What for: decoding on the map of two-dimensional codes without the decoder itself.
Limits: a place shows the lattice's nearest cell, never what lies between the cells; no encoder.
Reference: none needed; the pictures are the user's own.
"""

import torch
from pydantic import Field
from torch import Tensor

from aelib.config import PluginConfig
from aelib.datasets._base import DataInfo
from aelib.models._imported import ImportedConfig, ImportedModel


class Config(ImportedConfig):
    """The lattice's shape."""

    latent_dim: int = Field(2, ge=2, le=2, description="Numbers in a code")
    rows: int = Field(2, ge=1, le=4096, description="Steps along the second number of the code")
    columns: int = Field(2, ge=1, le=4096, description="Steps along the first number of the code")
    picture: tuple[int, ...] = Field((1, 1, 1), strict=False, max_length=3, description="Channels, height, width")


class Model(ImportedModel):
    """Decodes to the nearest cell.

    Attributes:
        lattice: uint8 (rows, columns, channels, height, width) buffer: what the decoder gave at even steps.
        extent: float32 (4,) buffer: first number of the code at the first and last column, second number at the first
            and last row.
    """

    lattice: Tensor
    extent: Tensor

    def __init__(self, config: Config, network: PluginConfig, info: DataInfo) -> None:
        super().__init__(config, network, info)
        self.register_buffer("lattice", torch.zeros(config.rows, config.columns, *config.picture, dtype=torch.uint8))
        self.register_buffer("extent", torch.zeros(4))

    def decode(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """The nearest cell's picture for each code (n, 2), in [0, 1]; beyond the edges the edge's."""
        rows, columns = self.lattice.shape[:2]
        x0, x1, y0, y1 = self.extent
        column = _step(latents[:, 0], x0, x1, columns)
        row = _step(latents[:, 1], y0, y1, rows)
        return self.lattice[row, column].float() / 255


def _step(values: Tensor, first: Tensor, last: Tensor, count: int) -> Tensor:
    width = torch.where(last == first, torch.ones_like(last), last - first)
    return ((values - first) / width * (count - 1)).round().long().clamp(0, count - 1)
