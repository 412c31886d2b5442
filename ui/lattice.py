"""The decoded lattice of a map and the veil of its support, as bytes for the component; made once and kept."""

import json
from typing import Any

import numpy as np

from aelib.config import PluginConfig
from aelib.errors import AelibError
from aelib.latent import lattice
from ui import cached, decoding
from ui.shared import shared

AT_ONCE = 256  # cells decoded in one go: a live decode waits for no longer than that


def packed(about: dict[str, Any], *arrays: np.ndarray) -> bytes:
    """A header and arrays as one answer: its length (uint32, little-endian), JSON padded to whole fours, the bytes."""
    header = json.dumps(about, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 4)
    return len(header).to_bytes(4, "little") + header + b"".join(array.tobytes() for array in arrays)


def pictures(run_id: str, config: PluginConfig) -> bytes:
    """The lattice: support per cell (uint8, of 255), then the cells' pictures uint8 (rows, columns, h, w, channels).

    Never more than ``aelib.latent.lattice.BYTES``: pictures are made smaller first, then cells fewer.
    """
    return _pictures(run_id, cached.version(run_id), config)


def support(run_id: str, config: PluginConfig) -> bytes:
    """Support over the map: uint8, of 255, (rows, columns)."""
    return _support(run_id, cached.version(run_id), config)


@shared(max_entries=6)
def _pictures(run_id: str, version: str, config: PluginConfig) -> bytes:
    grid = lattice.plan(cached.info(run_id).picture_shape, _points(run_id, config))
    places, found, shares = grid.places(), [], []
    for start in range(0, len(places), AT_ONCE):
        ground = decoding.ground(run_id, config, places[start : start + AT_ONCE], many=True)
        decoded = decoding.ground_pictures(run_id, ground).transpose(0, 3, 1, 2)
        found.append(lattice.shrunk(decoded, grid.shrink).transpose(0, 2, 3, 1))
        shares.append(ground.share)
    tiles = np.ascontiguousarray(np.concatenate(found))
    about = {**_about(grid), "tile": list(tiles.shape[1:]), "shrink": grid.shrink}
    return packed(about, _bytes(np.concatenate(shares)), tiles)


@shared(max_entries=6)
def _support(run_id: str, version: str, config: PluginConfig) -> bytes:
    grid = lattice.veil(_points(run_id, config))
    places = grid.places()
    parts = [places[start : start + 2048] for start in range(0, len(places), 2048)]
    share = np.concatenate([decoding.ground(run_id, config, part, many=True).share for part in parts])
    return packed(_about(grid), _bytes(share))


def _points(run_id: str, config: PluginConfig) -> np.ndarray:
    found = cached.points(run_id, config)
    if found is None:
        raise AelibError("E_NOT_FOUND", "This map is not computed yet", "", "Wait for it, or take PCA")
    return found


def _about(grid: lattice.Grid) -> dict[str, Any]:
    return {"rows": grid.rows, "columns": grid.columns, "extent": [float(edge) for edge in grid.extent]}


def _bytes(share: np.ndarray) -> np.ndarray:
    return np.rint(share.clip(0, 1) * 255).astype(np.uint8)
