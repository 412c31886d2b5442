"""The one family of errors that a user may meet, and the nearest-name offer they share."""

import difflib
from collections.abc import Iterable


class AelibError(Exception):
    """Something a user did, or met, said in words: what happened, why, and how to fix it.

    Args:
        code: Stable upper-case name such as ``E_CONFIG``; tests and machines match on it.
        what: What cannot be done, without a full stop.
        why: The reason, with the offending value; may be empty.
        how_to_fix: The next thing to do or type; may be empty.
    """

    def __init__(self, code: str, what: str, why: str = "", how_to_fix: str = "") -> None:
        self.code, self.what, self.why, self.how_to_fix = code, what, why, how_to_fix
        super().__init__(str(self))

    def __str__(self) -> str:
        sentence = f"{self.what}: {self.why}" if self.why else self.what
        return " ".join(_ended(part) for part in (sentence, self.how_to_fix) if part)

    def as_dict(self) -> dict[str, str]:
        """The four parts, for ``error.json`` and for the command line's ``--json``."""
        return {"code": self.code, "what": self.what, "why": self.why, "how_to_fix": self.how_to_fix}

    def __reduce__(self) -> tuple:
        return type(self), (self.code, self.what, self.why, self.how_to_fix)


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "?", "!")) else f"{sentence}."


def nearest(word: str, known: Iterable[str]) -> str:
    """A sentence that offers the closest known name, else lists them all."""
    names = sorted(known)
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    return f"Did you mean {close[0]!r}?" if close else f"Known: {', '.join(names) or 'none'}"
