"""Models trained by the library's own loop, and kept: a row that breaks later does not cost its training again."""

import ast
import hashlib
import json
import os
import tempfile
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from aelib.config import RunConfig
from aelib.datasets._base import Dataset
from aelib.errors import AelibError
from aelib.files import read_arrays, write_arrays, write_bytes
from aelib.models._base import Model, build
from aelib.training.loop import train
from aelib.training.report import Snapshot
from bench.machine import ROOT

KEPT_EVERY = 20.0  # seconds between two points from which an unfinished training can go on
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
    half = place.with_name(f"{place.stem}.half.safetensors")
    going = _half_way(half) or _Going()
    began, written = time.process_time() - going.seconds, time.monotonic()
    for report in train(model, dataset, config, "cpu", going.resume):
        if not report.finished:
            continue
        going.validation = report.validation
        going.passed = going.passed + 1 if early and report.stage == early[0] else 0
        aside = time.process_time()
        if early and going.passed == early[1]:
            going.early_error = float(squared_errors(model, dataset.splits["test"].floats()).mean())
        if report.snapshot and time.monotonic() - written > KEPT_EVERY:
            going.seconds, written = aside - began, time.monotonic()
            _keep_half(half, report.snapshot(), going)
        began += time.process_time() - aside
    seconds = time.process_time() - began
    about = {
        "seconds": seconds,
        "early_error": going.early_error,
        "validation": going.validation,
        "config": json.loads(config.to_json()),
    }
    write_arrays(place, {name: value.numpy() for name, value in model.state_dict().items()}, about)
    half.unlink(missing_ok=True)
    return Trained(model.eval(), seconds, going.early_error, going.validation)


@dataclass
class _Going:
    """A training on its way: where to go on from, and what is known so far."""

    resume: Snapshot | None = None
    seconds: float = 0.0
    early_error: float | None = None
    passed: int = 0
    validation: dict[str, float] = field(default_factory=dict)


def _keep_half(place: Path, point: Snapshot, going: _Going) -> None:
    from safetensors.torch import save

    known = {name: value for name, value in vars(going).items() if name != "resume"}
    about = {"going": json.dumps(known), "values": json.dumps(point.values)}
    place.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(place, save({name: tensor.contiguous() for name, tensor in point.tensors.items()}, about))


def _half_way(place: Path) -> _Going | None:
    from safetensors import safe_open

    if not place.is_file():
        return None
    with safe_open(place, "pt") as opened:
        about, tensors = opened.metadata(), {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    return _Going(Snapshot(tensors, json.loads(about["values"])), **json.loads(about["going"]))


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
