"""What a model is and is able to do, read from its text: pages ask before torch is there, which takes seconds."""

import ast
from functools import lru_cache
from importlib.util import find_spec, resolve_name
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from aelib.registry import MODELS

if TYPE_CHECKING:
    from aelib.models._base import Model


def facts_of(name: str) -> "type[Model]":
    """A class with the class attributes of a model that are written as literals, its bases' too, and nothing else.

    A text that cannot be followed is imported after all. Raises ``E_UNKNOWN`` with the nearest name.
    """
    try:
        return cast("type[Model]", _shadow(MODELS.place(name), "Model"))
    except (LookupError, ImportError, TypeError, RecursionError):
        return MODELS.load(name).Model


@lru_cache
def _shadow(module: str, name: str) -> type:
    """A class as its text has it; Python itself finds which base an attribute comes from."""
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise LookupError(module)
    tree = ast.parse(Path(spec.origin).read_text("utf-8"))
    imported = {
        alias.asname or alias.name: (_whole(node, module), alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    bases = [found for base in classes[name].bases if (found := _place_of(base, module, imported, set(classes)))]
    literals, others = _assigned(classes[name])
    found = type(name, tuple(_shadow(*place) for place in bases), literals)
    if unknown := [other for other in others if hasattr(found, other)]:
        raise LookupError(f"{unknown[0]} is worked out when the class is made")
    return found


def _whole(node: ast.ImportFrom, module: str) -> str:
    """The full name of the module that is imported from."""
    return resolve_name("." * node.level + (node.module or ""), module.rpartition(".")[0])


def _place_of(
    base: ast.expr, module: str, imported: dict[str, tuple[str, str]], here: set[str]
) -> tuple[str, str] | None:
    """Module and name of a base class of ours; None for torch's and Python's own."""
    if isinstance(base, ast.Name) and base.id in imported:
        place = imported[base.id]
    elif isinstance(base, ast.Name) and base.id in here:
        return module, base.id
    elif isinstance(base, ast.Attribute) and isinstance(base.value, ast.Name) and base.value.id in imported:
        place = ".".join(imported[base.value.id]), base.attr
    else:
        return None
    return place if place[0].partition(".")[0] == module.partition(".")[0] or place[0].startswith("aelib.") else None


def _assigned(node: ast.ClassDef) -> tuple[dict[str, Any], list[str]]:
    """What is assigned in a class: literals by name, and the names of the rest."""
    literals, others = {}, []
    for each in node.body:
        if not isinstance(each, ast.Assign | ast.AnnAssign) or each.value is None:
            continue
        for target in each.targets if isinstance(each, ast.Assign) else [each.target]:
            if isinstance(target, ast.Name):
                try:
                    literals[target.id] = ast.literal_eval(each.value)
                except ValueError:
                    others.append(target.id)
    return literals, others
