"""What every model with Gaussian codes shares: the posterior, its draws, and the likelihood of the pixels."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal, NamedTuple

import torch
from pydantic import Field
from torch import Tensor, nn

from aelib.config import PluginConfig, RunConfig, only_when
from aelib.datasets._base import DataInfo
from aelib.errors import AelibError
from aelib.losses.reconstruction import (
    binary_cross_entropy_per_item,
    cross_entropy_above_floor,
    cross_entropy_above_floor_per_item,
    gaussian_error_per_item,
    gaussian_nll_per_item,
    present,
    squared_error_per_item,
)
from aelib.models import _base, _refusals
from aelib.models._base import Batch, Codes, Parts, Phase, Progress, Stage, Term
from aelib.models._prior import NormalPrior
from aelib.networks._base import layer_back

LOG_VARIANCE_LIMIT = 10.0  # beyond it exp() says nothing more, and a runaway value would overflow
LEAST_SIGMA = 1e-3  # of a pixel: a reconstruction without error would send its likelihood to infinity
NEWEST_SHARE = 0.1  # of the newest batch in the moving average of the optimal variance


class GaussianConfig(PluginConfig):
    """Settings that all models with Gaussian codes have."""

    latent_dim: int = Field(16, ge=1, le=4096, description="Numbers in a code")
    reconstruction: Literal["bce", "squared_error"] = Field(
        "bce",
        description="bce: binary cross-entropy, pixels as probabilities; squared_error: Gaussian pixels",
    )
    output: Literal["sigmoid", "identity"] = Field(
        "sigmoid", description="Last activation; identity for squared_error on values outside 0..1"
    )
    variance: Literal["fixed", "learned", "optimal"] = Field(
        "fixed",
        description="Noise of Gaussian pixels: sigma as given; one number learnt; or each batch's own mean error",
        json_schema_extra=only_when(reconstruction="squared_error"),
    )
    sigma: float = Field(
        0.1,
        ge=LEAST_SIGMA,
        le=10,
        description="Pixel noise assumed by squared_error (the start, where it is learnt); larger favours the KL term",
        json_schema_extra=only_when(reconstruction="squared_error"),
    )
    binarisation: Literal["none", "dynamic"] = Field(
        "none",
        description="dynamic: each step draws every pixel black or white, its grey value the chance of white; "
        "validation has one draw, the same each time; codes and maps take the grey items",
    )

    def check(self, run: RunConfig, info: DataInfo) -> None:
        """Refuse a cross-entropy of what is no probability, and a noise that nothing would use."""
        _refusals.refuse_bce_outside_unit_range(run, info)
        _refusals.refuse_bce_of_missing(run, info)
        _refusals.refuse_sigmoid_outside_unit_range(run, info)
        _refusals.refuse_bce_without_sigmoid(run)
        if self.reconstruction == "bce" and self.variance != "fixed":
            raise AelibError(
                "E_CONFIG",
                f"model.variance {self.variance!r} does not go with model.reconstruction 'bce'",
                "a probability has no noise of its own",
                "Set model.reconstruction to 'squared_error', or model.variance to 'fixed'",
            )
        if self.binarisation == "dynamic":
            self._check_binarisation(run)

    def _check_binarisation(self, run: RunConfig) -> None:
        if self.reconstruction != "bce":
            raise AelibError(
                "E_CONFIG",
                f"model.binarisation 'dynamic' does not go with model.reconstruction {self.reconstruction!r}",
                "pixels that are black or white have a probability, not a distance",
                "Set model.reconstruction to 'bce', or model.binarisation to 'none'",
            )
        if run.corruptions:
            raise AelibError(
                "E_CONFIG",
                "model.binarisation 'dynamic' does not go with corruptions",
                "input and target are one draw, which a corruption would have to follow",
                "Take the corruptions out, or set model.binarisation to 'none'",
            )


class GaussianCodes(NormalPrior):
    """Encoder to a mean and a variance, decoder from a draw; needs ``latent_dim`` and ``output`` in its config."""

    def __init__(self, config: Any, network: PluginConfig, info: DataInfo) -> None:
        super().__init__(config, network, info)
        self.latent_dim = config.latent_dim
        body = _base.build_body(network, info)
        self.encoder, self.decoder = body.encoder, body.decoder
        self.to_mean = nn.Linear(body.features, config.latent_dim)
        self.to_log_variance = nn.Linear(body.features, config.latent_dim)
        self.from_code = layer_back(self.to_mean, body.tied)
        self.output = nn.Sigmoid() if config.output == "sigmoid" else nn.Identity()

    def encode(self, items: Tensor, labels: Tensor | None = None) -> Codes:
        """The posterior's mean as codes, its standard deviation as spreads."""
        mean, log_variance = self.posterior(items, labels)
        return Codes(mean, torch.exp(0.5 * log_variance), mean)

    def decode(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Items after the declared output activation."""
        return self.output(self.before_output(latents, labels))

    def posterior(self, items: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Mean and log-variance of q(z | x), each (n, latent_dim)."""
        features = self.encoder(items)
        log_variance = _base.in_float32(self.to_log_variance(features)).clamp(-LOG_VARIANCE_LIMIT, LOG_VARIANCE_LIMIT)
        return _base.in_float32(self.to_mean(features)), log_variance

    def before_output(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Items before the output activation."""
        return _base.in_float32(self.decoder(self.from_code(latents)))


class Drawn(NamedTuple):
    """One walk through the model: q's mean and log-variance, a draw from it, and the output of that draw.

    All (n, latent_dim) but the last, which has the items' shape and is taken before the output activation.
    """

    mean: Tensor
    log_variance: Tensor
    latents: Tensor
    outputs: Tensor


class GaussianModel(GaussianCodes):
    """Gaussian codes and a likelihood of the pixels; a variant adds ``stages``.

    The reconstruction's part in the loss is named ``cross_entropy_above_floor`` = BCE(x, o) - H(x);
    ``gaussian_error`` = SSE / 2 sigma^2, for a fixed sigma, without its constant; or ``gaussian_nll``, with it, for a
    variance that moves.
    """

    can_round = True

    log_sigma: Tensor

    def __init__(self, config: GaussianConfig, network: PluginConfig, info: DataInfo) -> None:
        super().__init__(config, network, info)
        start = torch.tensor(math.log(config.sigma))
        if config.variance == "learned":
            self.log_sigma = nn.Parameter(start)
        elif config.variance == "optimal":
            self.register_buffer("log_sigma", start)
        self._batch_variance: Tensor | None = None

    @property
    def pixel_sigma(self) -> float | None:
        """Standard deviation of a Gaussian pixel; None where pixels are probabilities."""
        if self.config.reconstruction == "bce":
            return None
        return self.config.sigma if self.config.variance == "fixed" else math.exp(self.log_sigma.item())

    def walk(self, batch: Batch) -> Drawn:
        """Encode the batch's inputs, draw one code for each, and decode it."""
        mean, log_variance = self.posterior(batch.inputs, batch.labels)
        latents = draw(mean, log_variance, batch.generator)
        return Drawn(mean, log_variance, latents, self.before_output(latents, batch.labels))

    @property
    def error_name(self) -> str:
        """The name of the reconstruction's part."""
        if self.config.reconstruction == "bce":
            return "cross_entropy_above_floor"
        return "gaussian_error" if self.config.variance == "fixed" else "gaussian_nll"

    def error_per_item(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """(n,) in nats: minus log p(x | z), up to the constant that ``error_name`` says is left out."""
        if self.config.binarisation == "dynamic":  # the floor of pixels of 0 and 1 is 0
            return binary_cross_entropy_per_item(outputs, targets)
        if self.config.reconstruction == "bce":
            return cross_entropy_above_floor_per_item(outputs, targets)
        recon = self.output(outputs)
        if self.config.variance == "fixed":
            return gaussian_error_per_item(recon, targets, self.config.sigma, self.info.missing)
        errors = squared_error_per_item(recon, targets, self.info.missing)
        numbers = present(targets, self.info.missing)
        return gaussian_nll_per_item(errors, self._variance(errors, numbers), numbers)

    def error(self, outputs: Tensor, targets: Tensor) -> Parts:
        """The reconstruction's part of the loss, under its name."""
        if self.config.reconstruction == "bce":
            return {self.error_name: Term(cross_entropy_above_floor(outputs, targets))}  # its gradient is cheap
        return {self.error_name: Term(self.error_per_item(outputs, targets).mean())}

    def training_stage(self, *phases: Phase) -> tuple[Stage, ...]:
        """One stage of these phases, on drawn pixels where the config says so; it also keeps a variance that moves."""
        moves = self.config.variance != "fixed"
        if self.config.binarisation == "dynamic":
            phases = tuple(replace(phase, loss=_on_drawn_pixels(phase.loss)) for phase in phases)
        return (Stage("training", phases=phases, after_step=self._keep_variance if moves else None),)

    def _variance(self, errors: Tensor, numbers: Tensor) -> Tensor:
        if self.config.variance == "learned":
            return torch.exp(2 * self.log_sigma)
        variance = (errors.mean() / numbers.mean()).clamp(min=LEAST_SIGMA**2)
        if self.training:
            self._batch_variance = variance.detach()
        return variance

    @torch.no_grad()
    def _keep_variance(self, batch: Batch, progress: Progress) -> None:
        """Bound a learnt sigma from below; follow the optimal one by a moving average, for use after training."""
        if self._batch_variance is not None:
            weight = max(NEWEST_SHARE, 1 / (progress.done + 1))
            average = torch.exp(2 * self.log_sigma).lerp(self._batch_variance, weight)
            self.log_sigma.copy_(0.5 * average.log())
        self.log_sigma.clamp_(min=math.log(LEAST_SIGMA))


def draw_pixels(batch: Batch) -> Batch:
    """The batch with every pixel drawn as 0 or 1, its grey value the chance of 1: one draw for input and target.

    Source: Salakhutdinov and Murray (2008), On the quantitative analysis of deep belief networks, section 5.1, who
    draw once; anew at each step, as here: Burda, Grosse and Salakhutdinov (2016), section 5.
    """
    pixels = torch.bernoulli(batch.items, generator=batch.generator)
    return replace(batch, inputs=pixels, targets=pixels, items=pixels)


def _on_drawn_pixels(loss: Callable[[Batch, Progress], Parts]) -> Callable[[Batch, Progress], Parts]:
    return lambda batch, progress: loss(draw_pixels(batch), progress)


def draw(mean: Tensor, log_variance: Tensor, generator: torch.Generator, count: int | None = None) -> Tensor:
    """Draws mu + sigma noise: (n, latent_dim), or (count, n, latent_dim) where a count is given."""
    shape = mean.shape if count is None else (count, *mean.shape)
    noise = torch.randn(shape, generator=generator, device=mean.device, dtype=mean.dtype)
    return mean + torch.exp(0.5 * log_variance) * noise


def risen(progress: Progress, share: float) -> float:
    """From 0 to 1 in a straight line over the first ``share`` of the training, 1 from there on."""
    return min(progress.fraction / share, 1.0) if share else 1.0
