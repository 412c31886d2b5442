"""Which processor computes: cuda, then mps, then cpu, chosen without importing torch until it is used."""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aelib.errors import AelibError

SMALL = 300_000_000  # products of a step, about: below, a second thread costs more than it gives
SMALL_CONVOLVED = 2_000_000_000  # the same where there are convolutions


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
def few_threads(device: str, products: int, convolves: bool = False) -> Iterator[None]:
    """Compute small steps on the processor with one thread; measured on two cores, beside nobody, an MNIST epoch of the
    MLP 784-256-128-16 takes 2.2 s with one and 3.5 s with two, which sleep and are woken at each of a step's products.
    (Threads that spin instead take 1.4 s alone and 6.6 s beside others.)

    Convolutions take two threads a third more of the processor for epochs as long (``bench.training --only 1``), and
    beside busy neighbours several times as long. (That oneDNN's own barriers spin there is a guess.)

    Args:
        device: Elsewhere than on the processor nothing changes.
        products: Multiplications of a step's forward pass, about. More than ``SMALL`` keep torch's own count.
        convolves: Whether they are those of convolutions: the limit is then ``SMALL_CONVOLVED``.
    """
    import torch

    before = torch.get_num_threads()
    if device == "cpu" and products < (SMALL_CONVOLVED if convolves else SMALL):
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _has_bfloat16_units() -> bool:
    facts = Path("/proc/cpuinfo")
    return not facts.exists() or "amx_bf16" in facts.read_text(errors="replace")
