"""How much a run still helps as its input gets worse: errors in and out over the strength of a stack of corruptions."""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from aelib.codes import reconstruct
from aelib.config import PluginConfig
from aelib.corruptions._stack import in_proportion
from aelib.errors import AelibError
from aelib.files import read_object, write_json
from aelib.measures.of_run import held_out_items
from aelib.measures.reconstruction import squared_error
from aelib.measures.task import corrupted
from aelib.models._base import Model
from aelib.runs import weights
from aelib.runs.folder import Run, open_run

ITEMS = 200  # test items, evenly taken
STRENGTHS = tuple(step / 10 for step in range(11))
BAND = (0.1, 0.9)  # quantiles over the items


@dataclass(frozen=True)
class Curve:
    """One value per strength; errors are squared, from the clean item, summed over its features.

    Attributes:
        strengths: 0..1: the severity of the strongest corruption, the others in proportion.
        before: Mean error of the input.
        after: Mean error of the reconstruction.
        low, high: The band that holds the middle 80 % of the items' errors after.
        items: How many test items.
    """

    strengths: list[float]
    before: list[float]
    after: list[float]
    low: list[float]
    high: list[float]
    items: int

    def helps_from(self) -> float | None:
        """The least strength from which on the reconstruction is nearer to the clean item than the input is."""
        helps = [after < before for after, before in zip(self.after, self.before, strict=True)]
        first = next((at for at in range(len(helps)) if all(helps[at:])), None)
        return None if first is None else self.strengths[first]


def severity_curve(
    run: Run, model: Model, stack: Sequence[PluginConfig], tell: Callable[[float], None] = lambda share: None
) -> Curve:
    """Disturb the run's test items more and more and put them through the model.

    Each item has its own noise, the same at every strength.

    Args:
        run: Whose test items are taken.
        model: The run's.
        stack: One corruption or more, in order.
        tell: Is told how far it has come, 0 to 1.
    """
    if not stack:
        raise AelibError("E_CONFIG", "There is no corruption to turn up", "the stack is empty", "Add one")
    items = held_out_items(run, ITEMS)
    clean, missing = items.floats(), model.info.missing
    rows: list[tuple[float, ...]] = []
    for done, strength in enumerate(STRENGTHS):
        tell(done / len(STRENGTHS))
        inputs = corrupted(items, in_proportion(stack, strength))
        after = squared_error(reconstruct(model, inputs, items.labels), clean, missing)
        low, high = np.quantile(after, BAND)
        rows.append((float(squared_error(inputs, clean, missing).mean()), float(after.mean()), float(low), float(high)))
    before, after, low, high = ([round(value, 6) for value in column] for column in zip(*rows, strict=True))
    return Curve(list(STRENGTHS), before, after, low, high, len(items))


def measure(run: Run, stack: Sequence[PluginConfig], tell: Callable[[float], None] = lambda share: None) -> Curve:
    """The curve of a run, computed and kept in its ``measures``; a kept one is given back at once."""
    found = kept(run, stack)
    if found is None:
        version = weights.weights_version(run)
        found = severity_curve(run, weights.load_model(run), stack, tell)
        open_run(run.folder.parent, run.id)  # one that was deleted meanwhile keeps nothing
        write_json(run.place("measures", f"{key(stack)}.json"), {**vars(found), "weights": version})
    return found


def kept(run: Run, stack: Sequence[PluginConfig]) -> Curve | None:
    """The curve on the weights as they are now, or None while it is not computed."""
    path = run.place("measures", f"{key(stack)}.json")
    try:
        found: dict[str, Any] = read_object(path) if path.exists() else {}
        if found.pop("weights", None) != weights.weights_version(run):
            return None
        return Curve(**found)
    except (AelibError, TypeError):  # damaged: it is computed again
        return None


def key(stack: Sequence[PluginConfig]) -> str:
    """Name of a kept curve: only the proportions of a stack matter, not how far it is turned up."""
    shown = [config.model_dump(mode="json") for config in in_proportion(stack, 1.0)]
    for part in shown:
        part["severity"] = round(part["severity"], 4)
    return f"severity-{hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()[:16]}"
