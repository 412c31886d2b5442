"""Every variant, from the Train form through a real worker to each page that looks through a run."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from aelib.config import RunConfig
from aelib.jobs import queue
from aelib.jobs.dispatcher import claimer
from aelib.presets import PRESETS
from aelib.registry import MODELS
from aelib.runs.folder import Run, list_runs

ROOT = Path(__file__).resolve().parents[2]
LOOKING = ("map", "decode", "generate", "paths", "noise", "reconstructions")
SPRITES, FACES = ({"name": name, "count": 110} for name in ("sprites", "faces"))
SHORT = {"epochs": 1, "batch_size": 32, "device": "cpu"}
VECTORS = {"reconstruction": "squared_error", "output": "identity", "latent_dim": 3}  # for values outside [0, 1]
PICTURES_ONLY = {"vq_vae", "restoration", "segmentation"}

# One worker for all of them imports torch once; `work` is what each process of the queue runs.
WORKER = (
    "import sys\nfrom aelib.jobs import worker\nfor one in sys.argv[2:]:\n    worker.main([sys.argv[1], *one.split()])"
)

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("empty_caches")]


def preset_of(model: str) -> dict:
    """The first preset of a model that goes with digits or sprites, made quick."""
    raw = next(preset.config for preset in PRESETS.values() if preset.config["model"]["name"] == model)
    quick = {key: 1 for key in ("rbm_epochs", "layerwise_epochs") if key in raw["model"]}
    training = {**raw.get("training", {}), **SHORT}
    return {**raw, "model": {**raw["model"], **quick}, "training": training}


def on_digits() -> Iterator[dict]:
    """Each model that needs no masks, by its preset."""
    for model in MODELS.names():
        if MODELS.load(model).Model.target == "items":
            yield {**preset_of(model), "dataset": {"name": "digits"}}


def on_pictures() -> Iterator[dict]:
    """What is made for pictures of colour and known truth, at 64 x 64."""
    for name in ("in_painting", "disentangle"):
        yield {**PRESETS[name].config, "dataset": SPRITES, "training": SHORT}
    for name in ("segmentation", "colouring", "super_resolution_x4", "vq_vae", "vae_gan"):
        yield {**PRESETS[name].config, "dataset": FACES, "training": SHORT}
    yield {**PRESETS["conditional"].config, "dataset": SPRITES, "training": SHORT}


def on_vectors() -> Iterator[dict]:
    """Each model with an mlp body, on a table of numbers; and ratings."""
    for model in MODELS.names():
        if model in PICTURES_ONLY:
            continue
        schema, kind = MODELS.load(model).Config.model_fields, MODELS.load(model).Model
        activation = "sigmoid" if model == "deep_belief" else "relu"
        yield {
            "dataset": {"name": "wine"},
            "corruptions": [{"name": "masking"}] if kind.needs_corruptions else [],
            "network": {"name": "mlp", "widths": [16], "activation": activation},
            "model": {"name": model, **{key: value for key, value in VECTORS.items() if key in schema}},
            "training": SHORT,
        }
    yield {**PRESETS["recommend"].config, "dataset": {"name": "ratings", "count": 200}, "training": SHORT}


def press_train(open_page, raw: dict) -> None:
    at = open_page("train", form=json.dumps(raw))
    assert not at.exception, raw
    assert not at.error, (raw, [error.value for error in at.error])
    (button,) = [button for button in at.button if button.label == "Train"]
    at = button.click().run()
    assert not at.exception
    assert not at.error, (raw, [error.value for error in at.error])


def let_a_worker_finish(checkpoints: Path) -> list[Run]:
    """Claim all that is queued and run it in one process beside this one."""
    with claimer(checkpoints) as owner:
        claimed = [queue.claim(checkpoints, owner, run.id) for run in list_runs(checkpoints)]
        arguments = [f"{run.id} {attempt}" for run, attempt in filter(None, claimed)]
        done = subprocess.run(
            [sys.executable, "-c", WORKER, str(checkpoints), *arguments],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )
    assert done.returncode == 0, done.stderr[-2000:]
    return list_runs(checkpoints)


def says_something(at) -> bool:
    """A component, a chart, figures, or a sentence in its place."""
    return any(len(at.get(kind)) for kind in ("bidi_component", "plotly_chart", "metric")) or bool(at.info)


@pytest.mark.parametrize("runs_of", [on_digits, on_pictures, on_vectors], ids=lambda make: make.__name__)
def test_each_trains_from_the_page_and_opens_on_each_page(runs_of, checkpoints, open_page):
    wanted = list(runs_of())
    for raw in wanted:
        press_train(open_page, raw)
    found = let_a_worker_finish(checkpoints)
    assert len(found) == len(wanted)
    for run in found:
        assert run.status()["state"] == "completed", (run.id, run.error())
    at = open_page("home")
    for run in found:
        kind = MODELS.load(run.raw_config["model"]["name"]).Model
        for page in LOOKING:
            at.query_params.clear()
            at.query_params.update(run=run.id, method="pca")
            at.switch_page(f"../pages/{page}.py").run()
            assert not at.exception, (run.id, page, at.exception)
            assert not at.error, (run.id, page, [error.value for error in at.error])
            assert at.selectbox(key="choose-run").value == run.id
            assert says_something(at), (run.id, page)
            walks = kind.can_decode and kind.code_shape != "grid"
            if page in ("decode", "paths"):
                drawn = kind.can_decode if page == "decode" else walks
                assert bool(at.get("bidi_component")) == drawn, (run.id, page)
                assert drawn or at.info, (run.id, page)
            if page == "generate":
                assert walks or at.info, (run.id, page)


def test_every_model_is_among_them():
    names = [raw["model"]["name"] for runs_of in (on_digits, on_pictures, on_vectors) for raw in runs_of()]
    assert set(names) == set(MODELS.names())
    for runs_of in (on_digits, on_pictures, on_vectors):
        for raw in runs_of():
            RunConfig.parse(raw)
