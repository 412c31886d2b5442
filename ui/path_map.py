"""The map on the Paths page: the code's own plane where it has one, so that places are codes; else the small map."""

from typing import Any
from urllib.parse import urlencode

import numpy as np

from aelib.config import PluginConfig, read_choice
from aelib.registry import PROJECTIONS
from ui import cached, decoding, small_map
from ui.projection_choice import title


def projection(run_id: str) -> PluginConfig:
    """The code's two dimensions, or what the small map shows."""
    return read_choice(PROJECTIONS, "axes") if _is_plane(run_id) else small_map.projection(run_id)


def placed(run_id: str, codes: np.ndarray) -> np.ndarray:
    """Where codes (m, latent_dim) lie on it: float32 (m, 2)."""
    return codes.astype(np.float32) if _is_plane(run_id) else small_map.placed(run_id, codes)


def given(run_id: str) -> dict[str, Any]:
    """What the component draws, see ``small_map.given``."""
    found, config = small_map.given(run_id), projection(run_id)
    points = found["points"].partition("?")[0] + "?" + urlencode({"map": decoding.write_map(config)})
    return {**found, "points": points, "title": title(config.name)}


def _is_plane(run_id: str) -> bool:
    return cached.table(run_id).codes.shape[1] == 2
