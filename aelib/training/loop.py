"""The one training loop: a generator of reports that never asks which model it has."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import torch

from aelib.config import RunConfig
from aelib.datasets._base import Dataset
from aelib.device import fast_products, threads_of
from aelib.errors import AelibError
from aelib.losses.reconstruction import gradients_only
from aelib.models._base import Batch, Model, Phase, Progress, Stage
from aelib.training.batches import Batches, bounds, generator_for
from aelib.training.changes import Change, Changes
from aelib.training.evaluation import active_dimensions, evaluate
from aelib.training.optimisers import Optimiser, optimiser_for
from aelib.training.report import Report, Snapshot, is_early
from aelib.training.resume import (
    Means,
    Middle,
    model_tensors,
    optimiser_tensors,
    read_middle,
    restore_middle,
    restore_optimiser,
)
from aelib.training.schedule import find_rate, rate_factor
from aelib.training.step import GRADIENT, step
from aelib.training.ways import computing, laid_out, settled

REPORT_SECONDS = 0.5  # between two reports inside one epoch
VALUES = 32  # batches, at least, that an epoch's training figures are means over: some values cost more than gradients


def train(
    model: Model,
    dataset: Dataset,
    run: RunConfig,
    device: str = "cpu",
    resume: Snapshot | None = None,
    changes: Changes | None = None,
) -> Iterator[Report]:
    """Train a model; to stop, cease to iterate. At the end the model holds its best weights on validation.

    Args:
        model: As ``models._base.build`` gives it; moved to ``device``.
        dataset: Its ``train`` split is learnt, its ``validation`` split is watched; ``test`` is not touched.
        run: The run's config.
        device: ``cpu``, ``cuda:0``, ``mps``.
        resume: Go on from here instead of from the start.
        changes: Of settings in mid-run: known ones take effect where they did, more may be added between two reports.

    Raises ``E_DIVERGED`` when a loss part is no longer a finite number; the model then holds its best weights.
    """
    return _Training(model.to(device), dataset, run, device, resume, changes or Changes()).reports()


class _Training:
    """The state of one call of ``train``."""

    def __init__(
        self, model: Model, dataset: Dataset, run: RunConfig, device: str, resume: Snapshot | None, changes: Changes
    ) -> None:
        self.model, self.run, self.device, self.changes = model, run, device, changes
        self.autocast = torch.autocast(torch.device(device).type, torch.bfloat16, run.training.precision == "bfloat16")
        self.learn = Batches(dataset.splits["train"], run.corruptions, device, run.target)
        self.held_out = Batches(dataset.splits["validation"], run.corruptions, device, run.target)
        self.run = run = settled(run, model, self.learn, device)
        self.threads, self.within = run.training.threads, computing(laid_out(model, run.training), run.training)
        self.stages = list(model.stages())
        self.plan = [self._stage_epochs(stage) for stage in self.stages]
        self.best_value, self.best_epoch, self.rate = float("inf"), 0, run.training.learning_rate
        self.best_weights: dict[str, torch.Tensor] | None = None
        self.best_row, self.middle = 0, None
        self.first_stage, self.first_epoch, self.rows, self.optimisers = 0, 0, 0, {}
        if resume:
            self._restore(resume)
        elif run.training.find_rate:
            self.rate = find_rate(model, self.learn, run.training.batch_size, run.training.seed)

    def reports(self) -> Iterator[Report]:
        with fast_products(self.device), threads_of(self.threads):
            yield from self._stages()

    def _stages(self) -> Iterator[Report]:
        for number in range(self.first_stage, len(self.stages)):
            stage, last = self.stages[number], number == len(self.stages) - 1
            if self.first_epoch == 0 and not self.middle:
                if stage.prepare:
                    stage.prepare(self._passes)
                self.optimisers = {phase.name: self._optimiser(phase) for phase in stage.phases}
                if self.plan[number] and is_early(number, 0, 0):
                    yield self._report(stage, number, 0, 0, 0, Means(), 0.0, Progress())
            yield from self._stage(stage, number, last)
            if stage.finish:
                yield from self._finish(stage, number, last)
            self.first_epoch = 0
        self._take_best()

    def _stage(self, stage: Stage, number: int, last: bool) -> Iterator[Report]:
        if stage.fit:
            stage.fit(self._passes)
        if self.plan[number] == 0:  # nothing to iterate: one report with the figures
            yield self._finished(stage, number, 0, Progress(1, 1), Means(), 0.0, last)
        patience = self.run.training.patience
        for epoch in range(self.first_epoch, self.plan[number]):
            if patience and last and epoch - 1 - self.best_epoch >= patience:
                break  # asked before an epoch, so that a resumed run stops where the unbroken one did
            yield from self._epoch(stage, number, epoch, last)

    def _finish(self, stage: Stage, number: int, last: bool) -> Iterator[Report]:
        assert stage.finish, "asked only of a stage that has one"
        if last:  # finish works on the best weights, and its result is what is kept
            self._take_best()
            self.best_value = float("inf")
        stage.finish(self._passes)
        if last:
            yield self._finished(stage, number, self.plan[number], Progress(1, 1), Means(), 0.0, last)

    def _epoch(self, stage: Stage, number: int, epoch: int, last: bool) -> Iterator[Report]:
        size, seed = self.run.training.batch_size, self.run.training.seed
        steps = len(bounds(len(self.learn), size))
        sums, seen, first, state = self._begin_epoch(stage, number, epoch)
        batches = self.learn.shuffled(size, seed, number, epoch, first, state)
        began = reported = time.monotonic()
        known, progress = seen, Progress(epoch * steps + max(0, first - 1), self.plan[number] * steps)
        for place, batch in enumerate(batches, first):
            progress = Progress(epoch * steps + place, self.plan[number] * steps)
            counted, closely = place % max(1, steps // VALUES) == 0, self.changes.closely
            with gradients_only(not (counted or closely)):
                figures = self._step(stage, batch, progress, counted or closely)
            if counted:
                sums.add(figures, len(batch.targets))
            seen += len(batch.targets)
            now = time.monotonic()
            if closely or now - reported > REPORT_SECONDS or is_early(number, epoch, place + 1):
                reported, speed, done = now, (seen - known) / (now - began), place + 1
                report = self._report(stage, number, epoch, done, steps, sums, speed, progress)
                self._finite(report.train, stage, epoch)
                point = self._snapshot_at(number, epoch, Middle(done, seen, sums, batch.generator))
                at_step = (
                    self._finite({k: float(v.detach()) for k, v in figures.items()}, stage, epoch) if closely else {}
                )
                yield replace(report, snapshot=point, at_step=at_step)
                began += time.monotonic() - now if closely else 0.0  # looked at meanwhile, not trained
            self._go_by(self.changes.due((number, epoch, place + 1)), epoch)  # a replayed one knows no reports
        if self.device != "cpu":
            sums.means()  # waits for the device, so that the speed is honest
        speed = (seen - known) / max(time.monotonic() - began, 1e-9)
        yield self._finished(stage, number, epoch + 1, progress, sums, speed, last)

    def _begin_epoch(self, stage: Stage, number: int, epoch: int) -> tuple[Means, int, int, torch.Tensor | None]:
        """The means so far, the items seen, the first step, and the generator's state where that is not the start."""
        middle, self.middle = self.middle, None
        self._go_by(self.changes.due((number, epoch, middle.step if middle else 0)), epoch)
        torch.manual_seed(generator_for("cpu", self.run.training.seed, number, epoch, 3).initial_seed())  # for dropout
        self.model.train()
        if middle is None:
            if stage.figures:
                stage.figures()  # what was counted before belongs to another walk
            return Means(), 0, 0, None
        restore_middle(middle, self.model, self.device)
        return middle.sums, middle.seen, middle.step, middle.state

    def _go_by(self, changes: list[Change], epoch: int) -> None:
        for change in changes:
            before = self.run
            self._set(change)
            if (before.model, before.corruptions) != (self.run.model, self.run.corruptions):
                self.best_value, self.best_epoch = float("inf"), epoch  # figures from before mean something else

    def _set(self, change: Change) -> None:
        self.run, self.rate = change.config, change.rate or self.rate
        self.model.config = self.run.model
        self.learn.corruptions = self.held_out.corruptions = self.run.corruptions

    def _step(self, stage: Stage, batch: Batch, progress: Progress, measured: bool) -> dict[str, torch.Tensor]:
        with self.within():
            return step(stage, batch, progress, self.optimisers, self._pace, self.autocast, measured)

    def _finished(
        self, stage: Stage, number: int, epoch: int, progress: Progress, sums: Means, speed: float, last: bool
    ) -> Report:
        report = self._report(stage, number, epoch, 0, 0, sums, speed, progress)
        counted = dict(stage.figures() if stage.figures and sums.sums else {})
        self._finite(report.train | counted, stage, epoch - 1)
        validation = evaluate(self.model, self.held_out, stage, self.run.training.seed, self.autocast)
        self._finite(validation, stage, epoch - 1)
        value = validation.get(self.model.watch, validation["error"])
        best = last and value < self.best_value
        if best:
            self.best_value, self.best_epoch = value, epoch - 1
            self.best_weights = {key: tensor.detach().cpu().clone() for key, tensor in self.model.state_dict().items()}
        self.rows += 1
        self.best_row = self.rows if best else self.best_row
        # Without a step behind it there is nothing to go on from: what made these figures would be done twice.
        point = self._snapshot_at(number, epoch) if sums.sums else None
        gauges = report.gauges | active_dimensions(self.model, self.held_out)
        report = replace(report, train=report.train | counted, gauges=gauges, finished=True)
        return replace(report, validation=validation, best=best, snapshot=point)

    def _report(
        self,
        stage: Stage,
        number: int,
        epoch: int,
        done: int,
        steps: int,
        sums: Means,
        speed: float,
        progress: Progress,
    ) -> Report:
        rate = self._pace(stage.phases[0], progress)["lr"] if stage.phases else self.rate
        before = sum(self.plan[:number])
        position = (number, epoch, done)
        figures, where = sums.means(), (stage.name, before + epoch, sum(self.plan), done, steps)
        gauges = {name: figures.pop(name) for name in (GRADIENT,) if name in figures}
        return Report(*where, figures, {}, rate, speed, position, gauges=gauges)

    def _finite(self, figures: dict[str, float], stage: Stage, epoch: int) -> dict[str, float]:
        broken = [name for name, value in figures.items() if value != value or abs(value) == float("inf")]
        if broken:
            part = next((name for name in broken if name != "loss"), "loss")
            self._take_best()
            raise AelibError(
                "E_DIVERGED",
                f"Training blew up in stage {stage.name!r}, epoch {epoch + 1}",
                f"the part {part!r} is no longer a finite number",
                "Take a smaller learning rate; the last good weights are kept",
            )
        return figures

    def _take_best(self) -> None:
        if self.best_weights:
            self.model.load_state_dict(self.best_weights)
        self.model.eval()

    def _stage_epochs(self, stage: Stage) -> int:
        return 0 if stage.fit else self.run.training.epochs if stage.epochs is None else stage.epochs

    def _passes(self) -> Iterator[Batch]:
        return self.learn.in_order(1024, self.run.training.seed, clean=True)

    def _pace(self, phase: Phase, progress: Progress) -> dict[str, float]:
        """What moves with the run in the optimiser of a phase."""
        if phase.sgd:
            return {"lr": phase.sgd.rate, "momentum": phase.sgd.momentum(progress)}
        return {"lr": self.rate * phase.rate * rate_factor(self.run.training.schedule, progress.fraction)}

    def _optimiser(self, phase: Phase) -> Optimiser:
        return optimiser_for(phase, self.rate, self.run.training.weight_decay, self.device)

    def _snapshot_at(self, number: int, epoch: int, middle: Middle | None = None) -> Callable[[], Snapshot]:
        def take() -> Snapshot:
            is_best = middle is None and bool(self.best_weights) and self.best_row == self.rows
            tensors = model_tensors(self.model) | optimiser_tensors(self.optimisers)
            if self.best_weights and not is_best:
                tensors |= {f"best.{key}": value for key, value in self.best_weights.items()}
            values = {
                "stage": number,
                "epoch": epoch,
                "rows": self.rows,
                "rate": self.rate,
                "best_value": None if self.best_value == float("inf") else self.best_value,
                "best_epoch": self.best_epoch,
                "best_row": self.best_row,
                "best_is_model": is_best,
            }
            if middle:
                tensors |= middle.tensors(self.model, self.device)
                values |= middle.values()
            return Snapshot(tensors, values)

        return take

    def _restore(self, resume: Snapshot) -> None:
        values = resume.values
        self.first_stage, self.first_epoch, self.rate = values["stage"], values["epoch"], values["rate"]
        self.best_value = float("inf") if values["best_value"] is None else values["best_value"]
        self.best_epoch, self.rows, self.best_weights = values["best_epoch"], values["rows"], resume.best_weights
        self.best_row, self.middle = values.get("best_row", 0), read_middle(resume, self.device)
        for change in self.changes.before((self.first_stage, self.first_epoch, values.get("step", 0))):
            self._set(replace(change, rate=None))
        weights = {k.removeprefix("model."): v for k, v in resume.tensors.items() if k.startswith("model.")}
        self.model.load_state_dict(weights)
        stage = self.stages[self.first_stage]
        self.optimisers = {phase.name: self._optimiser(phase) for phase in stage.phases}
        for name, optimiser in self.optimisers.items():
            restore_optimiser(name, optimiser, resume.tensors)
