"""Small runs for the fault tests, and all that a run leaves which must not depend on how often it was cut off."""

from pathlib import Path

from aelib import files
from aelib.config import RunConfig
from aelib.jobs import queue
from aelib.runs.folder import Run


def config(epochs: int = 4, **training) -> RunConfig:
    """Five steps an epoch on the digits; dropout and a corruption, so that every random state matters."""
    return RunConfig.parse(
        {
            "network": {"name": "mlp", "widths": [16], "dropout": 0.1},
            "model": {"name": "vae", "latent_dim": 2},
            "corruptions": [{"name": "masking", "severity": 0.2}],
            "training": {"epochs": epochs, "learning_rate": 0.02, "batch_size": 256, "device": "cpu", **training},
        }
    )


def outcome(run: Run) -> tuple:
    """Weights, metrics, figures, codes, and every file of the movie."""
    sidecar = files.read_object(run.folder / "weights.safetensors.json")
    assert files.sha256((run.folder / "weights.safetensors").read_bytes()) == sidecar["sha256"]
    rows = [{key: value for key, value in row.items() if key != "items_per_second"} for row in run.metrics()]
    result = {key: value for key, value in run.result().items() if key not in ("seconds", "attempt")}
    codes, _ = files.read_arrays(run.folder / "codes" / "items.safetensors")
    films = {path.name: files.sha256(path.read_bytes()) for path in (run.folder / "movie").glob("*-*")}
    return sidecar["sha256"], sidecar["epoch"], rows, result, files.sha256(codes["codes"].tobytes()), films


def claimed(checkpoints: Path, run: Run) -> tuple[Run, int]:
    """The run, claimed by nobody who lives."""
    found = queue.claim(checkpoints, "", run.id)
    assert found
    return found


def steps_done(run: Run) -> int:
    """Steps of five to an epoch, as the status tells them."""
    status = run.status()
    return 5 * status.get("epoch", 0) + status.get("step", 0)


def log(run: Run) -> str:
    """What its workers wrote."""
    path = run.folder / "worker.log"
    return path.read_text() if path.exists() else ""
