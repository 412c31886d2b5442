"""What models whose codes are to be spread like a standard normal share: draws from it, and who cannot be."""

import torch
from torch import Tensor

from aelib.config import RunConfig
from aelib.errors import AelibError
from aelib.models import _base


class NormalPrior(_base.Model):
    """A model that samples from N(0, 1)."""

    can_sample = True

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Latents (count, latent_dim) from the standard normal."""
        return torch.randn(count, self.latent_dim, generator=generator, device=generator.device)


def refuse_bounded_codes(run: RunConfig) -> None:
    """An activation on the code has ends, the prior has none; a model with both calls this from its ``check``."""
    activation = getattr(run.model, "code_activation", "linear")
    if activation != "linear":
        raise AelibError(
            "E_CONFIG",
            f"model.code_activation {activation!r} does not go with model {run.model.name!r}",
            "its codes are to be spread like a normal distribution, which has no ends",
            "Set model.code_activation to 'linear'",
        )
