"""Weights and resume points: safetensors with a JSON sidecar (sha256, what it is), never pickle."""

import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aelib.datasets._base import DataInfo
from aelib.errors import AelibError
from aelib.files import read_checked, read_object, sha256, write_bytes, write_json
from aelib.runs.folder import Run
from aelib.runs.lock import is_held

if TYPE_CHECKING:
    import torch

    from aelib.models._base import Model
    from aelib.training.loop import Snapshot

WEIGHTS = "weights.safetensors"
KEPT = 2  # resume points; a damaged newest one falls back to the one before


def save_weights(run: Run, tensors: "Mapping[str, torch.Tensor]", info: DataInfo, **about: Any) -> None:
    """Write the best weights so far, with the item shape and classes needed to build the model again."""
    shape = {"item_shape": list(info.item_shape), "counts": info.counts, "classes": list(info.classes)}
    extent = {"has_masks": info.has_masks, "low": info.low, "high": info.high, "missing": info.missing}
    _save(run, WEIGHTS, tensors, {"format": 1, "info": {**shape, **extent}, **about})


def load_weights(run: Run) -> "tuple[dict[str, torch.Tensor], dict[str, Any]]":
    """Tensors and the sidecar. Raises ``E_NO_WEIGHTS`` or ``E_CORRUPT``."""
    if not (run.folder / f"{WEIGHTS}.json").exists():
        raise AelibError("E_NO_WEIGHTS", f"{run.id} has no weights yet", "its first epoch has not ended", "Wait for it")
    for pause in (0.02, 0.1, 0.5, 1.0):  # two files: a living worker may stand between the two renames
        try:
            return _load(run, WEIGHTS)
        except AelibError:
            if not is_held(run.folder / "lock"):
                raise
            time.sleep(pause)
    return _load(run, WEIGHTS)


def load_tensors(run: Run, name: str) -> "dict[str, torch.Tensor]":
    """The tensors of a file in the run folder, checked against its sidecar. Raises ``E_CORRUPT``."""
    return _load(run, name)[0]


def load_info(run: Run) -> DataInfo:
    """The data's shape as the model was built for it; reads one small JSON file."""
    path = run.folder / f"{WEIGHTS}.json"
    if not path.exists():
        raise AelibError("E_NO_WEIGHTS", f"{run.id} has no weights yet", "its first epoch has not ended", "Wait for it")
    try:
        info = _beside(path)["info"]
        low, high = float(info.get("low", 0.0)), float(info.get("high", 1.0))
        shape = tuple(int(side) for side in info["item_shape"])
        missing = None if info.get("missing") is None else float(info["missing"])
        return DataInfo(shape, info["counts"], tuple(info["classes"]), info["has_masks"], low, high, missing)
    except (KeyError, TypeError, ValueError):
        raise AelibError("E_CORRUPT", f"{path.name} of {run.id} is damaged", "it lacks the item shape") from None


def weights_version(run: Run) -> str:
    """Changes whenever the weights do: the first part of their sha256, or empty."""
    path = run.folder / f"{WEIGHTS}.json"
    return str(_beside(path).get("sha256", ""))[:16] if path.exists() else ""


def _beside(path: Path) -> Mapping[str, Any]:
    """A sidecar, to be read only; its file is read again when it is another one. Each live picture asks many times."""
    try:
        stat = path.stat()
    except OSError:
        return read_object(path)  # says what is wrong
    return _read_beside(path, stat.st_mtime_ns, stat.st_size, stat.st_ino)


@lru_cache(maxsize=256)
def _read_beside(path: Path, changed: int, size: int, number: int) -> Mapping[str, Any]:
    return read_object(path)


def load_model(run: Run) -> "Model":
    """The trained model on the CPU, frozen: eval mode, no gradients, ``train()`` raises.

    Raises ``E_NO_WEIGHTS``, ``E_CORRUPT``, ``E_MISMATCH`` (names listed) or what the config raises.
    """
    import torch

    from aelib.models._base import build

    config, info = run.config(), load_info(run)
    tensors, _ = load_weights(run)
    model = build(config, info)
    wanted = model.state_dict()
    missing = sorted(set(wanted) ^ set(tensors))
    wrong = [
        key
        for key in set(wanted) & set(tensors)
        if wanted[key].shape != tensors[key].shape or wanted[key].dtype != tensors[key].dtype
    ]
    if missing or wrong:
        names = ", ".join((missing + wrong)[:5])
        raise AelibError("E_MISMATCH", f"The weights of {run.id} do not fit its config", f"look at {names}")
    if any(not torch.isfinite(tensor).all() for tensor in tensors.values() if tensor.is_floating_point()):
        raise AelibError("E_CORRUPT", f"The weights of {run.id} hold numbers that are not finite")
    model.load_state_dict(tensors)
    return _freeze(model)


def save_resume(run: Run, snapshot: "Snapshot", attempt: int) -> None:
    """Write a resume point and drop the oldest beyond the last two."""
    stage, epoch, step = (snapshot.values.get(key, 0) for key in ("stage", "epoch", "step"))
    name = f"resume/{stage:02d}-{epoch:06d}-{step:08d}.safetensors"
    _save(run, name, snapshot.tensors, {"attempt": attempt, "values": snapshot.values})
    for old in _resume_points(run)[:-KEPT]:
        (run.folder / f"{old}.json").unlink(missing_ok=True)
        (run.folder / old).unlink(missing_ok=True)


def load_resume(run: Run) -> "Snapshot | None":
    """The newest whole resume point; damaged ones are passed over."""
    from aelib.training.loop import Snapshot

    for name in reversed(_resume_points(run)):
        try:
            tensors, about = _load(run, name)
            return Snapshot(tensors, about["values"])
        except (AelibError, KeyError):
            continue
    return None


def drop_resume(run: Run) -> None:
    """Remove all resume points: a completed run does not need them."""
    for name in _resume_points(run):
        (run.folder / f"{name}.json").unlink(missing_ok=True)
        (run.folder / name).unlink(missing_ok=True)


def _resume_points(run: Run) -> list[str]:
    """Oldest first; the name is stage, epoch and step (older versions wrote none: an epoch's end)."""
    names = [path.name for path in (run.folder / "resume").glob("[0-9]*.safetensors")]
    return [f"resume/{name}" for name in sorted(names, key=lambda name: (name.partition(".")[0].split("-"), name))]


def _save(run: Run, name: str, tensors: "Mapping[str, torch.Tensor]", about: Mapping[str, Any]) -> None:
    from safetensors.torch import save

    data = save({key: tensor.detach().cpu().contiguous() for key, tensor in tensors.items()})
    write_bytes(run.folder / name, data)
    write_json(run.folder / f"{name}.json", {"sha256": sha256(data), "bytes": len(data), **about})


def _load(run: Run, name: str) -> "tuple[dict[str, torch.Tensor], dict[str, Any]]":
    from safetensors import SafetensorError
    from safetensors.torch import load

    about = read_object(run.folder / f"{name}.json")
    try:
        return load(read_checked(run.folder / name, about)), about
    except (SafetensorError, ValueError) as error:
        raise AelibError("E_CORRUPT", f"{name} of {run.id} is damaged", str(error)[:120]) from None


def _freeze(model: "Model") -> "Model":
    model.eval().requires_grad_(False)

    def refuse(mode: bool = True) -> Any:
        if mode:
            raise RuntimeError("a shared model is frozen: load your own to train it")
        return model

    model.train = refuse  # type: ignore[method-assign]
    return model
