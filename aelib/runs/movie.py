"""The frames of a run's movie: codes of the same items at moments of its training, in ``movie/``.

``items.safetensors`` says which items; each frame is a file of its own, named ``EPOCH-STEP-HASH``: epochs done, steps
done of the next one, and the first part of the sha256 of its codes. ``umap/`` keeps points laid out from them.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aelib.datasets._base import DataInfo
from aelib.errors import AelibError
from aelib.files import read_arrays, read_object, sha256, write_arrays
from aelib.runs.folder import Run

FOLDER = "movie"
ITEMS = "items.safetensors"
_NAME = re.compile(r"(\d{6,})-(\d{8,})-([0-9a-f]{12})\.safetensors")


@dataclass(frozen=True, order=True)
class Frame:
    """A moment: ``epoch`` epochs (over all stages) and ``step`` steps of the next are done; ``mark`` of its codes."""

    epoch: int
    step: int
    mark: str

    @property
    def name(self) -> str:
        """As its file is named."""
        return f"{self.epoch:06d}-{self.step:08d}-{self.mark}"


@dataclass(frozen=True)
class Cast:
    """The items of a movie, the same in every frame.

    Attributes:
        rows: int64 (n,), their rows in the validation split.
        index: int64 (n,), their numbers in the dataset's own order.
        labels: int64 (n,), -1 where there is no label.
        info: Of the dataset.
        version: Changes with the items.
    """

    rows: np.ndarray
    index: np.ndarray
    labels: np.ndarray
    info: DataInfo
    version: str = ""

    def __len__(self) -> int:
        return len(self.rows)


def frames(run: Run) -> list[Frame]:
    """All whole frames, oldest first; reads names only."""
    found = []
    for path in _folder(run).glob("*.safetensors.json"):  # the sidecar comes last
        if match := _NAME.fullmatch(path.name.removesuffix(".json")):
            found.append(Frame(int(match[1]), int(match[2]), match[3]))
    return sorted(found)


def codes_of(run: Run, frame: Frame) -> np.ndarray:
    """The codes of a frame, float32 (n, latent_dim). Raises ``E_CORRUPT`` or ``E_FILE``."""
    arrays, _ = read_arrays(_folder(run) / f"{frame.name}.safetensors")
    return arrays["codes"]


def write_frame(run: Run, epoch: int, step: int, codes: np.ndarray) -> Frame:
    """Keep the codes of a moment; the first ones of a moment stay."""
    codes = np.ascontiguousarray(codes, np.float32)
    known = [frame for frame in frames(run) if (frame.epoch, frame.step) == (epoch, step)]
    if known:
        return known[0]
    frame = Frame(epoch, step, sha256(codes.tobytes())[:12])
    write_arrays(run.folder / FOLDER / f"{frame.name}.safetensors", {"codes": codes}, {"epoch": epoch, "step": step})
    return frame


def drop_after(run: Run, epoch: int, step: int) -> None:
    """Forget what comes after a moment, and what a kill left half written: it is made again, identically."""
    whole = {frame.name for frame in frames(run) if (frame.epoch, frame.step) <= (epoch, step)}
    for path in _folder(run).glob(".*.tmp"):
        path.unlink(missing_ok=True)
    for path in [*_folder(run).glob("*.safetensors.json"), *_folder(run).glob("*.safetensors")]:
        if _NAME.fullmatch(path.name.removesuffix(".json")) and path.name.partition(".")[0] not in whole:
            path.unlink(missing_ok=True)


def write_cast(run: Run, cast: Cast) -> None:
    """Say which items the frames are of."""
    info = cast.info
    about = {
        "item_shape": list(info.item_shape), "classes": list(info.classes), "low": info.low, "high": info.high,
        "counts": info.counts,
    }  # fmt: skip
    arrays = {"rows": cast.rows, "index": cast.index, "labels": cast.labels}
    write_arrays(run.folder / FOLDER / ITEMS, arrays, about)


def cast_version(run: Run) -> str:
    """Changes with the items of the movie; empty where there is no movie."""
    path = _folder(run) / f"{ITEMS}.json"
    return str(read_object(path).get("sha256", ""))[:16] if path.exists() else ""


def cast_of(run: Run) -> Cast:
    """The items of the movie. Raises ``E_NOT_FOUND`` where there is none, and ``E_CORRUPT``."""
    if not cast_version(run):
        raise AelibError("E_NOT_FOUND", f"{run.id} has no movie", "its training kept no frames", "Train it again")
    arrays, about = read_arrays(_folder(run) / ITEMS)
    try:
        shape, counts = tuple(about["item_shape"]), about["counts"]
        info = DataInfo(shape, counts, tuple(about["classes"]), False, float(about["low"]), float(about["high"]))
        return Cast(arrays["rows"], arrays["index"], arrays["labels"], info, str(about["sha256"])[:16])
    except (KeyError, TypeError, ValueError):
        raise AelibError("E_CORRUPT", f"{ITEMS} of {run.id}'s movie is damaged") from None


def points_path(run: Run, layout: str, key: str) -> Path:
    """Where the points of one frame are kept, by layout and by the key of all frames up to it."""
    return run.place(FOLDER, layout, f"{key}.safetensors")


def _folder(run: Run) -> Path:
    return run.folder / FOLDER
