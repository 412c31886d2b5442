"""Runs to measure on: copies of those that come with the app, and runs of as many points as asked for."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

from bench.machine import ROOT

SHIPPED = ("digits-plane", "digits-autoencoder", "digits-vae")
IDX = {
    "train-images-idx3-ubyte": 60_000,
    "train-labels-idx1-ubyte": 60_000,
    "t10k-images-idx3-ubyte": 10_000,
    "t10k-labels-idx1-ubyte": 10_000,
}


def copy_shipped(checkpoints: Path) -> None:
    """Copy the runs that come with the app; ends the bench when they are not there."""
    for name in SHIPPED:
        source = ROOT / "checkpoints" / name
        if not (source / "weights.safetensors.json").exists():
            sys.exit(f"The run {name} is not in {source.parent}. Type: python -m bench.shipped")
        shutil.copytree(source, checkpoints / name, ignore=shutil.ignore_patterns("lock", "worker.log"))


def real_mnist() -> Path | None:
    """A data folder with the whole MNIST: ``AELIB_DATA``, ``AELIB_TEST_DATA``, ``../shared/data``, or the cache."""
    named = [os.environ.get(name) for name in ("AELIB_DATA", "AELIB_TEST_DATA")]
    places = [*(Path(name) for name in named if name), ROOT.parent / "shared" / "data", Path.home() / ".cache/aelib"]
    return next((place for place in places if all((place / "MNIST/raw" / name).is_file() for name in IDX)), None)


def mnist_data(folder: Path) -> tuple[Path, str]:
    """A data folder with 70,000 items of 28 x 28 under MNIST's names, and a sentence that says what they are."""
    found = real_mnist()
    if found:
        return found, "MNIST is the real one"
    return made_digits(folder, 70_000, scale=3, pad=2), "MNIST is not here: the digits, tiled and jittered to 70,000"


def made_digits(folder: Path, count: int, scale: int = 1, pad: int = 0) -> Path:
    """A data folder that ``mnist`` reads: scikit-learn's digits repeated with jitter, a seventh of them for testing.

    Args:
        folder: To write to.
        count: Items in all.
        scale: Each pixel becomes so many in width and height.
        pad: Empty pixels around.
    """
    from sklearn.datasets import load_digits

    pixels, classes = load_digits(return_X_y=True)
    generator = np.random.default_rng(0)
    rows = generator.integers(len(pixels), size=count)
    noisy = np.zeros((count, 8, 8), np.uint8)
    for start in range(0, count, 100_000):  # a million at once would take gigabytes
        small = np.asarray(pixels)[rows[start : start + 100_000]].reshape(-1, 8, 8) * (255 / 16)
        noisy[start : start + 100_000] = np.clip(small + generator.normal(0, 16, small.shape), 0, 255)
    large = noisy.repeat(scale, axis=1).repeat(scale, axis=2)
    images = np.pad(large, ((0, 0), (pad, pad), (pad, pad)))
    labels, train = np.asarray(classes)[rows].astype(np.uint8), count - count // 7
    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for part, chosen in (("train", slice(0, train)), ("t10k", slice(train, None))):
        _write_idx(raw / f"{part}-images-idx3-ubyte", images[chosen])
        _write_idx(raw / f"{part}-labels-idx1-ubyte", labels[chosen])
    return folder


def train_points(checkpoints: Path, data: Path, run_id: str) -> None:
    """Train one epoch on ``mnist`` in ``data`` and keep its PCA map, by the command line as a user would."""
    network = ("--network=mlp", "--set=network.widths=64,32", "--set=model.latent_dim=8")
    _aelib(data, "train", "--dataset=mnist", *network, "--epochs=1", f"--id={run_id}", f"--checkpoints={checkpoints}")
    _aelib(
        data, "project", run_id, "--method=pca", f"--out={checkpoints / 'points.npz'}", f"--checkpoints={checkpoints}"
    )


def train_codes(checkpoints: Path, data: Path, run_id: str) -> None:
    """Train a variational autoencoder 784-256-128-16 on ``mnist`` in ``data`` for five epochs."""
    network = ("--model=vae", "--network=mlp", "--set=network.widths=256,128", "--set=model.latent_dim=16")
    _aelib(data, "train", "--dataset=mnist", *network, "--epochs=5", f"--id={run_id}", f"--checkpoints={checkpoints}")


def train_sprites(checkpoints: Path, data: Path, run_id: str) -> None:
    """Train a convolutional autoencoder with a 16-d code for five epochs on 500 sprites of 64 x 64 pixels."""
    given = ("--dataset=sprites", "--set=dataset.count=500", "--network=convolutional", "--set=model.latent_dim=16")
    _aelib(data, "train", "--model=autoencoder", *given, "--epochs=5", f"--id={run_id}", f"--checkpoints={checkpoints}")


def train_faces(checkpoints: Path, data: Path, run_id: str) -> None:
    """Train a convolutional autoencoder for two epochs on 500 drawn faces of 64 x 64 pixels in colour."""
    given = ("--dataset=faces", "--set=dataset.count=500", "--network=convolutional", "--set=model.latent_dim=16")
    _aelib(data, "train", "--model=autoencoder", *given, "--epochs=2", f"--id={run_id}", f"--checkpoints={checkpoints}")


def write_points(checkpoints: Path, run_id: str, method: str, out: Path) -> None:
    """Write a run's stored map as an NPZ (points, labels), for a peer's page."""
    from aelib import codes
    from aelib.config import read_choice
    from aelib.projections import _base as projections
    from aelib.registry import PROJECTIONS
    from aelib.runs.folder import open_run

    run = open_run(checkpoints, run_id)
    stored = projections.read(run, read_choice(PROJECTIONS, method))
    if stored is None:
        sys.exit(f"The run {run_id} has no stored {method} map. Type: python -m bench.shipped --force")
    np.savez(out, points=stored.points, labels=codes.of_run(run).labels)


def _aelib(data: Path, *words: str) -> None:
    command = [sys.executable, "-m", "aelib", *words, "--json"]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "AELIB_DATA": str(data)}, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr[-1000:]}")


def _write_idx(path: Path, array: np.ndarray) -> None:
    header = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
    path.write_bytes(header + np.ascontiguousarray(array).tobytes())
