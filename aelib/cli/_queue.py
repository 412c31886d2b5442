"""Commands on runs that wait or train: stop, pause, change, prioritise, sweep; and the doctor."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from aelib.cli.settings import read_settings, read_value
from aelib.errors import AelibError
from aelib.jobs import queue, stopping, sweep
from aelib.runs.folder import Run, default_checkpoints, open_run

Checkpoints = Annotated[
    Path, typer.Option("--checkpoints", help="The folder of run folders", default_factory=default_checkpoints)
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer with JSON on the last line")]
RunId = Annotated[str, typer.Argument(help="A run's id, as `runs` lists them")]


def add_to(app: typer.Typer) -> None:
    """Enter these commands, in the order a person meets them."""
    for command in (stop, pause, change, step, prioritise, continue_run, run_sweep, doctor):
        name = {"continue_run": "continue", "run_sweep": "sweep"}.get(command.__name__, command.__name__)
        app.command(name)(command)


def _say(value: Any, text: str, as_json: bool) -> None:
    print(json.dumps(value) if as_json else text)


def stop(run_id: RunId, checkpoints: Checkpoints, as_json: AsJson = False) -> None:
    """Stop a run: within two seconds, whatever it is doing; `resume` goes on from its last resume point."""
    _end(open_run(checkpoints, run_id), "stopped", as_json)


def pause(run_id: RunId, checkpoints: Checkpoints, as_json: AsJson = False) -> None:
    """Let a run make room for others; `resume` goes on where it was."""
    _end(open_run(checkpoints, run_id), "paused", as_json)


def _end(run: Run, state: str, as_json: bool) -> None:
    queue.stop(run, state)
    if not stopping.wait(run):
        raise AelibError(
            "E_CONFLICT", f"{run.id} still runs", "it was only asked to end", "Press Ctrl-C in the terminal it runs in"
        )
    now = run.status()
    _say({"run": run.id, "state": now["state"], "epoch": now.get("epoch", 0)}, f"{run.id} is {now['state']}.", as_json)


def change(
    run_id: RunId,
    checkpoints: Checkpoints,
    settings: Annotated[
        list[str], typer.Option("--set", help="training.learning_rate, model.FIELD, corruptions.0.severity")
    ],
    as_json: AsJson = False,
) -> None:
    """Change settings of a run while it trains; from its next report on, written into changes.jsonl."""
    from aelib.jobs import changing

    run = open_run(checkpoints, run_id)
    given = {path: read_value(value) for path, _, value in (word.partition("=") for word in settings)}
    changing.ask(run, given)
    _say({"run": run.id, "asked": given}, f"{run.id} will go on with {', '.join(settings)}.", as_json)


def step(
    run_id: RunId,
    pace: Annotated[str, typer.Argument(help="batch, epoch (do one, then wait), slow (--rate a second) or go")],
    checkpoints: Checkpoints,
    rate: Annotated[float, typer.Option(help="Batches a second in slow motion, 0.1 to 20")] = 2.0,
    as_json: AsJson = False,
) -> None:
    """Walk through a run: one batch, one epoch, slow motion; the same bits as without. An open app trains it."""
    from aelib.jobs import stepping

    run = open_run(checkpoints, run_id)
    stepping.ask(run, pace, rate)
    said = {"batch": "does one batch and waits", "epoch": "goes on to the end of the epoch and waits"}
    text = said.get(pace, f"does {rate:g} batches a second" if pace == "slow" else "goes on at full speed")
    _say({"run": run.id, "pace": pace}, f"{run.id} {text}.", as_json)


def prioritise(
    run_id: RunId,
    priority: Annotated[int, typer.Argument(help="Higher starts first; 0 is usual", min=-100, max=100)],
    checkpoints: Checkpoints,
    as_json: AsJson = False,
) -> None:
    """Give a waiting run its place in the queue (after `--` for a negative number)."""
    run = open_run(checkpoints, run_id)
    queue.prioritise(run, priority)
    _say({"run": run.id, "priority": priority}, f"{run.id} has priority {priority}.", as_json)


def continue_run(
    run_id: RunId,
    epochs: Annotated[int, typer.Option(help="How many more")],
    checkpoints: Checkpoints,
    name: Annotated[str, typer.Option(help="What you call the new run")] = "",
    as_json: AsJson = False,
) -> None:
    """Queue a new run that starts from the weights of this one; an open app trains it."""
    run = open_run(checkpoints, run_id)
    config = run.config()
    training = config.training.model_copy(update={"epochs": epochs, "start": run.id})
    again = type(config).parse(json.loads(config.model_copy(update={"training": training}).to_json()))
    made = queue.submit(checkpoints, again, name=name or f"{run.queue().get('name') or run.id}, {epochs} more")
    _say({"run": made.id, "state": "queued", "start": run.id}, f"{made.id} is queued.", as_json)


def run_sweep(
    checkpoints: Checkpoints,
    settings: Annotated[
        list[str], typer.Option("--set", help="FIELD=VALUE,VALUE,… a list in brackets; one value is the same for all")
    ],
    name: Annotated[str, typer.Option(help="What you call this sweep; `runs --sweep NAME` shows its table")],
    dataset: Annotated[str, typer.Option(help="Name of a dataset")] = "",
    model: Annotated[str, typer.Option(help="Name of a model")] = "",
    network: Annotated[str, typer.Option(help="Name of a network")] = "",
    preset: Annotated[str, typer.Option(help="Start from a preset of the Train page")] = "",
    epochs: Annotated[int | None, typer.Option(help="Short for --set training.epochs=N")] = None,
    sampler: Annotated[
        str, typer.Option(help="grid (every combination), or random or tpe (Optuna): FIELD=LOW..HIGH and :log too")
    ] = "grid",
    points: Annotated[int, typer.Option(help="How many runs random or tpe have in all")] = 20,
    dry: Annotated[bool, typer.Option("--dry-run", help="Only say how many runs it would have")] = False,
    as_json: AsJson = False,
) -> None:
    """Queue a run for every combination of the values given, or let a sampler choose; each is an ordinary run."""
    raw = read_settings(preset, {"dataset": dataset, "model": model, "network": network}, [], [], epochs)
    if sampler != "grid":
        _search(checkpoints, name, raw, settings, sampler, points, dry, as_json)
        return
    axes = dict(sweep.read_axis(word) for word in settings)
    if dry:
        found = sweep.count(axes)
        _say({"sweep": name, "runs": found}, f"{found:,} runs (the limit is {sweep.LIMIT}).", as_json)
        return
    made = sweep.submit(checkpoints, name, raw, axes)
    answer = {"sweep": name, "runs": [run.id for run in made]}
    _say(answer, f"{len(made)} runs are queued. See: python -m aelib runs --sweep {name!r}", as_json)


def _search(
    checkpoints: Path, name: str, raw: dict, settings: list[str], sampler: str, points: int, dry: bool, as_json: bool
) -> None:
    from aelib.jobs import searching

    space = dict(searching.read_place(word) for word in settings)
    if dry:
        _say({"sweep": name, "runs": points}, f"{points:,} runs (the limit is {sweep.LIMIT}).", as_json)
        return
    made = searching.submit(checkpoints, name, raw, space, sampler, points)
    answer = {"sweep": name, "runs": [run.id for run in made], "points": points}
    text = f"{len(made)} of {points} runs are queued; an open app chooses the others as these end."
    _say(answer, f"{text} See: python -m aelib runs --sweep {name!r}", as_json)


def doctor(
    checkpoints: Checkpoints,
    rebuild_index: Annotated[
        bool, typer.Option("--rebuild-index", help="Fill the index anew from the run folders")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Look whether everything is in order here, and say what is not."""
    from aelib.cli._doctor import examine
    from aelib.runs import index

    found = {"rebuilt": index.rebuild(checkpoints)} if rebuild_index else {}
    rows = examine(checkpoints)
    text = [f"The index was filled anew: {found['rebuilt']} runs."] if rebuild_index else []
    text += [f"{'ok  ' if row['ok'] else 'LOOK'}  {row['what']}: {row['finding']}" for row in rows]
    _say({**found, "checks": rows}, "\n".join(text), as_json)


def sweep_table(checkpoints: Path, name: str) -> tuple[list[dict[str, Any]], str]:
    """The rows of a sweep, and the same as text."""
    rows = sweep.table(sweep.of(checkpoints, name))
    columns = list(dict.fromkeys(key for row in rows for key in row))
    cells = [columns, *[[_cell(row.get(key)) for key in columns] for row in rows]]
    widths = [max(len(line[place]) for line in cells) for place in range(len(columns))]
    text = "\n".join("  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)) for line in cells)
    return rows, text


def _cell(value: Any) -> str:
    return "–" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)


def told_of(run: Run) -> dict[str, Any]:
    """What `show` says beside config and figures: priority, attempts, progress, where it started, what was changed."""
    from aelib.files import read_lines
    from aelib.jobs.starting import start_sentence

    known = run.queue()
    found: dict[str, Any] = {"priority": known.get("priority", 0), "attempt": known.get("attempt", 0)}
    if known.get("automatic"):
        found["resumed_by_itself"] = f"{known['automatic']} of {queue.AUTOMATIC} times"
    said = {"progress": stopping.silence(run), "start": start_sentence(run)}
    found |= {key: sentence for key, sentence in said.items() if sentence}
    rows = read_lines(run.folder / "changes.jsonl")
    return {**found, "changes": rows} if rows else found
