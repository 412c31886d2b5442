"""The way steps are computed: with how many threads, eager or compiled, plain or channels-last; what pays is tried out.

Nothing here changes what is learnt beyond the rounding of sums: which way was taken belongs to a run like its seed, so
what was left open is settled once, before the first step, and written down (see ``jobs.training``).
"""

import contextlib
import copy
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain, count
from typing import Any

import numpy as np
import torch

from aelib.config import RunConfig, TrainingConfig
from aelib.device import fast_products, threads_of
from aelib.losses.reconstruction import gradients_only
from aelib.models._base import Model, Progress
from aelib.training.batches import Batches
from aelib.training.optimisers import optimiser_for
from aelib.training.step import step

ROUNDS, STEPS = 20, 4  # of a trial: rounds in which the ways take turns, and steps of each
FEWEST, TRIAL_SECONDS = 3, 0.5  # rounds that there are at least; no further one begins after so long
LOOKS = 2  # trials that must agree before a step is denied threads: a bad moment is there for one of them only
GAIN = 1.05  # times faster, at least; less is noise
WORTH_SECONDS = 60.0  # eager steps of a whole run; below, compiling (about 10 s a net) is not even tried
WORTH_PRODUCTS = 2e10  # of a whole run's forward passes, about; below, a trial takes longer than the better way saves
LARGE = 4e9  # products of one step's forward pass, about; above, all threads are faster, and a trial takes long


@dataclass(frozen=True)
class Way:
    """One way of computing steps, and a sentence on how it was chosen."""

    compiled: bool = False
    channels_last: bool = False
    sentence: str = ""
    threads: int = 1

    def settle(self, training: TrainingConfig) -> TrainingConfig:
        """The settings with nothing left to choose."""
        layout = "channels_last" if self.channels_last else "plain"
        compiled = "on" if self.compiled else "off"
        return training.model_copy(update={"compile": compiled, "layout": layout, "threads": self.threads})


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


def _products_of(model: Model, training: TrainingConfig) -> int:
    """Multiplications of a step's forward pass, about: a matrix is used once an item, a kernel at many places."""
    places = max(1, model.info.features // (4 * model.info.item_shape[0]))
    return training.batch_size * sum(p.numel() * (places if p.ndim > 2 else 1) for p in model.parameters())


def computing(model: Model, training: TrainingConfig) -> Callable[[], contextlib.AbstractContextManager[None]]:
    """What a step is wrapped in."""
    return Compiled(model).in_place if training.compile == "on" else contextlib.nullcontext


def settled(run: RunConfig, model: Model, batches: Batches, device: str) -> RunConfig:
    """The run with nothing left to choose about its way."""
    if not is_open(run.training):
        return run
    return run.model_copy(update={"training": choose(model, batches, run.training, device).settle(run.training)})


def is_open(training: TrainingConfig) -> bool:
    """Whether anything is left to choose."""
    return "auto" in (training.compile, training.layout) or not training.threads


def choose(model: Model, batches: Batches, training: TrainingConfig, device: str) -> Way:
    """Settle what was left open by short trials on copies of the model, which are thrown away.

    Args:
        model: Not changed, nor torch's random state.
        batches: What it will learn from.
        training: ``threads``, ``compile`` and ``layout`` as they were asked for.
        device: Where it will learn.
    """
    phases = [phase for stage in model.stages() for phase in stage.phases]
    last, threads, said = training.layout == "channels_last", training.threads, []
    if not phases:
        auto = "auto" in (training.compile, training.layout)
        told = "Fitted at once: there is no step to try." if auto else ""
        return Way(training.compile == "on", last, told, threads or torch.get_num_threads())
    with torch.random.fork_rng():
        if not threads:
            threads, sentence = _try_threads(model, batches, training, device)
            training = training.model_copy(update={"threads": threads})
            said.append(sentence)
        if training.layout == "auto":
            last, sentence = _try_layout(model, batches, training, device)
            said.append(sentence)
        compiled = training.compile == "on"
        if training.compile == "auto":
            compiled, sentence = _try_compiling(model, batches, training, device, last)
            said.append(sentence)
    return Way(compiled, last, " ".join(filter(None, said)), threads)


def _try_threads(model: Model, batches: Batches, training: TrainingConfig, device: str) -> tuple[int, str]:
    """One thread, two, four … and all of torch's: how many depends on the net, on the machine and on who else is busy.

    Without a trial, and a sentence: all on another device, where the processor only hands out work, and for steps that
    are long; one for runs that are short. Of several trials the one that gives the most threads counts.
    """
    most, products = torch.get_num_threads(), _products_of(model, training)
    if device != "cpu" or most == 1 or products > LARGE:
        return most, ""
    if products * _steps_of(batches, training) < WORTH_PRODUCTS:
        return 1, ""
    counts = [*(2**power for power in range(most.bit_length()) if 2**power < most), most]
    arm, fewest, tried = _Arm(model, batches, training, device), 0, dict[int, float]()
    for _ in range(LOOKS):
        times = _measured(*(partial(arm.run, threads=count) for count in counts))
        found = next(count for count, time in zip(counts, times, strict=True) if time <= GAIN * min(times))
        if found > fewest:  # the others are for others
            fewest, tried = found, dict(zip(counts, times, strict=True))
        if fewest == most:
            break
    told = ", ".join(f"{1e3 * time:.2f} ms with {count}" for count, time in tried.items())
    return fewest, f"{fewest} thread{'s' * (fewest > 1)}: a step took {told}."


def _steps_of(batches: Batches, training: TrainingConfig) -> int:
    return training.epochs * -(-len(batches) // training.batch_size)


def _try_layout(model: Model, batches: Batches, training: TrainingConfig, device: str) -> tuple[bool, str]:
    if not any(parameter.ndim == 4 for parameter in model.parameters()):
        return False, "Plain layout: there are no convolutions."
    plain, last = _Arm(model, batches, training, device), _Arm(model, batches, training, device, channels_last=True)
    slow, fast = _measured(plain.run, last.run)
    return slow > GAIN * fast, f"A step took {1e3 * slow:.2f} ms plain and {1e3 * fast:.2f} ms channels-last."


def _try_compiling(
    model: Model, batches: Batches, training: TrainingConfig, device: str, last: bool
) -> tuple[bool, str]:
    eager = _Arm(model, batches, training, device, channels_last=last)
    (slow,), steps = _measured(eager.run), _steps_of(batches, training)
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
    slow, fast = _measured(eager.run, compiled.run)
    pays = slow > GAIN * fast and (slow - fast) * steps > cost
    told = f"A step took {1e3 * slow:.2f} ms eager and {1e3 * fast:.2f} ms compiled, after {cost:.0f} s of compiling."
    return pays, told


def _measured(*runs: Callable[[int], float]) -> list[float]:
    """Seconds of a step of each, taking turns; the first round warms up, and long steps take fewer rounds.

    The lower quartile: what disturbs a moment lengthens it, and several threads more than one; a neighbour that stays
    busy lengthens all of them.
    """
    times: list[list[float]] = []
    began = time.perf_counter()
    while len(times) <= ROUNDS and (len(times) <= FEWEST or time.perf_counter() - began < TRIAL_SECONDS):
        times.append([run(STEPS) for run in runs])
    return [float(np.quantile(column, 0.25)) for column in zip(*times[1:], strict=True)]


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
        training = Way(compiled, channels_last, threads=training.threads or torch.get_num_threads()).settle(training)
        self.model = laid_out(copy.deepcopy(model).to(device).train(), training)
        self.stage = next(stage for stage in self.model.stages() if stage.phases)
        self.optimisers = {phase.name: optimiser_for(phase, 1e-6, 0.0, device) for phase in self.stage.phases}
        self.autocast = torch.autocast(
            torch.device(device).type, torch.bfloat16, enabled=training.precision == "bfloat16"
        )
        size = training.batch_size
        self.batches = chain.from_iterable(batches.shuffled(size, training.seed, 998, epoch) for epoch in count())
        self.within, self.device, self.threads = computing(self.model, training), device, training.threads

    def run(self, steps: int, threads: int = 0) -> float:
        """Take steps, with as many threads as the settings say or with others; seconds of each, on average."""
        given = [next(self.batches) for _ in range(steps)]
        began = time.perf_counter()
        with fast_products(self.device), threads_of(threads or self.threads), gradients_only():
            for batch in given:
                with self.within():
                    step(self.stage, batch, Progress(), self.optimisers, _pace, self.autocast, measured=False)
        if self.device.startswith("cuda"):
            torch.cuda.synchronize(self.device)
        return (time.perf_counter() - began) / steps


def _pace(phase: object, progress: object) -> dict[str, float]:
    return {"lr": 1e-6}
