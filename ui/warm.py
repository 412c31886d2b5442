"""Heavy imports at the right moment: never before the first page is drawn, then at once, in the background."""

import gc
import sys
import threading

_started = threading.Lock()


def freeze() -> None:
    """Tell Python's collector to leave what is loaded alone; call after each heavy import.

    Streamlit collects after every script run; with torch loaded that takes 100-225 ms unless frozen.
    """
    gc.collect()
    gc.freeze()


def load_torch() -> None:
    """Import torch for this web process: one thread for small decodes, so that a trainer keeps its cores."""
    if "torch" not in sys.modules:
        import torch

        torch.set_num_threads(1)
        freeze()


def in_background() -> None:
    """Start the imports that later pages need, once per process, after the first page has been drawn."""
    if _started.acquire(blocking=False):
        threading.Thread(target=_load_all, daemon=True, name="warm").start()


def _load_all() -> None:
    load_torch()
    import plotly.graph_objects  # noqa: F401

    from aelib import registry

    for plugins in (registry.NETWORKS, registry.MODELS):
        for name in plugins.names():
            plugins.load(name)
    freeze()
