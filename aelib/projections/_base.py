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
from aelib.projections._neighbours import nearest
from aelib.registry import PROJECTIONS
from aelib.runs import weights
from aelib.runs.folder import Run

PLACED_BY = 8  # nearest codes that decide where a new one lies


@dataclass(frozen=True)
class Projection:
    """Points of all items of a run.

    Attributes:
        points: float32 (n, 2 or 3), one per row of the run's code table.
        config: The method and its parameters.
        quality: Trustworthiness, continuity and overlap with the number of items measured; empty where unmeasured.
        seconds: How long the fit took.
        distortion: float32 (n,), the share of each item's nearest that the map loses, 0 to 1; None where unmeasured.
    """

    points: np.ndarray
    config: PluginConfig
    quality: dict[str, float]
    seconds: float
    distortion: np.ndarray | None = None


def fit(codes: np.ndarray, config: PluginConfig, labels: np.ndarray | None = None) -> np.ndarray:
    """Points (n, 2 or 3), float32, of codes (n, latent_dim).

    Args:
        codes: One row per item.
        config: The method and its parameters.
        labels: (n,), -1 where there is none; for the methods that say ``NEEDS_LABELS``.

    Raises:
        AelibError: ``E_CODES`` when there are no codes or some are not finite; ``E_CONFIG`` and ``E_LABELS`` from the
            method itself.
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
    points = PROJECTIONS.load(config.name).fit(np.ascontiguousarray(codes, np.float32), config, labels)
    return np.ascontiguousarray(points, dtype=np.float32)


def place(new_codes: np.ndarray, codes: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points (m, 2 or 3), float32, for new codes on a fixed map; the map's own points stay where they are.

    Where the map is a linear one, by the same linear map. Elsewhere by the points of the nearest codes, weighted by
    inverse squared distance (Shepard, 1968): a code that is on the map already lands on its own point.

    Args:
        new_codes: (m, latent_dim), finite.
        codes: (n, latent_dim), those the map was made of.
        points: (n, 2 or 3), the map.
    """
    new_codes, codes = np.asarray(new_codes, np.float32), np.asarray(codes, np.float32)
    linear = _linear_map(codes, points)
    if linear is not None:
        centre, slopes, level = linear
        return ((new_codes - centre) @ slopes + level).astype(np.float32)
    return place_by_nearest(new_codes, codes, points)


def place_by_nearest(new_codes: np.ndarray, codes: np.ndarray, points: np.ndarray) -> np.ndarray:
    """As ``place``, on a map that is known to be no linear one."""
    rows, distances = nearest(np.asarray(new_codes, np.float32), np.asarray(codes, np.float32), PLACED_BY)
    least = np.maximum(distances[:, :1].astype(np.float64), 1e-30)
    shares = (least / np.maximum(distances, least)) ** 2
    shares[distances[:, 0] == 0] *= distances[distances[:, 0] == 0] == 0  # on its twins alone
    shares /= shares.sum(axis=1, keepdims=True)
    return np.einsum("mk,mkd->md", shares, points[rows]).astype(np.float32)


def is_linear(codes: np.ndarray, points: np.ndarray) -> bool:
    """Whether an affine map leads from the codes to the points, so that ``place`` follows it."""
    return _linear_map(codes, points) is not None


def _linear_map(codes: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Centre, slopes and level of the affine map from codes to points, or None where there is no such map."""
    rows = np.linspace(0, len(codes) - 1, min(len(codes), max(1000, 4 * codes.shape[1]))).astype(int)
    if len(rows) < 2 * codes.shape[1] + 2:
        return None
    centre, level = codes[rows].mean(axis=0, dtype=np.float64), points[rows].mean(axis=0, dtype=np.float64)
    across, up = codes[rows] - centre, points[rows] - level
    slopes = np.linalg.lstsq(across, up, rcond=1e-6)[0]
    off = np.abs(across @ slopes - up).max()
    return (centre, slopes, level) if off <= 1e-4 * max(np.abs(up).max(), 1e-30) else None


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
    quality, seconds = about.get("quality", {}), about.get("seconds", 0.0)
    return Projection(arrays["points"], config, quality, seconds, arrays.get("distortion"))


def write(run: Run, projection: Projection) -> None:
    """Keep points in the run folder."""
    about: dict[str, Any] = {
        "config": projection.config.model_dump(mode="json"),
        "quality": projection.quality,
        "seconds": round(projection.seconds, 3),
    }
    arrays = {"points": projection.points}
    if projection.distortion is not None:
        arrays["distortion"] = projection.distortion
    write_arrays(_path(run, projection.config), arrays, about)


def _path(run: Run, config: PluginConfig) -> Path:
    return run.place("projections", f"{key(run, config)}.safetensors")
