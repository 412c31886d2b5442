"""What the models of a network without a bottleneck share: picture in, picture out, and no decoding."""

from abc import abstractmethod

from torch import Tensor, nn

from aelib.config import PluginConfig
from aelib.datasets._base import DataInfo
from aelib.errors import AelibError
from aelib.models import _base
from aelib.models._base import Batch, Codes, Parts, Phase, Progress, Stage


class SkipModel(_base.Model):
    """One stage, in which one optimiser moves everything; a variant says the output and the loss.

    Attributes:
        output: The declared output activation.
        latent_dim: Channels of the network's coarsest maps.
    """

    code_shape = "none"
    can_decode = False
    output: nn.Module

    def __init__(self, config: PluginConfig, network: PluginConfig, info: DataInfo, channels: int) -> None:
        super().__init__(config, network, info)
        body = _base.build_skip_body(network, info)
        self.encoder, self.decoder = body.encoder, body.decoder
        self.last = nn.Conv2d(body.channels, channels, kernel_size=1)
        self.latent_dim = body.features

    def encode(self, items: Tensor, labels: Tensor | None = None) -> Codes:
        """Means of the coarsest maps over their places: for maps and neighbours only, nothing is decoded from them."""
        codes = self.encoder(items)[-1].mean((2, 3))
        return Codes(codes, None, codes)

    def decode(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Refused with ``E_ABILITY``: the picture goes round the code."""
        raise AelibError(
            "E_ABILITY",
            f"Model {self.config.name!r} cannot decode a code",
            "its network has no bottleneck: most of the picture goes round the code",
            "Give it pictures (reconstruct), or train a model with a code, such as 'autoencoder'",
        )

    def reconstruct(self, items: Tensor, labels: Tensor | None = None) -> Tensor:
        """(n, channels of the output, height, width) from items; deterministic, after the output activation."""
        return self.output(self._before_output(items))

    def stages(self) -> tuple[Stage, ...]:
        """One stage, in which one optimiser moves everything."""
        return (Stage("training", phases=(Phase(self.config.name, tuple(self.parameters()), self._loss),)),)

    def _before_output(self, inputs: Tensor) -> Tensor:
        return self.last(self.decoder(self.encoder(inputs)))

    @abstractmethod
    def _loss(self, batch: Batch, progress: Progress) -> Parts: ...
