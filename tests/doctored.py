"""Runs with other codes, labels or data than were learnt: copies of a shipped one, for what training would not give."""

import dataclasses
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from aelib import codes
from aelib.datasets._base import load_dataset
from aelib.files import read_object, write_json
from aelib.runs.folder import Run, open_run

SHIPPED = Path(__file__).resolve().parents[1] / "checkpoints" / "digits-plane"


def doctored(checkpoints: Path, name: str, *, classes: Any = None, **changes: np.ndarray) -> Run:
    """A copy of ``digits-plane`` with other class names, or other columns of its code table."""
    folder = checkpoints / name
    shutil.copytree(SHIPPED, folder, ignore=shutil.ignore_patterns("lock", "projections", "codes"))
    run = open_run(checkpoints, name)
    if classes is not None:
        sidecar = folder / "weights.safetensors.json"
        about = read_object(sidecar)
        about["info"]["classes"] = list(classes)
        write_json(sidecar, about)
    whole = codes.of_run(Run(SHIPPED))
    columns = {field.name: changes.get(field.name, getattr(whole, field.name)) for field in dataclasses.fields(whole)}
    codes.write(run, codes.CodeTable(**columns))
    return run


def on_factors(checkpoints: Path, name: str, dataset: dict[str, Any], columns: slice) -> Run:
    """A copy of ``digits-plane`` on another dataset, whose codes are these columns of the true factors."""
    run = doctored(checkpoints, name)
    write_json(run.folder / "config.json", run.raw_config | {"dataset": dataset, "dataset_hash": ""})
    run = open_run(checkpoints, name)
    items = load_dataset(run.dataset()).all_items()
    count = len(items)
    assert items.factors is not None
    errors = np.linspace(0, 1, count, dtype=np.float32)
    labels = np.full(count, -1, np.int64) if items.labels is None else items.labels
    truth = np.ascontiguousarray(items.factors[:, columns])
    codes.write(run, codes.CodeTable(truth, None, errors, labels, items.index, np.zeros(count, np.int8)))
    return run
