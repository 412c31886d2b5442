"""``python -m aelib measure``: the figures that a run can be asked for."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from aelib.runs.folder import default_checkpoints, open_run

Checkpoints = Annotated[
    Path, typer.Option("--checkpoints", help="The folder of run folders", default_factory=default_checkpoints)
]


def measure(
    run_id: Annotated[str, typer.Argument(help="A run's id, as `runs` lists them")],
    checkpoints: Checkpoints,
    what: Annotated[str, typer.Option(help="Name of a measure; without it, all are listed")] = "",
    items: Annotated[int, typer.Option(min=2, help="At most so many test items")] = 500,
    samples: Annotated[int, typer.Option(min=1, help="Draws per item, for the likelihood bound")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="Answer with JSON on the last line")] = False,
) -> None:
    """Measure a run on its test items and keep the figure in its folder; or list what can be measured."""
    from aelib.measures import of_run

    run = open_run(checkpoints, run_id)
    if what:
        found = of_run.measure(run, what, items, samples)
        return _say({"run": run_id, **found}, found["sentence"], as_json)
    rows = of_run.overview(run)
    lines = [f"{row['measure']:<16} {row['lacks'] or row['sentence'] or 'not measured yet'}" for row in rows]
    _say(rows, "\n".join(lines), as_json)


def _say(value: Any, text: str, as_json: bool) -> None:
    print(json.dumps(value) if as_json else text)
