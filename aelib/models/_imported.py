"""What models trained elsewhere have in common: no encoder, and nothing to train."""

from typing import NoReturn

from pydantic import Field
from torch import Tensor

from aelib.config import PluginConfig, RunConfig
from aelib.datasets._base import DataInfo
from aelib.errors import AelibError
from aelib.models import _base


class ImportedConfig(PluginConfig):
    """What is known of a model trained elsewhere."""

    latent_dim: int = Field(2, ge=1, le=16_384, description="Numbers in a code")

    def check(self, run: RunConfig, info: DataInfo) -> None:
        """Refuse it for any run that an import did not make."""
        if run.dataset.name != "imported":
            raise AelibError(
                "E_CONFIG",
                f"The model {self.name!r} cannot be trained",
                "it stands for a model trained elsewhere",
                "Bring its codes in with `python -m aelib import`, or take another model",
            )


class ImportedModel(_base.Model):
    """A model of which only codes came."""

    code_shape = "any"
    can_encode = False
    no_decoder = "it was trained elsewhere, and no decoded lattice came with its codes"

    def __init__(self, config: ImportedConfig, network: PluginConfig, info: DataInfo) -> None:
        super().__init__(config, network, info)
        self.latent_dim = config.latent_dim

    def encode(self, items: Tensor, labels: Tensor | None = None) -> NoReturn:
        """Always raises ``E_ABILITY``."""
        raise AelibError(
            "E_ABILITY",
            "These codes were imported",
            "the model that made them is not here, so no item can be encoded",
            "Train a model here to encode, reconstruct and disturb",
        )

    def stages(self) -> NoReturn:
        """Always raises ``E_ABILITY``."""
        raise AelibError("E_ABILITY", "Imported codes cannot be trained", "the model that made them is not here")
