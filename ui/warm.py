"""Heavy imports at the right moment: never before the first page is drawn, then at once, in the background."""

import gc
import sys
import threading
from collections.abc import Callable

SECONDS = 1.5  # after the first script run: the browser has painted by then
_started = threading.Lock()


def freeze() -> None:
    """Tell Python's collector to leave what is loaded alone; call after each heavy import.

    Streamlit collects after every script run; with torch loaded that takes 100-225 ms unless frozen.
    """
    gc.collect()
    gc.freeze()


def load_torch() -> None:
    """Import torch for this web process, if nobody has yet."""
    if "torch" not in sys.modules:
        import torch  # noqa: F401

        freeze()


def one_thread() -> None:
    """Let torch compute with one thread in the thread that calls this; others are not told (measured: 0.4 ms a decode
    instead of 80 ms beside a trainer, because a team of two spins while the cores are busy).
    """
    import torch

    torch.set_num_threads(1)


def soon(load: Callable[[], None], name: str) -> None:
    """Do something in the background: at once, or, while torch is not there, when the page has been drawn."""
    timer = threading.Timer(0 if "torch" in sys.modules else SECONDS, load)
    timer.daemon, timer.name = True, name
    timer.start()


def in_background() -> None:
    """Start the imports that later pages need, once per process, after the first page has been drawn."""
    if _started.acquire(blocking=False):
        soon(_load_all, "imports")


def _load_all() -> None:
    load_torch()
    import plotly.graph_objects  # noqa: F401

    from aelib import registry

    for plugins in (registry.NETWORKS, registry.MODELS):
        for name in plugins.names():
            plugins.load(name)
    freeze()
