"""What the routes answer with: decoded pictures with their support, and the arrays of a map as bytes."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from aelib.codes import reconstruct
from aelib.config import PluginConfig, read_choice
from aelib.drawing import as_pictures
from aelib.errors import AelibError
from aelib.errors import nearest as nearest_name
from aelib.files import parse_json
from aelib.latent import word_grid
from aelib.latent.neighbours import nearest
from aelib.registry import PROJECTIONS
from ui import cached, map_colours

MOST_CODES = 512  # decoded by one request
MOST_WORDS = 4096  # in one grid
NEAR_WORDS = 12  # offered for a cell, its own among them
NEAREST = 6  # items that are shown beside a code
LARGEST = 1e9  # of a number in a code: beyond it a decoder's float32 overflows
CHUNK_BYTES = 262_144  # of thumbnails in one answer, about


@dataclass(frozen=True)
class Decoded:
    """Pictures for a component.

    Attributes:
        pictures: uint8 (n, height, width, channels).
        support: (n,), share of the data that lies farther from its neighbours.
        more: Further fields of the answer's header.
    """

    pictures: np.ndarray
    support: np.ndarray
    more: dict[str, Any] = field(default_factory=dict)


def decode_codes(run_id: str, codes: Any, label: int = 0) -> Decoded:
    """Decode given codes, for a conditional model as items of class ``label``.

    Raises ``E_CODES`` when they are not a table of finite numbers of the run's code size.
    """
    table = cached.table(run_id)
    given = numbers(codes, table.codes.shape[1], "codes")
    if cached.model(run_id).code_shape == "grid":
        raise AelibError("E_ABILITY", f"The codes of {run_id} are grids", "a vector of one is for maps only")
    labels = np.full(len(given), label, np.int64)
    return Decoded(pictures_of(run_id, given, labels), cached.support(run_id).share(given))


def nearest_items(run_id: str, codes: Any) -> Decoded:
    """The items whose codes are nearest to the first of the codes given: their own pictures, codes and distances."""
    table = cached.table(run_id)
    given = numbers(codes, table.codes.shape[1], "codes")[:1]
    rows, distances = nearest(given, table.codes, NEAREST)
    names, labels = cached.info(run_id).classes, table.labels[rows[0]]
    more = {
        "items": table.index[rows[0]].tolist(),
        "distances": np.round(distances[0].astype(float), 4).tolist(),
        "codes": np.round(table.codes[rows[0]].astype(float), 5).tolist(),
        "labels": labels.tolist(),
        "names": [names[label] if 0 <= label < len(names) else "" for label in labels],
    }
    pictures = np.ascontiguousarray(cached.pictures(run_id)[rows[0]].transpose(0, 2, 3, 1))
    return Decoded(pictures, np.zeros(0), more)


def decode_words(run_id: str, words: Any, cell: Any) -> Decoded:
    """The picture of a grid of code words, and after it that with each of the nearest words in one cell.

    Raises ``E_CODES`` for a grid that the model has not and a cell outside of it, ``E_ABILITY`` for a vector model.
    """
    model, info = cached.model(run_id), cached.info(run_id)
    given, place = _whole(words), _whole([cell])
    row, column = place[0] if place.shape == (1, 2) else (-1, -1)
    if not (0 <= row < given.shape[0] and 0 <= column < given.shape[1]):
        raise AelibError(
            "E_CODES", "These words cannot be decoded", "wanted a grid of whole numbers and one of its cells"
        )
    word_grid.pictures_of(model, given[None])  # refuses what is no grid of this model
    near, distances = word_grid.near_words(model, int(given[row, column]), NEAR_WORDS)
    grids = np.concatenate([given[None], word_grid.exchanged(given, row, column, near)])
    pictures = as_pictures(word_grid.pictures_of(model, grids), info.low, info.high)
    more = {"words": near.tolist(), "distances": np.round(distances.astype(float), 4).tolist()}
    return Decoded(np.ascontiguousarray(pictures.transpose(0, 2, 3, 1)), np.zeros(0), more)


def decode_places(run_id: str, map_text: str, places: Any) -> Decoded:
    """Decode places on a map.

    On a map of two dimensions of a two-dimensional code the place is the code; elsewhere the nearest codes are blended.
    The support is the lower of the two: that of the code in the code space, that of the place on the map. Grid codes
    cannot be blended: there the nearest item's own grid is decoded, and the support is the place's alone.
    """
    config, given = read_map(map_text), numbers(places, 2, "points")
    found = ground(run_id, config, given)
    more = {"nearest": found.rows.tolist(), "latents": np.round(found.latents, 5).tolist()}
    return Decoded(ground_pictures(run_id, found), found.share, more)


@dataclass(frozen=True)
class Ground:
    """What lies at places on a map.

    Attributes:
        latents: float32 (m, d), to decode.
        rows: (m, k), the items they were blended from, nearest first; k is 0 where a place is a code.
        share: (m,), the support.
    """

    latents: np.ndarray
    rows: np.ndarray
    share: np.ndarray


def ground(run_id: str, config: PluginConfig, places: np.ndarray, many: bool = False) -> Ground:
    """Latents and support at places (m, 2); ``many`` measures large data's support on a sample of their codes.

    Raises ``E_NOT_FOUND`` while the map is not computed.
    """
    table = cached.table(run_id)
    if cached.points(run_id, config) is None:
        raise AelibError("E_NOT_FOUND", "This map is not computed yet", "", "Wait for it, or take PCA")
    plane = cached.plane(run_id, config)
    axes = [getattr(config, "across", 0), getattr(config, "up", 0)]
    share = plane.share(places)
    is_grid = cached.model(run_id).code_shape == "grid"
    if config.name == "axes" and table.codes.shape[1] == 2 and sorted(axes) == [0, 1] and not is_grid:
        latents, rows = places[:, axes], np.zeros((len(places), 0), int)
    else:
        latents, rows = plane.blend(places, table.codes)
    if is_grid:  # cannot be blended: the nearest item stands for the place
        return Ground(table.codes[rows[:, 0]], rows, share)
    support = cached.sampled_support(run_id) if many else cached.support(run_id)
    return Ground(latents, rows, np.minimum(support.share(latents), share))


def ground_pictures(run_id: str, found: Ground) -> np.ndarray:
    """Decoded pictures of places on a map, uint8 (m, height, width, channels); of grid codes the nearest item's own."""
    if cached.model(run_id).code_shape == "grid":
        own, info = cached.items(run_id).take(found.rows[:, 0]), cached.info(run_id)
        pictures = as_pictures(reconstruct(cached.model(run_id), own.values, own.labels), info.low, info.high)
        return np.ascontiguousarray(pictures.transpose(0, 2, 3, 1))
    known = found.rows.shape[1] > 0
    labels = cached.table(run_id).labels[found.rows[:, 0]] if known else np.zeros(len(found.latents), np.int64)
    return pictures_of(run_id, found.latents, labels)  # for a conditional model as items of the nearest one's class


def map_array(run_id: str, version: str, split: str, what: str, map_text: str) -> bytes:
    """One array of a map, in the order of the split's rows.

    ``points`` float32 pairs · ``items`` int32 numbers in the dataset · ``labels`` int32 · ``errors`` float32 ·
    ``spread`` float32, the mean posterior standard deviation · ``colour-KEY``, see ``ui/map_colours.py``. Raises
    ``E_NOT_FOUND``.
    """
    table = cached.table(run_id)
    same_version(run_id, version)
    rows = split_rows(run_id, split)
    if what == "points":
        points = cached.points(run_id, read_map(map_text))
        if points is None:
            raise AelibError("E_NOT_FOUND", "This map is not computed yet")
        return points[rows].astype("<f4").tobytes()
    if what.startswith("colour-"):
        key = what.removeprefix("colour-")
        return map_colours.array(run_id, rows, key, read_map(map_text or '{"name": "axes"}'))
    arrays = {"items": (table.index, "<i4"), "labels": (table.labels, "<i4"), "errors": (table.errors, "<f4")}
    if table.spreads is not None:
        arrays["spread"] = (table.spreads.mean(axis=1), "<f4")
    if what not in arrays:
        raise AelibError("E_NOT_FOUND", f"A map has no array named {what!r}", "", nearest_name(what, arrays))
    array, kind = arrays[what]
    return array[rows].astype(kind).tobytes()


def thumbnails(run_id: str, version: str, split: str, chunk: int) -> bytes:
    """The items' own pictures, ``chunk_size`` of them: uint8 (rows, height, width, channels)."""
    same_version(run_id, version)
    images, rows, size = cached.pictures(run_id), split_rows(run_id, split), chunk_size(run_id)
    own = rows[chunk * size : (chunk + 1) * size]
    return np.ascontiguousarray(images[own].transpose(0, 2, 3, 1)).tobytes()


def chunk_size(run_id: str) -> int:
    """Items in one chunk of thumbnails."""
    return max(8, min(512, CHUNK_BYTES // int(np.prod(cached.info(run_id).picture_shape))))


def split_rows(run_id: str, split: str) -> np.ndarray:
    """Rows of the code table that a map of this split shows. Raises ``E_NOT_FOUND``."""
    if split not in ("train", "validation", "test", "all"):
        raise AelibError("E_NOT_FOUND", f"There is no split named {split[:40]!r}")
    return cached.table(run_id).rows(split)


def write_map(config: PluginConfig) -> str:
    """A map's method and parameters as a short text for addresses; ``read_map`` reads it."""
    return config.model_dump_json()


def read_map(text: str) -> PluginConfig:
    """The projection's config. Raises ``E_FILE``, ``E_UNKNOWN`` or ``E_CONFIG``."""
    return read_choice(PROJECTIONS, parse_json(text, "the map's description"))


def pictures_of(run_id: str, latents: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Decoded pictures, uint8 (n, height, width, channels); the labels (n,) count for a conditional model alone."""
    import torch

    model = cached.model(run_id)
    if not model.can_decode:
        raise AelibError("E_ABILITY", f"The model of {run_id} has no decoder", model.no_decoder)
    given = (
        torch.from_numpy(labels.clip(0, max(len(cached.info(run_id).classes) - 1, 0))) if model.needs_labels else None
    )
    with torch.inference_mode():
        decoded = model.decode(torch.from_numpy(latents), given).numpy()
    info = cached.info(run_id)
    return np.ascontiguousarray(as_pictures(decoded, info.low, info.high).transpose(0, 2, 3, 1))


def numbers(raw: Any, width: int, name: str) -> np.ndarray:
    """A table (n, ``width``) of float32. Raises ``E_CODES`` for what is neither."""
    try:
        given = np.asarray(raw, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        given = np.zeros((0, 0))
    fits = given.ndim == 2 and given.shape[1] == width and 1 <= len(given) <= MOST_CODES
    if not fits or not (np.abs(given) < LARGEST).all():  # false for NaN, too
        why = f"wanted 1 to {MOST_CODES} rows of {width} finite numbers"
        raise AelibError("E_CODES", f"The {name} cannot be decoded", why)
    return given.astype(np.float32)


def _whole(raw: Any) -> np.ndarray:
    """A table of whole numbers, or an empty one for anything else."""
    try:
        given = np.asarray(raw)
    except ValueError:
        given = np.zeros((0, 0))
    fits = given.ndim == 2 and given.dtype.kind == "i" and given.size <= MOST_WORDS
    return given if fits else np.zeros((0, 0), np.int64)


def same_version(run_id: str, version: str) -> None:
    """Raise ``E_NOT_FOUND`` for an address made before the run's weights changed."""
    if version != cached.version(run_id):
        raise AelibError("E_NOT_FOUND", "The run has new weights since this page was drawn", "", "Reload the page")
