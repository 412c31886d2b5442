"""Linear discriminants: the plane in which the classes lie farthest apart.

What for: seeing whether the code separates known classes by straight cuts, and which classes it confuses.
Limits: needs labels and looks for them: apart on this map is no proof of clusters; linear; at most 1,000 classes.
Reference: Fisher, "The use of multiple measurements", 1936; Rao, 1948; scaled as in scikit-learn's eigen solver.
"""

from typing import Literal

import numpy as np
from pydantic import Field

from aelib.config import PluginConfig
from aelib.errors import AelibError
from aelib.projections._linear import principal_scores

QUICK = True
NEEDS_LABELS = True
MOST_CLASSES = 1000
FLOOR = 1e-6  # of the codes' variance: classes narrower than that in some direction count as this narrow


class Config(PluginConfig):
    """How many discriminants."""

    dimensions: Literal[2, 3] = Field(2, description="2 for a plane, 3 for a space to turn")


def fit(codes: np.ndarray, config: Config, labels: np.ndarray | None = None) -> np.ndarray:
    """Points (n, 2 or 3) on the directions of largest variance between classes per variance within.

    Items without a label (-1) are placed, but count nowhere. c classes have c - 1 discriminants; the axes that are
    left over show the largest variance among what the discriminants do not.

    Raises ``E_LABELS`` when there are no labels, fewer than two classes, too many, or one for every item.
    """
    known = np.zeros(len(codes), bool) if labels is None else np.asarray(labels) >= 0
    taken = codes[known].astype(np.float64)
    found = np.zeros(0) if labels is None else np.asarray(labels)[known]
    classes, member, counts = np.unique(found, return_inverse=True, return_counts=True)
    _refuse(len(classes), len(taken))
    means = _means(taken, member, counts)
    centre = taken.mean(axis=0)
    rest = taken - means[member]
    within = rest.T @ rest / (len(taken) - len(classes))
    values, vectors = np.linalg.eigh(within)
    floor = max(FLOOR * float(taken.var(axis=0).sum()), np.finfo(float).tiny)
    whitening = vectors / np.sqrt(np.maximum(values, floor))
    scatter = ((means - centre) @ whitening) * np.sqrt(counts)[:, None]
    strengths, directions = np.linalg.eigh(scatter.T @ scatter)
    order = np.argsort(strengths)[::-1][: min(config.dimensions, len(classes) - 1)]
    axes = whitening @ directions[:, order]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), range(axes.shape[1])])
    centred = codes - centre
    points = np.zeros((len(codes), config.dimensions), np.float32)
    points[:, : axes.shape[1]] = centred @ axes
    if axes.shape[1] < config.dimensions:
        shown, _ = np.linalg.qr(axes)
        others = principal_scores(centred - centred @ shown @ shown.T, config.dimensions - axes.shape[1])
        points[:, axes.shape[1] :] = others
    return points


def _means(codes: np.ndarray, member: np.ndarray, counts: np.ndarray) -> np.ndarray:
    columns = [np.bincount(member, codes[:, column], len(counts)) for column in range(codes.shape[1])]
    return np.stack(columns, axis=1) / counts[:, None]


def _refuse(classes: int, items: int) -> None:
    remedy = "Take PCA or UMAP, which look at the codes alone"
    if items == 0:
        raise AelibError("E_LABELS", "Linear discriminants need labels", "these items have none", remedy)
    if classes < 2:
        raise AelibError("E_LABELS", "Linear discriminants need two classes", "all items are of one", remedy)
    if classes > MOST_CLASSES:
        why = f"there are {classes:,}, and it takes at most {MOST_CLASSES:,}"
        raise AelibError("E_LABELS", "Linear discriminants cannot tell so many classes apart", why, remedy)
    if classes >= items:
        why = "each item is a class of its own"
        raise AelibError("E_LABELS", "Linear discriminants need classes of several items", why, remedy)
