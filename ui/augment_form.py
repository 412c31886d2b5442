"""New labelled pictures as a data set to train on, and what they are worth to a small classifier."""

from aelib.runs.folder import Run


def show(run: Run) -> None:
    """Draw the form."""
