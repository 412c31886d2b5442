"""Everything it takes to go on later from a place in the middle of an epoch, and how it is put back.

At an epoch's end weights and optimisers are enough: all randomness of an epoch follows from (seed, stage, epoch).
Within one, the random states, the means so far and what models keep outside their weights belong to it too.
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from aelib.models._base import Model
from aelib.training.optimisers import laid_out_as
from aelib.training.report import Snapshot


class Means:
    """Means of named scalars over an epoch, kept on the device: reading them is the only wait."""

    def __init__(self) -> None:
        self.sums: dict[str, torch.Tensor] = {}
        self.counts: dict[str, int] = {}

    def add(self, values: dict[str, torch.Tensor], count: int) -> None:
        """Add one batch's means over ``count`` items."""
        for name, value in values.items():
            weighted = value.detach() * count
            self.sums[name] = self.sums[name] + weighted if name in self.sums else weighted
            self.counts[name] = self.counts.get(name, 0) + count

    def means(self) -> dict[str, float]:
        """The means so far, in Python numbers."""
        return {name: float(value) / self.counts[name] for name, value in self.sums.items()}


@dataclass(frozen=True)
class Middle:
    """A place within an epoch: ``step`` steps are done.

    Attributes:
        step, seen: Steps and items of this epoch so far.
        sums: Their means.
        generator: The batches' own, which corruptions and losses draw from; None in one that was read.
        state: Its state, in one that was read.
        random: Torch's own states, which dropout draws from, in one that was read.
        loose: What the model keeps outside its state, in one that was read.
    """

    step: int
    seen: int
    sums: Means
    generator: torch.Generator | None
    state: torch.Tensor | None = None
    random: Mapping[str, torch.Tensor] = field(default_factory=dict)
    loose: Mapping[str, torch.Tensor] = field(default_factory=dict)

    def tensors(self, model: Model, device: str) -> dict[str, torch.Tensor]:
        """Its share of a snapshot, as things stand now."""
        assert self.generator is not None, "asked of a place that training stands at"
        found = {"middle.generator": self.generator.get_state().clone()}
        found |= {f"middle.random.{key}": value for key, value in _random_states(device).items()}
        found |= {f"middle.loose.{key}": value for key, value in _loose_tensors(model).items()}
        return found | {f"middle.sum.{key}": value.detach().cpu().clone() for key, value in self.sums.sums.items()}

    def values(self) -> dict[str, Any]:
        """Its share of a snapshot's plain values."""
        return {"step": self.step, "seen": self.seen, "counts": dict(self.sums.counts)}


def read_middle(snapshot: Snapshot, device: str) -> Middle | None:
    """The place within an epoch that a snapshot was taken at; None for one taken at an epoch's end."""
    values, tensors = snapshot.values, snapshot.tensors
    if not values.get("step"):
        return None

    def under(prefix: str) -> dict[str, torch.Tensor]:
        return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}

    sums = Means()
    sums.sums = {key: value.to(device) for key, value in under("middle.sum.").items()}
    sums.counts = dict(values["counts"])
    state, random, loose = tensors["middle.generator"], under("middle.random."), under("middle.loose.")
    return Middle(values["step"], values["seen"], sums, None, state, random, loose)


def restore_middle(middle: Middle, model: Model, device: str) -> None:
    """Put random states and loose tensors back as they were."""
    torch.set_rng_state(middle.random["cpu"])
    if "cuda" in middle.random:
        torch.cuda.set_rng_state(middle.random["cuda"], device)
    elif "mps" in middle.random:
        torch.mps.set_rng_state(middle.random["mps"])
    modules = dict(model.named_modules())
    for key, value in middle.loose.items():
        path, _, name = key.rpartition(".")
        setattr(modules[path], name, value.to(device))


def _random_states(device: str) -> dict[str, torch.Tensor]:
    states = {"cpu": torch.get_rng_state()}
    if device.startswith("cuda"):
        states["cuda"] = torch.cuda.get_rng_state(device)
    elif device == "mps":
        states["mps"] = torch.mps.get_rng_state()
    return states


def _loose_tensors(model: Model) -> dict[str, torch.Tensor]:
    """Copies of the tensors that a model keeps as plain attributes: counts over an epoch, a batch's last figures."""
    return {
        f"{path}.{name}": value.detach().cpu().clone()
        for path, module in model.named_modules()
        for name, value in vars(module).items()
        if isinstance(value, torch.Tensor)
    }


def model_tensors(model: Model) -> dict[str, torch.Tensor]:
    """Copies of a model's state: ``model.KEY``."""
    return {f"model.{key}": value.detach().cpu().clone() for key, value in model.state_dict().items()}


def optimiser_tensors(optimisers: Mapping[str, torch.optim.Optimizer]) -> dict[str, torch.Tensor]:
    """Copies of the optimisers' states: ``optimiser.NAME.INDEX.FIELD``."""
    return {
        f"optimiser.{name}.{index}.{key}": torch.as_tensor(value).detach().cpu().clone()
        for name, optimiser in optimisers.items()
        for index, state in optimiser.state_dict()["state"].items()
        for key, value in state.items()
    }


def restore_optimiser(name: str, optimiser: torch.optim.Optimizer, tensors: Mapping[str, torch.Tensor]) -> None:
    """Put one optimiser's share of ``optimiser_tensors`` back."""
    whole, prefix = copy.deepcopy(optimiser.state_dict()), f"optimiser.{name}."
    for key, tensor in tensors.items():
        if key.startswith(prefix):
            index, _, field_name = key.removeprefix(prefix).partition(".")
            whole["state"].setdefault(int(index), {})[field_name] = tensor
    optimiser.load_state_dict(whole)
    for parameter, state in optimiser.state.items():  # read in memory's order, see ``laid_out_as``
        for key, value in state.items():
            if isinstance(value, torch.Tensor) and value.shape == parameter.shape:
                state[key] = laid_out_as(parameter, value)
