"""Small runs for the tests of workers, and all that such a run leaves."""

import time

from aelib import files
from aelib.config import RunConfig
from aelib.jobs import local, queue
from aelib.jobs.dispatcher import claimer
from aelib.runs.folder import Run
from tests.waiting import wait_until


def config(epochs: int = 4, **training) -> RunConfig:
    return RunConfig.parse(
        {
            "network": {"name": "mlp", "widths": [16]},
            "model": {"name": "vae", "latent_dim": 2},
            "training": {"epochs": epochs, "learning_rate": 0.02, "batch_size": 256, "device": "cpu", **training},
        }
    )


def outcome(run: Run) -> tuple:
    """All that a run leaves which must not depend on how often it was cut off."""
    sidecar = files.read_object(run.folder / "weights.safetensors.json")
    data = (run.folder / "weights.safetensors").read_bytes()
    assert files.sha256(data) == sidecar["sha256"]
    rows = [{key: value for key, value in row.items() if key != "items_per_second"} for row in run.metrics()]
    result = {key: value for key, value in run.result().items() if key not in ("seconds", "attempt")}
    codes, about = files.read_arrays(run.folder / "codes" / "items.safetensors")
    assert about["weights"] == sidecar["sha256"][:16]
    return sidecar["sha256"], sidecar["epoch"], rows, result, files.sha256(codes["codes"].tobytes())


def start(run: Run, workers: list[int]) -> int:
    """Claim a run and start its worker; returns its process id as soon as it is at work."""
    began = time.time()
    with claimer(run.folder.parent) as owner:
        claimed = queue.claim(run.folder.parent, owner, run.id)
        assert claimed
        local.start_worker(*claimed)
        wait_until(lambda: run.status()["state"] == "running" and run.status().get("started", 0) > began)
    workers.append(run.status()["pid"])
    return workers[-1]


def log(run: Run) -> str:
    return (run.folder / "worker.log").read_text()
