"""Points for the frames of a movie, such that they do not jump: each frame is laid out from the one before.

``codes``: codes of one or two numbers are drawn as they are, turned by nothing. ``pca``: the frame's own two principal
components, turned and mirrored as a whole onto the frame before (orthogonal Procrustes: Schönemann, "A generalized
solution of the orthogonal Procrustes problem", 1966); distances within a frame stay what PCA gave. ``umap``: UMAP's
descent on the frame's own exact neighbours, started at the points of the frame before and taken in few small steps.

A frame depends on the frames before it alone: what is laid out never moves when later ones come.
"""

import contextlib
import hashlib
from collections.abc import Sequence
from typing import Literal

import numpy as np

from aelib.config import read_choice
from aelib.errors import AelibError
from aelib.files import has_arrays, read_arrays, write_arrays
from aelib.projections import umap
from aelib.projections._base import fit
from aelib.projections._linear import principal_scores
from aelib.projections._neighbours import others
from aelib.projections._progress import tell
from aelib.registry import PROJECTIONS
from aelib.runs import movie
from aelib.runs.folder import Run

Layout = Literal["codes", "pca", "umap"]
NEIGHBOURS, MIN_DIST = 15, 0.1  # UMAP's, as on the map
EPOCHS, RATE = 30, 0.3  # of a warm layout: low, so that points glide (docs/performance.md)
FORMAT = "1"  # of the arithmetic: points of another one have other keys


def layouts(latent_dim: int) -> list[Layout]:
    """What a movie of codes of this size can be laid out by, the first one by itself."""
    return ["codes"] if latent_dim <= 2 else ["pca", "umap"]


def keys(frames: Sequence[movie.Frame], layout: Layout) -> list[str]:
    """A name for each frame's points: it changes with the frame and with any before it, never with later ones."""
    found, digest = [], hashlib.sha256(f"{FORMAT} {layout}".encode())
    for frame in frames:
        digest.update(frame.name.encode())
        found.append(digest.hexdigest()[:16])
    return found


def lay_out(codes: np.ndarray, layout: Layout, before: np.ndarray | None) -> np.ndarray:
    """Points (n, 2), float32, of one frame's codes (n, latent_dim).

    Args:
        codes: The frame's, finite.
        layout: See above.
        before: (n, 2), the points of the frame before; None for the first.
    """
    if layout == "codes":
        points = np.zeros((len(codes), 2), np.float32)
        points[:, : codes.shape[1]] = codes[:, :2]
        return points
    if layout == "pca":
        points = principal_scores(codes)
        return points if before is None else turned_onto(points, before)
    if before is None or len(codes) < 4 or np.ptp(codes, axis=0).max() == 0:
        points = fit(codes, read_choice(PROJECTIONS, "umap"))
        points = (points - points.mean(axis=0)).astype(np.float32)
        return points if before is None else turned_onto(points, before)
    return turned_onto(_warm(codes, before), before)


def turned_onto(points: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Points (n, 2) turned, mirrored and shifted as one whole to lie nearest to ``before``; no distance changes."""
    centre, level = points.mean(axis=0, dtype=np.float64), before.mean(axis=0, dtype=np.float64)
    left, _, right = np.linalg.svd((points - centre).T @ (before - level))
    return ((points - centre) @ (left @ right) + level).astype(np.float32)


def points_of(run: Run, key: str) -> np.ndarray | None:
    """The kept points of a frame laid out by UMAP, or None; damaged ones are removed, to be made again."""
    path = movie.points_path(run, "umap", key)
    try:
        return read_arrays(path)[0]["points"] if has_arrays(path) else None
    except (AelibError, KeyError):
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
        return None


def lay_out_all(run: Run) -> int:
    """Lay out by UMAP the frames that have no points yet, oldest first, and keep each; returns how many were made."""
    frames = movie.frames(run)
    names, made = keys(frames, "umap"), 0
    known = [has_arrays(movie.points_path(run, "umap", name)) for name in names]
    first = known.index(False) if False in known else len(names)
    before = points_of(run, names[first - 1]) if first else None
    while first and before is None:  # a damaged one: from there on anew
        first -= 1
        before = points_of(run, names[first - 1]) if first else None
    for place in range(first, len(frames)):
        before = lay_out(movie.codes_of(run, frames[place]), "umap", before)
        write_arrays(movie.points_path(run, "umap", names[place]), {"points": before}, {"frame": frames[place].name})
        made += 1
        tell((place + 1) / len(frames))
    return made


def _warm(codes: np.ndarray, before: np.ndarray) -> np.ndarray:
    from aelib.projections._kernels import PUSHES, descend

    rows, distances = others(codes / np.abs(codes).max(), min(NEIGHBOURS, len(codes)) - 1)
    heads, tails, weights = umap.fuzzy_graph(rows, distances)
    whole = round(EPOCHS / RATE)  # the last part of a descent so long: its step falls from RATE to 0
    start = whole - EPOCHS
    live = weights >= weights.max() / EPOCHS
    heads, tails, every = heads[live], tails[live], weights.max() / weights[live]
    points = np.zeros((len(codes), 4), np.float32)
    points[:, :2] = before
    due, due_apart = start + every, start + every / PUSHES
    state = np.array([len(codes) + 1], np.uint64)  # of the pushes' own random numbers: the same each time
    curve = umap.curve(MIN_DIST)
    descend(points, heads, tails, every, due, due_apart, curve, start, whole, whole, state)
    return points[:, :2]
