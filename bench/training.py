"""How long training takes: digits from Submit to completed through the real queue, and our loop against a naive one.

Digits: 20 epochs of the default autoencoder, submitted as the Train page does it, claimed by the app's dispatcher,
trained by a worker process of its own. MNIST: one epoch of an MLP 784-256-128-16 on the same 50,000 items, batch 128,
Adam, cross-entropy, on the processor; ours and the naive loop take turns in one process with the same threads.
"""

import os
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.figures import Figures, arguments
from bench.made_runs import mnist_data

EPOCHS = 20
WIDTHS, CODE, BATCH, RATE = (256, 128), 16, 128, 1e-3


def through_the_queue(folder: Path) -> dict[str, float]:
    """One run; seconds of each part, and images per second of its loop."""
    import numpy as np

    from aelib.config import RunConfig
    from aelib.jobs import queue
    from aelib.jobs.dispatcher import Dispatcher
    from aelib.runs import weights

    folder.mkdir()
    dispatcher = Dispatcher(folder)
    dispatcher.start()
    config = RunConfig.parse({"dataset": {"name": "digits"}, "training": {"epochs": EPOCHS, "device": "cpu"}})
    marks = {"began": time.perf_counter()}
    run = queue.submit(folder, config)
    marks["submitted"] = time.perf_counter()
    state = ""
    while state not in ("completed", "failed", "interrupted"):
        time.sleep(0.01)
        state = run.status()["state"]
        marks.setdefault(state, time.perf_counter())
        if time.perf_counter() - marks["began"] > 300:
            break
    dispatcher.stop()
    dispatcher.join()
    if state != "completed":
        raise RuntimeError(f"the run ended as {state}: {run.error()}")
    started, ended = marks.get("running", marks["completed"]), marks["completed"]
    claimed = marks.get("starting", started)
    speeds, items = [row["items_per_second"] for row in run.metrics()], weights.load_info(run).counts["train"]
    return {
        "whole": ended - marks["began"],
        "submit": marks["submitted"] - marks["began"],
        "waiting": claimed - marks["submitted"],
        "start": started - claimed,
        "work": ended - started,
        "steps": sum(items / speed for speed in speeds),
        "images": float(np.median(speeds)),
    }


def our_epoch(dataset: Any) -> tuple[float, float, float]:
    """One epoch by our loop: seconds of its training, seconds with set-up and validation, squared error per item."""
    import torch

    from aelib.config import RunConfig
    from aelib.models._base import build
    from aelib.training.loop import train

    config = RunConfig.parse(
        {
            "dataset": {"name": "mnist"},
            "network": {"name": "mlp", "widths": list(WIDTHS)},
            "model": {"name": "autoencoder", "latent_dim": CODE},
            "training": {"epochs": 1, "batch_size": BATCH, "learning_rate": RATE, "device": "cpu"},
        }
    )
    torch.manual_seed(0)
    model = build(config, dataset.info)
    began = time.perf_counter()
    *_, last = train(model, dataset, config, "cpu")
    spent = time.perf_counter() - began
    return dataset.info.counts["train"] / last.items_per_second, spent, last.validation["error"]


def against_naive(figures: Figures, folder: Path, rounds: int) -> None:
    """Our loop and the naive one, taking turns."""
    data, said = mnist_data(folder)
    os.environ["AELIB_DATA"] = str(data)
    import torch

    from aelib.config import read_choice
    from aelib.datasets._base import load_dataset
    from aelib.registry import DATASETS
    from bench.peers import naive_training

    dataset = load_dataset(read_choice(DATASETS, "mnist"))
    train, validation = (dataset.splits[split].index for split in ("train", "validation"))
    count = len(train)
    ours, whole, naive, errors, naive_errors = [], [], [], [], []
    for turn in range(rounds):
        for mine in (True, False) if turn % 2 == 0 else (False, True):  # who goes first changes
            if mine:
                seconds, spent, error = our_epoch(dataset)
                ours, whole, errors = [*ours, seconds], [*whole, spent], [*errors, error]
            else:
                seconds, error = naive_training.epoch(data, train, validation, WIDTHS, CODE, BATCH, RATE)
                naive, naive_errors = [*naive, seconds], [*naive_errors, error]
    figures.sample("mnist_epoch_seconds", f"{count:,} images, one epoch, our loop", ours, "s")
    figures.sample("mnist_epoch_whole_seconds", "  with set-up and validation", whole, "s")
    figures.sample("naive_epoch_seconds", "the same, naive loop", naive, "s")
    figures.number("mnist_images_per_second", "our loop", count / figures.values["mnist_epoch_seconds"], "images/s")
    figures.number("naive_images_per_second", "naive loop", count / figures.values["naive_epoch_seconds"], "images/s")
    figures.ratio("naive_over_ours", "naive over ours, time of an epoch", "naive_epoch_seconds", "mnist_epoch_seconds")
    figures.sample("mnist_error", "squared error per validation item, ours", errors, "")
    figures.sample("naive_error", "squared error per validation item, naive", naive_errors, "")
    figures.note(f"{said}; {torch.get_num_threads()} threads, OMP_WAIT_POLICY={os.environ['OMP_WAIT_POLICY']} for both")


def queue_figures(figures: Figures, folder: Path, rounds: int) -> None:
    """Submit to completed."""
    found = [through_the_queue(folder / f"queue-{turn}") for turn in range(rounds)]
    parts = {name: [each[name] for each in found] for name in found[0]}
    label = f"digits, {EPOCHS} epochs: submit → completed"
    figures.sample("digits_seconds", label, parts["whole"], "s", budget=15)
    figures.sample("digits_submit_seconds", "  of which submit() itself", parts["submit"], "s")
    figures.sample("digits_waiting_seconds", "  waiting to be claimed", parts["waiting"], "s")
    figures.sample("digits_start_seconds", "  process start, up to state running", parts["start"], "s")
    figures.sample("digits_work_seconds", "  data, training, codes, files", parts["work"], "s")
    figures.sample("digits_steps_seconds", "    of which the epochs' own steps", parts["steps"], "s")
    share = figures.values["digits_start_seconds"] / figures.values["digits_seconds"]
    figures.number("digits_start_share", "  share that is process start", 100 * share, "%")
    figures.sample("digits_images_per_second", "images per second of its loop", parts["images"], "images/s")
    figures.note("the first submit() of a process also imports scikit-learn and reads the digits: it is in the p95")


def main() -> None:
    """Measure and print."""
    asked = arguments(__doc__).parse_args()
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as a worker has it; before torch is imported
    figures = Figures("bench.training", asked.quick)
    with tempfile.TemporaryDirectory(prefix="bench-training-", ignore_cleanup_errors=True) as folder:
        queue_figures(figures, Path(folder), 1 if asked.quick else 5)
        against_naive(figures, Path(folder) / "data", 1 if asked.quick else 5)
    figures.show(asked.json)


if __name__ == "__main__":
    main()
