"""Settings changed while a run trains: asked for by anyone, taken by the worker, written down with their step.

``queue.json`` holds what was asked (``asked``); ``changes.jsonl`` what took effect, with the stage, epoch and step that
first saw it. A resumed run replays these at the same steps, so that it ends as one that was never cut off.
"""

import json
import time
from pathlib import Path
from typing import Any

from aelib.config import RunConfig
from aelib.errors import AelibError, nearest
from aelib.files import append_line, read_lines, write_bytes
from aelib.jobs.permission import refuse_in_demo
from aelib.jobs.stepping import Pace
from aelib.runs import index
from aelib.runs.folder import ACTIVE, Run

RATE = "training.learning_rate"


def changeable(config: RunConfig) -> dict[str, float]:
    """The settings that may be changed in mid-run, and their values: the learning rate, a model's own numbers, the
    severities of corruptions.
    """
    found = {RATE: config.training.learning_rate}
    for name, field in type(config.model).model_fields.items():
        if field.annotation is float:
            found[f"model.{name}"] = getattr(config.model, name)
    for number, corruption in enumerate(config.corruptions):
        if hasattr(corruption, "severity"):
            found[f"corruptions.{number}.severity"] = corruption.severity  # type: ignore[attr-defined]
    return found


def changed(config: RunConfig, settings: dict[str, Any]) -> RunConfig:
    """A config with some settings changed. Raises ``E_CONFIG`` for one that is out of range or cannot be changed."""
    raw, allowed = json.loads(config.to_json()), changeable(config)
    for path, value in settings.items():
        if path not in allowed:
            raise AelibError("E_CONFIG", f"{path!r} cannot be changed in mid-run", "", nearest(path, allowed))
        *parts, last = path.split(".")
        place = raw
        for part in parts:
            place = place[int(part)] if isinstance(place, list) else place[part]
        place[last] = float(value) if isinstance(value, int) and not isinstance(value, bool) else value
    return RunConfig.parse(raw)


def ask(run: Run, settings: dict[str, Any]) -> None:
    """Ask a waiting or training run to go on with other settings, from its next report on (within about a second).

    Raises ``E_CONFIG`` for settings out of range, or that this model's loss does not read at each step, and
    ``E_CONFLICT`` for a run that has ended.
    """
    refuse_in_demo("Changing a run")
    config = as_it_stands(run)
    changed(config, settings)
    names = [path.removeprefix("model.") for path in settings if path.startswith("model.")]
    if names:
        from aelib.datasets._base import load_dataset
        from aelib.training.changes import fields_read

        unread = sorted(set(names) - fields_read(config, load_dataset(config.dataset)))
        if unread:
            raise AelibError(
                "E_CONFIG",
                f"model.{unread[0]} cannot be changed in mid-run",
                "the loss of this run does not read it at each step",
                "Clone the run and set it there",
            )
    with index.transaction(run.folder.parent):
        state = run.status()["state"]
        if state not in (*ACTIVE, "queued", "paused", "stopped", "interrupted"):
            raise AelibError("E_CONFLICT", f"{run.id} is not training", f"it is {state}", "Clone it instead")
        run.change_queue(asked=[*run.queue().get("asked", []), settings])


def as_it_stands(run: Run) -> RunConfig:
    """A run's config with every change asked for so far."""
    config = run.config()
    for settings in run.queue().get("asked", []):
        config = config if "pace" in settings else changed(config, settings)
    return config


def lines(run: Run) -> list[dict[str, Any]]:
    """What took effect: ``position`` (stage, epoch, step), ``set`` and ``time`` of each; of a pace ``pace`` too."""
    return read_lines(_file(run))


class Taken:
    """The changes of a run while it trains here."""

    def __init__(self, run: Run, config: RunConfig) -> None:
        from aelib.training.changes import Change, Changes

        self.run, rows, self.pace = run, lines(run), Pace()
        if _file(run).exists():  # without a line that a kill has torn: that one never took effect
            write_bytes(_file(run), "".join(json.dumps(row) + "\n" for row in rows).encode())
        self.count, found = len(rows), []
        for row in rows:
            if "pace" in row:
                self.pace = Pace(row["pace"], row.get("rate", 0.0), tuple(row["position"]))
            else:
                config = changed(config, row["set"])
                found.append(Change(tuple(row["position"]), config, row["set"].get(RATE)))
        self.replayed, self.config = Changes(found, self.pace.is_close), config

    def take_new(self, position: tuple[int, int, int], config: RunConfig) -> RunConfig:
        """Take what was asked for since the last look, from ``position`` on; the config that holds from now on."""
        from aelib.training.changes import Change

        for settings in self.run.queue().get("asked", [])[self.count :]:
            self.count += 1
            if "pace" in settings:
                row = {"position": list(position), "set": {}, "time": time.time(), **settings}
                append_line(_file(self.run), row)
                self.pace = Pace(settings["pace"], settings.get("rate", 0.0), position)
                self.replayed.closely = self.pace.is_close
                continue
            self.config = changed(self.config, settings)
            append_line(_file(self.run), {"position": list(position), "set": settings, "time": time.time()})
            self.replayed.add(Change(position, self.config, settings.get(RATE)))
        return self.config


def _file(run: Run) -> Path:
    return run.folder / "changes.jsonl"
