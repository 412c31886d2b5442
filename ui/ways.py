"""The four ways from A to B: their codes, their pictures and what tells them apart, for the page and for its route."""

import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from aelib.drawing import as_pictures
from aelib.errors import AelibError
from aelib.latent.geodesic import Search
from aelib.latent.paths import figures, line, sphere, why_straight
from ui import cached, cached_ways, decoding, path_map

WAYS = {
    "line": "straight",
    "sphere": "keeps its distance to the origin",
    "road": "from item to item, along the data",
    "geodesic": "along which the picture changes least",
}
MOST_STEPS = 24
_searching = threading.Lock()  # one round at a time: two would only share the processor


class Way(NamedTuple):
    """One way.

    Attributes:
        codes: float32 (steps, d), or None where there is no such way.
        note: A sentence: why there is none, or by which rule it is another one; else empty.
        share: How much of its search is over, 0 to 1.
    """

    codes: np.ndarray | None
    note: str = ""
    share: float = 1.0


def find(run_id: str, name: str, start: np.ndarray, end: np.ndarray, steps: int, label: int, rounds: int = 99) -> Way:
    """One of ``WAYS``; the geodesic's search goes on by at most ``rounds``."""
    if name == "road":
        return _road(run_id, start, end, steps)
    if name == "geodesic":
        return _geodesic(run_id, start, end, steps, label, rounds)
    return Way(line(start, end, steps)) if name == "line" else Way(sphere(start, end, steps), why_straight(start, end))


def pictures(run_id: str, start: np.ndarray, end: np.ndarray, steps: int, label: int) -> dict[str, np.ndarray]:
    """Every way that there is, to its end: uint8 (steps, channels, height, width)."""
    info, found = cached.info(run_id), {}
    for name in WAYS:
        way = find(run_id, name, start, end, steps, label)
        if way.codes is not None:
            drawn = as_pictures(decode_with(run_id, label)(way.codes), info.low, info.high)
            found[name] = drawn
    return found


def answer(run_id: str, body: dict[str, Any]) -> decoding.Decoded:
    """Pictures of the ways that are asked for, one way after the other.

    ``body`` has ``a`` and ``b``, each ``{"code": [...]}`` or ``{"place": [x, y]}`` on the run's small map; ``steps``;
    ``label`` for a conditional model; and the names of the ``ways``. A geodesic goes on by one round at each question.
    """
    steps, names = body.get("steps"), body.get("ways")
    if not isinstance(steps, int) or not 2 <= steps <= MOST_STEPS:
        raise AelibError("E_REQUEST", "This path cannot be walked", f"wanted 2 to {MOST_STEPS} steps")
    if not isinstance(names, list) or not names or any(not isinstance(name, str) or name not in WAYS for name in names):
        raise AelibError("E_REQUEST", "There is no such way", f"wanted some of {', '.join(WAYS)}")
    label = body.get("label")
    label = label if isinstance(label, int) and 0 <= label < 10**6 else 0
    start, end = (code_of(run_id, body.get(key)) for key in ("a", "b"))
    decode, support = decode_with(run_id, label), cached.support(run_id)
    ways = {name: find(run_id, name, start, end, steps, label, rounds=1) for name in dict.fromkeys(names)}
    told = [{"name": name, "note": way.note, "share": way.share, "steps": 0} for name, way in ways.items()]
    codes = [way.codes for way in ways.values() if way.codes is not None]
    if not codes:
        return decoding.Decoded(np.zeros((0, 1, 1, 1), np.uint8), np.zeros(0), {"ways": told})
    joined = np.concatenate(codes)
    values, shares, places = decode(joined), support.share(joined), path_map.placed(run_id, joined)
    first = 0
    for about, way in zip(told, ways.values(), strict=True):
        if way.codes is None:
            continue
        part = slice(first, first + steps)
        length, jump, lowest = figures(values[part], shares[part])
        about |= {"steps": steps, "length": length, "jump": jump, "lowest": lowest}
        about |= {"places": np.round(places[part].astype(float), 4).tolist()}
        first += steps
    info = cached.info(run_id)
    drawn = as_pictures(values, info.low, info.high).transpose(0, 2, 3, 1)
    return decoding.Decoded(np.ascontiguousarray(drawn), shares, {"ways": told})


def code_of(run_id: str, given: Any) -> np.ndarray:
    """The code (d,) of an end: its own, or that which belongs to a place on the small map."""
    given = given if isinstance(given, dict) else {}
    if "place" in given:
        places = decoding.numbers([given["place"]], 2, "place")
        return decoding.ground(run_id, path_map.projection(run_id), places).latents[0].astype(np.float32)
    return decoding.numbers([given.get("code")], cached.table(run_id).codes.shape[1], "code")[0]


def decode_with(run_id: str, label: int) -> Callable[[np.ndarray], np.ndarray]:
    """Decoded values (n, ...) of codes (n, d), for a conditional model as items of class ``label``."""
    import torch

    decode = _decoder(run_id, label)

    def values(codes: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return decode(torch.from_numpy(codes)).numpy()

    return values


def _decoder(run_id: str, label: int) -> Callable[[Any], Any]:
    import torch

    model = cached.model(run_id)
    if not model.can_decode or model.code_shape == "grid":
        raise AelibError("E_ABILITY", f"The model of {run_id} draws nothing from a vector", model.no_decoder)
    if not model.needs_labels:
        return lambda codes: model.decode(codes)
    label = min(max(label, 0), max(len(cached.info(run_id).classes) - 1, 0))
    return lambda codes: model.decode(codes, torch.full((len(codes),), label))


def _road(run_id: str, start: np.ndarray, end: np.ndarray, steps: int) -> Way:
    roads = cached_ways.roads(run_id)
    few = f"Among {len(roads.codes):,} of {len(cached.table(run_id)):,} items." if roads.is_sample else ""
    try:
        return Way(roads.between(start, end).steps(steps), few)
    except AelibError as error:
        return Way(None, str(error))


def _geodesic(run_id: str, start: np.ndarray, end: np.ndarray, steps: int, label: int, rounds: int) -> Way:
    with _searching:
        try:
            search = cached_ways.search(run_id, start, end, label, lambda: _begin(run_id, start, end, label))
        except AelibError as error:
            return Way(None, str(error))
        cached.model(run_id)  # one thread: more would not be quicker on pictures this few
        while search.share < 1 and rounds > 0:
            search.go_on()
            rounds -= 1
        return Way(search.path(steps), "", search.share)


def _begin(run_id: str, start: np.ndarray, end: np.ndarray, label: int) -> Search:
    try:
        road = cached_ways.roads(run_id).between(start, end).codes
    except AelibError:
        road = None  # it begins at the line alone
    return Search(_decoder(run_id, label), start, end, road)
