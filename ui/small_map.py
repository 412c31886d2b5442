"""A small map beside a lab: where new codes lie on a projection of the run that stays as it is."""

from typing import Any

import numpy as np

from aelib.config import PluginConfig, read_choice
from aelib.figures.colours import class_palette
from aelib.projections._base import is_linear, place, place_by_nearest, stored
from aelib.registry import PROJECTIONS
from ui import cached, decoding
from ui.projection_choice import title
from ui.shared import shared

SHOWN = 6000  # items behind the new codes, evenly taken


def projection(run_id: str) -> PluginConfig:
    """UMAP where it is kept with the run; else the code's own two dimensions, else PCA, which are quick."""
    umap = read_choice(PROJECTIONS, "umap")
    if stored(cached.run(run_id), umap):
        return umap
    return read_choice(PROJECTIONS, "axes" if cached.table(run_id).codes.shape[1] == 2 else "pca")


def placed(run_id: str, codes: np.ndarray) -> np.ndarray:
    """Where codes (m, latent_dim) lie on the run's small map: float32 (m, 2)."""
    config = projection(run_id)
    linear = cached.linear_map(run_id, config)
    if linear is not None:
        return (codes @ linear[0] + linear[1]).astype(np.float32)
    points = cached.points(run_id, config)
    assert points is not None, "stored, or quick"
    found = cached.table(run_id).codes
    bent = _is_bent(run_id, cached.version(run_id), config)
    return place_by_nearest(codes, found, points) if bent else place(codes, found, points)


def given(run_id: str) -> dict[str, Any]:
    """What the component draws: the address of the points, every how many of them, and the classes' colours."""
    config, table = projection(run_id), cached.table(run_id)
    base = f"api/runs/{run_id}/{cached.version(run_id)}/all"
    return {
        "points": f"{base}/points?{_query(config)}",
        "labels": f"{base}/labels",
        "every": max(1, len(table) // SHOWN),
        "colours": class_palette(len(cached.info(run_id).classes)),
        "title": title(config.name),
    }


@shared(max_entries=16)
def _is_bent(run_id: str, version: str, config: PluginConfig) -> bool:
    points = cached.points(run_id, config)
    return points is not None and not is_linear(cached.table(run_id).codes, points)


def _query(config: PluginConfig) -> str:
    from urllib.parse import urlencode

    return urlencode({"map": decoding.write_map(config)})
