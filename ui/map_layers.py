"""The map's layers: which a run's map has, why it lacks the others, and what each of them is drawn from."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import numpy as np

from aelib.codes import CodeTable
from aelib.config import PluginConfig
from aelib.corruptions._base import names_for
from aelib.errors import AelibError, nearest
from aelib.figures.colours import class_palette
from aelib.latent import plane
from aelib.latent.ellipses import covariances
from aelib.latent.outlines import outlines
from aelib.latent.paths import line
from aelib.latent.round_trip import round_trip, trail
from ui import cached, decoding, frame, lattice, state

STEPS = 25  # places on a path
SEVERITIES = tuple(step / 10 for step in range(11))
MOST_ARROWS = 300  # items of one answer
MOST_ELLIPSES = 2000
EASY = 100_000  # points up to which the lattice is on unless switched off
LAYERS = "layers"  # the address's parameter


@dataclass(frozen=True)
class Layer:
    """One switch of the map's menu.

    Attributes:
        name: In addresses.
        title: On screen.
        help: What it shows, one line.
        why: Why it is not to be had here, one sentence; empty where it is.
        url: Where its data come from, "{rows}" stands for the selection; empty where the browser has all it needs.
    """

    name: str
    title: str
    help: str
    why: str = ""
    url: str = ""


def given(run_id: str, split: str, config: PluginConfig, colour: str, picked: int | None) -> dict[str, Any]:
    """What the component needs to know of layers: the list, those on at first, and those the address asks for.

    Args:
        run_id: The run.
        split: Whose items are shown.
        config: The projection on screen.
        colour: What the points' colours mean: outlines follow it.
        picked: The inspected item's number in the dataset, or None.
    """
    found = list_of(run_id, split, config, colour, picked)
    asked = state.address(LAYERS)
    start = ["points", "pictures"]
    if len(decoding.split_rows(run_id, split)) <= EASY:
        start.append("lattice")
    return {"list": [vars(layer) for layer in found], "start": start, "asked": asked.split(",") if asked else None}


def list_of(run_id: str, split: str, config: PluginConfig, colour: str, picked: int | None) -> list[Layer]:
    """All layers, in the order of the menu."""
    base = f"api/runs/{run_id}/{cached.version(run_id)}/{split}/layers"
    chart = {"map": decoding.write_map(config)}

    def at(name: str, **more: Any) -> str:
        text = urlencode({**chart, **more})
        return f"{base}/{name}?{text}"

    model = frame.model_class(cached.run(run_id))
    no_decoder = "" if model.can_decode else "This model's pictures go round the code: nothing is drawn from a place."
    by = "cluster" if colour == "cluster" or not cached.info(run_id).classes else "class"
    ends = [state.get(key, state.number(key)) for key in (state.FROM, state.TO)]
    item, corruption, draw = _disturbed(run_id, picked)
    return [
        Layer("points", "points", "each item where its code lies"),
        Layer("pictures", "pictures", "items instead of dots, where there is room: zoom in"),
        Layer("density", "density", "lines and shade where points lie close, on a scale of logarithms"),
        Layer("outlines", f"outlines by {by}", _outline_help(), "", at("outlines", by=by)),
        Layer(
            "lattice", "decoded ground", "what the decoder draws at each place; faint off the data", no_decoder,
            at("lattice"),
        ),
        Layer("support", "support shade", "darkens what lies off the data", _too_few(run_id), at("support")),
        Layer(
            "path", "path A → B", "the straight line between two codes, where it runs on this map",
            "" if None not in ends else "Choose A and B first: 'Path from' and 'Path to' beside a picked item.",
            at("path", **{"from": ends[0], "to": ends[1]}),
        ),
        Layer(
            "arrows", "round trip", "from each code to the code of its decoded item; of the selection, or of a sample",
            no_decoder or _no_round_trip(model), at("arrows") + "&rows={rows}",
        ),
        Layer(
            "ellipses", "posterior ellipses", "one standard deviation of each code's own uncertainty",
            _no_ellipses(run_id, config), at("ellipses"),
        ),
        Layer(
            "trail", f"trail of {corruption.replace('_', ' ')}", "an item disturbed more and more: where its code goes",
            "" if item is not None else "Pick an item first, or open one on the Noise page.",
            at("trail", item=item, corruption=corruption, draw=draw),
        ),
    ]  # fmt: skip


def answer(run_id: str, version: str, split: str, what: str, query: dict[str, str]) -> bytes:
    """A layer's data, packed (see ``ui.lattice.packed``). Raises ``E_NOT_FOUND`` and what the layer itself raises."""
    decoding.same_version(run_id, version)
    rows, config = decoding.split_rows(run_id, split), decoding.read_map(query.get("map", ""))
    if what == "lattice":
        return lattice.pictures(run_id, config)
    if what == "support":
        return lattice.support(run_id, config)
    makers = {"outlines": _outlines, "path": _path, "arrows": _arrows, "ellipses": _ellipses, "trail": _trail}
    if what not in makers:
        raise AelibError("E_NOT_FOUND", f"A map has no layer {what[:40]!r}", "", nearest(what, [*makers, "lattice"]))
    points = cached.points(run_id, config)
    if points is None:
        raise AelibError("E_NOT_FOUND", "This map is not computed yet", "", "Wait for it, or take PCA")
    return makers[what](run_id, rows, points, query)


def _outlines(run_id: str, rows: np.ndarray, points: np.ndarray, query: dict[str, str]) -> bytes:
    table, classes = cached.table(run_id), cached.info(run_id).classes
    groups = _groups(run_id, query.get("by", "class"))
    if groups is None:
        raise AelibError("E_NOT_FOUND", "These items have no groups to draw a line round")
    palette = class_palette(max(int(groups.max(initial=0)) + 1, 1))
    found = []
    for each in outlines(points[rows], groups[rows], table.codes[rows]):
        named = classes[each.group] if query.get("by") == "class" and each.group < len(classes) else ""
        found.append(
            {
                "name": named or f"cluster {each.group}",
                "colour": palette[each.group % len(palette)],
                "size": each.size,
                "row": each.row,
                "anchor": _rounded(each.anchor),
                "rings": [_rounded(ring) for ring in each.rings],
            }
        )
    return lattice.packed({"outlines": found, "count": len(np.unique(groups[groups >= 0]))})


def _path(run_id: str, rows: np.ndarray, points: np.ndarray, query: dict[str, str]) -> bytes:
    table = cached.table(run_id)
    a, b = (_row(table, query.get(name, "")) for name in ("from", "to"))
    codes = line(table.codes[a], table.codes[b], STEPS)
    places = plane.placed(codes, table.codes, points)
    places[0], places[-1] = points[a], points[b]
    share = cached.support(run_id).share(codes)
    return lattice.packed({"places": _rounded(places), "support": np.round(share, 3).tolist()})


def _arrows(run_id: str, rows: np.ndarray, points: np.ndarray, query: dict[str, str]) -> bytes:
    table, model = cached.table(run_id), cached.model(run_id)
    _refuse(_no_round_trip(type(model)))
    asked = [int(part) for part in query.get("rows", "").split(".") if part.isdecimal() and len(part) < 10]
    chosen = [row for row in asked if row < len(rows)][:MOST_ARROWS] or _evenly(len(rows), MOST_ARROWS)
    own = rows[np.asarray(chosen, np.int64)]
    labels = table.labels[own] if model.needs_labels else None
    codes = round_trip(model, table.codes[own], labels)
    ends = plane.placed(codes, table.codes, points)
    lengths = np.linalg.norm(codes - table.codes[own], axis=1)
    return lattice.packed(
        {
            "from": _rounded(points[own]), "to": _rounded(ends), "lengths": np.round(lengths, 4).tolist(),
            "of": "selection" if asked else "sample", "count": len(own), "all": len(rows),
        }
    )  # fmt: skip


def _ellipses(run_id: str, rows: np.ndarray, points: np.ndarray, query: dict[str, str]) -> bytes:
    table, config = cached.table(run_id), decoding.read_map(query.get("map", ""))
    _refuse(_no_ellipses(run_id, config))
    linear = cached.linear_map(run_id, config)
    assert linear is not None, "said by _no_ellipses"
    assert table.spreads is not None, "said by _no_ellipses"
    # In an order drawn once: the first hundred are a fair sample of all, whatever part of the map is in view.
    chosen = np.random.default_rng(0).permutation(len(rows))[:MOST_ELLIPSES]
    own = rows[chosen]
    shapes = np.concatenate([points[own], covariances(table.spreads[own], linear[0])], axis=1).astype("<f4")
    return lattice.packed({"count": len(own), "all": len(rows), "rows": chosen.tolist()}, shapes)


def _trail(run_id: str, rows: np.ndarray, points: np.ndarray, query: dict[str, str]) -> bytes:
    table = cached.table(run_id)
    row, name, info = _row(table, query.get("item", "")), query.get("corruption", ""), cached.info(run_id)
    if name not in names_for(info.kind):
        raise AelibError("E_NOT_FOUND", f"There is no corruption {name[:40]!r} for these items")
    draw = int(query["draw"]) if query.get("draw", "").isdecimal() and len(query["draw"]) < 6 else 0
    model, item = cached.model(run_id), cached.items(run_id).take(np.asarray([row])).floats()
    label = int(table.labels[row]) if table.labels[row] >= 0 else None
    codes = trail(model, item, name, SEVERITIES, draw, label)
    places = plane.placed(codes, table.codes, points)
    places[0] = points[row]
    moved = np.linalg.norm(codes - codes[0], axis=1)
    about = {"places": _rounded(places), "severities": SEVERITIES, "moved": np.round(moved, 3).tolist()}
    return lattice.packed({**about, "name": name.replace("_", " "), "item": int(table.index[row])})


def _groups(run_id: str, by: str) -> np.ndarray | None:
    if by == "class":
        return cached.table(run_id).labels if cached.info(run_id).classes else None
    return cached.clusters(run_id).labels


def _outline_help() -> str:
    return "round each, the line that holds 85 % of its points, with the item nearest to its mean"


def _too_few(run_id: str) -> str:
    return "" if len(cached.table(run_id)) > 1 else "One item alone says nothing about support."


def _no_round_trip(model: Any) -> str:
    if not model.can_decode:
        return "This model has no decoder to go round with."
    if model.target != "items":
        return f"This model gives {model.target}, which cannot be encoded again."
    return (
        "Its codes are grids: the map shows their means, which cannot be decoded." if model.code_shape == "grid" else ""
    )


def _no_ellipses(run_id: str, config: PluginConfig) -> str:
    if cached.table(run_id).spreads is None:
        return "This model gives each item one code, without a spread."
    if cached.linear_map(run_id, config) is None:
        name = config.name.upper() if len(config.name) <= 4 else config.name
        return f"{name} bends the code space: a Gaussian is no ellipse on it. Take PCA, or two dimensions."
    return ""


def _disturbed(run_id: str, picked: int | None) -> tuple[int | None, str, int]:
    """Item, corruption and draw as the Noise page last had them; a picked item comes first."""
    item = picked if picked is not None else state.get(state.ITEM, state.number(state.ITEM))
    names = names_for(cached.info(run_id).kind)
    asked = state.address(state.CORRUPTION) or state.get(f"address-seen-{state.CORRUPTION}", "")
    asked = asked.split(",")[0]  # of a stack the first
    name = asked if asked in names else "gaussian" if "gaussian" in names else names[0]
    return item, name, state.number("draw") or 0


def _row(table: CodeTable, text: str) -> int:
    found = np.flatnonzero(table.index == int(text)) if text.isdecimal() and len(text) < 12 else []
    if not len(found):
        raise AelibError("E_NOT_FOUND", f"There is no item {text[:20]!r} in this run's data", "", "Pick another one")
    return int(found[0])


def _refuse(why: str) -> None:
    if why:
        raise AelibError("E_ABILITY", "This map has no such layer", why.rstrip("."))


def _evenly(count: int, most: int) -> list[int]:
    return np.linspace(0, count - 1, min(count, most)).astype(int).tolist() if count else []


def _rounded(places: np.ndarray) -> list[Any]:
    return np.round(np.asarray(places, np.float64), 5).tolist()
