"""What the movie's component fetches: points of frames, classes and pictures of its items. Addresses carry hashes."""

import threading

import numpy as np

from aelib.drawing import Drawn
from aelib.errors import AelibError
from aelib.figures.movie import gif as draw_gif
from aelib.latent import movie as laying
from aelib.runs import movie
from aelib.runs.folder import Run
from ui import cached
from ui.lattice import packed
from ui.shared import shared

AT_ONCE = 32  # frames in one answer
CHUNK_BYTES = 262_144  # of pictures in one answer, about


class Reel:
    """The points of a run's frames as far as they are laid out; grows as frames come, and never moves any."""

    def __init__(self, run_id: str, layout: laying.Layout) -> None:
        self.run = run_id
        self.layout: laying.Layout = layout
        self.keys: list[str] = []
        self.points: list[np.ndarray] = []
        self.lock = threading.Lock()

    def between(self, first: str, last: str) -> list[np.ndarray]:
        """Points (n, 2) of the frames with these keys and of those between. Raises ``E_NOT_FOUND``."""
        with self.lock:
            if first not in self.keys or last not in self.keys:
                self._catch_up(cached.run(self.run))
            if first not in self.keys or last not in self.keys:
                raise AelibError("E_NOT_FOUND", "This moment of the movie is not here", "", "Reload the page")
            from_, to = self.keys.index(first), self.keys.index(last)
            if not from_ <= to < from_ + AT_ONCE:
                raise AelibError("E_TOO_LARGE", "So many frames are not given at once", f"at most {AT_ONCE}")
            return self.points[from_ : to + 1]

    def all(self) -> list[np.ndarray]:
        """Points (n, 2) of every frame that is laid out."""
        with self.lock:
            self._catch_up(cached.run(self.run))
            return list(self.points)

    def _catch_up(self, run: Run) -> None:
        frames = movie.frames(run)
        keys = laying.keys(frames, self.layout)
        same = next((at for at, (a, b) in enumerate(zip(keys, self.keys, strict=False)) if a != b), len(self.keys))
        del self.keys[same:], self.points[same:]
        for place in range(len(self.keys), len(keys)):
            if self.layout == "umap":  # laid out by the worker, never here
                points = laying.points_of(run, keys[place])
            else:
                before = self.points[-1] if self.points else None
                points = laying.lay_out(movie.codes_of(run, frames[place]), self.layout, before)
            if points is None:
                break
            self.keys.append(keys[place])
            self.points.append(points)


def points(run_id: str, layout: str, first: str, last: str) -> bytes:
    """Points of the frames from key ``first`` to key ``last``.

    Returns:
        ``packed``: ``count`` of items and the ``bounds`` (left, right, bottom, top) of each frame; then uint16
        (frames, n, 2), each number's place between its bounds, of 65,535.
    """
    if layout not in ("codes", "pca", "umap"):
        raise AelibError("E_NOT_FOUND", f"There is no layout named {layout[:40]!r}")
    found = _reel(run_id, layout).between(first, last)
    bounds, places = [], []
    for frame in found:
        low, high = frame.min(axis=0).astype(np.float64), frame.max(axis=0).astype(np.float64)
        wide = np.maximum(high - low, 1e-12)
        places.append(np.rint((frame - low) / wide * 65535).astype("<u2"))
        bounds.append([float(low[0]), float(high[0]), float(low[1]), float(high[1])])
    return packed({"count": len(found[0]), "bounds": bounds}, np.stack(places))


def gif(run_id: str, layout: laying.Layout) -> bytes:
    """The whole movie as an animated picture."""
    run = cached.run(run_id)
    found, frames = movie.cast_of(run), _reel(run_id, layout).all()
    words = [words_of(frame) for frame in movie.frames(run)[: len(frames)]]
    return draw_gif(frames, found.labels, len(found.info.classes), words, layout == "codes")


def words_of(frame: movie.Frame) -> str:
    """What a moment is called, as the component calls it."""
    if frame.step:
        return f"epoch {frame.epoch + 1}, step {frame.step}"
    return f"after epoch {frame.epoch}" if frame.epoch else "before the first step"


def cast(run_id: str, version: str) -> bytes:
    """Classes (-1: none), then numbers in the dataset, of a movie's items: int32 (2, n)."""
    found = _cast(run_id, version)
    return np.stack([found.labels, found.index]).astype("<i4").tobytes()


def pictures(run_id: str, version: str, chunk: int) -> bytes:
    """The items' own pictures, ``chunk_size`` of them: uint8 (rows, height, width, channels)."""
    found = _cast(run_id, version)
    items, size = cached.items(run_id), chunk_size(found)
    values = items.values if items.values.dtype == np.uint8 else Drawn(items.values, found.info.low, found.info.high)
    rows = found.info.counts["train"] + found.rows[chunk * size : (chunk + 1) * size]
    return np.ascontiguousarray(values[rows].transpose(0, 2, 3, 1)).tobytes()


def chunk_size(found: movie.Cast) -> int:
    """Items in one chunk of pictures."""
    return max(8, min(512, CHUNK_BYTES // int(np.prod(found.info.picture_shape))))


def _cast(run_id: str, version: str) -> movie.Cast:
    found = movie.cast_of(cached.run(run_id))
    if found.version != version:
        raise AelibError("E_NOT_FOUND", "The movie is another one since this page was drawn", "", "Reload the page")
    return found


@shared(max_entries=12)
def _reel(run_id: str, layout: laying.Layout) -> Reel:
    return Reel(run_id, layout)
