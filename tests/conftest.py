"""What every test stands on: folders of its own, one small trained run, and the real data where they lie."""

import os
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[1]
_home = tempfile.TemporaryDirectory(prefix="aelib-tests-", ignore_cleanup_errors=True)
_browsers = [Path.home() / ".cache" / "ms-playwright", Path.home() / "Library" / "Caches" / "ms-playwright"]


def pytest_configure() -> None:
    """Before anything is imported: a home of our own, one thread, and no folder of the user's.

    Workers that tests start inherit all of it; the browsers alone stay where they were installed.
    """
    for folder in _browsers:
        if folder.is_dir():
            os.environ.setdefault("PLAYWRIGHT_BROWSERS_PATH", str(folder))
    os.environ["HOME"] = _home.name
    os.environ.pop("XDG_CACHE_HOME", None)
    os.environ["AELIB_CHECKPOINTS"] = str(Path(_home.name) / "checkpoints")
    os.environ["AELIB_DATA"] = str(Path(_home.name) / "data")
    os.environ["OMP_NUM_THREADS"] = "1"  # the same bits in this process and in a worker
    # The same examples each time, no clock in the verdict, and no .hypothesis folder in the repository.
    slow = [HealthCheck.too_slow]
    settings.register_profile("ours", derandomize=True, deadline=None, database=None, suppress_health_check=slow)
    settings.load_profile("ours")


def pytest_unconfigure() -> None:
    _home.cleanup()


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test has its own (empty, not yet made) folders of runs and of data."""
    monkeypatch.setenv("AELIB_CHECKPOINTS", str(tmp_path / "checkpoints"))
    monkeypatch.setenv("AELIB_DATA", str(tmp_path / "data"))


@pytest.fixture
def checkpoints(tmp_path: Path) -> Path:
    """This test's folder of runs; made by whoever writes first."""
    return tmp_path / "checkpoints"


@pytest.fixture
def home(tmp_path: Path, own_folders: None) -> Path:
    """This test's data folder, made."""
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks the network for anything is refused."""

    def refuse(*args: object, **kwargs: object) -> None:
        raise urllib.error.URLError("no network in tests")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)


@pytest.fixture
def real_data() -> Path:
    """The folder of real data: ``AELIB_TEST_DATA``, else ``../shared/data`` beside the repository."""
    folder = Path(os.environ.get("AELIB_TEST_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"real data folder absent: {folder}")
    return folder


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory: pytest.TempPathFactory):
    """A trained run (VAE on digits, 2 epochs, 3 numbers, one layer of 32) in a folder of its own.

    Shared by all tests: read it, add derived files, but change nothing. ``copy_of`` gives one to break.
    """
    from aelib.cli._train import train_in_front
    from aelib.config import RunConfig

    config = RunConfig.parse(
        {
            "network": {"name": "mlp", "widths": [32]},
            "model": {"name": "vae", "latent_dim": 3},
            "training": {"epochs": 2, "device": "cpu"},
        }
    )
    folder = tmp_path_factory.mktemp("tiny") / "checkpoints"
    run, state = train_in_front(folder, config, name="tiny", quiet=True)
    assert state == "completed", run.error()
    return run


@pytest.fixture
def copy_of(checkpoints: Path) -> Callable:
    """A copy of a run in this test's own folder, to be broken."""
    import shutil

    from aelib.runs.folder import Run

    def copy(run: Run) -> Run:
        shutil.copytree(run.folder, checkpoints / run.id)
        return Run(checkpoints / run.id)

    return copy


@pytest.fixture
def workers() -> Iterator[list[int]]:
    """Process ids of workers that a test started; whatever still lives at its end is killed."""
    import contextlib
    import signal

    started: list[int] = []
    yield started
    for pid in started:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
