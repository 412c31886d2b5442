"""For each pixel, the probability that it belongs to the thing and not to the ground, learnt from masks.

What for: cutting things out: any dataset with masks, with target masks and a network without a bottleneck (unet).
Limits: two classes, thing and ground. There is no code to decode, walk over or sample; its codes are the means of the
coarsest maps, for maps and neighbours only. A reconstruction is a mask here, and its error is counted from the true
mask.
Reference: Ronneberger et al. (2015), U-Net; Milletari, Navab and Ahmadi (2016), V-Net (Dice as a loss); Isensee et al.
(2021), nnU-Net (both together, with equal weight).
"""

from pydantic import Field
from torch import nn

from aelib.config import PluginConfig
from aelib.datasets._base import DataInfo
from aelib.losses.overlap import soft_dice
from aelib.losses.reconstruction import binary_cross_entropy
from aelib.models._base import Batch, Parts, Progress, Term
from aelib.models._skip import SkipModel


class Config(PluginConfig):
    """Settings of segmentation."""

    dice: float = Field(
        1.0, ge=0, le=100, description="Weight of the Dice part against a pixel's mean cross-entropy; 0 leaves it out"
    )


class Model(SkipModel):
    """Loss: ``cross_entropy`` (sum over pixels, mean over the batch) + dice x pixels x ``dice``.

    The factor pixels makes the weight that of nnU-Net, whose cross-entropy is a mean over pixels.
    """

    serves = ("segment",)
    target = "masks"
    config: Config

    def __init__(self, config: Config, network: PluginConfig, info: DataInfo) -> None:
        super().__init__(config, network, info, channels=1)
        self.output = nn.Sigmoid()

    def _loss(self, batch: Batch, progress: Progress) -> Parts:
        logits = self._before_output(batch.inputs)
        parts = {"cross_entropy": Term(binary_cross_entropy(logits, batch.targets))}
        if self.config.dice:
            weight = self.config.dice * batch.targets[0].numel()
            parts["dice"] = Term(soft_dice(self.output(logits), batch.targets), weight)
        return parts
