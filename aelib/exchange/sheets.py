"""Tables of others, CSV and Parquet, as named arrays: which columns are the code, which are attributes."""

import re
from collections import Counter
from typing import Any, BinaryIO

import numpy as np

from aelib.errors import AelibError

MOST_BYTES = 200 * 2**20  # of a file
MOST_CELLS = 200_000_000
MOST_COLUMNS = 16_500
LONGEST = 80  # letters of a text
OWN = {
    "label": "labels",
    "labels": "labels",
    "class": "labels",
    "index": "index",
    "error": "errors",
    "errors": "errors",
}


def read_sheet(file: BinaryIO, name: str) -> dict[str, np.ndarray]:
    """A table's columns as arrays: ``codes`` and whatever else it holds, one row per item.

    Columns named with one word and a number (z0, z1, …) are the code where there are two or more of them; else all
    columns of numbers are. ``label``, ``index`` and ``error`` are taken as what they say, the rest are attributes.

    Raises:
        AelibError: ``E_TOO_LARGE``, ``E_FILE`` (not readable), ``E_MISSING`` (pandas or pyarrow is not installed),
            ``E_CODES`` (no column of numbers).
    """
    size = file.seek(0, 2)
    file.seek(0)
    if size > MOST_BYTES:
        raise AelibError("E_TOO_LARGE", f"{name!r} is too large", f"{size:,} bytes, at most {MOST_BYTES:,}", "Send NPZ")
    try:
        columns = _parquet(file, name) if name.lower().endswith(".parquet") else _csv(file, name)
    except ImportError as error:
        how = "Send an NPZ, or install pandas with pyarrow"
        raise AelibError("E_MISSING", f"{name!r} cannot be read here", str(error), how) from None
    return _sorted_out(columns, name)


def _csv(file: BinaryIO, name: str) -> dict[str, np.ndarray]:
    import pandas as pd

    try:
        table = pd.read_csv(file, low_memory=False)
    except (ValueError, pd.errors.ParserError, UnicodeError, MemoryError) as error:
        raise AelibError("E_FILE", f"{name!r} is no readable CSV", str(error).splitlines()[0][:120]) from None
    _refuse_large(len(table), len(table.columns), name)
    found = {}
    for column in table.columns:
        series = table[column]
        is_number = series.dtype.kind in "biuf"
        found[str(column)[:LONGEST]] = series.to_numpy() if is_number else _texts(series.tolist())
    return found


def _parquet(file: BinaryIO, name: str) -> dict[str, np.ndarray]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        about = pq.ParquetFile(file)
        _refuse_large(about.metadata.num_rows, about.metadata.num_columns, name)
        if sum(about.metadata.row_group(i).total_byte_size for i in range(about.num_row_groups)) > 2**31:
            raise AelibError("E_TOO_LARGE", f"{name!r} is too large", "it unfolds to more than 2 GiB", "Take a part")
        texts = [field.name for field in about.schema_arrow if pa.types.is_string(field.type)]
        table = pq.ParquetFile(file, read_dictionary=texts).read()  # a text that stands often is kept once
        return {str(key)[:LONGEST]: _column(table.column(key)) for key in table.column_names}
    except (pa.ArrowException, OSError, ValueError) as error:
        raise AelibError("E_FILE", f"{name!r} is no readable Parquet file", str(error)[:120]) from None


def _column(column: Any) -> np.ndarray:
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        whole = column.unify_dictionaries().combine_chunks()
        chunks = whole.chunks if isinstance(whole, pa.ChunkedArray) else [whole]
        parts = [(_texts(c.dictionary.to_pylist()), c.indices.to_numpy(zero_copy_only=False)) for c in chunks]
        return np.concatenate([np.append(names, "")[np.nan_to_num(at, nan=-1).astype(int)] for names, at in parts])
    if pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        flat = column.combine_chunks().flatten().to_numpy(zero_copy_only=False)
        return flat.reshape(len(column), -1)  # ValueError for rows of unequal length
    array = column.to_numpy()
    return array if array.dtype.kind in "biuf" else _texts(array.tolist())


def _sorted_out(columns: dict[str, np.ndarray], name: str) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    for key in [key for key in columns if key.lower() in OWN and OWN[key.lower()] not in found]:
        found[OWN[key.lower()]] = columns.pop(key)
    tables = [key for key, column in columns.items() if column.ndim == 2]
    numbers = [key for key, column in columns.items() if column.ndim == 1 and column.dtype.kind in "biuf"]
    words = Counter(match[1] for key in numbers if (match := _numbered(key)))
    if tables:
        found["codes"] = columns.pop("codes" if "codes" in tables else tables[0])
    else:
        word, count = max(words.items(), key=lambda pair: pair[1], default=("", 0))
        chosen = [key for key in numbers if (match := _numbered(key)) and match[1] == word] if count > 1 else numbers
        if not chosen:
            how = "Name the columns of the code z0, z1, …"
            raise AelibError(
                "E_CODES", f"{name!r} has no column of numbers", f"columns: {', '.join(columns)[:80]}", how
            )
        found["codes"] = np.stack([columns.pop(key).astype(np.float64) for key in chosen], axis=1)
    return {**columns, **found}


def _numbered(key: str) -> re.Match | None:
    return re.fullmatch(r"(.*?)[ _.-]?\d+", key)


def _texts(values: list[Any]) -> np.ndarray:
    return np.asarray(["" if value is None or value != value else str(value)[:LONGEST] for value in values], np.str_)


def _refuse_large(rows: int, columns: int, name: str) -> None:
    if columns > MOST_COLUMNS or rows * columns > MOST_CELLS:
        why = f"{rows:,} rows and {columns:,} columns; at most {MOST_CELLS:,} cells are read"
        raise AelibError("E_TOO_LARGE", f"{name!r} is too large", why, "Send an NPZ, or a part of it")
