"""Codes of a model trained elsewhere become a run that the map opens, whole or not at all."""

import contextlib
import secrets
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from aelib import codes as tables
from aelib.config import RunConfig, read_choice
from aelib.datasets import imported
from aelib.datasets._base import Dataset, Items
from aelib.drawing import as_pictures
from aelib.errors import AelibError
from aelib.exchange.archives import read_npy, read_npz
from aelib.exchange.brought import Brought, check
from aelib.exchange.sheets import read_sheet
from aelib.files import read_arrays, saying_disk_faults, write_arrays, write_bytes, write_json
from aelib.measures.projection import projection_quality
from aelib.pictures import strip, to_png
from aelib.projections import _base as projections
from aelib.registry import PROJECTIONS
from aelib.runs.folder import IMPORTED, Run
from aelib.runs.weights import WEIGHTS

SUFFIXES = ("npz", "npy", "csv", "parquet")
MOST_BARS = 64  # numbers of a code that are drawn, where no pictures came
PREVIEW_ITEMS, PREVIEW_PIXELS = 24, 64  # on the card
UNFINISHED = ".importing-"
STALE_SECONDS = 86_400


def import_codes(
    checkpoints: Path,
    source: Path | BinaryIO,
    *,
    name: str = "",
    filename: str = "",
    labels_from: Path | None = None,
    drop_broken: bool = False,
) -> Run:
    """Make a run of a file of codes. Docs: docs/bring-your-codes.md.

    Args:
        checkpoints: The folder of run folders; made when missing.
        source: The file, or its open stream.
        name: What the user calls the run; the file's name when empty.
        filename: What the stream's file is called; its ending says how it is read.
        labels_from: Another file with the labels: ``labels`` of an NPZ, an NPY, or one label per line.
        drop_broken: Leave out items whose code is not finite.

    Returns:
        The run, in state completed; its ``dataset().notes`` say what was done to what came.

    Raises:
        AelibError: what ``read`` and ``aelib.exchange.brought.check`` raise, and ``E_DISK``.
    """
    filename = filename or (source.name if isinstance(source, Path) else "")
    arrays = read(source, filename)
    if labels_from is not None:
        arrays = {**{key: array for key, array in arrays.items() if key != "classes"}, **read_labels(labels_from)}
    return keep(checkpoints, check(arrays, drop_broken), name=name, filename=filename)


def read(source: Path | BinaryIO, filename: str) -> dict[str, np.ndarray]:
    """The arrays of an NPZ, NPY, CSV or Parquet file, by name. Raises ``E_DATA_MISSING``, ``E_TYPE``, ``E_FILE``…."""
    readers = {"npz": read_npz, "npy": read_npy, "csv": read_sheet, "parquet": read_sheet}
    suffix = filename.lower().rpartition(".")[2]
    if suffix not in readers:
        how = "Write numpy.savez('codes.npz', codes=codes, labels=labels)"
        raise AelibError("E_TYPE", f"{filename[:80]!r} is none of .npz, .npy, .csv and .parquet", "", how)
    if not isinstance(source, Path):
        return readers[suffix](source, filename[:80])
    if not source.is_file():  # a pipe would block for ever
        why = "it is no file" if source.exists() else "there is no such file"
        raise AelibError("E_DATA_MISSING", f"Cannot open {str(source)!r}", why, "Check how it is written")
    try:
        with source.open("rb") as file:
            return readers[suffix](file, filename[:80])
    except OSError as error:
        raise AelibError("E_DATA_MISSING", f"Cannot read {str(source)!r}", error.strerror or "") from None


def read_labels(path: Path) -> dict[str, np.ndarray]:
    """``labels`` (and ``classes``) of an NPZ, an NPY, or a text file with one label per line. Raises as ``read``."""
    if path.suffix.lower() in (".txt", ".csv"):
        try:
            data = path.read_bytes()[: 2**26]
        except OSError as error:
            raise AelibError("E_DATA_MISSING", f"Cannot read {str(path)!r}", error.strerror or "") from None
        lines = [line.strip()[:80] for line in data.decode("utf-8", "replace").splitlines()]
        whole = all(line.lstrip("-").isdecimal() and len(line) < 10 for line in lines)
        return {"labels": np.asarray([int(line) for line in lines]) if whole else np.asarray(lines, np.str_)}
    arrays = read(path, path.name)
    if path.suffix.lower() == ".npy":
        return {"labels": arrays["codes"]}
    if "labels" not in arrays and len(arrays) != 1:
        raise AelibError("E_SHAPE", f"{path.name!r} has no array 'labels'", f"it has {', '.join(arrays)[:80]}")
    labels = arrays.get("labels", next(iter(arrays.values())))
    return {"labels": labels, **({"classes": arrays["classes"]} if "classes" in arrays else {})}


def keep(checkpoints: Path, brought: Brought, *, name: str = "", filename: str = "") -> Run:
    """Write a run folder under a name that no list shows, then give it its id. Raises ``E_DISK``."""
    with saying_disk_faults(checkpoints):
        checkpoints.mkdir(parents=True, exist_ok=True)
    _sweep(checkpoints)
    run_id = f"{IMPORTED}-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"
    making = Run(checkpoints / f"{UNFINISHED}{run_id}")
    try:
        _fill(making, brought, name.strip() or Path(filename).stem, filename)
        final = checkpoints / run_id
        with saying_disk_faults(final):
            making.folder.rename(final)
    except BaseException:
        shutil.rmtree(making.folder, ignore_errors=True)
        raise
    return Run(final)


def imported_lattice(run: Run) -> tuple[np.ndarray, tuple[float, float, float, float]] | None:
    """The decoded lattice that came with a run's codes: uint8 (rows, columns, height, width, channels), and its extent.

    The extent is (x0, x1, y0, y1): the first number of the code at the first and last column, the second one at the
    first and last row. None where no lattice came. Raises ``E_CORRUPT``.
    """
    if run.raw_config["model"]["name"] != "imported_lattice":
        return None
    arrays, _ = read_arrays(run.folder / WEIGHTS)
    x0, x1, y0, y1 = (float(value) for value in arrays["extent"])
    return np.ascontiguousarray(arrays["lattice"].transpose(0, 1, 3, 4, 2)), (x0, x1, y0, y1)


def _fill(run: Run, brought: Brought, name: str, filename: str) -> None:
    count = len(brought)
    dataset = _dataset(brought)
    imported.keep(run.folder, dataset)
    info = dataset.info
    shape = {"item_shape": list(info.item_shape), "counts": info.counts, "classes": list(info.classes)}
    extent = {"has_masks": False, "low": info.low, "high": info.high}
    decoder: dict[str, np.ndarray] = {}
    if brought.lattice is not None:
        decoder = {"lattice": brought.lattice, "extent": np.asarray(brought.extent, np.float32)}
    write_arrays(run.folder / WEIGHTS, decoder, {"format": 1, "info": {**shape, **extent}})
    tables.write(run, _table(brought))
    if brought.points is not None:
        quality = projection_quality(brought.codes, brought.points)
        given = read_choice(PROJECTIONS, "given")
        projections.write(run, projections.Projection(brought.points, given, quality, 0.0))
    write_bytes(run.folder / "preview" / "epoch-00000.png", _preview(dataset))
    queue = {"priority": 0, "attempt": 0, "nonce": "", "stop_requested": False, "name": name[:120], "note": ""}
    write_json(run.folder / "queue.json", queue)
    run.write_status(state="completed", attempt=0, made=time.time(), epoch=0, epochs=0)
    config = RunConfig.parse(
        {
            "dataset": {"name": IMPORTED, "source": filename[:200], "notes": brought.notes[:64]},
            "network": IMPORTED,
            "model": _model(brought),
            "training": {"epochs": 0, "batch_size": min(count, 128)},
            "dataset_hash": dataset.hash,
        }
    )
    write_bytes(run.folder / "config.json", config.to_json().encode())


def _model(brought: Brought) -> Mapping[str, Any]:
    if brought.lattice is None:
        return {"name": IMPORTED, "latent_dim": brought.codes.shape[1]}
    rows, columns, *picture = brought.lattice.shape
    return {"name": "imported_lattice", "rows": rows, "columns": columns, "picture": picture}


def _dataset(brought: Brought) -> Dataset:
    names = tuple(brought.attributes)
    factors = np.stack([brought.attributes[each] for each in names], axis=1) if names else None
    values = brought.images if brought.images is not None else _bars(brought)
    items = Items(values, brought.labels, brought.index, factors)
    none = items.take(np.zeros(0, np.int64))
    splits = {"train": items, "validation": none, "test": none}
    return Dataset(splits, brought.classes, factor_names=names, factor_values=brought.values)


def _bars(brought: Brought) -> np.ndarray:
    """What is drawn of an item without a picture: its code as bars; of long ones the numbers that vary most."""
    codes = brought.codes
    if codes.shape[1] > MOST_BARS:
        widest = np.sort(np.argsort(-codes.var(axis=0, dtype=np.float64), kind="stable")[:MOST_BARS])
        codes = codes[:, widest]
        brought.notes.append(f"No pictures came: items are drawn as bars of the {MOST_BARS} numbers that vary most.")
    else:
        brought.notes.append("No pictures came: items are drawn as bars of their codes.")
    return np.ascontiguousarray(codes)


def _preview(dataset: Dataset) -> bytes:
    """A strip of items in two rows, evenly taken, for the run's card (PNG)."""
    values, info = dataset.splits["train"].values, dataset.info
    chosen = values[np.linspace(0, len(values) - 1, min(len(values), PREVIEW_ITEMS)).astype(int)]
    shown = as_pictures(chosen, info.low, info.high)
    if len(shown) < PREVIEW_ITEMS // 2:  # one item alone would be drawn as wide as the card
        shown = np.concatenate([shown, np.full((PREVIEW_ITEMS // 2 - len(shown), *shown.shape[1:]), 96, np.uint8)])
    factor = max(1, PREVIEW_PIXELS // shown.shape[-1])
    large = shown.repeat(factor, axis=2).repeat(factor, axis=3)
    return to_png(strip(large, columns=PREVIEW_ITEMS // 2, gap=2, background=96))


def _table(brought: Brought) -> tables.CodeTable:
    count = len(brought)
    labels = np.full(count, -1, np.int64) if brought.labels is None else brought.labels
    errors = np.full(count, np.nan, np.float32) if brought.errors is None else brought.errors
    split = np.zeros(count, np.int8)
    return tables.CodeTable(brought.codes, brought.spreads, errors, labels, brought.index, split)


def _sweep(checkpoints: Path) -> None:
    """Remove what an import that was killed left behind, a day ago or more."""
    for left in checkpoints.glob(f"{UNFINISHED}*"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > STALE_SECONDS:
                shutil.rmtree(left)
