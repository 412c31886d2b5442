"""Models trained by the library's own loop, and kept: a row that breaks later does not cost its training again."""

import ast
import hashlib
import json
import os
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from aelib.config import RunConfig
from aelib.datasets._base import Dataset
from aelib.errors import AelibError
from aelib.files import read_arrays, write_arrays
from aelib.models._base import Model, build
from aelib.training.loop import train
from bench.machine import ROOT

LOOP = ("aelib.training.loop", "aelib.datasets._torchvision", "aelib.networks.mlp")


@dataclass(frozen=True)
class Trained:
    """A model and how it came about.

    Attributes:
        model: With the weights that the loop kept.
        seconds: Of processor time, validation included.
        early_error: Squared error per test item after the epoch that was asked for; None where none was.
        validation: The last figures on the watched items.
    """

    model: Model
    seconds: float
    early_error: float | None
    validation: dict[str, float]


def trained(raw: dict[str, Any], dataset: Dataset, early: tuple[str, int] | None = None) -> Trained:
    """The model of a config, trained by ``aelib.training.loop.train`` on the processor, or taken from the cache.

    Args:
        raw: As ``RunConfig.parse`` reads it.
        dataset: What is learnt and watched.
        early: A stage and one of its epochs, after which the test error is to be noted (it decides nothing).
    """
    import torch

    config = RunConfig.parse(raw)
    model = build(config, dataset.info)
    place = cache_folder() / f"{_key(config, dataset, early)}.safetensors"
    try:
        arrays, about = read_arrays(place)
        model.load_state_dict({name: torch.from_numpy(array) for name, array in arrays.items()})
        return Trained(model.eval(), about["seconds"], about["early_error"], about["validation"])
    except AelibError:
        pass  # not there yet
    early_error, validation, noting, passed = None, {}, 0.0, 0
    began = time.process_time()
    for report in train(model, dataset, config, "cpu"):
        if not report.finished:
            continue
        validation = report.validation
        passed = passed + 1 if early and report.stage == early[0] else 0
        if early and passed == early[1]:
            before = time.process_time()
            early_error = squared_errors(model, dataset.splits["test"].floats()).mean()
            noting += time.process_time() - before
    seconds = time.process_time() - began - noting
    about = {
        "seconds": seconds,
        "early_error": early_error,
        "validation": validation,
        "config": json.loads(config.to_json()),
    }
    write_arrays(place, {name: value.numpy() for name, value in model.state_dict().items()}, about)
    return Trained(model.eval(), seconds, early_error, validation)


class Book:
    """Writes down what trainings took, those from the cache included, for the seconds of one row."""

    def __init__(self) -> None:
        self.began, self.trained_seconds, self.inside = time.process_time(), 0.0, 0.0

    def trained(self, raw: dict[str, Any], dataset: Dataset, early: tuple[str, int] | None = None) -> Trained:
        """As the function of this name."""
        before = time.process_time()
        found = trained(raw, dataset, early)
        self.inside += time.process_time() - before
        self.trained_seconds += found.seconds
        return found

    @property
    def seconds(self) -> float:
        """Of processor time since the row began, as if nothing had been in the cache."""
        return time.process_time() - self.began - self.inside + self.trained_seconds


def squared_errors(model: Model, values: np.ndarray) -> np.ndarray:
    """Squared error of each item's reconstruction (n,), summed over its features, not clipped."""
    from aelib import codes
    from aelib.measures.reconstruction import squared_error

    parts = [values[start : start + 1000] for start in range(0, len(values), 1000)]
    return np.concatenate([squared_error(codes.reconstruct(model, part), part) for part in parts])


def codes_of(model: Model, values: np.ndarray) -> np.ndarray:
    """Codes (n, latent_dim) of items given as floats."""
    import torch

    model.eval()
    with torch.inference_mode():
        parts = [model.encode(torch.from_numpy(values[at : at + 1000])).codes for at in range(0, len(values), 1000)]
    return torch.cat(parts).numpy()


def cache_folder() -> Path:
    """Where trained models and finished rows are kept: below ``TMPDIR``, one folder per user."""
    return Path(tempfile.gettempdir()) / f"aelib-published-{os.getuid()}"


def code_version(*modules: str) -> str:
    """A hash over the named modules of ours and all that they import of ours, in functions too."""
    seen: dict[str, bytes] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        path = ROOT / (name.replace(".", "/") + ".py")
        if name in seen or not path.is_file():
            continue
        seen[name] = path.read_bytes()
        waiting += _imported(seen[name])
    digest = hashlib.sha256()
    for name in sorted(seen):
        digest.update(name.encode() + b"\0" + seen[name])
    return digest.hexdigest()


@cache
def _imported(source: bytes) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return [name for name in found if name.split(".")[0] in ("aelib", "bench")]


def _key(config: RunConfig, dataset: Dataset, early: tuple[str, int] | None) -> str:
    import torch

    version = code_version(*LOOP, f"aelib.models.{config.model.name}")
    about = (version, config.to_json(), dataset.hash, early, torch.__version__, torch.get_num_threads())
    return f"{config.model.name}-{hashlib.sha256(repr(about).encode()).hexdigest()[:24]}"
