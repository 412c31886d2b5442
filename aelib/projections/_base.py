"""What a projection gives, and where a run keeps its points."""

import contextlib
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aelib.config import PluginConfig
from aelib.errors import AelibError
from aelib.files import has_arrays, read_arrays, write_arrays
from aelib.registry import PROJECTIONS
from aelib.runs import weights
from aelib.runs.folder import Run


@dataclass(frozen=True)
class Projection:
    """Points of all items of a run.

    Attributes:
        points: float32 (n, 2), one per row of the run's code table.
        config: The method and its parameters.
        quality: Trustworthiness and continuity with their subsample size; empty while nobody measured them.
        seconds: How long the fit took.
    """

    points: np.ndarray
    config: PluginConfig
    quality: dict[str, float]
    seconds: float


def fit(codes: np.ndarray, config: PluginConfig) -> np.ndarray:
    """Points (n, 2), float32, of codes (n, latent_dim).

    Raises ``E_CODES`` when there are no codes or some are not finite, ``E_CONFIG`` from the method itself.
    """
    if len(codes) == 0:
        raise AelibError("E_CODES", "There are no codes to project")
    broken = np.flatnonzero(~np.isfinite(codes).all(axis=1))
    if len(broken):
        raise AelibError(
            "E_CODES",
            "The codes cannot be projected",
            f"{len(broken)} hold numbers that are not finite, first row {broken[0]}",
        )
    points = PROJECTIONS.load(config.name).fit(codes.astype(np.float32), config)
    return np.ascontiguousarray(points, dtype=np.float32)


def key(run: Run, config: PluginConfig) -> str:
    """Name of the stored points: method, and a hash of parameters and weights."""
    text = json.dumps([config.model_dump(mode="json"), weights.weights_version(run)], sort_keys=True)
    return f"{config.name.replace('_', '-')}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def stored(run: Run, config: PluginConfig) -> bool:
    """Whether the points are kept."""
    return has_arrays(_path(run, config))


def read(run: Run, config: PluginConfig) -> Projection | None:
    """The stored points, or None. Raises ``E_CORRUPT`` for damaged ones, and removes them: they can be made anew."""
    if not stored(run, config):
        return None
    path = _path(run, config)
    try:
        arrays, about = read_arrays(path)
    except AelibError as error:
        with contextlib.suppress(OSError):
            path.unlink()
        raise AelibError("E_CORRUPT", "The stored map was damaged", str(error), "Ask for it again") from None
    return Projection(arrays["points"], config, about.get("quality", {}), about.get("seconds", 0.0))


def write(run: Run, projection: Projection) -> None:
    """Keep points in the run folder."""
    about: dict[str, Any] = {
        "config": projection.config.model_dump(mode="json"),
        "quality": projection.quality,
        "seconds": round(projection.seconds, 3),
    }
    write_arrays(_path(run, projection.config), {"points": projection.points}, about)


def _path(run: Run, config: PluginConfig) -> Path:
    return run.place("projections", f"{key(run, config)}.safetensors")
