"""The commands, one function each, in the order a person meets them."""

import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from aelib import codes, registry
from aelib.cli import _queue
from aelib.cli._queue import told_of
from aelib.cli.importing import import_codes
from aelib.cli.measuring import measure
from aelib.cli.settings import read_settings
from aelib.config import RunConfig
from aelib.errors import AelibError, nearest
from aelib.runs.folder import Run, default_checkpoints, list_runs, open_run

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Autoencoders: train, encode, project, reconstruct.",
    pretty_exceptions_enable=False,
)  # fmt: skip

Checkpoints = Annotated[
    Path, typer.Option("--checkpoints", help="The folder of run folders", default_factory=default_checkpoints)
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer with JSON on the last line")]
RunId = Annotated[str, typer.Argument(help="A run's id, as `runs` lists them")]
KINDS = {f"{plugins.kind}s": plugins for plugins in registry.ALL}


def _say(value: Any, text: str, as_json: bool) -> None:
    print(json.dumps(value) if as_json else text)


@app.command("list")
def list_plugins(
    kind: Annotated[str, typer.Argument(help=" | ".join(KINDS))],
    checkpoints: Checkpoints,
    markdown: Annotated[bool, typer.Option("--markdown", help="models: the page docs/choosing.md")] = False,
    as_json: AsJson = False,
) -> None:
    """Name every plug-in of a kind, with its one-line help."""
    if kind not in KINDS:
        raise AelibError("E_UNKNOWN", f"There is nothing to list named {kind!r}", "", nearest(kind, KINDS))
    if markdown:
        if kind != "models":
            raise AelibError("E_CONFIG", f"--markdown does not go with {kind!r}", "", "Write: list models --markdown")
        from aelib.cli._choosing import choosing

        print(choosing(), end="")
        return
    plugins = KINDS[kind]
    rows = [{"name": name, **vars(plugins.help(name))} for name in plugins.names()]
    _say(rows, "\n".join(f"{row['name']:<16} {row['summary']}" for row in rows), as_json)


@app.command()
def train(
    checkpoints: Checkpoints,
    dataset: Annotated[str, typer.Option(help="Name of a dataset")] = "",
    model: Annotated[str, typer.Option(help="Name of a model")] = "",
    network: Annotated[str, typer.Option(help="Name of a network")] = "",
    corruption: Annotated[list[str], typer.Option(help="NAME or NAME=SEVERITY; may be given again")] = [],  # noqa: B006
    settings: Annotated[list[str], typer.Option("--set", help="FIELD=VALUE, e.g. model.latent_dim=8")] = [],  # noqa: B006
    preset: Annotated[str, typer.Option(help="Start from a preset of the Train page")] = "",
    epochs: Annotated[int | None, typer.Option(help="Short for --set training.epochs=N")] = None,
    name: Annotated[str, typer.Option(help="What you call this run")] = "",
    run_id: Annotated[str, typer.Option("--id", help="Give the run folder this id", hidden=True)] = "",
    as_json: AsJson = False,
) -> None:
    """Train a model in the foreground; Ctrl-C stops it and keeps what it has."""
    from aelib.cli._train import train_in_front

    choices = {"dataset": dataset, "model": model, "network": network}
    config = RunConfig.parse(read_settings(preset, choices, corruption, settings, epochs))
    run, state = train_in_front(checkpoints, config, name=name, run_id=run_id, quiet=as_json)
    answer = _describe(run)
    _say(answer, _sentence(answer), as_json)
    _raise_failure(run, state)


@app.command()
def resume(run_id: RunId, checkpoints: Checkpoints, as_json: AsJson = False) -> None:
    """Go on with a stopped, interrupted or failed run, from its last resume point."""
    from aelib.cli._train import resume_in_front

    run = open_run(checkpoints, run_id)
    state = resume_in_front(run, quiet=as_json)
    answer = _describe(run)
    _say(answer, _sentence(answer), as_json)
    _raise_failure(run, state)


@app.command()
def runs(
    checkpoints: Checkpoints,
    sweep: Annotated[str, typer.Option(help="The table of this sweep instead")] = "",
    as_json: AsJson = False,
) -> None:
    """List the runs, newest first."""
    if sweep:
        from aelib.cli._queue import sweep_table

        _say(*sweep_table(checkpoints, sweep), as_json)
        return
    rows = [_describe(run) for run in list_runs(checkpoints)]
    text = "\n".join(_sentence(row) for row in rows) or f"No runs in {checkpoints}. Start one: python -m aelib train"
    _say(rows, text, as_json)


@app.command()
def show(run_id: RunId, checkpoints: Checkpoints, as_json: AsJson = False) -> None:
    """Everything written down about a run: its config, state and figures."""
    run = open_run(checkpoints, run_id)
    run.status()  # raises for a broken folder, which the list only marks
    answer = {**_describe(run), "config": run.config().model_dump(mode="json"), "metrics": run.metrics()[-1:]}
    answer |= told_of(run)
    _say(answer, json.dumps(answer, indent=2), as_json)


@app.command()
def encode(
    run_id: RunId,
    out: Annotated[Path, typer.Option(help="The NPZ file to write")],
    checkpoints: Checkpoints,
    split: Annotated[str, typer.Option(help="train, validation, test or all")] = "all",
    as_json: AsJson = False,
) -> None:
    """Write codes, labels, index (and spreads where there are any) of a split."""
    table = _table(open_run(checkpoints, run_id), split)
    arrays = {"codes": table.codes, "labels": table.labels, "index": table.index}
    if table.has_errors:
        arrays["errors"] = table.errors
    if table.spreads is not None:
        arrays["spreads"] = table.spreads
    _write_npz(out, arrays)
    answer = {"run": run_id, "split": split, "items": len(table), "latent_dim": table.codes.shape[1], "out": str(out)}
    _say(answer, f"{len(table)} codes of {table.codes.shape[1]} numbers in {out}", as_json)


app.command("import")(import_codes)


@app.command()
def project(
    run_id: RunId,
    out: Annotated[Path, typer.Option(help="The NPZ file to write")],
    checkpoints: Checkpoints,
    method: Annotated[str, typer.Option(help="Name of a projection")] = "umap",
    settings: Annotated[list[str], typer.Option("--set", help="FIELD=VALUE of the method")] = [],  # noqa: B006
    as_json: AsJson = False,
) -> None:
    """Write the points of all items, and keep them in the run folder for the map."""
    from aelib.cli.settings import read_plugin
    from aelib.jobs.projecting import compute

    run = open_run(checkpoints, run_id)
    done = compute(run, read_plugin(registry.PROJECTIONS, method, settings))
    table = codes.of_run(run)
    arrays = {"points": done.points, "labels": table.labels, "index": table.index, "split": table.split}
    _write_npz(out, arrays)
    answer = {"run": run_id, "method": method, "items": len(done.points), "quality": done.quality, "out": str(out)}
    _say(answer, f"{len(done.points)} points in {out}; {done.quality or 'quality not measured'}", as_json)


@app.command()
def reconstruct(
    run_id: RunId,
    out: Annotated[Path, typer.Option(help="The PNG to write: items above, reconstructions below")],
    checkpoints: Checkpoints,
    split: Annotated[str, typer.Option(help="train, validation or test")] = "validation",
    count: Annotated[int, typer.Option(min=1, max=64, help="How many items")] = 12,
    worst: Annotated[
        bool, typer.Option("--worst", help="The items with the largest error, instead of the first")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Draw items and their reconstructions, and print their squared errors."""
    from aelib.datasets._base import load_dataset
    from aelib.drawing import as_pictures, in_channels
    from aelib.files import write_bytes
    from aelib.pictures import strip, to_png
    from aelib.runs.weights import load_info, load_model

    run = open_run(checkpoints, run_id)
    table, items = _table(run, split), load_dataset(run.config().dataset).items(split)
    rows = np.argsort(-table.errors, kind="stable")[:count] if worst else np.arange(min(count, len(table)))
    chosen = items.take(rows)
    recon, info = codes.reconstruct(load_model(run), chosen.values, chosen.labels), load_info(run)
    above, below = (as_pictures(values, info.low, info.high) for values in (chosen.values, recon))
    picture = strip(np.concatenate([above, in_channels(below, above.shape[1])]), columns=len(rows))
    write_bytes(out.resolve(), to_png(picture, scale=max(1, 64 // above.shape[-1])))
    answer = {"run": run_id, "split": split, "index": chosen.index.tolist(), "errors": table.errors[rows].tolist()}
    mean = float(np.mean(table.errors[rows]))
    _say({**answer, "out": str(out)}, f"{len(rows)} items in {out}; mean squared error {mean:.3f} per item", as_json)


app.command()(measure)


@app.command()
def sample(
    run_id: RunId,
    out: Annotated[Path, typer.Option(help="The PNG to write")],
    checkpoints: Checkpoints,
    count: Annotated[int, typer.Option(min=1, max=4096, help="How many new items")] = 64,
    source: Annotated[
        str,
        typer.Option(
            "--from",
            help="prior: the model's own; mixture: fitted to the codes of its training items (any model with a "
            "decoder). Without it: the prior where there is one",
            show_default=False,
        ),
    ] = "",
    seed: Annotated[int, typer.Option(min=0, help="Another number gives other items")] = 0,
    as_json: AsJson = False,
) -> None:
    """Draw new items; a model that is told the class gets all classes in turn."""
    from aelib import samples
    from aelib.drawing import as_pictures
    from aelib.files import write_bytes
    from aelib.pictures import strip, to_png
    from aelib.runs.weights import load_info

    if source and source not in samples.SOURCES:
        raise AelibError(
            "E_UNKNOWN", f"There is nothing to draw from named {source!r}", "", nearest(source, samples.SOURCES)
        )
    run = open_run(checkpoints, run_id)
    drawn, info = samples.draw(run, count, seed, source), load_info(run)
    pictures = as_pictures(drawn.items, info.low, info.high)
    columns = min(count, max(1, round(count**0.5)))
    write_bytes(out.resolve(), to_png(strip(pictures, columns=columns), scale=max(1, 64 // pictures.shape[-1])))
    origin = f"a mixture of {drawn.components} over its codes" if drawn.components else "its prior"
    answer = {"run": run_id, "count": count, "from": drawn.source, "components": drawn.components, "seed": seed}
    _say({**answer, "out": str(out)}, f"{count} new items in {out}, drawn from {origin}", as_json)


_queue.add_to(app)


def _table(run: Run, split: str) -> codes.CodeTable:
    known = ("train", "validation", "test", "all")
    if split not in known:
        raise AelibError("E_UNKNOWN", f"There is no split named {split!r}", "", nearest(split, known))
    table = codes.of_run(run)
    return table.take(table.rows(split))


def _raise_failure(run: Run, state: str) -> None:
    if state == "failed":
        raise AelibError(*[run.error().get(key, "") for key in ("code", "what", "why", "how_to_fix")])


def _describe(run: Run) -> dict[str, Any]:
    try:
        status, raw = run.status(), run.raw_config
        return {
            "run": run.id,
            "name": run.queue().get("name", ""),
            "state": status["state"],
            "dataset": _name(raw, "dataset"),
            "model": _name(raw, "model"),
            "epoch": status.get("epoch", 0),
            "validation_error": status.get("validation_error"),
            "test_error": status.get("test_error"),
            "seconds": status.get("seconds"),
        }
    except AelibError as error:
        return {"run": run.id, "name": "", "state": "broken", "problem": str(error)}


def _name(raw: dict[str, Any], section: str) -> str | None:
    part = raw.get(section)
    return part.get("name") if isinstance(part, dict) else part if isinstance(part, str) else None


def _sentence(row: dict[str, Any]) -> str:
    if row["state"] == "broken":
        return f"{row['run']:<44} broken       {row['problem']}"
    error = row["validation_error"]
    figure = f"validation error {error:.3f}" if error is not None else ""
    what = "imported codes" if row["dataset"] == "imported" else f"{row['model']} on {row['dataset']}"
    return f"{row['run']:<44} {row['state']:<12} {what} {figure}".rstrip()


def _write_npz(out: Path, arrays: dict[str, np.ndarray]) -> None:
    import io

    from aelib.files import write_bytes

    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    write_bytes(out.resolve(), buffer.getvalue())
