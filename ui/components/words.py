"""The browser of code words on a page: a picture's grid of words; pick a cell, pick a word, see the picture."""

import numpy as np

from ui import cached
from ui.components import modules


def word_browser(run_id: str, item: int, words: np.ndarray) -> list[list[int]] | None:
    """Draw the browser and return the grid as it was last changed, or None.

    Args:
        run_id: The run whose decoder answers.
        item: The number of the item that the words are of.
        words: int64 (height, width), where it begins.
    """
    grid = words.tolist()
    data = {
        "url": f"api/runs/{run_id}/words",
        "words": grid,
        "id": f"{run_id} {cached.version(run_id)} {item}",
    }
    answer = modules.declare("words")(
        key=f"words-{run_id}-{item}", data=data, height="content", on_words_change=_nothing
    )
    return answer.words["words"] if answer.words else None


def _nothing() -> None:
    """Streamlit wants a callback for each state key, so that the key is always there."""
