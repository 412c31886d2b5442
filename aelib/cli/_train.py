"""Training in front of the user: the same queue, folder and worker code as in the background, with a progress bar."""

import contextlib
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from aelib.config import RunConfig
from aelib.errors import AelibError
from aelib.jobs import queue
from aelib.jobs.dispatcher import claimer
from aelib.jobs.permission import refuse_in_demo
from aelib.jobs.starting import start_files
from aelib.jobs.training import stop_signal, work
from aelib.runs import index
from aelib.runs.folder import Run, create_run

if TYPE_CHECKING:
    from aelib.training.loop import Report


def train_in_front(
    checkpoints: Path, config: RunConfig, *, name: str = "", run_id: str = "", quiet: bool = False
) -> tuple[Run, str]:
    """Make a run, claim it, train it here. Returns the run and the state it ended in."""
    refuse_in_demo("Training")
    prepared, files = queue.prepare(config), start_files(checkpoints, config)
    with claimer(checkpoints) as owner:
        with index.transaction(checkpoints) as connection:
            run = create_run(checkpoints, prepared, name=name, run_id=run_id, files=files)
            run.change_queue(in_front=True)
            index.insert(connection, run, "queued")
            claimed = queue.take(connection, checkpoints, owner, run.id)  # before an open app can take it
        return run, _work_in_front(run, claimed, quiet)


def resume_in_front(run: Run, *, quiet: bool = False) -> str:
    """Queue a run again, claim it, go on with it here."""
    with claimer(run.folder.parent) as owner:
        return _work_in_front(run, queue.resume(run, owner), quiet)


def _work_in_front(run: Run, claimed: tuple[Run, int] | None, quiet: bool) -> str:
    if claimed is None:
        raise AelibError("E_CONFLICT", f"{run.id} was taken by another process")
    with _stop_on_interrupt(), _bar(run, quiet) as on_report:
        return work(*claimed, on_report)


@contextlib.contextmanager
def _stop_on_interrupt() -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda number, frame: stop_signal.append(number)) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
        stop_signal.clear()


@contextlib.contextmanager
def _bar(run: Run, quiet: bool) -> "Iterator[Callable[[Report], None]]":
    """A progress bar on stderr (rich comes with typer), or nothing."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[figures]}"), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), disable=quiet) as progress:
        task = progress.add_task(run.id, total=None, figures="")

        def show(report: "Report") -> None:
            part = report.step / report.steps if report.steps else 0
            error = report.validation.get("error")
            figures = f"epoch {report.epoch}/{report.epochs}" + (f" · error {error:.3f}" if error is not None else "")
            progress.update(task, total=report.epochs or 1, completed=report.epoch + part, figures=figures)

        yield show
