"""A server on a free port: our app over a folder of runs of its own, or a plain Streamlit page beside it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.machine import ROOT

PATIENCE = 120.0  # seconds until a server that does not answer is a fault
SAME = ("--server.address=127.0.0.1", "--server.headless=true", "--browser.gatherUsageStats=false")
PLAIN = (*SAME, "--server.fileWatcherType=none")  # else plain Streamlit with its defaults


@dataclass(frozen=True)
class Server:
    """A server that answers.

    Attributes:
        url: With a slash at the end.
        pid: Of its process.
        log: Its output.
        started: ``time.perf_counter()`` just before the process was made.
        health_seconds: From there to the first good answer of its health route.
    """

    url: str
    pid: int
    log: Path
    started: float
    health_seconds: float


@contextlib.contextmanager
def app(checkpoints: Path, data: Path | None = None) -> Iterator[Server]:
    """Latent Loupe over these runs, as ``streamlit run app.py`` starts it."""
    environment = {"AELIB_CHECKPOINTS": str(checkpoints)} | ({"AELIB_DATA": str(data)} if data else {})
    with _running(ROOT / "app.py", SAME, environment, ROOT) as server:
        yield server


@contextlib.contextmanager
def plain(script: Path, environment: dict[str, str], *options: str) -> Iterator[Server]:
    """A plain Streamlit page: one script, Streamlit's own defaults, none of our settings (they lie beside app.py)."""
    with tempfile.TemporaryDirectory(prefix="bench-plain-") as folder:
        path = {"PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))}
        copied = Path(folder) / script.name  # a config.toml beside the script would be taken too
        copied.write_bytes(script.read_bytes())
        with _running(copied, (*PLAIN, *options), environment | path, Path(folder)) as server:
            yield server


class TorchWatch(threading.Thread):
    """Notes when a process (or a child of it) maps libtorch, which is when its ``import torch`` begins; needs /proc."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True, name="torch watch")
        self.pid, self.seen, self.ending = pid, float("inf"), threading.Event()
        self.able = Path(f"/proc/{pid}/maps").exists()

    def run(self) -> None:
        """Look every 20 ms until it is there or ``stop``."""
        while self.able and not self.ending.wait(0.02):
            if maps_torch(self.pid):
                self.seen = time.perf_counter()
                return

    def stop(self) -> float:
        """End the thread; ``time.perf_counter()`` of the import, or infinity."""
        self.ending.set()
        self.join()
        return self.seen


def maps_torch(pid: int) -> bool:
    """Whether libtorch is in the memory of a process or of a child of it, at this moment."""
    for each in _family(pid):
        with contextlib.suppress(OSError):
            if "libtorch" in Path(f"/proc/{each}/maps").read_text():
                return True
    return False


def _family(pid: int) -> list[int]:
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(child) for child in task.read_text().split()]
    return found


@contextlib.contextmanager
def _running(script: Path, options: tuple[str, ...], environment: dict[str, str], folder: Path) -> Iterator[Server]:
    port = _free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(script), f"--server.port={port}", *options]
    handle, name = tempfile.mkstemp(prefix="bench-server-", suffix=".log")
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        stdout=handle,
        stderr=subprocess.STDOUT,
    )
    os.close(handle)
    try:
        url = f"http://127.0.0.1:{port}/"
        _wait_for_health(process, f"{url}_stcore/health", Path(name))
        yield Server(url, process.pid, Path(name), started, time.perf_counter() - started)
    finally:
        _end(process)
        Path(name).unlink(missing_ok=True)


def _wait_for_health(process: subprocess.Popen, url: str, log: Path) -> None:
    until = time.perf_counter() + PATIENCE
    while process.poll() is None and time.perf_counter() < until:
        with contextlib.suppress(OSError, urllib.error.URLError):
            if urllib.request.urlopen(url, timeout=5).status == 200:
                return
        time.sleep(0.005)
    raise RuntimeError(f"the server did not start:\n{log.read_text()[-2000:]}")


def _end(process: subprocess.Popen) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]
