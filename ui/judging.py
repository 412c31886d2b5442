"""What the Reconstructions page judges of a run: its task (damaged in, whole out), its masks, or its items."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from aelib.codes import reconstruct, targets
from aelib.drawing import as_pictures
from aelib.measures.task import Task, corrupted
from aelib.runs.folder import Run
from ui import cached, pictures, state

CORRUPTED, CLEAN = "corrupted inputs", "clean items"


@dataclass(frozen=True)
class Judged:
    """Rows of the run's code table with their errors.

    Attributes:
        rows: int (n,).
        errors: float (n,), squared error of what comes out.
        task: What else was found, for these rows; None where the items go in as they are and come out as items.
        note: How many were judged, where not all.
    """

    rows: np.ndarray
    errors: np.ndarray
    task: Task | None
    note: str = ""

    def take(self, keep: np.ndarray) -> "Judged":
        """Some of the rows (bool or numbers)."""
        task = self.task and Task(*(None if a is None else a[keep] for a in vars(self.task).values()))  # type: ignore
        return Judged(self.rows[keep], self.errors[keep], task, self.note)


def choose_input(run: Run) -> str:
    """What goes in: corrupted as in training, where the run has corruptions, or clean; kept in the address."""
    if not run.raw_config.get("corruptions"):
        return CLEAN
    help_text = "Corrupted: as in training, each item with a draw of its own. Clean: what the codes are made from."
    return state.choose("Inputs", [CORRUPTED, CLEAN], state.GIVEN, CORRUPTED, help=help_text)


def judge(run: Run, split: str, given: str) -> Judged:
    """The split's errors; a task is judged on ``cached.JUDGED`` items at most, evenly taken."""
    table = cached.table(run.id)
    rows = table.rows(split)
    if given == CLEAN and run.raw_config.get("target") != "masks":
        return Judged(rows, table.errors[rows], None)
    with st.spinner("Putting items through the model…", show_time=True):
        judged, task = cached.task(run.id, split, given == CORRUPTED)
    note = f"judged on {len(judged):,} of {len(rows):,} items, evenly taken" if len(judged) < len(rows) else ""
    return Judged(judged, task.after, task, note)


def summary(judged: Judged) -> str:
    """One line of figures for the page's first caption."""
    task, errors = judged.task, judged.errors
    spread = f"median {np.median(errors):.3f}, worst {errors.max():.3f}"
    said = f"mean squared error **{errors.mean():.3f}**, {spread}"
    if task is not None and task.before is not None:
        gained = float((task.after < task.before).mean())
        said = (
            f"squared error **{task.before.mean():.3f}** going in, **{task.after.mean():.3f}** coming out; "
            f"{gained:.0%} of the items gain"
        )
    if task is not None and task.dice is not None:
        said = f"mean Dice **{task.dice.mean():.3f}**, squared error of a mask {errors.mean():.2f}"
    return f"{said}{f' · {judged.note}' if judged.note else ''}"


def words(judged: Judged, number: int) -> str:
    """What is said under one item."""
    task, error = judged.task, judged.errors[number]
    if task is not None and task.dice is not None:
        return f"Dice **{task.dice[number]:.3f}**"
    if task is not None and task.before is not None:
        return f"error {task.before[number]:.2f} → **{error:.2f}**"
    return f"error **{error:.2f}**"


def sheets(run: Run, rows: np.ndarray, given: str) -> tuple[list[np.ndarray], list[str], float]:
    """One strip per row, what its pictures are, and the largest error of a pixel, which is brightest in all of them.

    Each strip: the item; what went in, where it was corrupted; the true mask, for masks; what came out; the error.
    """
    model, items, info = cached.model(run.id), cached.items(run.id).take(rows), cached.info(run.id)
    corruptions = run.config().corruptions if given == CORRUPTED else ()
    inputs = corrupted(items, corruptions, run.config().training.seed)
    recon, wanted = reconstruct(model, inputs, items.labels), targets(model, items)
    low, high = (info.low, info.high) if model.target == "items" else (0.0, 1.0)
    maps = pictures.error_maps(info, recon, wanted)
    worst = max(float(maps.max()), 1e-6)
    columns = {"item": cached.pictures(run.id)[rows]}
    if corruptions:
        columns["corrupted"] = as_pictures(inputs, info.low, info.high)
    if model.target == "masks":
        columns["true mask"] = as_pictures(wanted)
    columns["mask found" if model.target == "masks" else "reconstruction"] = as_pictures(recon, low, high)
    strips = []
    for number in range(len(rows)):
        shown = [pictures.in_colour(column[number]) for column in columns.values()]
        strips.append(np.stack([*shown, pictures.heat(maps[number], worst)]))
    return strips, [*columns, "error"], worst
