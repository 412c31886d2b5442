"""Starting the app for a browser, and small acts on its pages that every journey needs."""

import base64
import contextlib
import dataclasses
import io
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import numpy as np
import psutil
from playwright.sync_api import Locator, Page

from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ("digits-autoencoder", "digits-plane", "digits-vae")


@dataclasses.dataclass(frozen=True)
class Server:
    """A running app."""

    address: str
    checkpoints: Path
    log: Path

    def page(self, name: str = "", **parameters: str) -> str:
        """The address of a page."""
        return f"{self.address}/{name}{'?' if parameters else ''}{urlencode(parameters)}"


@contextlib.contextmanager
def serving(checkpoints: Path, folder: Path) -> Iterator[Server]:
    """The app on a free port, with this folder of runs; its workers end with it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    environment = {**os.environ, "AELIB_CHECKPOINTS": str(checkpoints), "AELIB_DATA": str(folder / "data")}
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT)

    def healthy() -> bool:
        assert process.poll() is None, log.read_text()
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://localhost:{port}/_stcore/health") as answer:
            return answer.status == 200
        return False

    try:
        wait_until(healthy, every=0.1)
        yield Server(f"http://localhost:{port}", checkpoints, log)
    finally:
        process.terminate()
        process.wait(20)
        _end_workers(checkpoints)


def _end_workers(checkpoints: Path) -> None:
    """Workers outlive the app by design; those of a folder made for tests need not."""
    if checkpoints.is_relative_to(ROOT):
        return
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if any(word.startswith("aelib.jobs.") for word in words) and str(checkpoints) in words:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


def parameters(page: Page) -> dict[str, str]:
    """What the page's address says."""
    return {key: values[-1] for key, values in parse_qs(urlsplit(page.url).query).items()}


def wait_for_parameter(page: Page, key: str, value: str | None = None) -> str:
    """Wait until the address has this parameter (with this value), and return its value."""
    if value is None:
        page.wait_for_function("key => new URLSearchParams(location.search).has(key)", arg=key)
    else:
        page.wait_for_function(
            "([key, value]) => new URLSearchParams(location.search).get(key) === value", arg=[key, value]
        )
    return parameters(page)[key]


def wait_for_no_parameter(page: Page, key: str) -> None:
    """Wait until the address has lost this parameter."""
    page.wait_for_function("key => !new URLSearchParams(location.search).has(key)", arg=key)


def settle(page: Page) -> None:
    """Wait until the page's script has ended and its pictures are there: a rerun would take them from the server."""
    page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]').wait_for()
    page.wait_for_function("() => [...document.images].every((image) => image.complete)")


def pixels(canvas: Locator) -> np.ndarray:
    """What a canvas shows: uint8 (height, width, 3)."""
    height, width, text = canvas.evaluate(
        """canvas => {
          const { width, height } = canvas;
          const data = canvas.getContext("2d").getImageData(0, 0, width, height).data;
          let text = "";
          for (const value of data) text += String.fromCharCode(value);
          return [height, width, btoa(text)];
        }"""
    )
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(height, width, 4)[:, :, :3]


def seen(place: Locator) -> np.ndarray:
    """A part of the page as the eye gets it: uint8 (height, width, 3)."""
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(place.screenshot())).convert("RGB"))


def choose(page: Page, label: str, option: str) -> None:
    """Take an option of one of Streamlit's select boxes."""
    page.get_by_role("combobox", name=label, exact=True).click()
    page.get_by_role("option", name=option, exact=True).click()


def decoded(run_folder: Path, codes: Any) -> np.ndarray:
    """Pictures from the library itself: uint8 (n, height, width, 3)."""
    import torch

    from aelib.drawing import as_pictures
    from aelib.runs.folder import Run
    from aelib.runs.weights import load_model

    with torch.inference_mode():
        images = load_model(Run(run_folder)).decode(torch.from_numpy(np.asarray(codes, np.float32))).numpy()
    pictures = as_pictures(images).transpose(0, 2, 3, 1)
    return pictures.repeat(3, axis=3) if pictures.shape[3] == 1 else pictures
