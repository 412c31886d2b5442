"""One training in this process: what a worker does with its run folder, and what ``aelib train`` does in front."""

import json
import os
import signal
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from aelib import codes
from aelib.config import RunConfig
from aelib.datasets._base import load_dataset
from aelib.device import choose_device
from aelib.errors import AelibError
from aelib.files import append_line, read_lines, read_object, write_bytes, write_json
from aelib.jobs import changing, failures, queue, starting, stepping
from aelib.jobs.filming import Camera
from aelib.jobs.strips import draw_strip
from aelib.runs import weights
from aelib.runs.folder import Run
from aelib.runs.lock import hold

if TYPE_CHECKING:
    from aelib.training.loop import Report, Snapshot

PREVIEWS = 60  # strips kept per run, about
RESUME_SECONDS = 30.0  # between resume points on disk, within an epoch too: all that a killed run can lose
QUICK_SECONDS = 1.0  # a stopped run is judged and encoded at once where that takes no longer than this, about

stop_signal: list[int] = []  # handlers of SIGTERM and SIGINT append here


def work(run: Run, attempt: int, on_report: "Callable[[Report], None]" = lambda report: None, *, note: str = "") -> str:
    """Train a claimed run to its end and return the state it ended in.

    Writes status, metrics, previews, weights and resume points, then ``result.json`` or ``error.json``, then the
    codes of all items. Whatever happens ends in a state with one sentence; a fault of ours also in the log.

    Args:
        run: Claimed: its state is starting and its attempt is ``attempt``.
        attempt: The fencing token of the claim.
        on_report: Called with each report of the loop (a progress bar).
        note: The identity of this process, where it is the run's own and may be killed (see ``stopping``).
    """
    with hold(run.folder / "lock", note=note) as held:
        if not held or not queue.take_up(run, attempt):
            return "conflict"  # another worker has this run: it is not ours to touch
        try:
            failures.keep_reserve(run)
            state = _Attempt(run, attempt, on_report).train()
        except Exception as error:
            return failures.fail(run, attempt, error)
        failures.drop_reserve(run)
        if state != "interrupted":  # one that is stays in its place until whoever looks at the queue takes it up again
            queue.set_state(run, attempt, state)
        return state


class _Attempt:
    """One attempt at one run."""

    def __init__(self, run: Run, attempt: int, on_report: "Callable[[Report], None]") -> None:
        import torch

        self.run, self.attempt, self.on_report, self.config = run, attempt, on_report, run.config()
        self.device = choose_device(self.config.training.device)
        self.began = self.saved = time.monotonic()
        self.done_before = 0  # epochs that were done when this attempt began
        before = run.status()
        self.spent = float(before.get("seconds") or 0.0)  # by earlier attempts
        self.status = {
            "made": before.get("made"), "attempt": attempt, "device": self.device, "pid": os.getpid(),
            "threads": torch.get_num_threads(), "started": time.time(), "epochs": self.config.training.epochs,
        }  # fmt: skip
        if "start" in before:
            self.status["start"] = before["start"]
        self._write("running")

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
        if resume is None and starting.has_start(self.run):
            self.status["start"] = starting.put_into(self.run, self.model)
        self.camera = Camera(self.run, self.dataset, self.model, self.device, self.config.training.epochs)
        self.camera.go_back_to(*self._moment_of(resume))
        self.changes = changing.Taken(self.run, self.config)
        self.steps, config = stepping.Steps(self.run, self.model, self.dataset), self._settled()
        state = self._wait(resume.position if resume else (0, 0, 0))
        if state:  # it waited for a word before its first step
            return self._finish(state)
        state = "completed"
        for report in train(self.model, self.dataset, config, self.device, resume, self.changes.replayed):
            self._take(report)
            self.on_report(report)
            ending = self._look_at(report)
            if ending and not (report.finished and report.epoch == report.epochs):
                state = ending
                self._save_point(report)
                break
            if time.monotonic() - self.saved > RESUME_SECONDS:
                self._save_point(report)
        return self._finish(state)

    def _settled(self) -> RunConfig:
        """The config with nothing left open about how steps are computed: tried once, for all attempts at this run."""
        from aelib.training import ways
        from aelib.training.batches import Batches

        asked, place = self.config.training, self.run.folder / "way.json"
        if not ways.is_open(asked):
            return self.config
        if not place.exists():
            learn = Batches(self.dataset.splits["train"], self.config.corruptions, self.device, self.config.target)
            write_json(place, vars(ways.choose(self.model.to(self.device), learn, asked, self.device)))
        way = ways.Way(**read_object(place))
        self.status |= {"way": way.sentence, "threads": way.threads}
        return self.config.model_copy(update={"training": way.settle(asked)})

    def _look_at(self, report: "Report") -> str:
        """Take what was asked for meanwhile, show the step where it is asked for; the state to end in, or empty."""
        if report.at_step or self.changes.pace.is_over(report.position):
            self.steps.show(report, self.config)
        is_last = report.finished and report.epoch == report.epochs
        waited = report.position == (0, 0, 0)  # before the first step, already
        return self._asked_to_end() if is_last or waited else self._wait(report.position)

    def _wait(self, position: tuple[int, int, int]) -> str:
        def pace() -> stepping.Pace:
            self.config = self.changes.take_new(position, self.config)
            return self.changes.pace

        began, spent = time.monotonic(), self._seconds()
        sign = partial(self._write, "running", waits=True, seconds=spent)
        state = self.steps.wait(pace, position, self._asked_to_end, sign)
        self.began += time.monotonic() - began  # what is waited is not spent
        return state

    def _take(self, report: "Report") -> None:
        self.status |= self._progress(report)
        self.camera.take(report)
        if report.finished:
            self._end_epoch(report)
        self._write("running")

    def _end_epoch(self, report: "Report") -> None:
        row = {
            "stage": report.stage, "epoch": report.epoch, "train": report.train, "validation": report.validation,
            "learning_rate": report.learning_rate, "items_per_second": round(report.items_per_second),
            "best": report.best, "gauges": report.gauges,
        }  # fmt: skip
        append_line(self.run.folder / "metrics.jsonl", row)
        if report.best:
            weights.save_weights(self.run, self.model.state_dict(), self.dataset.info, epoch=report.epoch)
        if report.epoch % max(1, report.epochs // PREVIEWS) == 0 or report.epoch in (1, report.epochs):
            picture = draw_strip(self.model, self.dataset, self.config)
            write_bytes(self.run.folder / "preview" / f"epoch-{report.epoch:05d}.png", picture)
        if report.epoch == 1:
            self._save_point(report)

    def _save_point(self, report: "Report") -> None:
        if report.snapshot:
            weights.save_resume(self.run, report.snapshot(), self.attempt)
            self.saved = time.monotonic()

    def _asked_to_end(self) -> str:
        """The state to end in, or empty. A signal that nobody here sent is the machine's: the run is taken up again."""
        known = self.run.queue()
        if known.get("stop_requested"):
            return known.get("stop_as", "stopped")
        if not stop_signal:
            return ""
        return "stopped" if known.get("in_front") or signal.SIGINT in stop_signal else "interrupted"

    def _finish(self, state: str) -> str:
        """Judge the best weights as they stand on disk, keep the codes of all items, and say how it ended.

        A run that was stopped must let go soon: unless it takes a moment only, its codes are left to whoever looks at
        them first, and its test error to the attempt that completes it.
        """
        self._write("running", ending=self.attempt)
        if state == "interrupted":
            return state
        figures: dict[str, float | None] = {"validation_error": None, "test_error": None}
        items = sum(self.dataset.info.counts.values())
        quick = items < QUICK_SECONDS * self.status.get("items_per_second", 0)
        if weights.weights_version(self.run) and (state == "completed" or quick):
            figures = self._judge()
        elif best := [row for row in self.run.metrics() if row["best"]]:
            figures["validation_error"] = best[-1]["validation"]["error"]
        seconds = self._seconds()
        result = {"attempt": self.attempt, "state": state, "epoch": self.status.get("epoch", 0), "seconds": seconds}
        write_json(self.run.folder / "result.json", {**result, **figures})
        if state == "completed":
            weights.drop_resume(self.run)
        self._write(state, ended=time.time(), **figures)
        return state

    def _judge(self) -> dict[str, float | None]:
        from aelib.training.batches import Batches
        from aelib.training.evaluation import evaluate

        figures: dict[str, float | None] = {}
        model = weights.load_model(self.run).to(self.device)
        last_stage = list(model.stages())[-1]
        for split in ("validation", "test"):
            batches = Batches(self.dataset.splits[split], self.config.corruptions, self.device, self.config.target)
            figures[f"{split}_error"] = evaluate(model, batches, last_stage, self.config.training.seed)["error"]
        codes.write(self.run, codes.encode(model, self.dataset))
        return figures

    def _go_back_to(self, resume: "Snapshot | None") -> None:
        """Forget what came after the resume point: it is made again, identically."""
        kept = read_lines(self.run.folder / "metrics.jsonl")[: resume.values["rows"] if resume else 0]
        text = "".join(json.dumps(row) + "\n" for row in kept)
        write_bytes(self.run.folder / "metrics.jsonl", text.encode())
        if kept:
            self.status |= {"stage": kept[-1]["stage"], "epoch": kept[-1]["epoch"]}
            self.done_before = kept[-1]["epoch"]
        if resume and (best := resume.best_weights):  # those on disk may be later ones, or torn by a kill
            epoch = max((row["epoch"] for row in kept if row["best"]), default=0)
            weights.save_weights(self.run, best, self.dataset.info, epoch=epoch)

    def _moment_of(self, resume: "Snapshot | None") -> tuple[int, int]:
        """Epochs and steps of the next that are done at a resume point; before all of them without one."""
        return (self.done_before, resume.values.get("step", 0)) if resume else (-1, 0)

    def _progress(self, report: "Report") -> dict[str, Any]:
        whole = report.epoch + (report.step / report.steps if report.steps else 0)
        spent, done = time.monotonic() - self.began, whole - self.done_before
        return {
            "stage": report.stage, "epoch": report.epoch, "epochs": report.epochs, "step": report.step,
            "steps": report.steps, "learning_rate": report.learning_rate,
            "items_per_second": round(report.items_per_second),
            "seconds_left": round(spent / done * (report.epochs - whole), 1) if done > 0 else None,
        }  # fmt: skip

    def _seconds(self) -> float:
        """Spent on this run, over all its attempts."""
        return round(self.spent + time.monotonic() - self.began, 3)

    def _write(self, state: str, **more: Any) -> None:
        self.status["seconds"] = self._seconds()
        self.run.write_status(**{**self.status, "state": state, **more})
