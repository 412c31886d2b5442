"""Take a selection out: a table (CSV, Parquet), arrays that can be imported again (NPZ), pictures (ZIP of PNGs)."""

import csv
import io
import re
import zipfile
from typing import Any

import numpy as np

from aelib.codes import CodeTable
from aelib.datasets._base import SPLITS
from aelib.errors import AelibError
from aelib.pictures import to_png

MOST_CELLS = 5_000_000  # of a table: about 50 MB of CSV
MOST_BYTES = 256 * 2**20  # of arrays
MOST_PICTURES = 2_000  # of one archive
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same pictures give the same archive


def refuse_too_large(kind: str, table: CodeTable, image_bytes: int = 0) -> None:
    """Raise ``E_TOO_LARGE`` for what ``to_<kind>`` would not write: ``csv``, ``parquet``, ``npz`` or ``zip``.

    Quick: nothing is made for it.
    """
    wide = table.codes.shape[1] * (1 if table.spreads is None else 2) + 8
    if kind in ("csv", "parquet"):
        _refuse(len(table) * wide, MOST_CELLS, "numbers of the table")
    elif kind == "npz":
        _refuse(len(table) * wide * 4 + image_bytes, MOST_BYTES, "bytes of the arrays")
    else:
        _refuse(len(table), MOST_PICTURES, "pictures")


def columns(table: CodeTable, classes: tuple[str, ...] = (), points: np.ndarray | None = None) -> dict[str, Any]:
    """One row per item: number, split, label, class, error, place on the map, code, spread.

    Args:
        table: The selected rows.
        classes: Their names, where there are any.
        points: (n, 2) or (n, 3), the same rows on a map.
    """
    found: dict[str, Any] = {"item": table.index, "split": [SPLITS[part] for part in table.split]}
    if (table.labels >= 0).any():
        found["label"] = table.labels
    if classes:
        found["class"] = [classes[label] if 0 <= label < len(classes) else "" for label in table.labels]
    found["error"] = table.errors
    if points is not None:
        found |= dict(zip("xyz", points.T, strict=False))
    found |= {f"code_{number}": column for number, column in enumerate(table.codes.T)}
    if table.spreads is not None:
        found |= {f"spread_{number}": column for number, column in enumerate(table.spreads.T)}
    return found


def to_csv(table: CodeTable, classes: tuple[str, ...] = (), points: np.ndarray | None = None) -> bytes:
    """``columns`` as CSV (UTF-8, a comma, a header). A name that a spreadsheet would run as a formula gets a quote."""
    refuse_too_large("csv", table)
    found = columns(table, classes, points)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(found)
    values = [column.tolist() if isinstance(column, np.ndarray) else column for column in found.values()]
    for row in zip(*values, strict=True):
        writer.writerow([_cell(value) for value in row])
    return text.getvalue().encode()


def to_parquet(table: CodeTable, classes: tuple[str, ...] = (), points: np.ndarray | None = None) -> bytes:
    """``columns`` as Parquet. Raises ``E_LIBRARY`` where pyarrow is not installed (Streamlit brings it)."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise AelibError("E_LIBRARY", "Parquet needs pyarrow", "it is not installed", "Take CSV") from None
    refuse_too_large("parquet", table)
    out = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(columns(table, classes, points)), out)
    return out.getvalue()


def to_npz(
    table: CodeTable,
    classes: tuple[str, ...] = (),
    points: np.ndarray | None = None,
    images: np.ndarray | None = None,
) -> bytes:
    """Arrays that can be imported again: codes, index, errors, and what there is of spreads, labels, points, images.

    Args:
        table: The selected rows.
        classes: Their names, written where all items have a label.
        points: (n, 2), the same rows on a map.
        images: uint8 (n, channels, height, width), written as (n, height, width[, 3]).

    Raises ``E_TOO_LARGE`` above ``MOST_BYTES``.
    """
    refuse_too_large("npz", table, 0 if images is None else images.nbytes)
    arrays = {"codes": table.codes, "index": table.index, "errors": table.errors}
    if table.spreads is not None:
        arrays["spreads"] = table.spreads
    if (table.labels >= 0).any():
        arrays["labels"] = table.labels
        if classes:
            arrays["classes"] = np.asarray(classes, dtype=np.str_)
    if points is not None:
        arrays["points"] = points
    if images is not None:
        last = images.transpose(0, 2, 3, 1)
        arrays["images"] = last[..., 0] if last.shape[3] == 1 else last
    out = io.BytesIO()
    np.savez_compressed(
        out, allow_pickle=False, **{name: np.ascontiguousarray(array) for name, array in arrays.items()}
    )
    return out.getvalue()


def to_zip(images: np.ndarray, table: CodeTable, classes: tuple[str, ...] = ()) -> bytes:
    """One PNG per item, ``item-000123-class.png``. Raises ``E_TOO_LARGE`` above ``MOST_PICTURES``.

    Args:
        images: uint8 (n, channels, height, width), drawn as on screen.
        table: The same rows.
        classes: Their names.
    """
    refuse_too_large("zip", table)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:  # PNG is compressed already
        for image, item, label in zip(images, table.index, table.labels, strict=True):
            name = classes[label] if 0 <= label < len(classes) else ""
            safe = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:40]
            file = f"item-{item:06d}{f'-{safe}' if safe else ''}.png"
            archive.writestr(zipfile.ZipInfo(file, _LONG_AGO), to_png(image))
    return out.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return f"{value:.7g}"
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def _refuse(wanted: int, most: int, what: str) -> None:
    if wanted > most:
        raise AelibError(
            "E_TOO_LARGE", "The selection is too large", f"{wanted:,} {what}, at most {most:,}", "Select fewer"
        )
