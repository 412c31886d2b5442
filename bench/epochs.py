"""An MNIST epoch: our whole product loop, the tutorials' loop and pythae's trainer on the same nets, and the floor.

Ours is the time between two finished epochs of a run as a worker makes it: steps, logging, validation on 10,000 items,
preview, resume point. The peers' is their steps alone. They take turns, each in a process of its own, started as its
users start it: ours with the threads that a trial chooses, which wait as a worker's do; the peers with torch's own. The
floor is the time that the epoch's matrix products alone would take at the best rate of oneDNN in the same minute.

``python -m bench.epochs CASE ARM SEED`` is one such process.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from aelib.device import COMPUTING
from bench.figures import Figures
from bench.machine import ROOT
from bench.made_runs import mnist_data

CODE, RATE, SEEDS = 16, 1e-3, 5
PRECISIONS = {"ours": "float32", "bf16": "bfloat16"}


@dataclass(frozen=True)
class Case:
    """One net.

    Attributes:
        name: In figures' names.
        label: On screen.
        network, model: As in a run's config.
        epochs: Of each run.
        batch: Items of a step.
        wanted: Least ratios: naive over ours in float32 and in bfloat16, pythae over ours in both.
    """

    name: str
    label: str
    network: dict[str, Any]
    model: dict[str, Any]
    epochs: int
    batch: int
    wanted: tuple[float, float, float | None, float | None]


MLP = {"name": "mlp", "widths": [256, 128]}, {"name": "autoencoder"}, 3
CONV = {"name": "convolutional", "channels": [32, 64]}, {"name": "vae"}, 2
CASES = (
    Case("mlp", "MLP 784-256-128-16, batches of 128", *MLP, 128, (3.5, 4.0, 2.0, 2.4)),
    Case("mlp256", "MLP 784-256-128-16, batches of 256", *MLP, 256, (3.5, 4.0, 2.0, 2.4)),
    Case("conv", "convolutional VAE 32-64, 16-d, batches of 128", *CONV, 128, (1.3, 1.6, None, None)),
    Case("conv256", "convolutional VAE 32-64, 16-d, batches of 256", *CONV, 256, (1.3, 1.6, None, None)),
)


def measure(figures: Figures, folder: Path, quick: bool, only: int | None = None) -> None:
    """All cases, or one by its number."""
    data, said = mnist_data(folder)
    os.environ["AELIB_DATA"] = str(data)
    from bench.peers import pythae_training

    figures.note(said)
    arms = ["ours", "bf16", "naive", "pythae"]
    if not pythae_training.is_here():
        arms.remove("pythae")
        figures.note("pythae is not installed: pip install --no-deps pythae==0.1.2 imageio cloudpickle tqdm")
    for number in [only] if only is not None else [0] if quick else range(len(CASES)):
        _measure(figures, number, arms, 1 if quick else SEEDS)


def _measure(figures: Figures, number: int, arms: list[str], seeds: int) -> None:
    import numpy as np

    case, items = CASES[number], len(_items())
    seconds: dict[str, list[float]] = {name: [] for name in arms}
    errors: dict[str, list[float]] = {name: [] for name in arms}
    cpu: dict[str, list[float]] = {name: [] for name in arms}
    floors, told = [], dict[str, None]()
    for seed in range(seeds):
        order = list(arms) if seed % 2 == 0 else list(reversed(arms))  # who goes first changes
        for name in order:
            found = _in_a_process(number, name, seed)
            cpu[name].append(found["processor"] / case.epochs)
            seconds[name] += found["seconds"]
            errors[name].append(found["error"])
            told |= {f"{name}: {found['way']}": None} if found["way"] else {}
        floors.append(_floor(case, items))
    for sentence in told:
        figures.note(sentence)
    labels = {"ours": "ours, float32", "bf16": "ours, bfloat16", "naive": "naive loop", "pythae": "pythae's trainer"}
    for name in arms:
        figures.sample(f"{case.name}_{name}_seconds", f"{case.label}, one epoch, {labels[name]}", seconds[name], "s")
        figures.sample(f"{case.name}_{name}_cpu_seconds", "  processor seconds an epoch, all of it", cpu[name], "s")
        figures.number(f"{case.name}_{name}_speed", "  images a second", items / np.median(seconds[name]), "/s")
        figures.sample(f"{case.name}_{name}_error", "  squared error per test item, over seeds", errors[name], "")
        figures.number(f"{case.name}_{name}_error_spread", "  its spread over seeds", np.ptp(errors[name]), "")
    figures.sample(f"{case.name}_floor_seconds", f"{case.label}, floor: products at oneDNN's best rate", floors, "s")
    for peer, (fp32, bf16) in {"naive": case.wanted[:2], "pythae": case.wanted[2:]}.items():
        if peer in arms:
            for mine, least in (("ours", fp32), ("bf16", bf16)):
                figures.ratio(
                    f"{case.name}_{peer}_over_{mine}", f"{case.label}: {peer} over {labels[mine]}",
                    f"{case.name}_{peer}_seconds", f"{case.name}_{mine}_seconds", least=least,
                )  # fmt: skip
    figures.ratio(
        f"{case.name}_ours_over_floor", f"{case.label}: ours over the floor", f"{case.name}_ours_seconds",
        f"{case.name}_floor_seconds",
    )  # fmt: skip


def _in_a_process(number: int, arm: str, seed: int) -> dict[str, Any]:
    environment = dict(os.environ) | (COMPUTING if arm in PRECISIONS else {})
    done = subprocess.run(
        [sys.executable, "-m", "bench.epochs", str(number), arm, str(seed)],
        cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


def _arm(case: Case, name: str, seed: int) -> dict[str, Any]:
    """One arm in this process: ``seconds`` of each epoch, ``processor`` seconds of all, ``error`` and ``way``."""
    import torch

    from bench.peers import naive_training, pythae_training

    train, peer = _items(), naive_training if name == "naive" else pythae_training
    torch.zeros(1)  # what torch does once is not counted
    began, way = time.process_time(), ""
    if name in PRECISIONS:
        seconds, error, way = _ours(case, PRECISIONS[name], seed)
    else:
        make = partial(_net, case)
        seconds, error = peer.epochs(Path(os.environ["AELIB_DATA"]), train, make, case.epochs, case.batch, RATE, seed)
    return {"seconds": seconds, "error": error, "processor": time.process_time() - began, "way": way}


def _config(case: Case, precision: str, seed: int) -> Any:
    from aelib.config import RunConfig

    return RunConfig.parse(
        {
            "dataset": {"name": "mnist"},
            "network": case.network,
            "model": {**case.model, "latent_dim": CODE},
            "training": {
                "epochs": case.epochs, "batch_size": case.batch, "learning_rate": RATE, "seed": seed, "device": "cpu",
                "precision": precision,
            },
        }
    )  # fmt: skip


def _items() -> Any:
    from aelib.config import read_choice
    from aelib.datasets._base import load_dataset
    from aelib.registry import DATASETS

    return load_dataset(read_choice(DATASETS, "mnist")).splits["train"].index


def _net(case: Case) -> Any:
    from aelib.datasets._base import load_dataset
    from aelib.models._base import build_body
    from bench.peers.naive_training import Net

    config = _config(case, "float32", 0)
    body = build_body(config.network, load_dataset(config.dataset).info)
    return Net(body.encoder, body.decoder, body.features, CODE, variational=case.model["name"] == "vae")


def _ours(case: Case, precision: str, seed: int) -> tuple[list[float], float, str]:
    """A whole run as a worker makes it: seconds between finished epochs, its test error, and how it chose its threads.

    A trial of threads comes before the first epoch, and is not counted (half a second to one, once a run).
    """
    from aelib.jobs import queue, training

    with tempfile.TemporaryDirectory() as folder:
        run = queue.submit(Path(folder), _config(case, precision, seed))
        claimed = queue.claim(Path(folder), "", run.id)
        assert claimed, "nobody else knows of this folder"
        marks: list[float] = []
        began: list[float] = []

        def note(report: Any) -> None:
            if not began:  # the first report comes half a second after the first step, at the latest
                began.append(time.perf_counter() - report.step * case.batch / max(report.items_per_second, 1e-9))
            if report.finished:
                marks.append(time.perf_counter())

        training.work(*claimed, on_report=note)
        error, way = run.result()["test_error"], run.status()["way"]
    return [after - before for before, after in zip([*began, *marks], marks, strict=False)], error, way


def _floor(case: Case, items: int) -> float:
    """Seconds of an epoch's matrix products: three per layer and step (there, and back to weights and inputs)."""
    import torch

    from aelib.device import fast_products

    with fast_products("cpu"):
        a, b = torch.randn(1024, 1024), torch.randn(1024, 1024)
        best = 0.0
        for _ in range(20):
            began = time.perf_counter()
            torch.mm(a, b)
            best = max(best, 2 * 1024**3 / (time.perf_counter() - began))
    return 6 * _products(case) * items / best


def _products(case: Case) -> float:
    """Multiplications of one item on its way through the net, counted layer by layer on a real item."""
    import torch
    from torch import nn

    counted = [0.0]

    def count(module: Any, inputs: tuple, output: torch.Tensor) -> None:
        weight = module.weight.numel()
        if isinstance(module, nn.Conv2d):
            counted[0] += weight * output.shape[2] * output.shape[3]
        elif isinstance(module, nn.ConvTranspose2d):
            counted[0] += weight * inputs[0].shape[2] * inputs[0].shape[3]
        else:
            counted[0] += weight

    net = _net(case)
    for module in net.modules():
        if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            module.register_forward_hook(count)
    with torch.no_grad():
        net(torch.zeros(1, 1, 28, 28))
    return counted[0]


if __name__ == "__main__":
    print(json.dumps(_arm(CASES[int(sys.argv[1])], sys.argv[2], int(sys.argv[3]))))
