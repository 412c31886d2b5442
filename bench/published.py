"""Published figures and ours beside them: MNIST from AELIB_DATA, the library's own loop, one row per protocol.

Rows keep their results in a folder below TMPDIR, by the code and the settings they came from, so that a row that
breaks does not cost the others theirs, and a long table can be made in several goes. What was not asked for and is not
kept there stands as the document had it, or is shown as not run.
"""

import json
import os
import sys
import time
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import Any

from aelib.device import compute_here
from aelib.errors import AelibError
from aelib.files import write_bytes
from bench import machine
from bench.figures import arguments
from bench.published_rows.report import as_markdown, as_text
from bench.published_rows.row import Figure, Result, Row


def rows_of(quick: bool) -> tuple[Row, ...]:
    """All rows in order, or the fast subset."""
    from bench.published_rows import anomaly, deep, features, likelihood, principal
    from bench.published_rows import quick as fast

    modules = (fast,) if quick else (principal, deep, likelihood, anomaly, features)
    return tuple(row for module in modules for row in module.ROWS)


def run(row: Row) -> Result:
    """Measure a row; a fault in it is a sentence, and no end of the table."""
    from bench.published_rows.training import Book

    date, load, book = time.strftime("%Y-%m-%d"), round(os.getloadavg()[0], 2), Book()
    try:
        figures = tuple(row.measure(book))
    except AelibError as error:
        return Result(row, (), 0.0, date, load, str(error))
    except Exception as error:
        traceback.print_exc()
        return Result(row, (), 0.0, date, load, f"it broke: {type(error).__name__}: {error}")
    return Result(row, figures, book.seconds, date, load)


def kept(row: Row, place: Path) -> Result | None:
    """The row's result as it was kept, if the code it came from is still the same."""
    try:
        found = json.loads(place.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    figures = tuple(Figure(**figure) for figure in found["figures"])
    return Result(row, figures, found["seconds"], found["date"], found["load"])


def keep(result: Result, place: Path) -> None:
    """Keep a whole result at the place that its row had before it was measured."""
    about = {"figures": [asdict(figure) for figure in result.figures], "seconds": result.seconds}
    place.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(place, json.dumps({**about, "date": result.date, "load": result.load}).encode())


def as_json(results: list[Result], quick: bool) -> dict[str, Any]:
    """Everything as plain values."""
    figures = {f"{r.row.key}: {f.name}": f.ours for r in results for f in r.figures if f.ours is not None}
    verdicts = {f"{r.row.key}: {f.name}": f.verdict for r in results for f in r.figures}
    return {
        "bench": "bench.published",
        "quick": quick,
        "machine": machine.describe(),
        "figures": figures,
        "verdicts": verdicts,
        "seconds": {r.row.key: round(r.seconds, 1) for r in results if r.figures},
        "missed": [name for name, verdict in verdicts.items() if verdict == "miss"],
        "faults": {r.row.key: r.fault for r in results if r.fault},
    }


def collect(rows: tuple[Row, ...], asked: list[str], again: bool) -> list[Result]:
    """Results in the table's order; rows that were not asked for come from the cache, or say that they were not run."""
    found, places = [], {row.key: _place(row) for row in rows}  # now: the code may be edited while a row takes its time
    for row in rows:
        result = None if again and row.key in asked else kept(row, places[row.key])
        if result is None and row.key in asked:
            print(f"{row.key} {row.title} …", file=sys.stderr, flush=True)
            result = run(row)
            if result.figures:
                keep(result, places[row.key])
        found.append(result or Result(row, (), 0.0, "", 0.0, "not run"))
        if row.key in asked:
            print(as_text(found[-1]), flush=True)
    return found


def main() -> int:
    """Ask, measure, print, write."""
    parser = arguments(__doc__)
    parser.add_argument("--rows", help="some of them, by key and comma; without it all")
    parser.add_argument("--again", action="store_true", help="measure kept rows anew (kept models stay)")
    parser.add_argument("--write", type=Path, help="write the table as Markdown, for instance docs/published.md")
    asked = parser.parse_args()
    compute_here()  # as a worker does
    rows = rows_of(asked.quick)
    keys = [key.strip() for key in asked.rows.split(",")] if asked.rows else [row.key for row in rows]
    unknown = sorted(set(keys) - {row.key for row in rows})
    if unknown or (asked.write and asked.quick):
        known = ", ".join(row.key for row in rows)
        parser.error(f"no row {unknown[0]!r}; known: {known}" if unknown else "--write is for the whole table")
    print(machine.sentence(machine.describe()), flush=True)
    results = collect(rows, keys, asked.again)
    if asked.write:
        earlier = asked.write.read_text("utf-8") if asked.write.is_file() else ""
        write_bytes(asked.write, as_markdown(results, machine.describe(), earlier).encode())
    if asked.json:
        print(json.dumps(as_json(results, asked.quick), allow_nan=False))
    return 1 if any(result.fault and result.row.key in keys for result in results) else 0


def _place(row: Row) -> Path:
    from bench.published_rows.training import cache_folder, code_version

    version = code_version(row.measure.__module__, *(f"aelib.models.{name}" for name in row.models))
    return cache_folder() / f"row-{row.key}-{version[:24]}.json"


if __name__ == "__main__":
    sys.exit(main())
