"""The shape of the house: who imports whom, what stays light, and what stands nowhere."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Inside aelib a module imports only those before it; a package stands here by its name.
ORDER = (
    "errors", "registry", "config", "device", "files", "pictures", "drawing", "presets", "datasets", "corruptions",
    "networks", "losses", "models", "training", "runs", "codes", "projections", "latent", "samples", "measures",
    "jobs", "figures", "exchange", "cli",
)  # fmt: skip
LAYERS = {"aelib": 0, "ui": 1, "pages": 2, "app": 2}
PLUGINS = ("datasets", "corruptions", "networks", "models", "projections")


def sources(*places: str) -> list[Path]:
    found = []
    for place in places:
        path = ROOT / place
        found += sorted(path.rglob("*.py")) if path.is_dir() else [path] if path.exists() else []
    return found


OURS = sources("aelib", "ui", "pages", "app.py")


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything imported, in functions too, but for what is imported for types only."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            for rest in node.orelse:
                yield from imports(ast.Module([rest], []))
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"a relative import in line {node.lineno}"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
        else:
            yield from imports(node)


def faults_in(path: Path, text: str | None = None) -> list[str]:
    """What a file imports although it must not, as sentences."""
    own = name_of(path).split(".")
    found = []
    for line, name in imports(ast.parse(text if text is not None else path.read_text("utf-8"))):
        parts = name.split(".")
        if parts[0] in LAYERS and LAYERS[parts[0]] > LAYERS[own[0]]:
            found.append(f"{path.relative_to(ROOT)}:{line} imports {name}: the flow is pages, ui, aelib")
        if own[0] == "aelib" and parts[0] == "streamlit":
            found.append(f"{path.relative_to(ROOT)}:{line} imports streamlit")
        if own[0] == parts[0] == "aelib" and len(own) > 1 and len(parts) > 1:
            found += [f"{path.relative_to(ROOT)}:{line} {fault}" for fault in _within(own[1:], parts[1:])]
    return found


def _within(own: list[str], other: list[str]) -> Iterator[str]:
    if other[0] not in ORDER:
        return  # a name in aelib/__init__.py
    if own[0] == "__main__":
        return
    if ORDER.index(other[0]) > ORDER.index(own[0]):
        yield f"imports {'.'.join(other)}, which comes after {own[0]}"
    siblings = own[0] == other[0] and own[0] in PLUGINS and len(own) > 1 and len(other) > 1
    if siblings and not own[1].startswith("_") and not other[1].startswith("_"):
        yield f"is a plug-in and imports its sibling {other[1]}"


@pytest.mark.parametrize("path", OURS, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_one_way(path):
    assert faults_in(path) == []


def test_every_module_of_aelib_has_its_place_in_the_order():
    found = {path.relative_to(ROOT / "aelib").parts[0].removesuffix(".py") for path in sources("aelib")}
    assert found - {"__init__", "__main__"} == set(ORDER)


@pytest.mark.parametrize(
    ("place", "text", "faults"),
    [
        ("aelib/config.py", "from aelib.runs import folder", 1),
        ("aelib/config.py", "def f():\n    import aelib.jobs.queue", 1),
        ("aelib/config.py", "if TYPE_CHECKING:\n    from aelib.runs import folder", 0),
        ("aelib/config.py", "if TYPE_CHECKING:\n    pass\nelse:\n    from aelib.runs import folder", 1),
        ("aelib/config.py", "from aelib import registry, errors", 0),
        ("aelib/config.py", "from aelib import codes", 1),
        ("aelib/training/loop.py", "from aelib.runs import folder", 1),
        ("aelib/runs/weights.py", "from aelib.training.loop import Snapshot", 0),
        ("aelib/codes.py", "import streamlit as st", 1),
        ("aelib/codes.py", "from ui import state", 1),
        ("ui/state.py", "from pages import map", 1),
        ("ui/state.py", "import streamlit\nfrom aelib import codes", 0),
        ("pages/map.py", "from ui import state\nfrom aelib.cli import main", 0),
        ("aelib/projections/umap.py", "from aelib.projections import pca", 1),
        ("aelib/projections/umap.py", "from aelib.projections.pca import fit", 1),
        ("aelib/projections/umap.py", "from aelib.projections import _linear, _base", 0),
        ("aelib/projections/_base.py", "from aelib.projections import pca", 0),
    ],
)
def test_the_check_itself_sees_what_it_should(place, text, faults):
    assert len(faults_in(ROOT / place, text)) == faults


# --- light --------------------------------------------------------------------------------------------------------

HEAVY = ("torch", "torchvision", "sklearn", "scipy", "umap", "numba", "plotly", "streamlit", "pandas")

LOOKS = {
    "the library": "import aelib",
    "configs and registries": "import aelib.config, aelib.registry, aelib.presets, aelib.errors, aelib.device",
    "names and help": "from aelib.registry import ALL; [kind.help(name) for kind in ALL for name in kind.names()]",
    "datasets' configs": "from aelib.config import read_choice; from aelib.registry import DATASETS; "
    "[read_choice(DATASETS, name) for name in DATASETS.names()]",
    "listing runs": "from aelib.runs.folder import *; run, = list_runs(here); "
    "run.status(), run.raw_config, run.metrics(), run.queue(), run.dataset()",
    "the queue": "from aelib.jobs import queue, dispatcher; queue.reconcile(here)",
    "stored codes": "from aelib import codes; from aelib.runs.folder import *; codes.of_run(list_runs(here)[0])",
    "the latent maths": "import aelib.latent.blend, aelib.latent.paths, aelib.latent.support, aelib.latent.neighbours",
    "the command line": "from aelib.cli import main; main(['runs', '--checkpoints', sys.argv[1]])",
}  # fmt: skip


@pytest.mark.parametrize("look", LOOKS)
def test_looking_is_light(tiny_run, copy_of, look):
    run = copy_of(tiny_run)
    loaded = f"[name for name in {HEAVY!r} if name in sys.modules]"
    text = f"import sys, pathlib; here = pathlib.Path(sys.argv[1])\n{LOOKS[look]}\nprint()\nprint({loaded})"
    done = subprocess.run(
        [sys.executable, "-c", text, str(run.folder.parent)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


# --- banned -------------------------------------------------------------------------------------------------------

MODULES = ("pickle", "cPickle", "_pickle", "dill", "cloudpickle", "shelve", "marshal", "joblib", "xmlrpc")
CALLS = (
    "torch.load", "torch.save", "torch.jit.load", "torch.export.load", "torch.hub.load", "joblib.load",
    "numpy.load_pickle", "pandas.read_pickle", "yaml.load", "os.system", "os.popen", "eval", "exec",
)  # fmt: skip
METHODS = ("extractall", "unpack_archive")
VALUES = {"allow_pickle": True, "weights_only": False, "shell": True, "unsafe_allow_html": True}


def banned_in(text: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names if name.name.split(".")[0] in MODULES]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in MODULES:
            found.append(str(node.module))
        elif isinstance(node, ast.ImportFrom):
            found += [call for name in node.names if (call := f"{node.module}.{name.name}") in CALLS]
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            found += [called] if called in CALLS or called.rpartition(".")[2] in METHODS else []
        elif isinstance(node, ast.keyword) and node.arg in VALUES:
            # Only the safe constant is allowed: a variable could be anything.
            safe = isinstance(node.value, ast.Constant) and node.value.value is not VALUES[node.arg]
            found += [] if safe else [f"{node.arg}={ast.unparse(node.value)}"]
    return found


@pytest.mark.parametrize("path", OURS, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_banned_is_called(path):
    assert banned_in(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "text",
    [
        "import pickle", "from pickle import loads", "import pickle as p", "np.load(x, allow_pickle=True)",
        "np.load(x, allow_pickle=flag)", "torch.load(x)", "from torch import load", "torch.load(x, weights_only=False)",
        "archive.extractall(x)", "torch.jit.load(x)", "torch.export.load(x)", "joblib.load(x)", "import joblib",
        "subprocess.run(x, shell=True)", "st.markdown(x, unsafe_allow_html=True)", "def f():\n  eval(x)",
    ],
)  # fmt: skip
def test_the_ban_itself_sees_what_it_should(text):
    assert banned_in(text)


def test_the_ban_leaves_the_rest_alone():
    assert not banned_in("np.load(x, allow_pickle=False)\nmodel.eval()\njson.load(x)\nload(x)\nre.compile(x)")


def test_no_word_that_says_nothing_names_a_file():
    words = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
    found = [path for path in [*OURS, *sources("tests", "bench")] if words & set(path.stem.lower().split("_"))]
    assert found == []


def test_no_file_is_too_long_to_read_at_once():
    long = {
        str(path.relative_to(ROOT)): count
        for path in OURS
        if (count := len(path.read_text("utf-8").splitlines())) > 300
    }
    assert long == {}


def test_what_a_fresh_clone_needs_is_said_once():
    """Exact pins, each once: the install in the README is the one that was tested."""
    lines = [line.split("#")[0].strip() for line in (ROOT / "requirements.txt").read_text().splitlines()]
    names = [line.partition("==")[0].lower() for line in lines if line]
    assert all("==" in line for line in lines if line), json.dumps(lines)
    assert len(names) == len(set(names))
