"""The codes of a vector-quantised model: grids of code words; pick a cell, pick a word, see the picture."""

from typing import Any

from aelib.runs.folder import Run
from ui import frame


def show(run: Run, item_place: Any) -> None:
    """Draw the browser of one item's words."""
    frame.need_decoder(run)
