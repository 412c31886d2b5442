"""A run that starts from another run's weights: they are copied at queueing, so that it needs the other no more."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from aelib.config import RunConfig
from aelib.errors import AelibError
from aelib.files import read_checked, read_object
from aelib.runs import weights
from aelib.runs.folder import Run, open_run

if TYPE_CHECKING:
    from aelib.models._base import Model

START = "start.safetensors"


def start_files(checkpoints: Path, config: RunConfig) -> dict[str, bytes]:
    """What a new run's folder begins with: the weights that ``training.start`` names, and their sidecar.

    Raises ``E_NO_RUN``, ``E_NO_WEIGHTS`` or ``E_CORRUPT`` of the run that is named.
    """
    if not config.training.start:
        return {}
    source = open_run(checkpoints, config.training.start)
    if not weights.weights_version(source):
        raise AelibError("E_NO_WEIGHTS", f"{source.id} has no weights yet", "its first epoch has not ended", "Wait")
    sidecar = source.folder / f"{weights.WEIGHTS}.json"
    data = read_checked(source.folder / weights.WEIGHTS, read_object(sidecar))
    return {START: data, f"{START}.json": sidecar.read_bytes()}


def has_start(run: Run) -> bool:
    """Whether a run starts from another's weights."""
    return (run.folder / f"{START}.json").exists()


def put_into(run: Run, model: "Model") -> dict[str, Any]:
    """Copy the start's tensors into a model where name, shape and kind agree.

    Returns:
        ``run`` they are of, how many were ``taken``, the names of those ``left`` as they were.

    Raises ``E_START`` when none agrees.
    """
    import torch

    tensors = weights.load_tensors(run, START)
    own = model.state_dict()
    fits = [k for k in own if k in tensors and tensors[k].shape == own[k].shape and tensors[k].dtype == own[k].dtype]
    if not fits:
        raise AelibError(
            "E_START",
            f"None of the weights of {run.config().training.start} fits this run",
            "no tensor has the same name and shape",
            "Take the same model, network and dataset shape, or an empty training.start",
        )
    with torch.no_grad():
        for key in fits:
            own[key].copy_(tensors[key])
    return {"run": run.config().training.start, "taken": len(fits), "left": [key for key in own if key not in fits]}


def start_sentence(run: Run) -> str:
    """What was taken from the other run and what was not; empty for a run that starts from random weights."""
    start = run.status().get("start")
    if not isinstance(start, dict):
        return ""
    left = start.get("left") or []
    names = ", ".join(left[:4]) + (f" and {len(left) - 4} more" if len(left) > 4 else "")
    kept = f"; random, because no tensor of that name and shape is there: {names}" if left else ""
    return f"Started from {start.get('run')}: {start.get('taken')} tensors taken{kept}."
