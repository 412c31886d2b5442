"""How long training takes: digits from Submit to completed through the real queue, and an MNIST epoch against peers.

Digits: 20 epochs of the default autoencoder, submitted as the Train page does it, claimed by the app's dispatcher,
trained by a worker process of its own. MNIST: see ``bench.epochs``.
"""

import tempfile
import time
from pathlib import Path

from bench import epochs
from bench.figures import Figures, arguments

EPOCHS = 20


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
    parser = arguments(__doc__)
    parser.add_argument("--only", type=int, choices=range(len(epochs.CASES)), help="measure this net alone, by number")
    asked = parser.parse_args()
    figures = Figures("bench.training", asked.quick)
    with tempfile.TemporaryDirectory(prefix="bench-training-", ignore_cleanup_errors=True) as folder:
        queue_figures(figures, Path(folder), 1 if asked.quick else 5)
        epochs.measure(figures, Path(folder) / "data", asked.quick, asked.only)
    figures.show(asked.json)


if __name__ == "__main__":
    main()
