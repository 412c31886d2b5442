"""What a map can be coloured by: which colours a run has, their values by item, and what the legend says of them.

A colour has a short key, which stands in addresses: ``class``, ``error``, ``kl``, ``spread``, ``support``, ``density``,
``cluster``, ``distortion``, ``factor-2`` (a factor of the dataset by its number), ``dim-5`` (a number of the code) and
``distance-42`` (in the code space, to item 42; the map itself asks for it).
"""

import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from aelib.config import PluginConfig
from aelib.errors import AelibError
from aelib.figures.colours import class_palette, viridis
from aelib.registry import DATASETS
from ui import cached

MOST_KINDS = 20  # whole numbers of a factor that are still kinds; more are a quantity
MOST_NAMED = 200  # classes with a chip each; of more the largest have one
MOST_CHIPS = 24  # of those
MOST_DIMENSIONS = 64  # offered as colours: those that vary most


@dataclass(frozen=True)
class Colour:
    """A colour's value for each item.

    Attributes:
        name: In words, for the legend.
        values: (n,), by row of the code table: int32 into ``classes`` (-1: none), or float32 (NaN: none).
        unit: What the numbers are.
        classes: Names of the classes; empty for a quantity.
        nameless: What an item without a class is called.
    """

    name: str
    values: np.ndarray
    unit: str = ""
    classes: tuple[str, ...] = ()
    nameless: str = "no class"

    @property
    def kind(self) -> Literal["class", "quantity"]:
        """How it is drawn: a colour per class, or a scale."""
        return "class" if np.issubdtype(self.values.dtype, np.integer) else "quantity"


def names(run_id: str) -> dict[str, str]:
    """The colours that the run's map offers, by key, in the order of the choice. No values are computed."""
    table, found = cached.table(run_id), {}
    if cached.info(run_id).classes:
        found["class"] = "class"
    if table.has_errors:
        found["error"] = "reconstruction error"
    if table.spreads is not None:
        found |= {"spread": "posterior spread", "kl": "KL to the prior"}
    for number, factor in enumerate(factors(run_id)):
        found[f"factor-{number}"] = factor
    found |= {"support": "support", "density": "local density", "cluster": "cluster", "distortion": "map distortion"}
    width = table.codes.shape[1]
    shown = range(width)
    if width > MOST_DIMENSIONS:
        shown = np.sort(np.argsort(-table.codes.var(axis=0), kind="stable")[:MOST_DIMENSIONS]).tolist()
    return found | {f"dim-{number}": f"dimension {number}" for number in shown}


def factors(run_id: str) -> tuple[str, ...]:
    """Names of the factors that the run's dataset knows of each item, without loading it."""
    if cached.run(run_id).is_imported:
        return cached.dataset(run_id).factor_names
    return tuple(getattr(_dataset(run_id), "FACTORS", ()))


def kinds(run_id: str, factor: str) -> tuple[str, ...]:
    """Names of a factor's kinds, where its numbers stand for some."""
    if cached.run(run_id).is_imported:
        return cached.dataset(run_id).factor_values.get(factor, ())
    return tuple(getattr(_dataset(run_id), "KINDS", {}).get(factor, ()))


def colour(run_id: str, key: str, config: PluginConfig) -> Colour:
    """A colour's values of all items.

    Args:
        run_id: The run.
        key: See above.
        config: The map on screen; only its distortion depends on it.

    Raises:
        AelibError: ``E_NOT_FOUND`` for a colour that the run has not, ``E_ABILITY`` for one that is not there yet.
    """
    kind, _, number = key.partition("-")
    make = _COLOURS.get(kind)
    if make is None or (number and (kind not in _NUMBERED or not re.fullmatch(r"\d{1,9}", number))):
        raise AelibError("E_NOT_FOUND", f"There is no colour named {key[:40]!r}")
    return make(run_id, int(number or 0), config)


def describe(run_id: str, rows: np.ndarray, key: str, config: PluginConfig, base: str, suffix: str) -> dict[str, Any]:
    """What the map's component is told of a colour: its name, scale or classes, and where its values are.

    Args:
        run_id: The run.
        rows: The rows of the code table on the map.
        key: The colour.
        config: The map on screen.
        base: Address of the map's arrays.
        suffix: The map's description, as it stands in addresses.
    """
    found = colour(run_id, key, config)
    values = found.values[rows]
    plain = {"class": "labels", "error": "errors", "spread": "spread"}.get(key)
    url = f"{base}/{plain}" if plain else f"{base}/colour-{key}" + (suffix if key == "distortion" else "")
    about = {"key": key, "name": found.name, "kind": found.kind, "url": url, "unit": found.unit}
    if found.kind == "class":
        return about | _classes_of(found, values)
    known = values[np.isfinite(values)]
    low, high = (float(np.quantile(known, share)) for share in (0.01, 0.99)) if len(known) else (0.0, 1.0)
    return about | {"low": low, "high": high if high > low else low + 1.0, "palette": viridis(256)}


def array(run_id: str, rows: np.ndarray, key: str, config: PluginConfig) -> bytes:
    """A colour's values for the route: int32 or float32, little-endian."""
    found = colour(run_id, key, config)
    return found.values[rows].astype("<i4" if found.kind == "class" else "<f4").tobytes()


def _classes_of(found: Colour, values: np.ndarray) -> dict[str, Any]:
    """Names and colours; of very many classes only the largest are named, and the colours come round again."""
    count = max(len(found.classes), 1)
    if count <= MOST_NAMED:
        named = {"classes": list(found.classes), "nameless": found.nameless, "sentence": found.unit}
        return {"palette": class_palette(count), **named}
    sizes = np.bincount(values[values >= 0], minlength=count)
    largest = np.argsort(-sizes, kind="stable")[:MOST_CHIPS]
    chips = {int(code): found.classes[code] for code in largest if sizes[code]}
    sentence = f"{count:,} classes are too many to name: the {len(chips)} largest are here, colours come round again"
    palette = class_palette(min(count, 28))
    return {"palette": palette, "count": count, "chips": chips, "nameless": found.nameless, "sentence": sentence}


def _dataset(run_id: str) -> Any:
    """The module of the run's dataset; None where it has none that is known here."""
    with contextlib.suppress(AelibError):
        return DATASETS.load(cached.run(run_id).raw_config.get("dataset", {}).get("name", ""))
    return None


def _class(run_id: str, _: int, config: PluginConfig) -> Colour:
    classes = cached.info(run_id).classes
    if not classes:
        raise AelibError("E_NOT_FOUND", "The items have no labels", "", "Colour the map by something else")
    return Colour("class", cached.table(run_id).labels.astype(np.int32), classes=tuple(classes))


def _error(run_id: str, _: int, config: PluginConfig) -> Colour:
    if not cached.table(run_id).has_errors:
        raise AelibError("E_NOT_FOUND", "The errors of these items are not known", "no reconstructions came with them")
    return Colour("reconstruction error", cached.table(run_id).errors, "squared error per item")


def _spread(run_id: str, _: int, config: PluginConfig) -> Colour:
    return Colour("spread", _spreads(run_id).mean(axis=1), "mean standard deviation")


def _kl(run_id: str, _: int, config: PluginConfig) -> Colour:
    codes, spreads = cached.table(run_id).codes.astype(np.float64), _spreads(run_id).astype(np.float64)
    with np.errstate(divide="ignore"):
        kl = 0.5 * (codes**2 + spreads**2 - 1 - 2 * np.log(spreads)).sum(axis=1)  # Kingma and Welling 2014, B
    return Colour("KL", kl.astype(np.float32), "nats from the standard normal")


def _support(run_id: str, _: int, config: PluginConfig) -> Colour:
    found = cached.density(run_id)
    return Colour("support", found.support, f"share of items with farther neighbours{_reference(run_id)}")


def _density(run_id: str, _: int, config: PluginConfig) -> Colour:
    found = cached.density(run_id)
    return Colour("local density", found.distances, f"distance to 5 nearest codes, small is dense{_reference(run_id)}")


def _cluster(run_id: str, _: int, config: PluginConfig) -> Colour:
    found = cached.clusters(run_id)
    classes = tuple(str(number + 1) for number in range(int(found.labels.max(initial=-1)) + 1))
    return Colour("cluster", found.labels.astype(np.int32), found.sentence, classes, nameless="no cluster")


def _distortion(run_id: str, _: int, config: PluginConfig) -> Colour:
    stored = cached.stored_projection(run_id, config)
    values = None if stored is None else stored.distortion
    if values is None:
        why = "the worker that computes a map measures it"
        raise AelibError("E_ABILITY", "The distortion of this map is not known yet", why, "Wait, or take another map")
    return Colour("map distortion", values, "share of the true neighbours that the map loses")


def _factor(run_id: str, number: int, config: PluginConfig) -> Colour:
    known = factors(run_id)
    if number >= len(known):
        raise AelibError("E_NOT_FOUND", f"The dataset has no factor number {number}")
    columns = cached.items(run_id).factors
    if columns is None:
        raise AelibError("E_ABILITY", f"{known[number].capitalize()} is not known of these items")
    values, named = columns[:, number], kinds(run_id, known[number])
    finite = values[np.isfinite(values)]
    present = np.unique(finite)
    whole = bool((present == np.round(present)).all()) and len(present) > 0
    if not named and not (whole and present[0] >= 0 and present[-1] < MOST_KINDS):
        return Colour(known[number], values.astype(np.float32))
    classes = named or tuple(str(value) for value in range(int(present[-1]) + 1))
    codes = np.where(np.isfinite(values), values, -1).round().astype(np.int32)
    return Colour(known[number], codes, classes=classes)


def _dimension(run_id: str, number: int, config: PluginConfig) -> Colour:
    codes = cached.table(run_id).codes
    if number >= codes.shape[1]:
        raise AelibError("E_NOT_FOUND", f"The code has no dimension {number}", f"it has {codes.shape[1]}")
    return Colour(f"dimension {number}", codes[:, number].astype(np.float32), "of the code")


def _distance(run_id: str, item: int, config: PluginConfig) -> Colour:
    table = cached.table(run_id)
    found = np.flatnonzero(table.index == item)
    if not len(found):
        raise AelibError("E_NOT_FOUND", f"There is no item {item}")
    apart = table.codes - table.codes[found[0]]
    distances = np.sqrt(np.einsum("ij,ij->i", apart, apart))
    return Colour(f"distance to item {item}", distances.astype(np.float32), "in the code space")


def _spreads(run_id: str) -> np.ndarray:
    spreads = cached.table(run_id).spreads
    if spreads is None:
        raise AelibError("E_NOT_FOUND", "The codes of this model have no spread", "it gives each item one point")
    return spreads


def _reference(run_id: str) -> str:
    size, count = cached.density(run_id).reference, len(cached.table(run_id))
    return f", of {size:,} evenly taken" if size < count else ""


_COLOURS: dict[str, Callable[[str, int, PluginConfig], Colour]] = {
    "class": _class,
    "error": _error,
    "spread": _spread,
    "kl": _kl,
    "support": _support,
    "density": _density,
    "cluster": _cluster,
    "distortion": _distortion,
    "factor": _factor,
    "dim": _dimension,
    "distance": _distance,
}
_NUMBERED = ("factor", "dim", "distance")
