"""The conditional VAE: it is told the class on both sides, so the code is left with everything else.

What for: items of a wanted class; one code decoded as each class shows what the code holds beside the class (slant,
stroke, style), and classes can be exchanged while the rest stays.
Limits: needs labels for all that it does: encoding, decoding and sampling take one class per item. Codes of different
classes share one space, so the map shows no classes: that is the point.
Reference: Kingma et al. (2014), Semi-supervised learning with deep generative models (M2); Sohn, Lee and Yan (2015),
Learning structured output representation using deep conditional generative models.
"""

import torch
from pydantic import Field
from torch import Tensor, nn

from aelib.config import PluginConfig
from aelib.datasets._base import DataInfo
from aelib.errors import AelibError
from aelib.losses.divergence import kl_to_standard_normal
from aelib.models._base import Batch, Parts, Phase, Progress, Stage, Term
from aelib.models._gaussian import GaussianConfig, GaussianModel, risen


class Config(GaussianConfig):
    """Settings of the conditional VAE."""

    beta: float = Field(1.0, ge=0, le=10_000, description="Weight of the KL term; 1 is the plain bound")
    warm_up: float = Field(0.1, ge=0, le=1, description="Share of the run over which beta rises from 0; 0 starts full")


class Model(GaussianModel):
    """Loss: reconstruction + beta ``kl``, of q(z | x, y) and p(x | z, y); p(z) stays N(0, 1).

    The one-hot class y is appended on both sides: to the latents before the first layer of the decoder, and to the
    items before the encoder. A linear layer over [a, y] is W a + V y; V is kept as a layer of its own, on the item
    side as one learnt item per class that is added to the input, so that every network serves.
    """

    serves = ("generate",)
    needs_labels = True

    def __init__(self, config: Config, network: PluginConfig, info: DataInfo) -> None:
        super().__init__(config, network, info)
        self.class_to_item = nn.Linear(len(info.classes), info.features, bias=False)
        self.class_to_features = nn.Linear(len(info.classes), self.to_mean.in_features, bias=False)

    def posterior(self, items: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of q(z | x, y). Raises ``E_LABELS`` without one label per item."""
        added = self.class_to_item(self._one_hot(labels, len(items)))
        return super().posterior(items + added.view_as(items))

    def before_output(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Items of the labels' classes. Raises ``E_LABELS`` without one label per row of latents."""
        added = self.class_to_features(self._one_hot(labels, len(latents)))
        return self.decoder(self.from_code(latents) + added)

    def stages(self) -> tuple[Stage, ...]:
        """One stage, in which one optimiser moves everything."""
        return self.training_stage(Phase("conditional_vae", tuple(self.parameters()), self._loss))

    def _loss(self, batch: Batch, progress: Progress) -> Parts:
        drawn, config = self.walk(batch), self.config
        kl = kl_to_standard_normal(drawn.mean, drawn.log_variance)
        return {
            **self.error(drawn.outputs, batch.targets),
            "kl": Term(kl, config.beta * risen(progress, config.warm_up)),
        }

    def _one_hot(self, labels: Tensor | None, count: int) -> Tensor:
        """(count, classes). An item without a class (-1) has a row of zeros."""
        if labels is None or labels.shape != (count,):
            raise AelibError(
                "E_LABELS",
                "This model works with a class for each item",
                "no labels were given" if labels is None else f"got {len(labels)} labels for {count} items",
                f"Give labels: one whole number from 0 to {len(self.info.classes) - 1} for each item",
            )
        numbers = torch.arange(len(self.info.classes), device=labels.device)
        return (labels[:, None] == numbers).to(self.class_to_item.weight.dtype)
