"""Every cache of the app. Keys are run ids, versions of their weights, and frozen configs; never arrays or models."""

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from aelib import codes, samples
from aelib.config import PluginConfig
from aelib.datasets._base import DataInfo, Dataset, Items, load_dataset
from aelib.drawing import Drawn
from aelib.errors import AelibError
from aelib.latent.mixture import Mixture
from aelib.latent.plane import Plane
from aelib.latent.plane import linear_map as linear_map_of
from aelib.latent.support import Support
from aelib.measures import copies
from aelib.measures.clusters import Clusters
from aelib.measures.clusters import clusters as find_clusters
from aelib.measures.density import Density
from aelib.measures.density import density as measure_density
from aelib.measures.factors import Factor, relations
from aelib.measures.task import Task, judge
from aelib.projections import _base as projections
from aelib.registry import PROJECTIONS
from aelib.runs import weights
from aelib.runs.folder import Run, default_checkpoints, open_run
from ui import warm
from ui.shared import shared

if TYPE_CHECKING:
    from aelib.models._base import Model

JUDGED = 2000  # items put through a run to judge its task: seconds on a CPU
MOST_MEASURED = 20_000  # codes a whole map's support is measured against: exact distances to all would take a minute


def run(run_id: str) -> Run:
    """The run with this id. Raises ``E_ID`` or ``E_NO_RUN``."""
    return open_run(default_checkpoints(), run_id)


def version(run_id: str) -> str:
    """The version of a run's weights; empty while there are none."""
    return weights.weights_version(run(run_id))


def model(run_id: str) -> "Model":
    """The frozen model of a run, on the CPU, for use in the calling thread."""
    found = _model(run_id, version(run_id))
    warm.one_thread()
    return found


def table(run_id: str) -> codes.CodeTable:
    """The code table of a run: all items, all splits."""
    return _table(run_id, version(run_id))


def info(run_id: str) -> DataInfo:
    """Item shape, counts and classes, without loading data or torch."""
    return weights.load_info(run(run_id))


def items(run_id: str) -> Items:
    """All items of the run's dataset, in the order of its code table.

    Raises ``E_DATASET_CHANGED`` when the data are no longer those the run learnt from: a wrong picture beside a code
    would be worse than none.
    """
    return _items(*learnt_from(run_id))


def dataset(run_id: str) -> Dataset:
    """The dataset of an imported run: names of its attributes and of their values, beside its items."""
    return _dataset(learnt_from(run_id)[0])


def learnt_from(run_id: str) -> tuple[PluginConfig, str]:
    """The dataset's config, and the hash of the data as they were then; empty for older runs."""
    found = run(run_id)
    return _learnt_from(run_id, str(found.folder), (found.folder / "config.json").stat().st_mtime_ns)


def task(run_id: str, split: str, corrupted: bool) -> tuple[np.ndarray, Task]:
    """At most ``JUDGED`` rows of a split, evenly taken, and how well the run does its task on them."""
    return _task(run_id, version(run_id), split, corrupted)


def support(run_id: str) -> Support:
    """The support scale of a run's codes."""
    return _support(run_id, version(run_id))


def density(run_id: str) -> Density:
    """How densely the codes lie around each item."""
    return _density(run_id, version(run_id))


def plane(run_id: str, config: PluginConfig) -> Plane:
    """A map's points with a tree over them, and their support scale."""
    return _plane(run_id, version(run_id), config)


def linear_map(run_id: str, config: PluginConfig) -> tuple[np.ndarray, np.ndarray] | None:
    """The linear map from a run's codes to a map's points, or None where they follow none."""
    return _linear_map(run_id, version(run_id), config)


def sampled_support(run_id: str) -> Support:
    """The support scale of a run's codes for thousands of questions at once: of at most ``MOST_MEASURED`` of them."""
    return _sampled_support(run_id, version(run_id))


def points(run_id: str, config: PluginConfig) -> np.ndarray | None:
    """The points (n, 2) of all items: stored ones, or computed here when the method is quick; else None."""
    stored = stored_projection(run_id, config)
    if stored is not None:
        return stored.points
    return _quick_points(run_id, version(run_id), config) if PROJECTIONS.load(config.name).QUICK else None


def stored_projection(run_id: str, config: PluginConfig) -> projections.Projection | None:
    """The projection kept in the run folder, with its quality, or None."""
    found = run(run_id)
    return _stored(run_id, projections.key(found, config), config) if projections.stored(found, config) else None


def clusters(run_id: str) -> Clusters:
    """The clusters of a run's codes, all splits together: a second of work when asked for first."""
    return _clusters(run_id, version(run_id))


def factor_relations(run_id: str, columns: Callable[[], dict[str, np.ndarray]], kinds: frozenset[str]) -> list[Factor]:
    """What each dimension has to do with each factor; ``columns`` gives their values when they are asked for first."""
    return _factor_relations(run_id, version(run_id), columns, kinds)


def mixture(run_id: str) -> Mixture:
    """The mixture over the codes of the training items: a second or two of work when asked for first."""
    return _mixture(run_id, version(run_id))


def training_items(run_id: str) -> tuple[Items, np.ndarray]:
    """The items that a run learnt from, and how near each lies to its nearest other one (``measures.copies``)."""
    return _training_items(run_id, version(run_id))


def prepare(run_id: str, config: PluginConfig | None = None) -> None:
    """Load in the background what the first live decode needs, so that it answers as fast as the later ones.

    Args:
        run_id: The run on screen.
        config: The map on screen, if there is one.
    """

    def load() -> None:
        with contextlib.suppress(AelibError):  # the decode itself will say what is wrong
            model(run_id)
            support(run_id)
            if config is not None:
                plane(run_id, config)

    warm.soon(load, f"prepare {run_id}")


def pictures(run_id: str) -> np.ndarray | Drawn:
    """All items of the run as they are drawn, uint8 (n, channels, height, width): vectors as bars, when taken."""
    return _pictures(run_id, learnt_from(run_id)[1])


@shared(max_entries=3)
def _pictures(run_id: str, dataset_hash: str) -> np.ndarray | Drawn:
    shape, values = info(run_id), items(run_id).values
    return values if values.dtype == np.uint8 else Drawn(values, shape.low, shape.high)


@shared(max_entries=64)
def _learnt_from(run_id: str, folder: str, changed: int) -> tuple[PluginConfig, str]:
    found = run(run_id)
    return found.dataset(), found.raw_config.get("dataset_hash", "")


@shared(max_entries=8)
def _model(run_id: str, version: str) -> "Model":
    warm.load_torch()
    loaded = weights.load_model(run(run_id))
    warm.freeze()
    return loaded


@shared(max_entries=8)
def _table(run_id: str, version: str) -> codes.CodeTable:
    return codes.of_run(run(run_id))


@shared(max_entries=3)
def _items(dataset: PluginConfig, expected: str) -> Items:
    loaded = load_dataset(dataset)
    if expected and loaded.hash != expected:
        raise AelibError(
            "E_DATASET_CHANGED",
            f"The dataset {dataset.name!r} has changed since this run was trained",
            "its sha256 is another one",
            "Put the old files back, or train again on the data as they are now",
        )
    return loaded.all_items()


@shared(max_entries=3)
def _dataset(dataset: PluginConfig) -> Dataset:
    return load_dataset(dataset)


@shared(max_entries=8)
def _task(run_id: str, version: str, split: str, corrupted: bool) -> tuple[np.ndarray, Task]:
    rows, config = table(run_id).rows(split), run(run_id).config()
    rows = rows[np.unique(np.linspace(0, len(rows) - 1, min(JUDGED, len(rows))).astype(int))]
    chosen = config.corruptions if corrupted else ()
    return rows, judge(model(run_id), items(run_id).take(rows), chosen, config.training.seed)


@shared(max_entries=8)
def _support(run_id: str, version: str) -> Support:
    return Support.of(table(run_id).codes)


@shared(max_entries=8)
def _density(run_id: str, version: str) -> Density:
    return measure_density(table(run_id).codes)


@shared(max_entries=8)
def _sampled_support(run_id: str, version: str) -> Support:
    found = table(run_id).codes
    if len(found) <= MOST_MEASURED:
        return support(run_id)
    return Support.of(found[np.linspace(0, len(found) - 1, MOST_MEASURED).astype(int)])


@shared(max_entries=8)
def _plane(run_id: str, version: str, config: PluginConfig) -> Plane:
    found = points(run_id, config)
    assert found is not None, "asked only for a map that is on screen"
    return Plane.of(found)


@shared(max_entries=16)
def _linear_map(run_id: str, version: str, config: PluginConfig) -> tuple[np.ndarray, np.ndarray] | None:
    found = points(run_id, config)
    return None if found is None else linear_map_of(table(run_id).codes, found)


@shared(max_entries=8)
def _clusters(run_id: str, version: str) -> Clusters:
    return find_clusters(table(run_id).codes)


@shared(max_entries=8)
def _factor_relations(
    run_id: str, version: str, _columns: Callable[[], dict[str, np.ndarray]], kinds: frozenset[str]
) -> list[Factor]:
    return relations(table(run_id).codes, _columns(), kinds)


@shared(max_entries=8)
def _mixture(run_id: str, version: str) -> Mixture:
    return samples.fitted(run(run_id))


@shared(max_entries=3)
def _training_items(run_id: str, version: str) -> tuple[Items, np.ndarray]:
    training = items(run_id).take(table(run_id).rows("train"))
    return training, copies.own_distances(training)


@shared(max_entries=16)
def _quick_points(run_id: str, version: str, config: PluginConfig) -> np.ndarray:
    found = table(run_id)
    return projections.fit(found.codes, config, found.labels)


@shared(max_entries=16)
def _stored(run_id: str, key: str, config: PluginConfig) -> projections.Projection:
    found = projections.read(run(run_id), config)
    assert found is not None, "asked only for a stored projection"
    return found
