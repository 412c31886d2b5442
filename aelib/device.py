"""Which processor computes: cuda, then mps, then cpu, chosen without importing torch until it is used."""

import os
import platform
from pathlib import Path

from aelib.errors import AelibError


def likely_device(wanted: str) -> str:
    """The device that ``auto`` will most likely mean here, guessed without torch; the queue orders by it."""
    if wanted != "auto":
        return "cuda:0" if wanted == "cuda" else wanted
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") == ""
    if Path("/proc/driver/nvidia/version").exists() and not hidden:
        return "cuda:0"
    return "mps" if (platform.system(), platform.machine()) == ("Darwin", "arm64") else "cpu"


def choose_device(wanted: str) -> str:
    """The device to use now. Raises ``E_DEVICE`` when the wanted one is not there."""
    import torch

    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if wanted == "auto":
        return "cuda:0" if cuda else "mps" if mps else "cpu"
    kind, _, number = wanted.partition(":")
    count = {"cpu": 1, "mps": int(mps), "cuda": torch.cuda.device_count() if cuda else 0}[kind]
    if int(number or 0) >= count:
        raise AelibError(
            "E_DEVICE",
            f"The device {wanted!r} is not there",
            f"this machine has {count} of kind {kind!r}",
            "Set training.device to 'auto' or 'cpu'",
        )
    return f"cuda:{number or 0}" if kind == "cuda" else kind
