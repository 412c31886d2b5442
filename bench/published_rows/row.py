"""What a row is: a protocol, and the figures it gives beside those of others."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["hit", "miss", "shown", "open"]


@dataclass(frozen=True)
class Figure:
    """One figure.

    Attributes:
        name: What it is of.
        ours: As measured; None for what was not run.
        theirs: What it is held against, with its source, in words; empty where there is none.
        verdict: ``hit`` and ``miss`` where something was to be met; ``shown`` where nothing was; ``open`` where what
            is asked for takes more than the protocol gives.
        reason: Why it is a miss or open, or what to mind.
        digits: After the point.
        error: Standard error of ours, where there is one.
    """

    name: str
    ours: float | None
    theirs: str = ""
    verdict: Verdict = "shown"
    reason: str = ""
    digits: int = 2
    error: float | None = None

    @property
    def shown(self) -> str:
        """Ours, as it is printed."""
        if self.ours is None:
            return "not run"
        spread = "" if self.error is None else f" ± {self.error:.{self.digits}f}"
        return f"{self.ours:.{self.digits}f}{spread}"


@dataclass(frozen=True)
class Row:
    """One protocol and its figures.

    Attributes:
        key: To ask for it by.
        title: What it is about.
        protocol: How it is measured, whole sentences: data, settings, seeds, units.
        models: Names of the models that take part.
        measure: Does it; called with the book in which trainings are written down.
    """

    key: str
    title: str
    protocol: str
    models: tuple[str, ...]
    measure: Callable[..., list[Figure]]


@dataclass(frozen=True)
class Result:
    """What a row gave.

    Attributes:
        row: Which one.
        figures: In its order; none where there is a fault.
        seconds: Of processor time, trainings included.
        date: When it was measured.
        load: Of the machine when it began.
        fault: The sentence why there are no figures.
    """

    row: Row
    figures: tuple[Figure, ...]
    seconds: float
    date: str
    load: float
    fault: str = ""


def judged(
    name: str, ours: float, met: bool, theirs: str, why_missed: str = "", digits: int = 2, error: float | None = None
) -> Figure:
    """A figure that had something to meet; the reason is told only where it did not."""
    return Figure(name, ours, theirs, "hit" if met else "miss", "" if met else why_missed, digits, error)
