"""Which processor computes: cuda, then mps, then cpu, chosen without importing torch until it is used."""

import contextlib
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aelib.errors import AelibError

# The environment of a process that computes, from its start. A thread that waits for the others spins for some 50
# microseconds, then sleeps: threads that sleep at once are woken too late on an idle machine (with two cores an MNIST
# epoch of the MLP took 2.8 s with two of them, 1.7 s with one thread alone, and 1.2 s with two that spin so long, on
# 2026-11-22), threads that always spin are no quicker and take whole cores from the app. The policy is for OpenMP
# libraries that do not know the count; GNU's does, which torch brings on Linux.
# What a step frees is kept for the next one: glibc may give it back and ask for it anew, thousands of page faults a
# step (a convolutional step then took 22 ms, without them 16). 512 MiB are kept at most.
COMPUTING = {
    "GOMP_SPINCOUNT": "5000",
    "OMP_WAIT_POLICY": "PASSIVE",
    "MALLOC_MMAP_THRESHOLD_": str(32 * 2**20),
    "MALLOC_TRIM_THRESHOLD_": str(512 * 2**20),
}
_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1  # in glibc's malloc.h


def compute_here() -> None:
    """Set ``COMPUTING`` for this process, which runs already: its threads only before torch is imported."""
    import ctypes

    for name, value in COMPUTING.items():
        os.environ.setdefault(name, value)
    with contextlib.suppress(AttributeError, OSError, TypeError):  # another C library has other ways
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_MMAP_THRESHOLD, int(COMPUTING["MALLOC_MMAP_THRESHOLD_"]))
        mallopt(_TRIM_THRESHOLD, int(COMPUTING["MALLOC_TRIM_THRESHOLD_"]))


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


@contextmanager
def fast_products(device: str) -> Iterator[None]:
    """Take oneDNN's matrix products for float32 on the processor: up to twice as fast as torch's default there.

    torch reaches them by its setting "medium", which allows bfloat16 inside where the processor has units for it (AMX):
    there the default stays, since float32 was asked for. The setting is the process's; it is put back at the end.
    """
    import torch

    before = torch.get_float32_matmul_precision()
    if device == "cpu" and not _has_bfloat16_units():
        torch.set_float32_matmul_precision("medium")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


@contextmanager
def threads_of(count: int) -> Iterator[None]:
    """Compute with so many threads, at most one for each processor; torch's own count is put back at the end."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(min(count, os.cpu_count() or count))
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _has_bfloat16_units() -> bool:
    facts = Path("/proc/cpuinfo")
    return not facts.exists() or "amx_bf16" in facts.read_text(errors="replace")
