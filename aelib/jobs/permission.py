"""What may be done here: in demo mode everything can be looked at, and nothing trained, stopped, named or deleted."""

import os

from aelib.errors import AelibError


def is_demo() -> bool:
    """Whether ``AELIB_MODE`` is ``demo``."""
    return os.environ.get("AELIB_MODE", "").strip().lower() == "demo"


def refuse_in_demo(what: str) -> None:
    """Raise ``E_DEMO`` in demo mode; every function that changes a run asks here first, whoever calls it."""
    if is_demo():
        raise AelibError(
            "E_DEMO",
            f"{what} is not possible in the demo",
            "everything here can be looked at, nothing changed",
            "Start your own without AELIB_MODE=demo",
        )
