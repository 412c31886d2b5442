"""Grey: colour fades away until all three channels are the same; nothing is left to chance.

What for: Colourising: the model gets the grey picture and is asked for the colours.
Limits: For colour pictures only. Where many colours are possible (shirts, cars) a squared error gives their mean,
    a brownish grey; grey is taken from the encoded values, as in television, not from light.
Reference: ITU-R BT.601 (luma); Zhang, Isola, Efros (2016), Colorful Image Colorization, ECCV.
"""

from typing import TYPE_CHECKING

from pydantic import Field

from aelib.config import RunConfig
from aelib.corruptions._base import PictureCorruptionConfig
from aelib.datasets._base import DataInfo
from aelib.errors import AelibError

if TYPE_CHECKING:
    import torch

LUMA = (0.299, 0.587, 0.114)  # red, green, blue


class Config(PictureCorruptionConfig):
    """How much colour is taken away."""

    severity: float = Field(1.0, ge=0, le=1, description="Share of the colour that is taken away; 1 leaves pure grey")

    def check(self, run: RunConfig, info: DataInfo) -> None:
        """Refuse vectors, and pictures that are grey already."""
        super().check(run, info)
        if info.item_shape[0] != 3:
            raise AelibError(
                "E_CONFIG",
                "corruptions: 'grey' has nothing to take away",
                f"the items of {run.dataset.name!r} have no colour",
                "Take a dataset of colour pictures, such as 'faces' or 'cifar10', or leave it out",
            )


def corrupt(items: "torch.Tensor", config: Config, generator: "torch.Generator") -> "torch.Tensor":
    """Blend each picture with its luma, Y = 0.299 R + 0.587 G + 0.114 B, in all channels.

    Args:
        items: float (n, 3, height, width) in [0, 1]; not changed. One channel comes back as it is.
        config: ``severity`` is the share of the grey picture.
        generator: Not used: nothing is random.

    Returns:
        A new tensor of the same shape, type and range.
    """
    import torch

    if items.shape[1] != 3:
        return items.clone()
    weights = torch.tensor(LUMA, dtype=items.dtype, device=items.device).view(1, 3, 1, 1)
    luma = (items * weights).sum(1, keepdim=True)
    return torch.lerp(items, luma.expand_as(items), config.severity).clamp(0.0, 1.0)
