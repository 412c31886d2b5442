"""New labelled items drawn class by class from the codes, and what they are worth to a small classifier."""

import hashlib
import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from aelib import codes as of_runs
from aelib.datasets._base import Items, load_dataset
from aelib.errors import AelibError
from aelib.files import read_object, write_json
from aelib.latent import around, mixture
from aelib.measures._labels import refuse_one_class
from aelib.runs import weights
from aelib.runs.folder import Run, open_run
from aelib.samples import decoded

if TYPE_CHECKING:
    from aelib.models._base import Model

Method = Literal["mixture", "noise"]
Classifier = Literal["logistic", "neighbours"]
Settings = dict[str, Any]  # keyword arguments of ``effect``, from per_class to temperature
METHODS: tuple[Method, ...] = ("mixture", "noise")
CLASSIFIERS: tuple[Classifier, ...] = ("logistic", "neighbours")
COMPONENTS = (1, 2, 3)  # of a class's mixture, by BIC
FEWEST = {"mixture": 5, "noise": 2}  # items of a class that one can draw from
MOST_TEST = 2000  # items, evenly taken
MOST_NUMBERS = 8_000_000  # rows times features that a classifier is fitted to: some ten seconds on one core
STEPS = 300  # of the logistic regression's solver


@dataclass(frozen=True)
class Effect:
    """Accuracies with the new items and without, one pair per seed.

    Attributes:
        without: float64 (seeds,), share (0..1) of the test items, learnt from the real items alone.
        with_new: float64 (seeds,), from the same real items and new ones.
        real: Real items learnt from, of all classes together.
        new: New items.
        test: Test items.
    """

    without: np.ndarray
    with_new: np.ndarray
    real: int
    new: int
    test: int

    @property
    def gains(self) -> np.ndarray:
        """float64 (seeds,), what the new items added."""
        return self.with_new - self.without


def draw(
    model: "Model",
    codes: np.ndarray,
    labels: np.ndarray,
    per_class: int,
    method: Method = "mixture",
    seed: int = 0,
    temperature: float = 1.0,
) -> tuple[np.ndarray, np.ndarray]:
    """New items of each class that is there, and their labels.

    ``mixture`` fits Gaussians to the codes of the class (1 to 3 by BIC) and draws from them; ``noise`` moves the code
    of one of its items by about the distance between neighbours of the class. A label is that of the class drawn
    from: nothing checks whether the new item looks like it.

    Args:
        model: Its decoder; a conditional one is told the class.
        codes: (n, latent_dim), of the items to draw from.
        labels: (n,); those with -1 are left out.
        per_class: New items of each class.
        method: See above.
        seed: The same seed gives the same items.
        temperature: As in ``aelib.samples.draw``.

    Returns:
        float32 (classes * per_class, ...) as the decoder gives them, and int64 labels.

    Raises:
        AelibError: ``E_LABELS`` where no item has a class, ``E_TOO_FEW`` for a class of too few items.
    """
    present = np.unique(labels[labels >= 0])
    if not len(present):
        raise AelibError("E_LABELS", "There is no class to draw from", "none of the items has a label")
    found = []
    for number in present:
        own = codes[labels == number]
        if len(own) < FEWEST[method]:
            raise AelibError(
                "E_TOO_FEW",
                f"Class number {number} has too few items to draw from",
                f"it has {len(own)}, {method!r} needs {FEWEST[method]}",
                "Leave the class out" + (", or take noise" if method == "mixture" else ""),
            )
        own_seed = seed * 1009 + int(number)
        if method == "mixture":
            found.append(mixture.fit(own, COMPONENTS, seed).sample(per_class, own_seed, temperature))
        else:
            found.append(around.draw(own, np.arange(len(own)), per_class, own_seed, temperature))
    numbers = np.repeat(present, per_class).astype(np.int64)
    return decoded(model, np.concatenate(found), numbers if model.needs_labels else None), numbers


def effect(
    model: "Model",
    codes: np.ndarray,
    training: Items,
    test: Items,
    *,
    per_class: int = 20,
    new_per_class: int = 40,
    method: Method = "mixture",
    classifier: Classifier = "logistic",
    seeds: int = 5,
    temperature: float = 1.0,
    told: Callable[[float], Any] = lambda share: None,
) -> Effect:
    """How much better a small classifier is on test items when it learns from new items, too.

    For each seed ``per_class`` training items of each class are drawn by chance; the classifier learns from their
    pixels, and again from these and the new items that ``draw`` makes **of these items' codes alone**. It is judged on
    the test items, which have no part in anything. The model itself has seen all training items, without their
    labels: the figures say what it adds where labels are few. Pictures are brought to [0, 1] and clipped as shown.

    Args:
        model: The run's.
        codes: (n, latent_dim), of the training items.
        training: With labels.
        test: With labels; at most ``MOST_TEST`` of them are taken, evenly.
        per_class: Real items of each class; a class that has fewer gives all it has.
        new_per_class: New items of each class.
        method: As in ``draw``.
        classifier: ``logistic``: logistic regression (C = 1); ``neighbours``: the vote of the 3 nearest.
        seeds: At least 5, so that there is a spread to speak of.
        temperature: As in ``draw``.
        told: Called with the share (0..1) that is done.

    Raises:
        AelibError: ``E_LABELS`` without labels or with one class, ``E_CONFIG`` for fewer than 5 seeds, ``E_TOO_FEW``,
            ``E_EMPTY`` without test items, ``E_TOO_LARGE``.
    """
    labels = _labels_of(training, "training")
    wanted = _labels_of(test, "test")
    refuse_one_class(labels[labels >= 0])
    if seeds < 5:
        raise AelibError("E_CONFIG", f"{seeds} seeds give no spread", "", "Take at least 5")
    classes = np.unique(labels[labels >= 0])
    rows = np.flatnonzero(np.isin(wanted, classes))
    if not len(rows):
        raise AelibError("E_EMPTY", "There are no test items of these classes", "", "Take another data set")
    rows = rows[np.linspace(0, len(rows) - 1, min(len(rows), MOST_TEST)).astype(int)]
    shown, wanted = _flat(test.take(rows).floats(), training), wanted[rows]
    numbers = len(classes) * (per_class + new_per_class) * shown.shape[1]
    if numbers > MOST_NUMBERS:
        raise AelibError(
            "E_TOO_LARGE", "This would take longer than anybody waits", f"{numbers:,} numbers to learn from, at most "
            f"{MOST_NUMBERS:,}", "Take fewer items of each class",
        )  # fmt: skip
    pairs, real, new = [], 0, 0
    for seed in range(seeds):
        random = np.random.default_rng(seed)
        chosen = np.concatenate(
            [random.permutation(np.flatnonzero(labels == number))[:per_class] for number in classes]
        )
        given, own = _flat(training.take(chosen).floats(), training), labels[chosen]
        made, of_class = draw(model, codes[chosen], own, new_per_class, method, seed, temperature)
        more = np.concatenate([given, _flat(made, training)]), np.concatenate([own, of_class])
        pair = []
        for learnt in ((given, own), more):
            pair.append(_accuracy(classifier, *learnt, shown, wanted))
            told((seed + len(pair) / 2) / seeds)
        pairs.append(pair)
        real, new = len(own), len(of_class)
    without, with_new = np.asarray(pairs).T
    return Effect(without, with_new, real, new, len(rows))


def measure(run: Run, settings: Settings, told: Callable[[float], Any] = lambda share: None) -> Effect:
    """The effect for a run, computed and kept in its ``measures``; a kept one is given back at once.

    Raises what ``effect`` does, and ``E_DATASET_CHANGED`` where the data are no longer those the run learnt from.
    """
    found = kept(run, settings)
    if found is None:
        version, dataset = weights.weights_version(run), load_dataset(run.dataset())
        if run.raw_config.get("dataset_hash") not in ("", None, dataset.hash):
            raise AelibError(
                "E_DATASET_CHANGED",
                "The data have changed since this run was trained",
                "their sha256 is another one",
                "Put the old files back, or train again on the data as they are now",
            )
        table = of_runs.of_run(run)
        own = table.codes[table.rows("train")]
        splits = dataset.splits
        found = effect(weights.load_model(run), own, splits["train"], splits["test"], told=told, **settings)
        plain = {**vars(found), "without": found.without.tolist(), "with_new": found.with_new.tolist()}
        open_run(run.folder.parent, run.id)  # one that was deleted meanwhile keeps nothing
        write_json(_place(run, settings), {**plain, "settings": settings, "weights": version})
    return found


def kept(run: Run, settings: Settings) -> Effect | None:
    """The effect on the weights as they are now, or None while it is not measured."""
    path = _place(run, settings)
    try:
        found = read_object(path) if path.exists() else {}
        if found.pop("weights", None) != weights.weights_version(run):
            return None
        without, with_new = (np.asarray(found[name], np.float64) for name in ("without", "with_new"))
        return Effect(without, with_new, int(found["real"]), int(found["new"]), int(found["test"]))
    except (AelibError, LookupError, TypeError, ValueError):  # damaged: it is measured again
        return None


def key(settings: Settings) -> str:
    """Name of a kept effect."""
    return f"augmentation-{hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]}"


def _place(run: Run, settings: Settings) -> Path:
    return run.place("measures", f"{key(settings)}.json")


def _labels_of(items: Items, part: str) -> np.ndarray:
    if items.labels is None or not (items.labels >= 0).any():
        why = "there are no such items" if not len(items) else "none has a label"
        raise AelibError("E_LABELS", f"The {part} items have no classes", why, "Take a data set with classes")
    return items.labels


def _flat(values: np.ndarray, training: Items) -> np.ndarray:
    values = np.clip(values, 0, 1) if training.values.dtype == np.uint8 else values
    return values.reshape(len(values), -1).astype(np.float32)


def _accuracy(
    classifier: Classifier, given: np.ndarray, labels: np.ndarray, shown: np.ndarray, wanted: np.ndarray
) -> float:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier

    if classifier == "neighbours":
        learner: Any = KNeighborsClassifier(min(3, len(given)), algorithm="brute")
    else:
        learner = LogisticRegression(max_iter=STEPS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # both sides stop after the same number of steps
        return float((learner.fit(given, labels).predict(shown) == wanted).mean())
