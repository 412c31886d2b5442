"""Every page: with runs, without any, with broken ones, and in the repository's own folder."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))
LOOKING = [name for name in PAGES if name not in ("home", "data", "train")]  # pages that look through a trained run
RUN = "digits-vae"

pytestmark = pytest.mark.usefixtures("empty_caches")
each_page = pytest.mark.parametrize("name", PAGES)


@each_page
def test_opens_with_the_shipped_runs(name, runs, open_page, nothing_in_the_background):
    at = open_page(name)
    assert not at.exception
    assert not at.error
    assert any(title.value.startswith("## ") for title in at.markdown), "each page has its heading"
    assert not nothing_in_the_background, "the shipped maps are stored: nothing is to be computed"


@pytest.mark.parametrize("run", ["digits-autoencoder", "digits-plane", "digits-vae"])
def test_each_page_shows_each_shipped_run(run, runs, open_page, component):
    at = open_page("home")
    for page in LOOKING:
        at.query_params["run"] = run
        at.switch_page(f"../pages/{page}.py").run()
        assert not at.exception
        assert not at.error
        assert at.selectbox(key="choose-run").value == run
        if at.get("bidi_component"):
            assert f"api/runs/{run}/" in str(component(at))


@pytest.mark.parametrize("name", [*LOOKING, "home"])
def test_without_runs_says_so_and_offers_training(name, open_page, words):
    at = open_page(name)
    assert not at.exception
    assert not at.error
    (button,) = [button for button in at.button if "train" in button.label.lower()]
    assert "nothing" in words(at).lower() or "no trained run" in words(at).lower()
    at = button.click().run()
    assert not at.exception
    assert at.selectbox(key="choose-preset"), "the button leads to the form"


def test_train_and_data_work_without_runs(open_page, words):
    at = open_page("train")
    assert not at.exception
    assert "Nothing has been trained yet" in words(at)
    assert not open_page("data").exception


def test_a_dataset_is_brought_to_train(open_page):
    at = open_page("data", dataset="image_folder")
    assert not at.exception, "no folder yet: a sentence"
    at = open_page("data", dataset="digits", sample="3")
    (button,) = [button for button in at.button if button.label == "Train on it"]
    at = button.click().run()
    assert not at.exception
    assert [box.value for box in at.selectbox if box.label == "Dataset"] == ["digits"]


def _broken(folder: Path, kind: str) -> None:
    weights = folder / "weights.safetensors"
    wrong = {
        "config.json is no JSON": ("config.json", b"{"),
        "config.json is a list": ("config.json", b"[]"),
        "config.json is empty": ("config.json", b""),
        "config.json has an unknown model": ("config.json", b'{"model": {"name": "vaee"}}'),
        "config.json has a wrong value": ("config.json", b'{"model": {"name": "vae", "latent_dim": -1}}'),
        "config.json names its model in one word": ("config.json", b'{"model": "vae", "dataset": "digits"}'),
        "config.json is from the future": ("config.json", b'{"format": 99}'),
        "status.json is torn": ("status.json", b'{"state": "compl'),
        "status.json is a list": ("status.json", b"[1]"),
        "status.json has an unknown state": ("status.json", b'{"state": "flying"}'),
        "status.json has words for figures": ("status.json", b'{"state": "completed", "validation_error": "low"}'),
        "queue.json is torn": ("queue.json", b"{"),
        "weights are truncated": ("weights.safetensors", weights.read_bytes()[:-100]),
        "weights are empty": ("weights.safetensors", b""),
        "the weights' description is torn": ("weights.safetensors.json", b'{"sha256": "'),
        "the weights' description lacks the shape": ("weights.safetensors.json", b"{}"),
    }
    name, data = wrong[kind]
    (folder / name).write_bytes(data)


BROKEN = [
    "config.json is no JSON",
    "config.json is a list",
    "config.json is empty",
    "config.json has an unknown model",
    "config.json has a wrong value",
    "config.json names its model in one word",
    "config.json is from the future",
    "status.json is torn",
    "status.json is a list",
    "status.json has an unknown state",
    "status.json has words for figures",
    "queue.json is torn",
    "weights are truncated",
    "weights are empty",
    "the weights' description is torn",
    "the weights' description lacks the shape",
]


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_run_is_one_sentence_on_every_page(kind, runs, open_page, words):
    _broken(runs / RUN, kind)
    at = open_page("home")
    for page in PAGES:
        at.query_params.update(run=RUN, watch=RUN, clone=RUN)
        at.switch_page(f"../pages/{page}.py").run()
        assert not at.exception, (page, kind)
        for error in at.error:
            assert "Traceback" not in error.value
            assert len(error.value) < 400


@pytest.mark.parametrize("kind", [kind for kind in BROKEN if "weights" in kind and "description" not in kind])
@pytest.mark.parametrize("name", ["decode", "generate", "noise", "reconstructions"])
def test_broken_weights_are_told_where_they_are_needed(kind, name, runs, open_page):
    _broken(runs / RUN, kind)
    (runs / RUN / "codes" / "items.safetensors").unlink()  # else Decode draws its sliders from the stored codes
    at = open_page(name, run=RUN)
    assert not at.exception
    (error,) = at.error
    assert "weights.safetensors" in error.value
    assert "damaged" in error.value


@pytest.mark.parametrize("name", ["decode", "generate", "map"])
@pytest.mark.parametrize("file", ["codes/items.safetensors", "codes/items.safetensors.json"])
def test_damaged_codes_are_made_again(name, file, runs, open_page):
    (runs / RUN / file).write_bytes(b"\0" * 64)
    at = open_page(name, run=RUN)
    assert not at.exception
    assert not at.error


def test_a_damaged_map_is_told_and_made_again(runs, open_page, nothing_in_the_background, words):
    for file in (runs / RUN / "projections").glob("umap-*.safetensors"):
        file.write_bytes(b"\0" * 64)
    at = open_page("map", run=RUN, method="umap")
    assert not at.exception
    at.run()
    assert not at.exception
    assert not at.error
    assert "PCA" in words(at), "the quick map stands in"
    assert nothing_in_the_background[:1] == ["aelib.jobs.projecting"]


def test_other_runs_stay_usable_beside_a_broken_one(runs, open_page):
    _broken(runs / RUN, "config.json is no JSON")
    at = open_page("home")
    for page in LOOKING:
        at.query_params["run"] = "digits-plane"
        at.switch_page(f"../pages/{page}.py").run()
        assert not at.exception
        assert not at.error, page
        assert at.selectbox(key="choose-run").value == "digits-plane"


def test_going_through_all_pages_leaves_the_repository_clean(monkeypatch, open_page):
    def changes() -> str:
        return subprocess.run(
            ["git", "status", "--porcelain", "--untracked-files=all"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    monkeypatch.setenv("AELIB_CHECKPOINTS", str(ROOT / "checkpoints"))
    before = changes()
    at = open_page("home")
    for page in PAGES:
        assert not at.switch_page(f"../pages/{page}.py").run().exception
    assert changes() == before


def test_home_needs_no_torch(runs):
    """In a process of its own: the first page must be drawn before the heavy imports, which start after it."""
    code = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        "from ui import warm\n"
        "warm.in_background = lambda: None\n"
        f"at = AppTest.from_file({str(ROOT / 'ui' / 'shell.py')!r}, default_timeout=60).run()\n"
        "assert not at.exception, at.exception\n"
        "assert any('Digits' in words.value for words in at.markdown), 'no cards'\n"
        "heavy = {'torch', 'sklearn', 'umap', 'torchvision', 'scipy'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
