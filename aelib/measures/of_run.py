"""What can be measured on a run, by name: computed when asked for, kept in the run's ``measures`` as JSON."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from aelib import codes
from aelib.datasets._base import Items, load_dataset
from aelib.errors import AelibError, nearest
from aelib.files import read_object, write_json
from aelib.registry import MODELS
from aelib.runs import weights
from aelib.runs.folder import Run

ITEMS, SAMPLES = 500, 100  # test items, and draws for each, unless asked otherwise
MOST_SAMPLES = 5000
VOTERS = 10_000  # training items whose codes a measure of classes learns from


@dataclass(frozen=True)
class Measure:
    """One question to a run.

    Attributes:
        title: On its button.
        what: What the figure says, in one sentence.
        lacks: ``run -> `` why it cannot be asked of this run; empty where it can.
        compute: ``(run, test items, draws per item) -> `` plain values, ``sentence`` among them.
    """

    title: str
    what: str
    lacks: Callable[[Run], str]
    compute: Callable[[Run, int, int], dict[str, Any]]


def measure(run: Run, name: str, items: int = ITEMS, samples: int = SAMPLES) -> dict[str, Any]:
    """Compute one measure on a run's test items and keep it.

    Args:
        run: With weights.
        name: Of ``MEASURES``.
        items: At most so many test items, evenly taken.
        samples: Draws per item, where there are any.

    Raises:
        AelibError: ``E_UNKNOWN`` for a name, ``E_CONFIG`` for a number out of range, ``E_ABILITY`` where the run lacks
            what it takes, ``E_NO_WEIGHTS`` before its first epoch.
    """
    if name not in MEASURES:
        raise AelibError("E_UNKNOWN", f"There is no measure named {name!r}", "", nearest(name, MEASURES))
    if items < 2:
        raise AelibError("E_CONFIG", f"items {items} is out of range", "", "Take at least 2")
    if not 1 <= samples <= MOST_SAMPLES:
        raise AelibError("E_CONFIG", f"samples {samples} is out of range", "", f"Take 1 to {MOST_SAMPLES}")
    asked = MEASURES[name]
    if reason := asked.lacks(run):
        raise AelibError("E_ABILITY", f"{asked.title} cannot be measured on {run.id}", reason, "Take another run")
    version = weights.weights_version(run)
    found = {"measure": name, "split": "test", **asked.compute(run, items, samples)}
    write_json(run.place("measures", f"{name}.json"), {**found, "weights": version})
    return found


def kept(run: Run, name: str) -> dict[str, Any] | None:
    """What was measured on the weights as they are now, or None."""
    path = run.place("measures", f"{name}.json")
    try:
        found = read_object(path) if path.exists() else {}
    except AelibError:
        return None  # damaged: it is measured again
    whole = found.get("weights") == weights.weights_version(run) and isinstance(found.get("sentence"), str)
    return found if whole else None


def overview(run: Run) -> list[dict[str, Any]]:
    """One row per measure: its name, what it says, why this run lacks it, and what was found so far (or empty)."""
    return [
        {
            "measure": name,
            "what": asked.what,
            "lacks": asked.lacks(run),
            "sentence": (kept(run, name) or {}).get("sentence", ""),
        }
        for name, asked in MEASURES.items()
    ]


def held_out_items(run: Run, most: int) -> Items:
    """At most so many of the run's test items, evenly taken."""
    items = load_dataset(run.dataset()).splits["test"]
    rows = np.unique(np.linspace(0, len(items) - 1, min(most, len(items))).astype(int))
    return items.take(rows)


def _active_units(run: Run, most: int, samples: int) -> dict[str, Any]:
    from aelib.measures.active_units import LEAST_VARIANCE, active_units

    table = codes.of_run(run)
    rows = table.rows("test")
    active = active_units(table.take(rows))
    count, size = int(active.sum()), len(active)
    sentence = (
        f"{count} of {size} dimensions are active: over {len(rows):,} test items the variance of their mean is above "
        f"{LEAST_VARIANCE:g}."
    )
    return {"active": count, "dimensions": size, "items": len(rows), "sentence": sentence}


def _bound(run: Run, most: int, samples: int) -> dict[str, Any]:
    from aelib.measures.likelihood import importance_weighted_bound

    model, items = weights.load_model(run), held_out_items(run, most)
    found = importance_weighted_bound(
        model,
        items.values,
        items.labels if model.needs_labels else None,
        sigma=getattr(model, "pixel_sigma", None),
        missing=model.info.missing,
        samples=samples,
    )
    sentence = (
        f"{found.nats:.2f} ± {found.standard_error:.2f} nats ({found.bits_per_dimension:.3f} bits per number): "
        f"{found.name}, {found.items:,} test items. Bounds of other numbers of draws do not compare."
    )
    return {**vars(found), "sentence": sentence}


def _hidden_entries(run: Run, most: int, samples: int) -> dict[str, Any]:
    from aelib.measures.hidden_entries import SHARE, hidden_entries_error

    model, items = weights.load_model(run), held_out_items(run, most)
    train = load_dataset(run.dataset()).splits["train"].values
    found = hidden_entries_error(model, items.values, train, items.labels if model.needs_labels else None)
    sentence = (
        f"RMSE {found.rmse:.4f} on {found.hidden:,} entries hidden from {found.items:,} test items ({SHARE:.0%} of "
        f"what is there), in the items' own units; {found.baseline:.4f} had each been guessed as its feature's mean."
    )
    return {**vars(found), "sentence": sentence}


def _task(run: Run, most: int, samples: int) -> dict[str, Any]:
    from aelib.measures.task import judge

    items, config = held_out_items(run, most), run.config()
    found = judge(weights.load_model(run), items, config.corruptions, config.training.seed)
    after = float(found.after.mean())
    figures: dict[str, Any] = {"items": len(items), "error": after}
    sentence = f"Squared error {after:.3f} per item from corrupted inputs"
    if found.before is not None:
        figures |= {"input_error": float(found.before.mean()), "helped": float((found.after < found.before).mean())}
        sentence += (
            f", of {figures['input_error']:.3f} before; {figures['helped']:.0%} of {len(items):,} test items gain."
        )
    if found.dice is not None:
        figures["dice"] = float(found.dice.mean())
        sentence = f"Dice {figures['dice']:.3f} over {len(items):,} test items; squared error {after:.3f} per mask."
    return {**figures, "sentence": sentence}


def _neighbours(run: Run, most: int, samples: int) -> dict[str, Any]:
    from aelib.measures.neighbours import neighbour_accuracy

    learnt, asked = _codes_apart(run, most)
    found = neighbour_accuracy(learnt.codes, learnt.labels, asked.codes, asked.labels)
    sentence = (
        f"{found.accuracy:.1%} of {found.items:,} test items are of the class that most of their {found.k} nearest "
        f"training codes have ({len(learnt):,} training items vote)."
    )
    return {"accuracy": found.accuracy, "k": found.k, "items": found.items, "voters": len(learnt), "sentence": sentence}


def _probe(run: Run, most: int, samples: int) -> dict[str, Any]:
    from aelib.measures.probe import linear_probe

    learnt, asked = _codes_apart(run, most)
    found = linear_probe(learnt.codes, learnt.labels, asked.codes, asked.labels)
    rest = "" if found.converged else "; the solver had not come to rest"
    sentence = (
        f"{found.accuracy:.1%} of {found.items:,} test items have their class told by a logistic regression on the "
        f"code, fitted to {len(learnt):,} training items ({found.train_accuracy:.1%} on those){rest}."
    )
    figures = {"accuracy": found.accuracy, "train_accuracy": found.train_accuracy, "converged": found.converged}
    return {**figures, "items": found.items, "learnt": len(learnt), "sentence": sentence}


def _codes_apart(run: Run, most: int) -> tuple[codes.CodeTable, codes.CodeTable]:
    """Codes of at most ``VOTERS`` training items and of at most ``most`` test items, each evenly taken."""
    table = codes.of_run(run)
    parts = []
    for split, limit in (("train", VOTERS), ("test", most)):
        rows = table.rows(split)
        parts.append(table.take(rows[np.unique(np.linspace(0, len(rows) - 1, min(limit, len(rows))).astype(int))]))
    return parts[0], parts[1]


def _lacks_labels(run: Run) -> str:
    if run.is_imported:
        return "its codes came without a test split"
    return "" if weights.load_info(run).classes else "its items have no labels"


def _lacks_posterior(run: Run) -> str:
    gaussian = getattr(MODELS.load(run.raw_config["model"]["name"]).Model, "posterior", None)
    return "" if gaussian else "its codes are no Gaussian clouds, so there is neither a posterior nor a bound"


def _lacks_likelihood(run: Run) -> str:
    return _lacks_posterior(run) or (
        ""
        if hasattr(MODELS.load(run.raw_config["model"]["name"]).Model, "pixel_sigma")
        else "its error is no likelihood of the items"
    )


def _lacks_missing(run: Run) -> str:
    return "" if weights.load_info(run).missing is not None else "every entry of its items is there"


def _lacks_task(run: Run) -> str:
    masks = run.raw_config.get("target") == "masks"
    return "" if masks or run.raw_config.get("corruptions") else "its inputs are the items themselves"


MEASURES = {
    "active_units": Measure(
        "Active units", "How many dimensions of a Gaussian code move with the item.", _lacks_posterior, _active_units
    ),
    "bound": Measure(
        "Likelihood bound",
        "A lower bound on log p(x) by importance-weighted draws, for models with Gaussian codes.",
        _lacks_likelihood,
        _bound,
    ),
    "hidden_entries": Measure(
        "Hidden entries", "How well entries are guessed that the model was not shown.", _lacks_missing, _hidden_entries
    ),
    "neighbours": Measure(
        "Nearest neighbours", "Whether the nearest training codes are of the same class.", _lacks_labels, _neighbours
    ),
    "probe": Measure(
        "Linear probe",
        "Whether planes part the classes in the code space: a regression on the code.",
        _lacks_labels,
        _probe,
    ),
    "task": Measure(
        "The task", "How much of the damage is undone, or how well masks are found, on test items.", _lacks_task, _task
    ),
}
