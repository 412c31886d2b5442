"""Search on the map: by class, item number or value, and ranges of a colour. What is written, and what it finds.

``cat`` finds a class, ``#42`` or ``item 42`` an item, ``hair=red``, ``size>0.8``, ``error>=30`` or ``dimension 3<0``
what has that value; several conditions stand with commas between, and all must hold.
"""

import operator
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote

import numpy as np

from aelib.config import PluginConfig
from aelib.errors import AelibError, nearest
from ui import cached, map_colours, state
from ui.map_colours import Colour

LONGEST = 200  # characters of a search
_CONDITION = re.compile(r"\s*(.+?)\s*(<=|>=|!=|=|<|>)\s*(.+?)\s*")
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def operation(run_id: str, config: PluginConfig, value: dict[str, Any]) -> str:
    """The selection's operation for a gesture on the histogram or in the search field.

    Returns:
        Its text; empty for a search that finds nothing, which is kept to be said on the map.
    """
    removing = value.get("mode") == "remove"
    if value["kind"] == "range":
        return f"{'R' if removing else 'r'}{value['colour']}:{float(value['low'])!r}:{float(value['high'])!r}"
    asked = str(value.get("text", ""))[:LONGEST]
    try:
        count = len(found(run_id, config, f"s{quote(asked, safe='')}"))
        sentence = "" if count else f"No item matches “{asked}”."
    except AelibError as error:
        count, sentence = 0, str(error)
    state.put(state.SEARCHED, {"run": run_id, "text": asked, "count": count, "sentence": sentence})
    return f"{'S' if removing else 's'}{quote(asked, safe='')}" if count else ""


def found(run_id: str, config: PluginConfig, operation: str) -> np.ndarray:
    """Items (numbers in the dataset) of ``rcolour:low:high`` or ``stext``. Raises ``AelibError`` with a sentence."""
    kind, rest = operation[:1], operation[1:]
    table = cached.table(run_id)
    if kind == "r":
        key, _, ends = rest.partition(":")
        limits = state.numbers(ends.replace(":", ","))
        if len(limits) != 2:
            raise AelibError("E_SEARCH", f"{rest[:40]!r} is no range")
        values = map_colours.colour(run_id, key, config).values
        inside = (values >= limits[0]) & (values <= limits[1])
    else:
        inside = search(run_id, unquote(rest), config)
    return table.index[inside]


def search(run_id: str, text: str, config: PluginConfig) -> np.ndarray:
    """Which rows (n,) of the code table a search finds. Raises ``E_SEARCH`` when it cannot be understood."""
    named = _named(run_id, text)
    if named is not None:
        return named
    parts = [part for part in text.split(",") if part.strip()]
    if not parts:
        raise AelibError("E_SEARCH", "Nothing was asked for", "", "Type a class, an item's number or hair=red")
    inside = np.ones(len(cached.table(run_id)), bool)
    for part in parts:
        met = _CONDITION.fullmatch(part)
        own = _with_value(run_id, met[1], met[2], met[3], config) if met else _named(run_id, part)
        if own is None:
            raise AelibError("E_SEARCH", f"Nothing here is called “{part.strip()[:60]}”", "", _advice(run_id))
        inside &= own
    return inside


def fields(run_id: str) -> list[dict[str, Any]]:
    """What can be asked for, for the suggestions: names, and the kinds where a value has names."""
    asked = []
    for key, name in map_colours.names(run_id).items():
        is_kind = key.startswith("factor-")
        asked.append({"name": name, "kinds": list(map_colours.kinds(run_id, name)) if is_kind else []})
    return asked


def _named(run_id: str, text: str) -> np.ndarray | None:
    """Rows of a class or of one item; None when nothing has that name."""
    table, word = cached.table(run_id), text.strip().casefold()
    classes = [name.casefold() for name in cached.info(run_id).classes]
    bare = word.removeprefix("class ").strip()
    whole = [code for code, name in enumerate(classes) if name in (word, bare)]
    if whole:
        return np.isin(table.labels, whole)
    item = re.fullmatch(r"(?:item\s*|#\s*)?(\d{1,9})", word)
    if item:
        return table.index == int(item.group(1))
    parts = [code for code, name in enumerate(classes) if bare and bare in name]
    return np.isin(table.labels, parts) if parts else None


def _with_value(run_id: str, name: str, sign: str, value: str, config: PluginConfig) -> np.ndarray:
    keys = _keys(run_id, name)
    if len(keys) > 1:  # "hair=red": one of the hairs can be red
        keys = [key for key in keys if _kind_of(run_id, key, value) is not None] or keys
    if not keys:
        raise AelibError("E_SEARCH", f"The items have no “{name[:40]}”", "", _advice(run_id))
    names = map_colours.names(run_id)
    if len(keys) > 1:
        raise AelibError("E_SEARCH", f"“{name}” could be {' or '.join(names[key] for key in keys)}", "", "Write more")
    return _compared(map_colours.colour(run_id, keys[0], config), sign, value)


def _compared(colour: Colour, sign: str, value: str) -> np.ndarray:
    values = colour.values
    if colour.kind == "class":
        codes = [code for code, name in enumerate(colour.classes) if name.casefold() == value.casefold()]
        if codes and sign in ("=", "!="):
            return np.isin(values, codes) == (sign == "=")
    try:
        number = float(value)
    except ValueError:
        known = nearest(value, colour.classes) if colour.classes else "Write a number"
        raise AelibError("E_SEARCH", f"{colour.name.capitalize()} is never “{value[:40]}”", "", known) from None
    if sign in _COMPARE:
        return _COMPARE[sign](values, np.float32(number))
    return np.isclose(values, number, rtol=1e-5, atol=0) == (sign == "=")


def _keys(run_id: str, name: str) -> list[str]:
    """Colours of this name; else those whose name begins with it, or has a word that does."""
    word = re.sub(r"[\s_-]+", " ", name.strip().casefold())
    shorthand = re.fullmatch(r"(?:z|dim) ?(\d+)", word)
    word = f"dimension {shorthand.group(1)}" if shorthand else word
    names = {key: shown.casefold() for key, shown in map_colours.names(run_id).items()}
    exact = [key for key, shown in names.items() if word in (shown, key)]
    return exact or [key for key, shown in names.items() if any(part.startswith(word) for part in _tails(shown))]


def _tails(name: str) -> list[str]:
    words = name.split()
    return [" ".join(words[start:]) for start in range(len(words))]


def _kind_of(run_id: str, key: str, value: str) -> int | None:
    known = map_colours.kinds(run_id, map_colours.names(run_id)[key])
    return next((code for code, name in enumerate(known) if name.casefold() == value.casefold()), None)


def _advice(run_id: str) -> str:
    example = next((name for name in map_colours.factors(run_id)), "error")
    return f"Ask for a class, an item as #42, or a value as {example}>0.5"
