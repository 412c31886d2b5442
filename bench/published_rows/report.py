"""The table in words: for the terminal, and as the committed document."""

import os
import re
from typing import Any

from bench.published_rows.row import Result

VERDICTS = {"hit": "hit", "miss": "**MISS**", "shown": "shown", "open": "open"}
HEAD = """# Published figures, and ours

Printed by `python -m bench.published --write docs/published.md`; none of our figures was typed. {machine}. One thread
(OMP_NUM_THREADS={threads}), no GPU; the machine did other work at the same time, so read seconds as an upper side:
they are processor seconds, trainings included. Every model is trained by the library's own loop from a `RunConfig`.

*hit* and **MISS**: a figure that had something to meet. *shown*: there is nothing like it to be met. *open*: what was
published takes more than this machine was given. Squared errors are summed over the pixels of an item and are means
over the items of MNIST's test set, unless a row says otherwise. Rows are measured one at a time: a row that was not
asked for this time stands as it was printed on its own date, as long as its protocol is the same.

**Not claimed.** That pretraining helps: there is no arm without it, no rate chosen on validation for each arm, and one
seed. That a net beats PCA at finding anomalies: one seed. Where a row has one seed, an order of two figures is what
was seen once.
"""


def as_text(result: Result) -> str:
    """One row for the terminal."""
    lines = [f"\n{result.row.key}  {result.row.title}", f"    {result.row.protocol}"]
    if result.fault:
        return "\n".join([*lines, f"    not run: {result.fault}"])
    for figure in result.figures:
        said = [f"{figure.shown:>16}  {figure.verdict.upper() if figure.verdict == 'miss' else figure.verdict:5}"]
        said += [f"{figure.name}", *([f"theirs: {figure.theirs}"] if figure.theirs else [])]
        lines.append("  ".join(said) + (f"  [{figure.reason}]" if figure.reason else ""))
    return "\n".join([*lines, f"    {result.seconds:.0f} processor seconds, {result.date}, load {result.load}"])


def as_markdown(results: list[Result], about: dict[str, Any], earlier: str = "") -> str:
    """The document: what it is, one line a row, then each row's figures.

    Args:
        results: In the table's order.
        about: The machine, by ``bench.machine.describe``.
        earlier: The document as it was; rows that were not run now are taken over from it.
    """
    said = (
        f"{about['cpu']}, {about['cores']} cores, {about['system']}, Python {about['python']}, torch {about['torch']}"
    )
    machine = f"{about['date'].split()[0]}, {said}"
    threads = os.environ.get("OMP_NUM_THREADS", "as torch chose")
    rows = [_taken_over(result, earlier) or (_line(result), _section(result)) for result in results]
    lines, sections = [line for line, _ in rows], [section for _, section in rows]
    summary = ["| row | | hit | miss | shown | open | CPU s |", "|---|---|---|---|---|---|---|", *lines, ""]
    return "\n".join([HEAD.format(machine=machine, threads=threads), *summary, *sections])


def _line(result: Result) -> str:
    counts = [sum(figure.verdict == verdict for figure in result.figures) for verdict in VERDICTS]
    cells = [f"{count or ''}" for count in counts] if result.figures else ["not run", "", "", ""]
    seconds = f"{result.seconds:,.0f}" if result.figures else ""
    return f"| {result.row.key} | {result.row.title} | {' | '.join(cells)} | {seconds} |"


def _taken_over(result: Result, earlier: str) -> tuple[str, str] | None:
    """Line and section of an earlier document, of a row that was not asked for and whose protocol stands in both."""
    if result.fault != "not run":
        return None
    line = re.search(rf"^\| {result.row.key} \| .*$", earlier, re.MULTILINE)
    start = f"## {result.row.key} · {result.row.title}\n\n{result.row.protocol}\n"
    if line is None or start not in earlier:
        return None
    rest = earlier[earlier.index(start) :]
    end = rest.find("\n## ")
    return line.group(), rest if end < 0 else rest[:end]


def _section(result: Result) -> str:
    lines = [f"## {result.row.key} · {result.row.title}", "", result.row.protocol, ""]
    if result.fault:
        return "\n".join([*lines, "**Not run.**" if result.fault == "not run" else f"**Not run:** {result.fault}", ""])
    lines += ["| | ours | theirs, or the mark | |", "|---|---|---|---|"]
    for figure in result.figures:
        verdict = VERDICTS[figure.verdict] + (f": {figure.reason}" if figure.reason else "")
        lines.append(f"| {figure.name} | {figure.shown} | {figure.theirs} | {verdict} |")
    return "\n".join(
        [*lines, "", f"{result.seconds:,.0f} CPU seconds, {result.date}, load {result.load} at the start.", ""]
    )
