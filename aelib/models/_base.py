"""The contract between a model and the one training loop: what it computes, and its stages as data."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

import torch
from torch import Tensor, nn

from aelib.config import PluginConfig, RunConfig
from aelib.datasets._base import DataInfo
from aelib.errors import AelibError
from aelib.networks._base import Body, SkipBody
from aelib.registry import MODELS, NETWORKS

LARGEST_MODEL = 200_000_000  # parameters; refused above, before any memory is taken


@dataclass(frozen=True)
class Batch:
    """What one step sees.

    Attributes:
        inputs: float (n, channels, height, width) in [0, 1], or (n, features); maybe corrupted.
        targets: What should come out: the clean items, or their masks (n, 1, height, width).
        labels: int64 (n,) or None.
        generator: On the batch's device; every random draw of a loss comes from it.
        items: The clean items; ``inputs`` without the corruption.
    """

    inputs: Tensor
    targets: Tensor
    labels: Tensor | None
    generator: torch.Generator
    items: Tensor


@dataclass(frozen=True)
class Codes:
    """What ``encode`` gives.

    Attributes:
        codes: float (n, latent_dim): the mean, never a sample.
        spreads: The posterior's standard deviation, same shape, where there is one.
        latents: What ``decode`` takes; the codes themselves except for grid codes.
    """

    codes: Tensor
    spreads: Tensor | None
    latents: Tensor


@dataclass(frozen=True)
class Progress:
    """Where the run stands, for schedules: ``done`` of ``total`` steps of this stage."""

    done: int = 0
    total: int = 1

    @property
    def fraction(self) -> float:
        """From 0.0 at the first step to 1.0 at the end of the stage."""
        return self.done / max(self.total, 1)


class Term(NamedTuple):
    """One named part of a loss: its value as in the paper (a scalar), and its coefficient."""

    value: Tensor
    weight: float = 1.0


Parts = Mapping[str, Term]


def total(parts: Parts) -> Tensor:
    """The loss: the weighted sum of the parts; a weight of 1 is no operation (one takes 20 microseconds of a step)."""
    first, *others = [term.value if term.weight == 1.0 else term.value * term.weight for term in parts.values()]
    return sum(others, start=first)


@dataclass(frozen=True)
class Sgd:
    """Gradient descent with momentum, for recipes that were published with it.

    Each step: v = momentum v + gradient + decay w, then w = w - rate v.

    Attributes:
        rate: Step size; the run's learning rate and its schedule have no part in it.
        momentum: ``progress -> `` 0 to below 1.
        decay: Weight cost, on matrices and kernels only.
    """

    rate: float
    momentum: Callable[[Progress], float]
    decay: float = 0.0


@dataclass(frozen=True)
class Phase:
    """One optimiser's share of a step: it makes its own forward pass and moves its own parameters only.

    Attributes:
        name: Key of this phase in resume points and logs.
        parameters: What its optimiser moves.
        loss: ``(batch, progress) -> parts``; the same function gives the validation figures.
        rate: Factor on the run's learning rate.
        sgd: What moves the parameters in place of AdamW at the run's learning rate.
    """

    name: str
    parameters: tuple[nn.Parameter, ...]
    loss: Callable[[Batch, Progress], Parts]
    rate: float = 1.0
    sgd: Sgd | None = None


DataPasses = Callable[[], Iterator[Batch]]  # each call walks once over the clean training items


@dataclass(frozen=True)
class Stage:
    """One leg of a training, as data; the loop reads it and never asks which model it has.

    Attributes:
        name: On screen and in the metrics.
        epochs: This stage's own number of epochs; None takes the run's.
        prepare: Called once before the first step (a start for a codebook, say).
        fit: Closed form: called once instead of any phase.
        phases: Taken in order at each step.
        after_step: Called after the phases of each step (moving averages, unit norms).
        figures: For what is no mean over batches (how evenly a codebook is used over an epoch): gives by name what the
            losses have counted since the last call, and starts to count anew. The loop calls it before and after each
            walk over the items, in training and in validation, and logs the second answer beside the parts.
        finish: Called once at the stage's end.
    """

    name: str
    epochs: int | None = None
    prepare: Callable[[DataPasses], None] | None = None
    fit: Callable[[DataPasses], None] | None = None
    phases: tuple[Phase, ...] = ()
    after_step: Callable[[Batch, Progress], None] | None = None
    figures: Callable[[], Mapping[str, float]] | None = None
    finish: Callable[[DataPasses], None] | None = None


class Model(nn.Module, ABC):
    """Base of every variant. Built from its config, its network's config and a ``DataInfo``.

    Class attributes that pages and checks ask for:
        watch: The validation figure that early stopping and best weights follow; smaller is better.
        needs_labels: Whether training is impossible without labels.
        needs_corruptions: Whether training is pointless without corruptions.
        target: What it learns to give: the clean ``items``, or their ``masks``.
        code_shape: The code that the network must allow; ``any`` where the model makes its own layers.
        is_closed_form: Whether it is fitted at once, without a step: corruptions and the training's settings have no
            part in it.
        serves: What people want it for, of ``_needs.NEEDS``; the first is what it is best at.
        can_encode, can_decode, can_sample: What the model is able to do.
        no_decoder: Why not, where it cannot decode.
        can_round: Whether its matrix products may be rounded to bfloat16: all else is then computed ``in_float32``.
    """

    watch: ClassVar[str] = "loss"
    needs_labels: ClassVar[bool] = False
    needs_corruptions: ClassVar[bool] = False
    target: ClassVar[Literal["items", "masks"]] = "items"
    code_shape: ClassVar[Literal["vector", "grid", "none", "any"]] = "vector"
    is_closed_form: ClassVar[bool] = False
    serves: ClassVar[tuple[str, ...]] = ()
    can_encode: ClassVar[bool] = True
    can_decode: ClassVar[bool] = True
    no_decoder: ClassVar[str] = "its pictures go round the code"
    can_sample: ClassVar[bool] = False
    can_round: ClassVar[bool] = False

    latent_dim: int

    def __init__(self, config: Any, network: PluginConfig, info: DataInfo) -> None:
        super().__init__()
        self.config, self.info = config, info

    @abstractmethod
    def encode(self, items: Tensor, labels: Tensor | None = None) -> Codes:
        """Codes of items (n, channels, height, width) in [0, 1]; deterministic."""

    @abstractmethod
    def decode(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """Items (n, channels, height, width) after the declared output activation."""

    @abstractmethod
    def stages(self) -> Iterable[Stage]:
        """The training as data, in order."""

    def reconstruct(self, items: Tensor, labels: Tensor | None = None) -> Tensor:
        """``decode(encode(items))``: deterministic, after the output activation."""
        return self.decode(self.encode(items, labels).latents, labels)

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Latents drawn from the model's own prior, on the generator's device, where ``can_sample`` is true.

        Raises ``E_ABILITY`` where the model has no prior.
        """
        raise AelibError(
            "E_ABILITY",
            "This model cannot sample",
            "it has no prior over its codes",
            "Fit a mixture to its codes, or train a variational model",
        )


def check(run: RunConfig, info: DataInfo) -> type[Model]:
    """Refuse what cannot work before memory is taken; returns the model's class.

    Raises ``E_CONFIG`` for combinations that cannot work and ``E_TOO_LARGE`` for a model of more than
    ``LARGEST_MODEL`` numbers (it is built on torch's meta device).
    """
    run.check(info)
    model_class = MODELS.load(run.model.name).Model
    if model_class.needs_labels and not info.classes:
        raise AelibError(
            "E_CONFIG",
            f"model {run.model.name!r} needs labels",
            f"the items of {run.dataset.name!r} have none",
            "Take another dataset or another model",
        )
    if model_class.needs_corruptions and not run.corruptions:
        raise AelibError(
            "E_CONFIG",
            f"model {run.model.name!r} needs corruptions",
            "the run has none, and undoing them is what it learns",
            "Add one, for instance 'masking' with severity 0.25, or take the model 'autoencoder'",
        )
    if model_class.target != run.target:
        raise AelibError(
            "E_CONFIG",
            f"model {run.model.name!r} does not go with target {run.target!r}",
            f"it learns {model_class.target}",
            f"Set target to {model_class.target!r}, or take another model",
        )
    if run.training.precision != "float32" and not model_class.can_round:
        raise AelibError(
            "E_CONFIG",
            f"training.precision {run.training.precision!r} does not go with model {run.model.name!r}",
            "its losses need all their digits",
            "Set training.precision to 'float32'",
        )
    with torch.device("meta"):
        # Buffers count too: a fitted model's numbers are no parameters, yet take the same room.
        tensors = model_class(run.model, run.network, info).state_dict().values()
        size = sum(tensor.numel() for tensor in tensors)
    if size > LARGEST_MODEL:
        raise AelibError(
            "E_TOO_LARGE",
            f"This model would have {size:,} parameters",
            f"the limit is {LARGEST_MODEL:,}",
            "Take a smaller code, narrower layers or smaller pictures",
        )
    return model_class


def build(run: RunConfig, info: DataInfo) -> Model:
    """The untrained model of a run, on the CPU, initialised from ``training.seed``. Raises what ``check`` raises."""
    model_class = check(run, info)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(run.training.seed)
        return model_class(run.model, run.network, info)


def in_float32(values: Tensor) -> Tensor:
    """Back from bfloat16; what has all its digits stays as it is."""
    return values.float() if values.dtype == torch.bfloat16 else values


def build_body(network: PluginConfig, info: DataInfo, code_shape: Literal["vector", "grid"] = "vector") -> Body:
    """The network's two halves for a dataset's item shape. Raises ``E_CONFIG`` when it has no code of this shape."""
    return _built(network, info, code_shape)


def build_skip_body(network: PluginConfig, info: DataInfo) -> SkipBody:
    """The halves of a network without a bottleneck. Raises ``E_CONFIG`` for one that has a bottleneck."""
    return _built(network, info, "none")


def _built(network: PluginConfig, info: DataInfo, code_shape: str) -> Any:
    body = NETWORKS.load(network.name).build(network, info)
    shapes = {body.code_shape, "grid"} if getattr(body, "grid", None) else {body.code_shape}
    if code_shape not in shapes:
        example = {"vector": "mlp", "grid": "convolutional", "none": "unet"}[code_shape]
        raise AelibError(
            "E_CONFIG",
            f"network {network.name!r} does not fit this model",
            f"its code shape is {body.code_shape!r}, the model needs {code_shape!r}",
            f"Take another network, for instance {example!r}",
        )
    return body
