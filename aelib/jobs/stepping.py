"""Step mode, for teaching: a run does one batch, one epoch, or so many batches a second, and is looked at in between.

A pace is asked for like a change of settings: it stands in ``queue.json`` among what was asked and, with the place from
which it held, in ``changes.jsonl``. It decides when a run waits and nothing of what it learns, so a run that was walked
through ends with the bits of one that was not. What can be seen after a step is in ``step.json`` and ``step.png``.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from aelib.config import RunConfig
from aelib.datasets._base import Dataset
from aelib.errors import AelibError
from aelib.files import read_object, write_bytes, write_json
from aelib.jobs import queue
from aelib.jobs.permission import refuse_in_demo
from aelib.jobs.strips import ITEMS, draw_strip
from aelib.runs import index
from aelib.runs.folder import ACTIVE, Run

if TYPE_CHECKING:
    from aelib.models._base import Model
    from aelib.training.report import Report

KINDS = ("batch", "epoch", "slow", "go")
RATES = (0.1, 20.0)  # batches a second in slow motion
WAIT_SECONDS = 900.0  # then a run that waits makes room for others: it is paused
LOOK_SECONDS = 0.05  # between two looks at what was asked, while it waits
SIGN_SECONDS = 20.0  # between two signs of life of a run that waits
TRAIL = 300  # steps whose figures are kept for the curve
SHOWN = 64  # numbers of a code that are kept for the picture

Position = tuple[int, int, int]  # stage, epoch, steps of it that are done


@dataclass(frozen=True)
class Pace:
    """How a run goes on from ``since``: ``batch`` and ``epoch`` do one and wait, ``slow`` does ``rate`` a second."""

    kind: str = "go"
    rate: float = 2.0
    since: Position = (0, 0, 0)

    @property
    def is_close(self) -> bool:
        """Whether each step is looked at."""
        return self.kind in ("batch", "slow")

    def is_over(self, position: Position) -> bool:
        """Whether a run that stands here has done what this pace asked for, and waits."""
        ends = {"batch": position[2] > 0, "epoch": position[2] == 0}  # an epoch's end has no batch of its own
        return position > self.since and ends.get(self.kind, False)


def ask(run: Run, kind: str, rate: float = 2.0) -> None:
    """Ask a run to go on at a pace; one that is not at work is queued for it.

    Args:
        run: Waiting, training or paused (stopped, interrupted).
        kind: ``batch`` and ``epoch`` do one and wait; ``slow`` does ``rate`` batches a second; ``go`` is full speed.
        rate: Batches a second, within ``RATES``.

    Raises ``E_CONFIG`` for a pace that is none, and ``E_CONFLICT`` for a run that has ended.
    """
    refuse_in_demo("Stepping a run")
    low, high = RATES
    if kind not in KINDS:
        raise AelibError("E_CONFIG", f"There is no pace {kind[:40]!r}", "", f"Allowed: {', '.join(KINDS)}")
    if not low <= rate <= high:
        raise AelibError("E_CONFIG", "rate is out of range", f"got {rate:g}", f"Allowed: {low:g} to {high:g}")
    asked = {"pace": kind, **({"rate": rate} if kind == "slow" else {})}
    with index.transaction(run.folder.parent):
        state = run.status()["state"]
        if state in (*ACTIVE, "queued"):
            run.change_queue(asked=[*run.queue().get("asked", []), asked])
            return
    if state not in queue.RESUMABLE:
        raise AelibError("E_CONFLICT", f"{run.id} is not training", f"it is {state}", "Clone it instead")
    queue.resume(run, pace=asked)


def last_step(run: Run) -> dict[str, Any]:
    """What was to be seen after the last step that was looked at, or empty.

    ``position``, ``steps``, ``stage``, ``parts``, ``gradient_norm``, ``learning_rate``, ``codes``, ``codes_before`` (a
    step earlier), ``labels`` and ``trail`` (figures of the steps before).
    """
    path = run.folder / "step.json"
    return read_object(path) if path.exists() else {}


class Steps:
    """The steps of a run while it trains here: shown, and waited between."""

    def __init__(self, run: Run, model: "Model", dataset: Dataset) -> None:
        self.run, self.model, self.dataset = run, model, dataset
        self.trail: list[dict[str, Any]] = last_step(run).get("trail", [])
        self.codes: list[list[float]] = []
        self.shown = -math.inf

    def show(self, report: "Report", config: RunConfig) -> None:
        """Keep what can be seen after this step: figures, codes of a few items, and the strip of reconstructions."""
        figures = {name: value for name, value in report.at_step.items() if name != "gradient_norm"}
        row = {
            "position": list(report.position), "parts": figures or report.train,
            "gradient_norm": report.at_step.get("gradient_norm", report.gauges.get("gradient_norm")),
        }  # fmt: skip
        before = [
            old for old in self.trail if tuple(old["position"]) < report.position
        ]  # a resumed run does some again
        self.trail = [*before, row][-TRAIL:]
        codes, labels = _codes_of_strip(self.model, self.dataset)
        write_bytes(self.run.folder / "step.png", draw_strip(self.model, self.dataset, config))
        facts = {
            **row, "stage": report.stage, "steps": report.steps, "learning_rate": report.learning_rate,
            "codes": codes, "codes_before": self.codes, "labels": labels, "trail": self.trail,
        }  # fmt: skip
        self.codes = codes
        write_json(self.run.folder / "step.json", facts)

    def wait(self, pace: Callable[[], Pace], position: Position, ending: Callable[[], str], sign: Callable) -> str:
        """Wait as the pace has it, which may be changed meanwhile.

        Args:
            pace: That of now; takes what was newly asked.
            position: Where the run stands.
            ending: The state to end in, or empty.
            sign: Gives a sign of life: the run waits.

        Returns:
            The state to end in, or empty: ``paused`` when nobody asked for anything in ``WAIT_SECONDS``.
        """
        began, signed = time.monotonic(), -math.inf
        while True:
            state, now, asked = ending(), time.monotonic(), pace()
            if state:
                return state
            if asked.kind == "slow":
                if now - self.shown >= 1 / asked.rate:
                    self.shown = now
                    return ""
            elif not asked.is_over(position):
                return ""
            elif now - began > WAIT_SECONDS:
                return "paused"
            elif now - signed > SIGN_SECONDS:
                sign()
                signed = now
            time.sleep(LOOK_SECONDS if asked.kind != "slow" else min(LOOK_SECONDS, 0.5 / asked.rate))


def _codes_of_strip(model: "Model", dataset: Dataset) -> tuple[list[list[float]], list[int]]:
    """Codes and labels (-1: none) of the items that the strip shows; empty for a model that has no codes."""
    import torch

    items = dataset.splits["validation"].take(np.arange(min(ITEMS, dataset.info.counts["validation"])))
    labels = [-1] * len(items) if items.labels is None else items.labels.tolist()
    if not model.can_encode:
        return [], labels
    training, device = model.training, next(iter(model.state_dict().values())).device
    model.eval()
    with torch.inference_mode():
        given = None if items.labels is None else torch.from_numpy(items.labels).to(device)
        found = model.encode(torch.from_numpy(items.floats()).to(device), given).codes[:, :SHOWN].cpu()
    model.train(training)
    return [[round(number, 5) for number in row] for row in found.tolist()], labels
