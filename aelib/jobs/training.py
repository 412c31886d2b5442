"""One training in this process: what a worker does with its run folder, and what ``aelib train`` does in front."""

import json
import os
import time
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aelib import codes
from aelib.datasets._base import load_dataset
from aelib.device import choose_device
from aelib.drawing import as_pictures, in_channels
from aelib.errors import AelibError
from aelib.files import append_line, read_lines, write_bytes, write_json
from aelib.jobs import queue
from aelib.pictures import strip, to_png
from aelib.runs import weights
from aelib.runs.folder import Run
from aelib.runs.lock import hold

if TYPE_CHECKING:
    import numpy as np

    from aelib.datasets._base import Items
    from aelib.training.loop import Report, Snapshot

PREVIEW_ITEMS = 12  # pictures in a strip of reconstructions
PREVIEW_PIXELS = 48  # width of one picture in a strip, about: enlarged by whole factors, so that pixels stay hard
PREVIEWS = 60  # strips kept per run, about
RESUME_SECONDS = 30.0  # between resume points on disk; a killed run loses no more than this and one epoch

stop_signal: list[int] = []  # a worker's SIGTERM handler appends here: the same as the stop button


def work(run: Run, attempt: int, on_report: "Callable[[Report], None]" = lambda report: None) -> str:
    """Train a claimed run to its end and return the state it ended in.

    Writes status, metrics, previews, weights and resume points, then ``result.json`` or ``error.json``, then the
    codes of all items. Whatever happens ends in a state with one sentence; a fault of ours also in the log.

    Args:
        run: Claimed: its state is starting and its attempt is ``attempt``.
        attempt: The fencing token of the claim.
        on_report: Called with each report of the loop (a progress bar).
    """
    with hold(run.folder / "lock") as held:
        if not held or not queue.set_state(run, attempt, "running"):
            return "conflict"  # another worker has this run: it is not ours to touch
        try:
            state = _Attempt(run, attempt, on_report).train()
        except Exception as error:
            state = _failed(run, attempt, error)
        queue.set_state(run, attempt, state)
        return state


class _Attempt:
    """One attempt at one run."""

    def __init__(self, run: Run, attempt: int, on_report: "Callable[[Report], None]") -> None:
        import torch

        self.run, self.attempt, self.on_report, self.config = run, attempt, on_report, run.config()
        self.device = choose_device(self.config.training.device)
        self.began = self.saved = time.monotonic()
        self.point: Snapshot | None = None
        self.status = {
            "made": run.status().get("made"), "attempt": attempt, "device": self.device, "pid": os.getpid(),
            "threads": torch.get_num_threads(), "started": time.time(), "epochs": self.config.training.epochs,
        }  # fmt: skip
        run.write_status(state="running", **self.status)

    def train(self) -> str:
        from aelib.models._base import build
        from aelib.training.loop import train

        self.dataset = load_dataset(self.config.dataset)
        if self.config.dataset_hash and self.dataset.hash != self.config.dataset_hash:
            raise AelibError(
                "E_DATASET_CHANGED",
                f"The dataset {self.config.dataset.name!r} has changed since this run was queued",
                "its sha256 is another one",
                "Clone the run to train on the data as it is now",
            )
        self.model = build(self.config, self.dataset.info)
        resume = weights.load_resume(self.run)
        self._go_back_to(resume)
        state = "completed"
        for report in train(self.model, self.dataset, self.config, self.device, resume):
            self._take(report)
            self.on_report(report)
            if self._must_stop() and not (report.finished and report.epoch == report.epochs):
                state = "stopped"
                break
        return self._finish(state)

    def _take(self, report: "Report") -> None:
        self.status |= _progress(report, time.monotonic() - self.began)
        if report.finished:
            self._end_epoch(report)
        self.run.write_status(state="running", **self.status)

    def _end_epoch(self, report: "Report") -> None:
        row = {
            "stage": report.stage, "epoch": report.epoch, "train": report.train, "validation": report.validation,
            "learning_rate": report.learning_rate, "items_per_second": round(report.items_per_second),
            "best": report.best,
        }  # fmt: skip
        append_line(self.run.folder / "metrics.jsonl", row)
        if report.best:
            weights.save_weights(self.run, self.model.state_dict(), self.dataset.info, epoch=report.epoch)
        if report.epoch % max(1, report.epochs // PREVIEWS) == 0 or report.epoch in (1, report.epochs):
            self._preview(report.epoch)
        if report.snapshot:
            self.point = report.snapshot()
        if time.monotonic() - self.saved > RESUME_SECONDS or report.epoch == 1:
            self._save_point()

    def _save_point(self) -> None:
        if self.point:
            self.saved = time.monotonic()
            weights.save_resume(self.run, self.point, self.attempt)

    def _preview(self, epoch: int) -> None:
        """A strip, the same validation items each time: items above, reconstructions below; in a run with corruptions
        the corrupted items between them, which are what was reconstructed.
        """
        import numpy as np

        items = self.dataset.splits["validation"].take(
            np.arange(min(PREVIEW_ITEMS, self.dataset.info.counts["validation"]))
        )
        info = self.dataset.info
        inputs = self._corrupted(items)
        recon = codes.reconstruct(self.model, inputs, items.labels)
        shown = [items.values, *([inputs] if self.config.corruptions else []), recon]
        rows = [as_pictures(values, info.low, info.high) for values in shown]
        pictures = np.concatenate([in_channels(row, rows[0].shape[1]) for row in rows])
        factor = max(1, PREVIEW_PIXELS // pictures.shape[-1])
        large = pictures.repeat(factor, axis=2).repeat(factor, axis=3)
        picture = to_png(strip(large, columns=len(items), gap=2, background=96))
        write_bytes(self.run.folder / "preview" / f"epoch-{epoch:05d}.png", picture)

    def _corrupted(self, items: "Items") -> "np.ndarray":
        """What the model is given for these items, float32: each time with the same corruption."""
        import torch

        from aelib.corruptions._base import apply_all
        from aelib.training.batches import generator_for

        clean, generator = torch.from_numpy(items.floats()), generator_for("cpu", self.config.training.seed, 2)
        return apply_all(clean, self.config.corruptions, generator).numpy()

    def _finish(self, state: str) -> str:
        """Judge the best weights as they stand on disk, keep the codes of all items, and say how it ended."""
        from aelib.training.batches import Batches
        from aelib.training.evaluation import evaluate

        figures: dict[str, float | None] = {"validation_error": None, "test_error": None}
        if state == "stopped":
            self._save_point()
        if weights.weights_version(self.run):
            model = weights.load_model(self.run).to(self.device)
            last_stage = list(model.stages())[-1]
            for split in ("validation", "test"):
                batches = Batches(self.dataset.splits[split], self.config.corruptions, self.device, self.config.target)
                seed = self.config.training.seed
                figures[f"{split}_error"] = evaluate(model, batches, last_stage, seed)["error"]
            codes.write(self.run, codes.encode(model, self.dataset))
        seconds = round(time.monotonic() - self.began, 3)
        result = {"attempt": self.attempt, "state": state, "epoch": self.status.get("epoch", 0), "seconds": seconds}
        write_json(self.run.folder / "result.json", {**result, **figures})
        if state == "completed":
            weights.drop_resume(self.run)
        self.run.write_status(**{**self.status, "state": state, "ended": time.time(), "seconds": seconds, **figures})
        return state

    def _must_stop(self) -> bool:
        return bool(stop_signal) or bool(self.run.queue().get("stop_requested"))

    def _go_back_to(self, resume: "Snapshot | None") -> None:
        """Forget what came after the resume point: it is made again, identically."""
        kept = read_lines(self.run.folder / "metrics.jsonl")[: resume.values["rows"] if resume else 0]
        text = "".join(json.dumps(row) + "\n" for row in kept)
        write_bytes(self.run.folder / "metrics.jsonl", text.encode())
        if kept:
            self.status |= {"stage": kept[-1]["stage"], "epoch": kept[-1]["epoch"]}
        if resume and (best := resume.best_weights):  # those on disk may be later ones, or torn by a kill
            epoch = max((row["epoch"] for row in kept if row["best"]), default=0)
            weights.save_weights(self.run, best, self.dataset.info, epoch=epoch)


def _progress(report: "Report", spent: float) -> dict[str, Any]:
    whole = report.epoch + (report.step / report.steps if report.steps else 0)
    return {
        "stage": report.stage, "epoch": report.epoch, "epochs": report.epochs, "step": report.step,
        "steps": report.steps, "learning_rate": report.learning_rate,
        "items_per_second": round(report.items_per_second),
        "seconds_left": round(spent / whole * (report.epochs - whole), 1) if whole else None,
    }  # fmt: skip


def _failed(run: Run, attempt: int, error: Exception) -> str:
    """Write what went wrong as one sentence; what we did not foresee goes to the log with its traceback."""
    if not isinstance(error, AelibError):
        error = _memory(run, error) or _unforeseen(error)
    write_json(run.folder / "error.json", {"attempt": attempt, "state": "failed", **error.as_dict()})
    run.write_status(**{**run.status(), "state": "failed", "ended": time.time(), "problem": str(error)})
    return "failed"


def _memory(run: Run, error: Exception) -> AelibError | None:
    if not isinstance(error, MemoryError) and "memory" not in str(error).lower():
        return None
    batch = run.config().training.batch_size
    return AelibError(
        "E_MEMORY", "There was not enough memory", str(error).partition("\n")[0][:200],
        f"Try training.batch_size {max(1, batch // 2)}",
    )  # fmt: skip


def _unforeseen(error: Exception) -> AelibError:
    traceback.print_exception(error)
    return AelibError(
        "E_INTERNAL", "Training met a fault of ours", f"{type(error).__name__}: {error}"[:300],
        "worker.log in the run's folder has the details",
    )  # fmt: skip
