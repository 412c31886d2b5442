"""One input, disturbed: what goes in, what each run makes of it, and how far both are from the clean item."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from aelib.config import PluginConfig
from aelib.corruptions._base import apply_all
from aelib.corruptions._stack import read_stack
from aelib.drawing import as_pictures, in_channels
from aelib.errors import AelibError
from aelib.latent import round_trip
from aelib.measures.reconstruction import peak_signal_to_noise, squared_error, structural_similarity
from ui import cached, drawn, pictures, small_map
from ui.decoding import Decoded

if TYPE_CHECKING:
    from torch import Tensor

    from aelib.models._base import Model

MOST_RUNS = 4
CLOUD = 64  # draws
STEPS = tuple(step / 10 for step in range(11))
MOST_CODE = 3.0  # standard deviations of noise on the code


@dataclass(frozen=True)
class Question:
    """What a page asks.

    Attributes:
        runs: Ids; the first one's dataset gives the item.
        clean: The item as floats, (1, channels, height, width) or (1, features).
        label: Its class, or None.
        stack: Corruptions of the input, in order.
        draw: Which draw of the noise.
        on_code: Severity of noise on the code, in standard deviations of the data, in place of the stack; None: input.
    """

    runs: tuple[str, ...]
    clean: np.ndarray
    label: int | None
    stack: tuple[PluginConfig, ...]
    draw: int
    on_code: float | None


def read(body: dict[str, Any]) -> Question:
    """Check a question: ``runs``, ``item`` or ``picture`` (with ``way``), ``label``, ``stack``, ``draw``, ``on_code``.

    Raises ``E_REQUEST``, ``E_CONFIG``, ``E_NOT_FOUND``, ``E_SHAPE`` or ``E_ABILITY``.
    """
    runs, draw, label = body.get("runs"), body.get("draw", 0), body.get("label")
    if not isinstance(runs, list) or not 1 <= len(runs) <= MOST_RUNS or not all(isinstance(run, str) for run in runs):
        raise AelibError("E_REQUEST", "The question names no runs", f"wanted 1 to {MOST_RUNS} ids")
    if not isinstance(draw, int) or not 0 <= draw <= 9999:
        raise AelibError("E_REQUEST", "The number of the draw is not understood", "wanted 0 to 9999")
    level = body.get("on_code")
    if level is not None and not (isinstance(level, int | float) and 0 <= level <= MOST_CODE):
        raise AelibError("E_REQUEST", "The severity is not understood", f"on the code it is 0 to {MOST_CODE:g}")
    info = cached.info(runs[0])
    for run in runs:
        _refuse_run(run, info.item_shape, on_code=level is not None)
    stack = read_stack(body.get("stack", []), info.kind)
    clean, own = _item(runs[0], body)
    label = label if isinstance(label, int) and 0 <= label < 10_000 else own
    return Question(tuple(runs), clean, label, stack, draw, None if level is None else float(level))


def _item(run_id: str, body: dict[str, Any]) -> tuple[np.ndarray, int | None]:
    if body.get("picture"):
        shown = drawn.item(run_id, str(body["picture"]), str(body.get("way", "")))
        return shown[None].astype(np.float32) / 255, None
    table, number = cached.table(run_id), body.get("item")
    found = np.flatnonzero(table.index == (number if isinstance(number, int) else -1))
    if not len(found):
        raise AelibError("E_NOT_FOUND", f"There is no item {str(number)[:20]!r} in this run's data")
    own = cached.items(run_id).take(found[:1])
    return own.floats(), None if own.labels is None or own.labels[0] < 0 else int(own.labels[0])


def _refuse_run(run_id: str, shape: tuple[int, ...], on_code: bool) -> None:
    if cached.info(run_id).item_shape != shape:
        raise AelibError("E_SHAPE", f"{run_id} takes items of another shape", f"{cached.info(run_id).item_shape}")
    model = cached.model(run_id)
    if not model.can_encode or model.target != "items":
        raise AelibError("E_ABILITY", f"{run_id} gives no reconstruction of an item", "", "Take another run")
    if on_code and (why := no_code_noise(type(model))):
        raise AelibError("E_ABILITY", f"Noise cannot be laid on the codes of {run_id}", why, "Disturb the input")


def no_code_noise(model: "type[Model]") -> str:
    """Why noise on the code shows nothing with this model, as a part of a sentence; empty where it does."""
    if not model.can_decode:
        return "the model has no bottleneck: its pictures go round the code"
    return "its codes are grids of code words" if model.code_shape == "grid" else ""


def answer(body: dict[str, Any]) -> Decoded:
    """The clean item, the input and its error map, then reconstruction and error map of each run: colour pictures.

    ``figures`` of the header holds, for the input and each run, squared error (summed) and, of pictures, PSNR (dB; None
    where equal) and SSIM; for each run also how far the code moved, its support, and its place on the small map.
    ``worst`` is the error maps' brightest: one scale for all. Where the code is disturbed, the input is the decoded
    clean code.
    """
    import torch

    asked = read(body)
    with torch.inference_mode():
        clean = torch.from_numpy(asked.clean)
        inputs = apply_all(clean, asked.stack, torch.Generator().manual_seed(asked.draw))
        found = [_through(run, asked, clean, inputs) for run in asked.runs]
    info, targets = cached.info(asked.runs[0]), asked.clean
    given = found[0].decoded if asked.on_code is not None else inputs.numpy()
    outs = [given, *(each.recon for each in found)]
    maps = [pictures.error_maps(info, out, targets)[0] for out in outs]
    worst = max(1e-6, *(float(one.max()) for one in maps))
    shown = [_picture(info, targets)]
    for out, error in zip(outs, maps, strict=True):
        shown += [_picture(info, out), pictures.heat(error, worst)]
    figures = [_figures(out, targets, info.missing) for out in outs]
    for each, row in zip(found, figures[1:], strict=True):
        if asked.on_code is not None:  # held against what this run itself makes of the clean code
            row["base"] = _figures(each.decoded, targets, info.missing)["error"]
        row |= {"moved": round(each.moved, 4), "support": round(each.support, 4), "here": each.here}
    more = {"figures": figures, "worst": round(worst, 4)}
    return Decoded(np.ascontiguousarray(np.stack(shown).transpose(0, 2, 3, 1)), np.zeros(0), more)


@dataclass(frozen=True)
class _Through:
    """What a run makes of an input: floats (1, …), and where its code went."""

    recon: np.ndarray
    decoded: np.ndarray
    moved: float
    support: float
    here: list[float]


def _through(run_id: str, asked: Question, clean: "Tensor", inputs: "Tensor") -> _Through:
    import torch

    model = cached.model(run_id)
    label = given_label(run_id, asked.label)
    labels = None if label is None else torch.tensor([label])
    home = model.encode(clean, labels)
    if asked.on_code is None:
        codes, recon, decoded = model.encode(inputs, labels).codes, model.reconstruct(inputs, labels), inputs
    else:
        decoded = model.decode(home.latents, labels)
        codes = torch.from_numpy(_about(run_id, home.codes.numpy()[0], asked.on_code, asked.draw, 1))
        recon = model.decode(codes, labels)
    moved = float(np.linalg.norm(codes.numpy() - home.codes.numpy()))
    here = np.round(small_map.placed(run_id, codes.numpy())[0].astype(float), 5).tolist()
    share = float(cached.support(run_id).share(codes.numpy())[0])
    return _Through(recon.numpy(), decoded.numpy(), moved, share, here)


def places(body: dict[str, Any]) -> Decoded:
    """Where each run's code goes on its small map: the trail from clean to severe, and a cloud of other draws.

    The trail turns the stack up as a whole until its strongest corruption is at its worst.
    """
    asked, found = read(body), []
    for run in asked.runs:
        model, label = cached.model(run), given_label(run, asked.label)
        if asked.on_code is None:
            steps = STEPS if asked.stack else (0,)
            way = round_trip.trail_of(asked.stack, model, asked.clean, steps, asked.draw, label)
            cloud = round_trip.cloud_of(asked.stack, model, asked.clean, CLOUD, asked.draw + 1, label)
        else:
            home = round_trip.trail_of((), model, asked.clean, (0,), 0, label)[0]
            way = np.concatenate([_about(run, home, MOST_CODE * step, asked.draw, 1) for step in STEPS])
            cloud = _about(run, home, asked.on_code, asked.draw + 1, CLOUD)
        spots = np.round(small_map.placed(run, np.concatenate([way, cloud])).astype(float), 5).tolist()
        found.append({"trail": spots[: len(way)], "cloud": spots[len(way) :]})
    return Decoded(np.zeros((0, 1, 1, 1), np.uint8), np.zeros(0), {"places": found})


def _about(run_id: str, code: np.ndarray, severity: float, draw: int, count: int) -> np.ndarray:
    return round_trip.disturbed_codes(code, cached.table(run_id).codes.std(axis=0), severity, count, draw)


def given_label(run_id: str, label: int | None) -> int | None:
    """The class that a conditional model is given: the item's, else its first; None for any other model."""
    if not cached.model(run_id).needs_labels:
        return None
    return min(label or 0, max(len(cached.info(run_id).classes) - 1, 0))


def _picture(info: Any, values: np.ndarray) -> np.ndarray:
    return in_channels(as_pictures(values, info.low, info.high), 3)[0]


def _figures(out: np.ndarray, targets: np.ndarray, missing: float | None) -> dict[str, Any]:
    found: dict[str, Any] = {"error": round(float(squared_error(out, targets, missing)[0]), 4)}
    if out.ndim == 2:
        return found
    noise = float(peak_signal_to_noise(out, targets, missing)[0])
    found["psnr"] = round(noise, 3) if np.isfinite(noise) else None
    return found | {"ssim": round(float(structural_similarity(out, targets)[0]), 4)}
