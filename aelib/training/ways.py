"""The way steps are computed: eager or compiled, kernels laid out plainly or channels-last; what pays is tried out.

Nothing here changes what is learnt beyond the rounding of sums: which way was taken belongs to a run like its seed, so
``auto`` is settled once, before the first step, and written down (see ``jobs.training``).
"""

import contextlib
import copy
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, count
from typing import Any

import numpy as np
import torch

from aelib.config import RunConfig, TrainingConfig
from aelib.datasets._base import DataInfo
from aelib.device import fast_products
from aelib.losses.reconstruction import gradients_only
from aelib.models._base import Model, Progress
from aelib.training.batches import Batches
from aelib.training.optimisers import optimiser_for
from aelib.training.step import step

ROUNDS, STEPS = 5, 4  # of a trial: rounds in which the ways take turns, and steps of each
GAIN = 1.05  # times faster, at least; less is noise
WORTH_SECONDS = 60.0  # eager steps of a whole run; below, compiling (about 10 s a net) is not even tried


@dataclass(frozen=True)
class Way:
    """One way of computing steps, and a sentence on how it was chosen."""

    compiled: bool = False
    channels_last: bool = False
    sentence: str = ""

    def settle(self, training: TrainingConfig) -> TrainingConfig:
        """The settings with nothing left to choose."""
        layout = "channels_last" if self.channels_last else "plain"
        return training.model_copy(update={"compile": "on" if self.compiled else "off", "layout": layout})


def laid_out(model: Model, training: TrainingConfig) -> Model:
    """The model with its kernels in the order asked for; the numbers stay."""
    return model.to(memory_format=torch.channels_last) if training.layout == "channels_last" else model  # type: ignore[call-overload]


class Compiled:
    """The compiled parts of a model. They stand in the model during a step only: everything else (figures, pictures,
    codes) has batches of other sizes, each of which would be compiled anew.
    """

    def __init__(self, model: Model) -> None:
        bodies = {name: child for name, child in model.named_children() if any(True for _ in child.children())}
        self.model, self.plain = model, bodies
        self.parts: dict[str, Any] = {name: torch.compile(child, dynamic=False) for name, child in bodies.items()}

    @contextlib.contextmanager
    def in_place(self) -> Iterator[None]:
        """Within it the model computes with them."""
        try:
            for name, part in self.parts.items():
                setattr(self.model, name, part)
            yield
        finally:
            for name, part in self.plain.items():
                setattr(self.model, name, part)


def products_of(model: Model, training: TrainingConfig, info: DataInfo) -> int:
    """Multiplications of a step's forward pass, about: a matrix is used once an item, a kernel at many places."""
    places = max(1, info.features // (4 * info.item_shape[0]))
    return training.batch_size * sum(p.numel() * (places if p.ndim > 2 else 1) for p in model.parameters())


def computing(model: Model, training: TrainingConfig) -> Callable[[], contextlib.AbstractContextManager[None]]:
    """What a step is wrapped in."""
    return Compiled(model).in_place if training.compile == "on" else contextlib.nullcontext


def settled(run: RunConfig, model: Model, batches: Batches, device: str) -> RunConfig:
    """The run with nothing left to choose about its way."""
    asked = run.training
    if "auto" not in (asked.compile, asked.layout):
        return run
    return run.model_copy(update={"training": choose(model, batches, asked, device).settle(asked)})


def choose(model: Model, batches: Batches, training: TrainingConfig, device: str) -> Way:
    """Settle what is ``auto`` by a short trial on copies of the model, which are thrown away.

    Args:
        model: Not changed, nor torch's random state.
        batches: What it will learn from.
        training: ``compile`` and ``layout`` as they were asked for.
        device: Where it will learn.
    """
    phases = [phase for stage in model.stages() for phase in stage.phases]
    last = training.layout == "channels_last"
    if not phases:
        return Way(training.compile == "on", last, "Fitted at once: there is no step to try.")
    said = []
    with torch.random.fork_rng():
        if training.layout == "auto":
            last, sentence = _try_layout(model, batches, training, device)
            said.append(sentence)
        compiled = training.compile == "on"
        if training.compile == "auto":
            compiled, sentence = _try_compiling(model, batches, training, device, last)
            said.append(sentence)
    return Way(compiled, last, " ".join(said))


def _try_layout(model: Model, batches: Batches, training: TrainingConfig, device: str) -> tuple[bool, str]:
    if not any(parameter.ndim == 4 for parameter in model.parameters()):
        return False, "Plain layout: there are no convolutions."
    plain, last = _Arm(model, batches, training, device), _Arm(model, batches, training, device, channels_last=True)
    slow, fast = _measured(plain, last)
    return slow > GAIN * fast, f"A step took {1e3 * slow:.2f} ms plain and {1e3 * fast:.2f} ms channels-last."


def _try_compiling(
    model: Model, batches: Batches, training: TrainingConfig, device: str, last: bool
) -> tuple[bool, str]:
    eager = _Arm(model, batches, training, device, channels_last=last)
    (slow,) = _measured(eager)
    steps = training.epochs * -(-len(batches) // training.batch_size)
    if slow * steps < WORTH_SECONDS:
        return False, f"Not compiled: all steps take about {slow * steps:.0f} s, compiling would cost more."
    began = time.perf_counter()
    try:
        compiled = _Arm(model, batches, training, device, channels_last=last, compiled=True)
        compiled.run(2)
    except Exception as error:  # a compiler that is missing, a kernel that cannot be made: the run goes on without
        why = "it needs a C++ compiler, and there is none" if "compiler" in str(error).lower() else type(error).__name__
        return False, f"Not compiled: {why}."
    cost = time.perf_counter() - began
    slow, fast = _measured(eager, compiled)
    pays = slow > GAIN * fast and (slow - fast) * steps > cost
    told = f"A step took {1e3 * slow:.2f} ms eager and {1e3 * fast:.2f} ms compiled, after {cost:.0f} s of compiling."
    return pays, told


def _measured(*arms: "_Arm") -> list[float]:
    """Median seconds of a step of each, taking turns; the first round warms up."""
    times = [[arm.run(STEPS) for arm in arms] for _ in range(ROUNDS + 1)][1:]
    return [float(np.median(column)) for column in zip(*times, strict=True)]


class _Arm:
    """A copy of the model that takes steps in one way."""

    def __init__(
        self,
        model: Model,
        batches: Batches,
        training: TrainingConfig,
        device: str,
        channels_last: bool = False,
        compiled: bool = False,
    ) -> None:
        training = Way(compiled, channels_last).settle(training)
        self.model = laid_out(copy.deepcopy(model).to(device).train(), training)
        self.stage = next(stage for stage in self.model.stages() if stage.phases)
        self.optimisers = {phase.name: optimiser_for(phase, 1e-6, 0.0, device) for phase in self.stage.phases}
        self.autocast = torch.autocast(
            torch.device(device).type, torch.bfloat16, enabled=training.precision == "bfloat16"
        )
        size = training.batch_size
        self.batches = chain.from_iterable(batches.shuffled(size, training.seed, 998, epoch) for epoch in count())
        self.within, self.device = computing(self.model, training), device

    def run(self, steps: int) -> float:
        """Take steps; seconds of each, on average."""
        given = [next(self.batches) for _ in range(steps)]
        began = time.perf_counter()
        with fast_products(self.device), gradients_only():
            for batch in given:
                with self.within():
                    step(self.stage, batch, Progress(), self.optimisers, _pace, self.autocast, measured=False)
        if self.device.startswith("cuda"):
            torch.cuda.synchronize(self.device)
        return (time.perf_counter() - began) / steps


def _pace(phase: object, progress: object) -> dict[str, float]:
    return {"lr": 1e-6}
