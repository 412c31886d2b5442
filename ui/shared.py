"""What all sessions share, made once: asking for it again costs microseconds.

Streamlit's own ``cache_resource`` takes about 0.4 ms for each question, most of it to inspect the function's signature
and to hash by rules for any object; a live picture asks ten to twenty times.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from pydantic import BaseModel

Given = ParamSpec("Given")
Made = TypeVar("Made")
_stores: list["_Store"] = []


def shared(max_entries: int) -> Callable[[Callable[Given, Made]], Callable[Given, Made]]:
    """Keep what a function gives for its last ``max_entries`` different arguments; what it raises is not kept.

    Arguments are hashable, or configs; those whose names begin with ``_`` do not count. Sessions that ask for the same
    at once wait for one of them to make it. What is kept is read-only by agreement.
    """

    def keeping(function: Callable[Given, Made]) -> Callable[Given, Made]:
        code = function.__code__
        counted = [not name.startswith("_") for name in code.co_varnames[: code.co_argcount]]
        store = _Store(max_entries)
        _stores.append(store)

        @wraps(function)
        def asked(*given: Given.args, **named: Given.kwargs) -> Made:
            assert not named, "given by place, so that the same question has one key"
            key = tuple(_plain(value) for value, counts in zip(given, counted, strict=True) if counts)
            return store.get(key, lambda: function(*given, **named))

        return asked

    return keeping


def clear() -> None:
    """Forget everything."""
    for store in _stores:
        store.clear()


class _Store:
    def __init__(self, most: int) -> None:
        self.most = most
        self.kept: OrderedDict[Hashable, Any] = OrderedDict()  # the last one asked for is the last
        self.making: dict[Hashable, threading.Lock] = {}
        self.lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Any]) -> Any:
        with self.lock:
            if key in self.kept:
                self.kept.move_to_end(key)
                return self.kept[key]
            making = self.making.setdefault(key, threading.Lock())
        with making:
            with self.lock:
                if key in self.kept:  # somebody else has made it meanwhile
                    return self.kept[key]
            try:
                made = make()
            except BaseException:
                with self.lock:
                    self.making.pop(key, None)
                raise
            with self.lock:
                self.making.pop(key, None)
                self.kept[key] = made
                while len(self.kept) > self.most:
                    self.kept.popitem(last=False)
        return made

    def clear(self) -> None:
        with self.lock:
            self.kept.clear()


def _plain(value: Any) -> Hashable:
    """A config by its text: some have lists in them, and 0 and False are one key elsewhere."""
    return (type(value), value.model_dump_json()) if isinstance(value, BaseModel) else value
