"""``python -m aelib import``: codes of a model trained elsewhere, as a run for the map."""

import json
from pathlib import Path
from typing import Annotated

import typer

from aelib.runs.folder import default_checkpoints


def import_codes(
    file: Annotated[Path, typer.Argument(help="NPZ with `codes` (n, d), or NPY, CSV, Parquet of numbers")],
    checkpoints: Annotated[
        Path, typer.Option("--checkpoints", help="The folder of run folders", default_factory=default_checkpoints)
    ],
    name: Annotated[str, typer.Option(help="What you call this run; the file's name otherwise")] = "",
    labels_from: Annotated[
        Path | None, typer.Option(help="Labels from another file: NPZ, NPY, or one per line of a text")
    ] = None,
    drop_broken: Annotated[
        bool, typer.Option("--drop-broken", help="Leave out items whose code is NaN or infinite")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer with JSON on the last line")] = False,
) -> None:
    """Bring in codes made elsewhere (with labels, images, a decoded lattice where there are any)."""
    from aelib.exchange import codes
    from aelib.runs.weights import load_info

    run = codes.import_codes(checkpoints, file, name=name, labels_from=labels_from, drop_broken=drop_broken)
    raw, info = run.raw_config, load_info(run)
    notes = raw["dataset"]["notes"]
    count, size = info.counts["train"], raw["model"]["latent_dim"]
    answer = {"run": run.id, "items": count, "latent_dim": size, "classes": len(info.classes), "notes": notes}
    text = "\n".join([f"{count:,} codes of {size} numbers are the run {run.id}: open it on the Map.", *notes])
    print(json.dumps(answer) if as_json else text)
