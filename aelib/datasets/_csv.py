"""A CSV file of numbers, read strictly: what is not understood is refused with its line and column, never guessed."""

import csv
import io
import math
import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from aelib.errors import AelibError, nearest

MAX_BYTES = 200_000_000
MAX_COLUMNS = 10_000
MAX_CELLS = 20_000_000
SEPARATORS = {"\t": "tab", ";": "semicolon", "|": "bar", ",": "comma"}  # the comma last: it may be a decimal comma
MISSING = {"", "na", "n/a", "nan", "null", "none", "?", "-"}


@dataclass
class Sheet:
    """A table of numbers, and maybe one column of labels.

    Attributes:
        names: One per feature.
        values: float64 (rows, features), all finite.
        labels: The label column's texts, or None.
        notes: Sentences on how the file was read.
    """

    names: list[str]
    values: np.ndarray
    labels: list[str] | None
    notes: list[str] = field(default_factory=list)


def read_sheet(path: Path, label: str = "", header: str = "auto") -> Sheet:
    """Read a CSV file; separator, byte order mark, decimal comma and header line are found out.

    Args:
        path: The file.
        label: Name of the column of labels; empty for none.
        header: ``yes``, ``no``, or ``auto``: the first line is a header unless it looks like the second one.

    Raises:
        AelibError: ``E_DATA_MISSING``, ``E_EMPTY``, ``E_TOO_LARGE``, ``E_TYPE`` (no text, or a column of texts),
            ``E_DATA_BAD`` (rows of unequal length, broken quotes), ``E_NONFINITE`` (missing or infinite numbers),
            ``E_CONFIG`` (no such label column), ``E_LABELS`` (missing labels).
    """
    text, notes = _text(path)
    separator = _separator(text)
    records = _records(text, separator, path.name)
    first = next(records, None)
    if first is None:
        raise AelibError("E_EMPTY", f"{path.name!r} holds no rows", "", "Put one item on each line")
    if len(first[1]) > MAX_COLUMNS:
        why = f"it has {len(first[1]):,} columns, at most {MAX_COLUMNS:,} are read"
        raise AelibError("E_TOO_LARGE", f"{path.name!r} is too wide", why, "Take some of its columns")
    comma = separator != "," and _has_decimal_commas(text, separator)
    second = next(records, None)
    has_header = header == "yes" or (header == "auto" and _is_header(first[1], second[1] if second else [], comma))
    names = _names(first[1] if has_header else [""] * len(first[1]), path.name)
    notes += [
        f"{len(names)} columns, separated by {SEPARATORS[separator]}; "
        f"{'the first line holds their names' if has_header else 'no header line, so columns are numbered'}."
    ]
    if comma:
        notes.append("Decimal commas were read as points.")
    rows = _Rows(path.name, names, _place(label, names), comma or "_" in text, comma)
    for record in [*([] if has_header else [first]), *([second] if second else [])]:
        rows.add(*record)
    for record in records:
        rows.add(*record)
    sheet = rows.sheet()
    sheet.notes = notes + sheet.notes
    unnamed = has_header and not first[1][0].strip() and rows.label != 0
    return _without_index(sheet) if unnamed else sheet


# ── From bytes to cells ──────────────────────────────────────────────────────────────────────────────────────────


def _text(path: Path) -> tuple[str, list[str]]:
    if not path.is_file():  # a pipe would block for ever
        why = "it is no file" if path.exists() else "there is no such file on this machine"
        raise AelibError("E_DATA_MISSING", f"Cannot open {str(path)!r}", why, "Check how it is written")
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise AelibError(
            "E_DATA_MISSING", f"Cannot read {path.name!r}", error.strerror or "", "Check its rights"
        ) from None
    if len(data) > MAX_BYTES:
        why = f"it has more than {MAX_BYTES / 1e6:.0f} MB"
        raise AelibError("E_TOO_LARGE", f"{path.name!r} is too large", why, "Take a part of it")
    if not data.strip(b"\xef\xbb\xbf \t\r\n"):
        raise AelibError("E_EMPTY", f"{path.name!r} is empty", "", "Put one item on each line")
    encodings = ["utf-16"] if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeError:
            continue
        if "\0" not in text:
            notes = ["The text is not UTF-8 and was read as Windows-1252."] if encoding == "cp1252" else []
            return text, notes
    raise AelibError("E_TYPE", f"{path.name!r} is no CSV file", "it is no text", "Save the table as CSV, in UTF-8")


def _separator(text: str) -> str:
    """The character that cuts the first lines into equally many cells, more than one; else the first line's most."""
    head = [line for line in text[:100_000].splitlines() if line.strip()][:20]
    counts = {mark: [len(row) for row in csv.reader(head, delimiter=mark)] for mark in SEPARATORS}
    for mark, cells in counts.items():
        if cells[0] > 1 and len(set(cells)) == 1:
            return mark
    return max(reversed(SEPARATORS), key=lambda mark: counts[mark][0])


def _records(text: str, separator: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Number of the first line, and cells, of each record that is not blank; all have equally many cells."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True, skipinitialspace=True)
    width, begin = 0, 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                width = width or len(cells)
                if len(cells) != width:
                    raise AelibError(
                        "E_DATA_BAD",
                        f"Line {begin} of {name!r} has {len(cells)} cells",
                        f"the lines before it have {width}, separated by {SEPARATORS[separator]}",
                        "Give every line equally many cells; put texts that hold the separator into quotes",
                    )
                yield begin, cells
            begin = reader.line_num + 1
    except csv.Error as error:
        how = "Check the quotes in this line and before it"
        raise AelibError("E_DATA_BAD", f"Line {begin} of {name!r} cannot be read", str(error), how) from None


def _has_decimal_commas(text: str, separator: str) -> bool:
    mark = re.escape(separator)
    return bool(re.search(rf'(?:^|{mark})[ "]*[+-]?\d+,\d+(?:[eE][+-]?\d+)?[ "]*(?:{mark}|\r?$)', text, re.MULTILINE))


def _is_header(first: list[str], second: list[str], comma: bool) -> bool:
    numeric = [_number(cell, comma) is not None for cell in first]
    below = [_number(cell, comma) is not None for cell in second]
    return not any(numeric) or any(not above and under for above, under in zip(numeric, below, strict=False))


def _names(cells: list[str], file: str) -> list[str]:
    names = [cell.strip() or f"column {number}" for number, cell in enumerate(cells, 1)]
    seen: dict[str, int] = {}
    for number, name in enumerate(names, 1):
        if name in seen:
            why = f"columns {seen[name]} and {number} are both {name!r}"
            raise AelibError("E_DATA_BAD", f"Two columns of {file!r} have one name", why, "Rename one of them")
        seen[name] = number
    return names


def _place(label: str, names: list[str]) -> int | None:
    if not label.strip():
        return None
    if label.strip() not in names:
        raise AelibError("E_CONFIG", f"dataset.label: there is no column {label!r}", "", nearest(label, names))
    return names.index(label.strip())


# ── From cells to numbers ────────────────────────────────────────────────────────────────────────────────────────


def _number(cell: str, comma: bool) -> float | None:
    """The number in a cell (maybe NaN or infinite), None when it is a text."""
    cell = cell.strip()
    if comma:
        if "." in cell:  # 1.500 may be one and a half or fifteen hundred
            return None
        cell = cell.replace(",", ".")
    if "_" in cell:  # Python's float would read 1_000
        return None
    try:
        return float(cell)
    except ValueError:
        return None


class _Rows:
    """Collects rows of numbers; faults are counted and told of once, at the end.

    Args:
        file: The file's name.
        names: One per column.
        label: Place of the label column, or None.
        slow: Whether cells need more than Python's ``float``.
        comma: Whether the decimal sign is a comma.
    """

    def __init__(self, file: str, names: list[str], label: int | None, slow: bool, comma: bool) -> None:
        self.file, self.label, self.slow, self.comma = file, label, slow, comma
        self.names = [name for place, name in enumerate(names) if place != label]
        self.label_name = None if label is None else names[label]
        self.labels: list[str] = []
        self.numbers, self.rows = array("d"), 0
        self.missing, self.missing_at = 0, ""
        self.texts: dict[str, str] = {}  # column -> where and what
        self.unlabelled: list[int] = []

    def add(self, line: int, cells: list[str]) -> None:
        """One record: the number of its line, and its cells."""
        if self.label is not None:
            label = cells.pop(self.label).strip()
            self.labels.append(label)
            if label.lower() in MISSING - {"none", "-", "?"}:
                self.unlabelled.append(line)
        self.rows += 1
        if len(self.numbers) > MAX_CELLS:
            why = f"it has more than {MAX_CELLS:,} cells"
            raise AelibError("E_TOO_LARGE", f"{self.file!r} is too large", why, "Take a part of it")
        try:
            found = [] if self.slow else list(map(float, cells))
        except ValueError:
            found = []
        if len(found) != len(cells) or not all(map(math.isfinite, found)):
            found = [self._cell(line, name, cell) for name, cell in zip(self.names, cells, strict=True)]
        self.numbers.extend(found)

    def _cell(self, line: int, name: str, cell: str) -> float:
        number = _number(cell, self.comma)
        if number is None and cell.strip().lower() not in MISSING:
            self.texts.setdefault(name, f"line {line} holds {cell.strip()!r:.60}")
            return 0.0
        if number is None or not math.isfinite(number):
            self.missing += 1
            self.missing_at = self.missing_at or f"line {line}, column {name!r} ({cell.strip() or 'empty'})"
            return 0.0
        return number

    def sheet(self) -> Sheet:
        """All rows, or the fault that was met."""
        self._refuse_faults()
        values = np.frombuffer(self.numbers, np.float64).reshape(self.rows, len(self.names)).copy()
        return Sheet(self.names, values, None if self.label is None else self.labels)

    def _refuse_faults(self) -> None:
        if self.texts:
            columns = ", ".join(repr(name) for name in list(self.texts)[:5]) + (", …" if len(self.texts) > 5 else "")
            which = f"Column {columns} of {self.file!r} is" if len(self.texts) == 1 else f"Columns {columns} are"
            how = "Take such columns out, or give one of them as the label"
            if self.comma:
                how += "; decimal commas were found in this file, so a number must have no point"
            raise AelibError("E_TYPE", f"{which} not numeric", next(iter(self.texts.values())), how)
        if self.missing:
            raise AelibError(
                "E_NONFINITE",
                f"{self.file!r} has {self.missing:,} missing or infinite numbers",
                f"the first is in {self.missing_at}",
                "Fill them in, or take those lines or columns out",
            )
        if self.unlabelled:
            raise AelibError(
                "E_LABELS",
                f"{len(self.unlabelled):,} of {self.rows:,} lines of {self.file!r} have no label",
                f"the first is line {self.unlabelled[0]}, column {self.label_name!r}",
                "Give every line a label, or leave the label column empty in the settings",
            )


def _without_index(sheet: Sheet) -> Sheet:
    """Leave out a first, unnamed column that only counts the rows, as pandas writes it."""
    if not len(sheet.values) or len(sheet.names) < 2:
        return sheet
    start = sheet.values[0, 0]
    if start not in (0, 1) or not np.array_equal(sheet.values[:, 0], np.arange(len(sheet.values)) + start):
        return sheet
    note = "The first column has no name and only counts the rows: it was left out."
    return Sheet(sheet.names[1:], sheet.values[:, 1:], sheet.labels, [*sheet.notes, note])
