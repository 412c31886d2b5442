"""How far a fit has come: a method tells it, whoever started the fit listens."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_listener: ContextVar[Callable[[float], None] | None] = ContextVar("listener", default=None)


def tell(share: float) -> None:
    """Say that ``share`` (0..1) of the work is done; passes on what the listener raises, and so ends the fit."""
    listener = _listener.get()
    if listener is not None:
        listener(share)


@contextmanager
def listening(listener: Callable[[float], None]) -> Iterator[None]:
    """Hear what is told inside the ``with`` block; raising in ``listener`` ends the work."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)
