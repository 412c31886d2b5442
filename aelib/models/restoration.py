"""A damaged picture goes in, the whole one comes out, by a network without a bottleneck such as unet.

What for: what the corruptions say: denoising (gaussian, masking), super-resolution (downsample), in-painting
(occlusion), colouring (grey). Detail that is still in the input is kept, which a short code would lose.
Limits: there is no code to decode, walk over or sample. Its codes are the means of the coarsest maps, for maps and
neighbours only. It undoes the damage it was shown, not another, and where many pictures fit the input it gives a
blurred mean of them. The error of clean items says little here: watch error_corrupted.
Reference: Ronneberger et al. (2015), U-Net; Mao, Shen and Yang (2016), Image restoration using very deep convolutional
encoder-decoder networks with symmetric skip connections; Zhang et al. (2017), Beyond a Gaussian denoiser (difference).
"""

from typing import Literal

from pydantic import Field
from torch import Tensor, nn

from aelib.config import PluginConfig, RunConfig
from aelib.datasets._base import DataInfo
from aelib.losses.reconstruction import cross_entropy_above_floor, squared_error
from aelib.models import _refusals
from aelib.models._base import Batch, Parts, Progress, Term
from aelib.models._skip import SkipModel


class Config(PluginConfig):
    """Settings of restoration."""

    reconstruction: Literal["bce", "squared_error"] = Field(
        "squared_error",
        description="squared_error: sum of squares; bce: binary cross-entropy, each pixel a probability",
    )
    output: Literal["sigmoid", "identity", "difference"] = Field(
        "sigmoid",
        description="Last activation; sigmoid stays in 0..1; difference: the net says what is added to its input, "
        "and begins with nothing, which is the quickest way where most of the input is right",
    )

    def check(self, run: RunConfig, info: DataInfo) -> None:
        """Refuse a cross-entropy of what is no probability, and a sigmoid that cannot reach the items."""
        _refusals.refuse_bce_outside_unit_range(run, info)
        _refusals.refuse_bce_of_missing(run, info)
        _refusals.refuse_sigmoid_outside_unit_range(run, info)
        _refusals.refuse_bce_without_sigmoid(run)


class Model(SkipModel):
    """Loss (sum over features, mean over the batch), with x the clean item and o the output before its activation s.

    ``squared_error`` = sum_i (x_i - s(o_i))^2, or ``cross_entropy_above_floor`` = BCE(x, o) - H(x). With output
    difference, s is the identity and o the input plus the net's last layer, which starts at 0.
    """

    serves = ("restore", "denoise")
    needs_corruptions = True
    config: Config

    def __init__(self, config: Config, network: PluginConfig, info: DataInfo) -> None:
        super().__init__(config, network, info, channels=info.item_shape[0])
        self.output = nn.Sigmoid() if config.output == "sigmoid" else nn.Identity()
        if config.output == "difference":
            nn.init.zeros_(self.last.weight)
            nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]  # it has one

    def _before_output(self, inputs: Tensor) -> Tensor:
        outputs = super()._before_output(inputs)
        return inputs + outputs if self.config.output == "difference" else outputs

    def _loss(self, batch: Batch, progress: Progress) -> Parts:
        outputs = self._before_output(batch.inputs)
        if self.config.reconstruction == "bce":
            return {"cross_entropy_above_floor": Term(cross_entropy_above_floor(outputs, batch.targets))}
        return {"squared_error": Term(squared_error(self.output(outputs), batch.targets, self.info.missing))}
