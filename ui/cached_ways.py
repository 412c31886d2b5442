"""What the ways between codes are found with, kept beside the other caches: the graph of a run, and begun searches."""

from collections.abc import Callable

import numpy as np

from aelib.latent.geodesic import Search
from aelib.latent.roads import Roads
from ui import cached
from ui.shared import shared


def roads(run_id: str) -> Roads:
    """The graph of a run's codes in which the shortest roads are found: a few seconds for large data."""
    return _roads(run_id, cached.version(run_id))


def search(run_id: str, start: np.ndarray, end: np.ndarray, label: int, begin: Callable[[], Search]) -> Search:
    """The search for the geodesic between two codes, as far as it has come; ``begin`` starts one."""
    return _search(run_id, cached.version(run_id), tuple(start.tolist()), tuple(end.tolist()), label, begin)


@shared(max_entries=8)
def _roads(run_id: str, version: str) -> Roads:
    return Roads.of(cached.table(run_id).codes)


@shared(max_entries=16)
def _search(
    run_id: str,
    version: str,
    start: tuple[float, ...],
    end: tuple[float, ...],
    label: int,
    _begin: Callable[[], Search],
) -> Search:
    return _begin()
