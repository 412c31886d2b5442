"""A model trained elsewhere, of which only the codes came.

What for: the map, projections, neighbours and colours of codes made by any other program.
Limits: no encoder and no decoder: nothing is reconstructed, decoded or disturbed.
Reference: none needed.
"""

from typing import NoReturn

from torch import Tensor

from aelib.errors import AelibError
from aelib.models._imported import ImportedConfig, ImportedModel


class Config(ImportedConfig):
    """The size of its code."""


class Model(ImportedModel):
    """Codes alone."""

    can_decode = False

    def decode(self, latents: Tensor, labels: Tensor | None = None) -> NoReturn:
        """Always raises ``E_ABILITY``."""
        raise AelibError("E_ABILITY", "These codes have no decoder", self.no_decoder, "Import them with a `lattice`")
