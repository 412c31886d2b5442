"""New items from a run, by the library and by the command line."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from aelib import codes, samples
from aelib.cli import main
from aelib.cli._train import train_in_front
from aelib.config import RunConfig
from aelib.errors import AelibError
from aelib.runs.folder import Run
from aelib.runs.weights import load_model


def trained(folder: Path, model: dict, network: dict | None = None) -> Run:
    config = RunConfig.parse(
        {
            "network": network or {"name": "mlp", "widths": [16]},
            "model": {"latent_dim": 3, **model},
            "training": {"epochs": 1, "device": "cpu"},
        }
    )
    run, state = train_in_front(folder, config, quiet=True)
    assert state == "completed", run.error()
    return run


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("samples") / "checkpoints"


@pytest.fixture(scope="module")
def plain(folder) -> Run:
    return trained(folder, {"name": "rae"})


@pytest.fixture(scope="module")
def told_the_class(folder) -> Run:
    return trained(folder, {"name": "conditional_vae"})


@pytest.fixture(scope="module")
def grids(folder) -> Run:
    return trained(folder, {"name": "vq_vae", "codebook_size": 8}, {"name": "convolutional", "channels": [4, 6]})


def test_the_prior_is_the_models_own(tiny_run):
    drawn = samples.draw(tiny_run, 5, seed=2)
    assert (drawn.source, drawn.components, drawn.labels) == ("prior", 0, None)
    assert drawn.items.shape == (5, 1, 8, 8)
    assert np.array_equal(drawn.latents, np.asarray(drawn.latents, np.float32))
    assert np.array_equal(drawn.items, samples.draw(tiny_run, 5, seed=2).items)
    assert not np.array_equal(drawn.items, samples.draw(tiny_run, 5, seed=3).items)


def test_a_mixture_serves_any_vector_code_and_lies_where_the_codes_lie(plain, tiny_run):
    for run in (plain, tiny_run):
        drawn = samples.draw(run, 2000, source="mixture")
        table = codes.of_run(run)
        own = table.codes[table.rows("train")]
        assert drawn.components >= 1
        assert drawn.items.shape == (2000, 1, 8, 8), "decoded in parts"
        np.testing.assert_allclose(drawn.latents.mean(axis=0), own.mean(axis=0), atol=0.15 * own.std())
        np.testing.assert_allclose(drawn.latents.std(axis=0), own.std(axis=0), rtol=0.15)


def test_where_there_is_no_prior_the_mixture_is_taken(plain):
    assert samples.draw(plain, 3).source == "mixture"
    with pytest.raises(AelibError) as caught:
        samples.draw(plain, 3, source="prior")
    assert caught.value.code == "E_ABILITY"
    assert "mixture" in caught.value.how_to_fix


def test_a_model_that_is_told_the_class_gets_all_in_turn(told_the_class):
    drawn = samples.draw(told_the_class, 12)
    assert drawn.labels.tolist() == [*range(10), 0, 1]
    assert drawn.items.shape == (12, 1, 8, 8)


def test_grids_are_not_drawn(grids):
    assert load_model(grids).code_shape == "grid"
    assert codes.of_run(grids).codes.shape[1] == 3
    for source in ("", "prior", "mixture"):
        with pytest.raises(AelibError) as caught:
            samples.draw(grids, 3, source=source)
        assert caught.value.code == "E_ABILITY"
        assert caught.value.how_to_fix


# --- the command ---


def command(run: Run, out: Path, *more: str) -> int:
    return main(["sample", run.id, "--out", str(out), "--checkpoints", str(run.folder.parent), *more])


def test_the_command_writes_a_picture_of_them(tiny_run, tmp_path, capsys):
    out = tmp_path / "samples.png"
    assert command(tiny_run, out, "--count", "9", "--json") == 0
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert answer == {
        "run": tiny_run.id, "count": 9, "from": "prior", "components": 0, "seed": 0, "out": str(out)
    }  # fmt: skip
    with Image.open(out) as picture:
        assert picture.width == picture.height, "three by three"
        first = np.asarray(picture).copy()
    assert command(tiny_run, out, "--count", "9", "--seed", "1") == 0
    with Image.open(out) as picture:
        assert not np.array_equal(first, np.asarray(picture))


def test_the_command_draws_from_the_mixture(plain, tmp_path, capsys):
    for more in ((), ("--from", "mixture")):
        assert command(plain, tmp_path / "samples.png", "--count", "4", *more) == 0
        assert "a mixture of" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "code"), [(("--from", "prior"), "E_ABILITY"), (("--from", "mixtur"), "E_UNKNOWN"), (("--count", "0"), "")]
)
def test_the_command_refuses_in_one_sentence(plain, tmp_path, capsys, more, code):
    assert command(plain, tmp_path / "samples.png", *more) == 2
    said = capsys.readouterr().err
    assert code in said
    assert "Traceback" not in said
    assert not (tmp_path / "samples.png").exists()
