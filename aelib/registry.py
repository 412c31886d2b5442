"""Plug-ins by folder: a registry's names are the file names in its folders, found without importing them."""

import ast
import importlib
import importlib.util
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import ModuleType

from aelib.errors import AelibError, nearest


@dataclass(frozen=True)
class Help:
    """A plug-in's docstring, taken apart: what it is, what for, what it cannot do, who wrote it first."""

    summary: str
    what_for: str
    limits: str
    reference: str


class Registry:
    """The plug-ins of one kind.

    Args:
        kind: The singular word on screen and in error messages, e.g. ``"model"``.
        package: The dotted package that holds one file per plug-in.
        unlisted: Names that can be read back from a file but are not offered for choice.
    """

    def __init__(self, kind: str, package: str, unlisted: tuple[str, ...] = ()) -> None:
        self.kind, self.unlisted = kind, unlisted
        self.packages = [package]  # tests append a package of their own here

    def names(self) -> list[str]:
        """Registered names, sorted: file names without ``_`` in front. Nothing is imported."""
        return sorted(set(self._files()) - set(self.unlisted))

    def has(self, name: object) -> bool:
        """Whether ``load`` would find it: the listed names and the unlisted ones. Nothing is imported."""
        return name in self._files()

    def load(self, name: str) -> ModuleType:
        """The plug-in's module. Raises ``E_UNKNOWN`` with the nearest name."""
        return importlib.import_module(self.place(name))

    def place(self, name: str) -> str:
        """The full name of the plug-in's module, which is not imported. Raises ``E_UNKNOWN`` with the nearest name."""
        return f"{self._find(name)[0]}.{name}"

    def help(self, name: str) -> Help:
        """The plug-in's docstring as fields, read from its text without importing it."""
        return _read_help(self._find(name)[1])

    def _find(self, name: str) -> tuple[str, Path]:
        files = self._files()
        if name not in files:
            raise AelibError(
                "E_UNKNOWN", f"There is no {self.kind} named {name!r}", "", nearest(str(name), self.names())
            )
        return files[name]

    def _files(self) -> dict[str, tuple[str, Path]]:
        found = {}
        for package in self.packages:
            folder = _folder(package)
            found |= {path.stem: (package, path) for path in _plugins(folder, folder.stat().st_mtime_ns)}
        return found


@lru_cache
def _folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    assert spec is not None, f"there is no package {package}"
    assert spec.submodule_search_locations, f"{package} is no package"
    return Path(next(iter(spec.submodule_search_locations)))


@lru_cache
def _plugins(folder: Path, changed: int) -> tuple[Path, ...]:
    """Its plug-ins' files. A folder is listed anew when it has changed: each live picture asks several times."""
    return tuple(path for path in folder.glob("*.py") if not path.stem.startswith("_"))


@lru_cache
def _read_help(path: Path) -> Help:
    text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    sections, current = {"summary": ""}, "summary"
    for line in text.splitlines():
        head, colon, rest = line.partition(":")
        if colon and head in ("What for", "Limits", "Reference"):
            current, line = head, rest
        sections[current] = f"{sections.get(current, '')} {line.strip()}".strip()
    return Help(
        sections["summary"], sections.get("What for", ""), sections.get("Limits", ""), sections.get("Reference", "")
    )


# What stands for a model trained elsewhere is made by an import alone (docs/decisions/0010-codes-from-anywhere.md).
DATASETS = Registry("dataset", "aelib.datasets", unlisted=("imported",))
CORRUPTIONS = Registry("corruption", "aelib.corruptions")
NETWORKS = Registry("network", "aelib.networks", unlisted=("imported",))
MODELS = Registry("model", "aelib.models", unlisted=("imported", "imported_lattice"))
PROJECTIONS = Registry("projection", "aelib.projections", unlisted=("given",))
ALL = (DATASETS, CORRUPTIONS, NETWORKS, MODELS, PROJECTIONS)
