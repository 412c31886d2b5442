"""What a bench found: named figures, printed as one table and, when asked for, as one line of JSON."""

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from bench import machine

Judged = Literal["median", "p95"]


def arguments(description: str | None) -> argparse.ArgumentParser:
    """The parser that every bench has."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer repetitions: to see that it works, not to quote")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    return parser


@dataclass
class Figures:
    """The figures of one bench, in the order they are printed."""

    bench: str
    quick: bool
    chromium: str | None = None
    values: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.machine = machine.describe(self.chromium)

    def sample(
        self,
        name: str,
        label: str,
        values: Sequence[float],
        unit: str,
        *,
        budget: float | None = None,
        judged: Judged = "median",
    ) -> None:
        """Median (``name``) and 95th percentile (``name_p95``) of repeated measurements.

        Raises ``ValueError`` when there are none or some are not finite: a bench must not print what it did not see.
        """
        array = np.asarray(values, dtype=float)
        if not array.size or not np.isfinite(array).all():
            raise ValueError(f"{name}: nothing was measured ({list(values)[:3]})")
        median, p95 = float(np.median(array)), float(np.quantile(array, 0.95))
        self.values |= {name: round(median, 4), f"{name}_p95": round(p95, 4)}
        verdict = self._judge(label, p95 if judged == "p95" else median, judged, budget, unit)
        self.rows.append((label, _show(median), _show(p95), unit, str(array.size), verdict))

    def number(self, name: str, label: str, value: float, unit: str, *, budget: float | None = None) -> None:
        """One number that is no median: a share, a ratio, a count."""
        if not np.isfinite(value):
            raise ValueError(f"{name}: {value} is no figure")
        self.values[name] = round(float(value), 4)
        self.rows.append((label, _show(value), "", unit, "", self._judge(label, value, "it", budget, unit)))

    def ratio(self, name: str, label: str, above: str, below: str, *, least: float | None = None) -> None:
        """One figure divided by another of the same run; ``least`` is what is wanted of it."""
        value = self.values[above] / max(self.values[below], 1e-9)
        self.values[name] = round(value, 4)
        verdict = "" if least is None else f"≥ {least:g} {'ok' if value >= least else 'MISSED'}"
        if least is not None and value < least:
            self.missed.append(f"{label}: {_show(value)}, wanted ≥ {least:g}")
        self.rows.append((label, _show(value), "", "×", "", verdict))

    def note(self, sentence: str) -> None:
        """A sentence under the table: how something was measured, what it cannot say."""
        self.notes.append(sentence)

    def show(self, as_json: bool) -> None:
        """Print machine, table, notes and missed budgets; with ``as_json`` one JSON object as the last line."""
        print(f"\n{self.bench}{' (quick: not to be quoted)' if self.quick else ''}")
        self.machine["load_at_end"] = round(os.getloadavg()[0], 2)
        print(f"{machine.sentence(self.machine)} · load {self.machine['load_at_end']} at the end\n")
        table = [("", "median", "p95", "", "n", "budget"), *self.rows]
        widths = [max(len(row[column]) for row in table) for column in range(6)]
        for row in table:
            cells = [row[0].ljust(widths[0]), *(row[c].rjust(widths[c]) for c in (1, 2)), row[3].ljust(widths[3])]
            print("  ".join([*cells, row[4].rjust(widths[4]), row[5]]).rstrip())
        for sentence in self.notes:
            print(f"* {sentence}")
        print(f"Missed: {'; '.join(self.missed)}" if self.missed else "Every budget is met.")
        if as_json:
            about: dict[str, Any] = {"bench": self.bench, "quick": self.quick, "machine": self.machine}
            print(json.dumps({**about, "figures": self.values, "missed": self.missed}, allow_nan=False))

    def _judge(self, label: str, value: float, judged: str, budget: float | None, unit: str) -> str:
        if budget is None:
            return ""
        wanted = f"≤ {budget:g}" + (f" ({judged})" if judged == "p95" else "")
        if value <= budget:
            return f"{wanted} ok"
        self.missed.append(f"{label}: {_show(value)} {unit}, wanted {wanted}")
        return f"{wanted} MISSED"


def _show(value: float) -> str:
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) < 10 else f"{value:.1f}"
