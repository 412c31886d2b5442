"""Reconstructions: runs with a task are judged by it, masks by their overlap, and measures come by a button."""

import pytest

from aelib.cli._train import train_in_front
from aelib.config import RunConfig
from aelib.measures import of_run

pytestmark = pytest.mark.usefixtures("empty_caches")
NET = {"name": "mlp", "widths": [16]}


def trained(checkpoints, **raw):
    config = RunConfig.parse({"network": NET, "training": {"epochs": 1, "batch_size": 32, "device": "cpu"}, **raw})
    run, state = train_in_front(checkpoints, config, quiet=True)
    assert state == "completed", run.error()
    return run


def test_a_denoising_run_is_judged_from_corrupted_inputs_and_can_be_asked_about_clean_ones(
    checkpoints, open_page, words, lines_of
):
    run = trained(checkpoints, corruptions=[{"name": "gaussian", "severity": 0.5}], model={"name": "denoising"})
    at = open_page("reconstructions", run=run.id, split="test")
    assert not at.exception
    assert not at.error
    said = words(at)
    assert "going in" in said
    assert "coming out" in said
    assert "corrupted, reconstruction, error" in said
    assert "→" in said
    assert "judge(" in lines_of(at)
    at = at.selectbox(key="choose-given").set_value("clean items").run()
    assert not at.exception
    assert "going in" not in words(at)
    assert "Each: item, reconstruction, error." in words(at)
    assert at.query_params["given"] == "clean items"


def test_one_class_of_a_task(checkpoints, open_page, words):
    run = trained(checkpoints, corruptions=[{"name": "masking"}], model={"name": "denoising"})
    at = open_page("reconstructions", run=run.id, split="test")
    at = at.selectbox(key="choose-class").set_value("3").run()
    assert not at.exception
    assert "going in" in words(at)


def test_masks_are_shown_and_judged_by_their_overlap(checkpoints, open_page, words):
    run = trained(
        checkpoints,
        dataset={"name": "sprites", "count": 100},
        target="masks",
        network={"name": "unet", "channels": [2, 4]},
        model={"name": "segmentation"},
    )
    at = open_page("reconstructions", run=run.id)
    assert not at.exception
    assert not at.error
    assert "mean Dice" in words(at)
    assert "Each: item, true mask, mask found, error." in words(at)
    assert not [box for box in at.selectbox if box.label == "Inputs"]


def test_a_large_split_is_judged_on_a_sample_that_is_stated(checkpoints, open_page, words, monkeypatch):
    from ui import cached

    monkeypatch.setattr(cached, "JUDGED", 50)
    run = trained(checkpoints, corruptions=[{"name": "masking"}], model={"name": "denoising"})
    at = open_page("reconstructions", run=run.id, split="test")
    assert "judged on 50 of 359 items" in words(at)


def test_a_measure_is_computed_by_its_button_kept_and_shown_again(runs, open_page, words):
    from aelib.runs.folder import Run

    at = open_page("reconstructions", run="digits-vae")
    assert "Not measured yet" in words(at)
    assert of_run.kept(Run(runs / "digits-vae"), "active_units") is None
    at = at.button(key="measure-active_units").click().run()
    assert not at.exception
    sentence = of_run.kept(Run(runs / "digits-vae"), "active_units")["sentence"]
    assert sentence in words(at)
    again = open_page("reconstructions", run="digits-vae")
    assert sentence in words(again)
    assert "every entry of its items is there" in words(again), "what this run lacks is said"


def test_a_plain_run_is_asked_of_its_classes_and_lacks_a_bound(runs, open_page, words):
    at = open_page("reconstructions", run="digits-autoencoder")
    assert not at.exception
    asked = [button.key for button in at.button if button.label.startswith("Measure")]
    assert asked == ["measure-neighbours", "measure-probe"]
    assert "Likelihood bound: " in words(at)


@pytest.mark.parametrize(("page", "starts"), [("map", "Map · "), ("train", "Train"), ("data", "Data · ")])
def test_the_tab_is_named_after_page_and_run(page, starts, runs, open_page, monkeypatch):
    import streamlit as st

    titles, real = [], st.set_page_config
    monkeypatch.setattr(st, "set_page_config", lambda **given: (titles.append(given["page_title"]), real(**given)))
    open_page(page, run="digits-vae", watch="digits-vae")
    assert titles[-1].startswith(starts)
    assert titles[-1].endswith(" · Latent Loupe")
    if page != "data":
        assert "Digits, smooth" in titles[-1]


def test_noise_begins_with_what_the_run_has_learnt_to_undo(checkpoints, open_page):
    run = trained(checkpoints, corruptions=[{"name": "masking"}], model={"name": "denoising"})
    assert open_page("noise", run=run.id).query_params["corruption"] == "masking"
