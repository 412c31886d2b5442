"""The pages under AppTest: shipped runs in a folder of the test's own, and nothing started in the background."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from anyio.from_thread import start_blocking_portal
from starlette.applications import Starlette
from streamlit import config
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.testing.v1 import AppTest

from tests.app._asking import RUN, Answer
from ui import shared

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ("digits-autoencoder", "digits-plane", "digits-vae")


@pytest.fixture(autouse=True)
def nothing_in_the_background(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """No worker and no warming thread is started from here; names of the modules that would have been."""
    from aelib.jobs import local
    from ui import cached, warm

    started: list[str] = []
    monkeypatch.setattr(cached, "prepare", lambda run_id, config=None: None)  # fills the next test's caches
    monkeypatch.setattr(local, "start", lambda module, *arguments, **more: started.append(module))
    monkeypatch.setattr(warm, "in_background", lambda: None)
    return started


@pytest.fixture(autouse=True)
def no_search_for_components(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ours are inline. AppTest would look through all installed packages for others, anew for each test."""
    monkeypatch.setattr(BidiComponentManager, "discover_and_register_components", lambda self, **more: None)


@pytest.fixture(autouse=True)
def told_exceptions():
    """Tests see what an exception says; users of the app are not shown it."""
    before = config.get_option("client.showErrorDetails")
    config.set_option("client.showErrorDetails", "full")
    yield
    config.set_option("client.showErrorDetails", before)


@pytest.fixture
def empty_caches():
    """Caches are keyed by run id and weights: a copy that is broken here must not be served from a sound one."""
    shared.clear()
    yield
    shared.clear()


@pytest.fixture
def runs(checkpoints: Path) -> Path:
    """This test's folder of runs, with copies of the shipped ones."""
    for name in SHIPPED:
        shutil.copytree(ROOT / "checkpoints" / name, checkpoints / name, ignore=shutil.ignore_patterns("lock"))
    return checkpoints


@pytest.fixture
def open_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    """Open a page as a link would: ``open_page("map", run="digits-vae")``; the folder of runs may be empty."""

    def open_page(name: str, **address: str) -> AppTest:
        at = AppTest.from_file(str(ROOT / "ui" / "shell.py"), default_timeout=60)
        for key, value in address.items():
            at.query_params[key] = value
        if name == "home":
            return at.run()
        with monkeypatch.context() as patch:  # AppTest can go to a page only from Home: an empty one is drawn sooner
            patch.setenv("AELIB_CHECKPOINTS", str(tmp_path / "nothing"))
            at.run()
        return at.switch_page(f"../pages/{name}.py").run()

    return open_page


@pytest.fixture
def component() -> Callable[[AppTest], dict[str, Any]]:
    """What the page gives to its own component (map, console or film)."""

    def data_of(at: AppTest) -> dict[str, Any]:
        (mounted,) = at.get("bidi_component")
        return json.loads(mounted.proto.json)

    return data_of


@pytest.fixture
def words() -> Callable[[AppTest], str]:
    """All that a page says, as one text."""

    def words_of(at: AppTest) -> str:
        kinds = (at.markdown, at.caption, at.info, at.warning, at.error, at.success, at.toast, at.metric)
        parts = [str(element.value) for kind in kinds for element in kind]
        return "\n".join([*parts, *(button.label for button in at.button)])

    return words_of


@pytest.fixture
def lines_of() -> Callable[[AppTest], str]:
    """The lines under 'Show me the code'."""

    def lines(at: AppTest) -> str:
        (found,) = [block.value for block in at.code if block.proto.language == "python"]
        return found

    return lines


@pytest.fixture
def pictures_of() -> Callable[..., np.ndarray]:
    """Pictures of a run's decoder, straight from the library: uint8 (n, height, width, channels)."""

    def pictures(run_folder: Path, codes: Any) -> np.ndarray:
        import torch

        from aelib.drawing import as_pictures
        from aelib.runs.folder import Run
        from aelib.runs.weights import load_model

        with torch.inference_mode():
            decoded = load_model(Run(run_folder)).decode(torch.from_numpy(np.asarray(codes, np.float32)))
        return as_pictures(decoded.numpy()).transpose(0, 2, 3, 1)

    return pictures


@pytest.fixture(scope="module")
def portal():
    with start_blocking_portal() as portal:
        yield portal


@pytest.fixture
def ask(runs, portal):
    """Ask the app's own routes behind its own middleware, as its server would; a fault of ours is an exception."""
    from ui.routes import routes
    from ui.server import middleware

    app = Starlette(routes=routes, middleware=middleware)

    def ask(method: str, address: str, body: bytes = b"", host: str = "localhost:8501", parts: int = 1) -> Answer:
        path, _, query = address.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(b"host", host.encode()), (b"content-type", b"application/json")],
            "server": ("localhost", 8501),
            "client": ("127.0.0.1", 1),
        }
        size = max(1, -(-len(body) // parts))
        chunks = [body[start : start + size] for start in range(0, len(body), size)] or [b""]
        coming = [{"type": "http.request", "body": c, "more_body": c is not chunks[-1]} for c in chunks]
        sent: list[dict[str, Any]] = []

        async def receive():
            return coming.pop(0) if coming else {"type": "http.disconnect"}

        async def send(message):
            sent.append(dict(message))

        portal.call(app, scope, receive, send)
        start = sent[0]
        headers = {name.decode().lower(): value.decode("latin-1") for name, value in start["headers"]}
        return Answer(start["status"], headers, b"".join(message.get("body", b"") for message in sent[1:]))

    return ask


@pytest.fixture
def decode(ask):
    def decode(run: str = RUN, to: str = "decode", **body: Any) -> Answer:
        return ask("POST", f"/api/runs/{run}/{to}", json.dumps(body).encode())

    return decode


@pytest.fixture(scope="session")
def trained_in_colour(tmp_path_factory):
    """A run on 60 small pictures in colour, on a bright ground."""
    from PIL import Image

    from aelib.cli._train import train_in_front
    from aelib.config import RunConfig

    folder, random = tmp_path_factory.mktemp("colours"), np.random.default_rng(1)
    (folder / "data").mkdir()
    for number in range(60):
        pixels = np.full((8, 8, 3), 255, np.uint8)
        pixels[2:6, 2:6] = random.integers(0, 256, 3)
        Image.fromarray(pixels).save(folder / "data" / f"{number}.png")
    dataset = {"name": "image_folder", "folder": str(folder / "data"), "size": 8, "channels": "colour"}
    training = {"epochs": 1, "batch_size": 16, "device": "cpu"}
    config = {"dataset": dataset, "model": {"name": "autoencoder", "latent_dim": 3}, "training": training}
    run, state = train_in_front(folder / "checkpoints", RunConfig.parse(config), name="colours", quiet=True)
    assert state == "completed", run.error()
    return run


@pytest.fixture(scope="session")
def told_the_class(tmp_path_factory):
    """A run of a model that is told the class of what it draws."""
    from aelib.cli._train import train_in_front
    from aelib.config import RunConfig

    config = RunConfig.parse(
        {
            "network": {"name": "mlp", "widths": [16]},
            "model": {"name": "conditional_vae", "latent_dim": 3},
            "training": {"epochs": 1, "device": "cpu"},
        }
    )
    run, state = train_in_front(tmp_path_factory.mktemp("classes") / "checkpoints", config, name="classes", quiet=True)
    assert state == "completed", run.error()
    return run
