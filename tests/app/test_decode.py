"""The Decode page: where the sliders begin, which class they decode, and what is said of the dimensions."""

import json
from contextlib import chdir

import numpy as np

from aelib import codes
from aelib.config import RunConfig
from aelib.runs.folder import Run
from aelib.runs.weights import load_model

RUN = "digits-vae"


def test_another_item_wins_over_where_the_sliders_stood(runs, open_page, component):
    table = codes.of_run(Run(runs / RUN))
    at = open_page("decode", run=RUN, code="1,1,1,1,1,1,1,1")
    at.session_state["console"] = {"code": {"code": [2.0] * 8, "seq": 5}}
    at.run()
    assert at.query_params["code"] == "2,2,2,2,2,2,2,2"
    (box,) = [box for box in at.number_input if box.label == "Start from item"]
    box.set_value(33).run()
    row = int(np.flatnonzero(table.index == 33)[0])
    np.testing.assert_allclose(component(at)["code"], table.codes[row], atol=1e-4)
    assert "code" not in at.query_params
    at.session_state["console"] = {"code": {"code": [0.5] * 8, "seq": 6}}
    at.run()
    assert at.query_params["code"] == ",".join(["0.5"] * 8), "the sliders are followed again"


def test_a_class_is_chosen_kept_and_decoded(told_the_class, runs, copy_of, open_page, component, lines_of):
    import torch

    run = copy_of(told_the_class)
    at = open_page("decode", run=run.id, code="0.5,0,-0.5", **{"as": "7"})
    assert not at.exception
    given = component(at)
    assert (given["label"], len(given["classes"])) == (7, 10)
    assert {start.get("label") for start in given["starts"]} == {None, *range(10)}
    names: dict = {}
    with chdir(runs.parent):
        exec(compile(lines_of(at), "lines of the page", "exec"), names)
    with torch.inference_mode():
        wanted = load_model(run).decode(torch.tensor([[0.5, 0, -0.5]]), torch.tensor([7]))
    np.testing.assert_allclose(names["picture"].detach(), wanted)
    assert len(names["traversal"]) % 9 == 0
    at.session_state["console"] = {"code": {"code": [1.0, 0.0, 0.0], "seq": 1, "label": 2}}
    at.run()
    assert at.query_params["as"] == "2"
    assert "torch.tensor([2])" in lines_of(at)


def test_dimensions_of_known_factors_are_put_into_words(checkpoints, runs, open_page, words):
    from aelib.cli._train import train_in_front

    config = RunConfig.parse(
        {
            "dataset": {"name": "sprites", "count": 200, "size": 32},
            "network": {"name": "mlp", "widths": [16]},
            "model": {"name": "pca", "latent_dim": 3},
            "training": {"epochs": 1, "batch_size": 32, "device": "cpu"},
        }
    )
    run, state = train_in_front(checkpoints, config, quiet=True)
    assert state == "completed", run.error()
    at = open_page("decode", run=run.id)
    assert not at.exception
    (table,) = at.dataframe
    assert {"shape", "size", "angle", "x", "y", "in words"} <= set(table.value.columns)
    assert "class" not in table.value.columns, "the shape says the same"
    said = json.dumps(table.value["in words"].tolist())
    assert "with x" in said
    assert "with y" in said
    assert "Spearman" in words(at)
