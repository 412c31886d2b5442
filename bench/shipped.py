"""Train the runs that come with the app, and leave of them what belongs in git.

They are trained in a folder of their own and moved into the folder of runs when all are whole. A run that is there
already is refused; with --force it goes to the trash folder first.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from aelib.device import compute_here
from aelib.errors import AelibError
from aelib.files import write_json
from aelib.runs import movie
from aelib.runs.folder import Run, default_checkpoints, delete_run, open_run
from bench.machine import ROOT, describe, sentence

CAP = 1_000_000  # bytes of one run
FRAMES = 30  # of its movie: most where most is learnt, at the beginning
PROJECTIONS = ("umap", "pca", "axes")
MACHINE = ("pid", "device", "threads", "step", "steps", "items_per_second", "seconds_left")  # not for git
_TRAINING = {"schedule": "one_cycle", "learning_rate": 0.003}
_MLP = {"name": "mlp", "widths": [128, 64]}

# The newest is shown first, so the last one trained is what a new user sees.
RUNS: dict[str, tuple[str, dict[str, Any]]] = {
    "digits-plane": (
        "Classroom: two numbers",
        {
            "model": {"name": "vae", "latent_dim": 2, "beta": 0.3},
            "network": _MLP,
            "training": {**_TRAINING, "epochs": 200},
        },
    ),
    "digits-autoencoder": (
        "Digits, plain",
        {
            "model": {"name": "autoencoder", "latent_dim": 8},
            "network": _MLP,
            "training": {**_TRAINING, "epochs": 150},
        },
    ),
    "digits-vae": (
        "Digits, smooth",
        {
            "model": {"name": "vae", "latent_dim": 8, "beta": 1.0},
            "network": {"name": "convolutional"},
            "training": {**_TRAINING, "epochs": 150},
        },
    ),
}


def train(folder: Path, run_id: str, epochs: int | None) -> Run:
    """Train one of them, compute its maps, and take out what does not belong in git."""
    from aelib.cli._train import train_in_front
    from aelib.config import RunConfig, read_choice
    from aelib.jobs.projecting import compute
    from aelib.registry import PROJECTIONS as METHODS

    name, raw = RUNS[run_id]
    training = raw["training"] | ({"epochs": epochs} if epochs else {})
    config = RunConfig.parse({"dataset": {"name": "digits"}, **raw, "training": training})
    began = time.monotonic()
    run, state = train_in_front(folder, config, name=name, run_id=run_id, quiet=True)
    if state != "completed":
        raise AelibError(*[str(run.error().get(key, "")) for key in ("code", "what", "why", "how_to_fix")])
    print(f"{run_id}: trained in {time.monotonic() - began:.1f} s; {_errors(run)}", flush=True)
    for method in PROJECTIONS:
        done = compute(run, read_choice(METHODS, method))
        print(f"  {method}: {done.seconds:.1f} s, {done.quality}", flush=True)
    tidy(run)
    return run


def tidy(run: Run) -> None:
    """Keep the last preview, a few frames of the movie, no worker's traces, and no status of the machine's."""
    for preview in run.previews()[:-1]:
        preview.unlink()
    frames = movie.frames(run)
    kept = np.unique(np.geomspace(1, len(frames), FRAMES).round().astype(int)) - 1
    for number in set(range(len(frames))) - set(kept.tolist()):
        for ending in (".json", ""):  # as they are read: what says that a frame is whole goes first
            (run.folder / movie.FOLDER / f"{frames[number].name}.safetensors{ending}").unlink()
    for name in ("lock", "worker.log"):
        (run.folder / name).unlink(missing_ok=True)
    shutil.rmtree(run.folder / "resume", ignore_errors=True)
    write_json(run.folder / "status.json", {key: value for key, value in run.status().items() if key not in MACHINE})


def move(run: Run, checkpoints: Path) -> Run:
    """Put a finished run beside the others."""
    checkpoints.mkdir(parents=True, exist_ok=True)
    shutil.move(run.folder, checkpoints / run.id)
    return open_run(checkpoints, run.id)


def files_of(run: Run) -> list[Path]:
    """All its files, in order."""
    return sorted(path for path in run.folder.rglob("*") if path.is_file())


def _as_git_names(path: Path) -> Path:
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def _errors(run: Run) -> str:
    return ", ".join(
        f"{name.replace('_', ' ')} {run.status()[name]:.3f}" for name in ("validation_error", "test_error")
    )


def make(checkpoints: Path, force: bool, epochs: int | None) -> int:
    """Train all of them into ``checkpoints``; the exit code."""
    there = [run_id for run_id in RUNS if (checkpoints / run_id).exists()]
    if there and not force:
        print(f"There is already {', '.join(there)} in {checkpoints}. With --force they go to its trash folder.")
        return 1
    with tempfile.TemporaryDirectory(prefix="bench-shipped-") as workshop:
        made = [train(Path(workshop), run_id, epochs) for run_id in RUNS]
        for run_id in there:
            print(f"{run_id}: the one before is now {delete_run(Run(checkpoints / run_id))}")
        made = [move(run, checkpoints) for run in made]
    sizes = {run.id: sum(path.stat().st_size for path in files_of(run)) for run in made}
    print("\nTo commit:")
    for run in made:
        print("\n".join(f"  {_as_git_names(path)}" for path in files_of(run)))
    print()
    for run_id, size in sizes.items():
        print(f"{run_id}: {size / 1e6:.3f} MB{'' if size < CAP else ', too large: at most 1 MB'}")
    return 0 if max(sizes.values()) < CAP else 1


def main() -> int:
    """Ask, train, say what to commit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoints", type=Path, default=default_checkpoints(), help="the folder of run folders")
    parser.add_argument("--force", action="store_true", help="move runs that are there to the trash folder")
    parser.add_argument("--epochs", type=int, help=argparse.SUPPRESS)  # for tests
    asked = parser.parse_args()
    compute_here()  # as a worker does
    print(sentence(describe()))
    try:
        return make(asked.checkpoints.resolve(), asked.force, asked.epochs)
    except AelibError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
