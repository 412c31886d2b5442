"""Grids of code words: the library's answers, the route's, and the page of a vector-quantised run."""

import numpy as np
import pytest
import torch

from aelib.codes import reconstruct
from aelib.config import RunConfig
from aelib.datasets._base import load_dataset
from aelib.errors import AelibError
from aelib.latent import word_grid
from aelib.runs.weights import load_model


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    from aelib.cli._train import train_in_front

    config = RunConfig.parse(
        {
            "network": {"name": "convolutional", "channels": [4, 6]},
            "model": {"name": "vq_vae", "latent_dim": 3, "codebook_size": 16},
            "training": {"epochs": 2, "device": "cpu"},
        }
    )
    run, state = train_in_front(tmp_path_factory.mktemp("words") / "checkpoints", config, name="words", quiet=True)
    assert state == "completed", run.error()
    return run


@pytest.fixture
def run(trained, runs, copy_of):
    return copy_of(trained)


@pytest.fixture
def values(trained):
    return load_dataset(trained.dataset()).all_items().values[:5]


def test_an_items_words_make_its_reconstruction(trained, values):
    model = load_model(trained)
    words = word_grid.words_of(model, values)
    assert words.shape == (5, 2, 2)
    np.testing.assert_allclose(word_grid.pictures_of(model, words), reconstruct(model, values), atol=1e-6)


def test_the_nearest_words_by_hand(trained):
    model, vectors = load_model(trained), word_grid.codebook(load_model(trained))
    rows, distances = word_grid.near_words(model, 5, 6)
    wanted = np.linalg.norm(vectors - vectors[5], axis=1)
    assert rows[0] == 5
    np.testing.assert_allclose(distances, wanted[rows], atol=1e-5)
    np.testing.assert_allclose(distances, np.sort(wanted)[:6], atol=1e-5)


def test_one_cell_is_exchanged():
    grid = np.asarray([[1, 2], [3, 4]])
    assert word_grid.exchanged(grid, 1, 0, np.asarray([7, 8])).tolist() == [[[1, 2], [7, 4]], [[1, 2], [8, 4]]]
    assert grid.tolist() == [[1, 2], [3, 4]]


def test_what_is_no_grid_of_words_is_refused(trained, tiny_run):
    model = load_model(trained)
    for bad in ([[[0, 1]]], [[[0, 1], [2, 16]]], [[[0, 1], [2, -1]]], [[0, 1]]):
        with pytest.raises(AelibError) as caught:
            word_grid.pictures_of(model, np.asarray(bad))
        assert caught.value.code == "E_CODES"
    with pytest.raises(AelibError) as caught:
        word_grid.codebook(load_model(tiny_run))
    assert caught.value.code == "E_ABILITY"


def test_the_routes_answer_is_the_librarys(run):
    from ui import decoding

    model = load_model(run)
    given = [[3, 1], [0, 2]]
    found = decoding.decode_words(run.id, given, [1, 0])
    near, distances = word_grid.near_words(model, 0, 12)
    assert found.more["words"] == near.tolist()
    np.testing.assert_allclose(found.more["distances"], distances, atol=1e-4)
    grids = np.repeat(np.asarray(given)[None], 13, axis=0)
    grids[1:, 1, 0] = near
    with torch.inference_mode():
        wanted = model.decode(model.latents_of(torch.from_numpy(grids))).numpy()
    np.testing.assert_array_equal(found.pictures[..., 0], np.rint(wanted[:, 0] * 255).astype(np.uint8))


@pytest.mark.parametrize(
    ("words", "cell"),
    [
        (None, [0, 0]),
        ("words", [0, 0]),
        ([[1, 2], [3]], [0, 0]),
        ([[1.5, 2], [3, 4]], [0, 0]),
        ([[1, 2], [3, 99]], [0, 0]),
        ([[1, 2, 3], [4, 5, 6]], [0, 0]),
        ([[1, 2], [3, 4]], [0, 2]),
        ([[1, 2], [3, 4]], [-1, 0]),
        ([[1, 2], [3, 4]], None),
        ([[1, 2], [3, 4]], ["a", 0]),
        ([[10**30, 2], [3, 4]], [0, 0]),
    ],
)
def test_a_bad_question_gets_one_sentence(run, words, cell):
    from ui import decoding

    with pytest.raises(AelibError) as caught:
        decoding.decode_words(run.id, words, cell)
    assert caught.value.code == "E_CODES"


def test_the_page_shows_the_items_words_and_its_lines_run(run, runs, open_page, lines_of, component):
    from contextlib import chdir

    at = open_page("decode", run=run.id, decode_item="3")
    assert not at.exception
    given = component(at)["words"]
    items = load_dataset(run.dataset()).all_items()
    own = items.values[items.index == 3]
    assert given == word_grid.words_of(load_model(run), own)[0].tolist()
    names: dict = {}
    with chdir(runs.parent):
        exec(compile(lines_of(at), "lines of the page", "exec"), names)
    np.testing.assert_array_equal(names["words"], given)
    assert names["others"].shape == (12, 1, 8, 8)
    np.testing.assert_allclose(names["others"][0], names["picture"][0], atol=1e-6)
