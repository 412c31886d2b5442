"""Train: the form makes configs, the shown command gives the same config, Train queues one run."""

import json
import shlex

import pytest
import typer

from aelib.cli._app import app
from aelib.cli.settings import read_settings, write_command
from aelib.config import RunConfig
from aelib.datasets._base import load_dataset
from aelib.errors import AelibError
from aelib.models._base import check
from aelib.presets import PRESETS
from aelib.registry import CORRUPTIONS, MODELS, NETWORKS
from aelib.runs.folder import list_runs, open_run
from aelib.runs.lock import hold

BLANK = "own settings"


def shown_command(at) -> list[str]:
    (block,) = [block.value for block in at.code if block.proto.language == "bash"]
    return shlex.split(block)


def config_of(command: list[str]) -> RunConfig:
    """What the command line itself makes of these words."""
    assert command[:4] == ["python", "-m", "aelib", "train"]
    group = typer.main.get_command(app)
    given = group.commands["train"].make_context("train", command[4:]).params
    choices = {section: given[section] for section in ("dataset", "model", "network")}
    return RunConfig.parse(
        read_settings(given["preset"], choices, given["corruption"], given["settings"], given["epochs"])
    )


def train_button(at):
    (button,) = [button for button in at.button if button.label == "Train"]
    return button


def bar_words(at) -> str:
    return "\n".join(bar.proto.text for bar in at.get("progress"))


def field(kind, label: str):
    (found,) = [widget for widget in kind if widget.label == label]
    return found


def refused(config: RunConfig) -> str:
    try:
        check(config, load_dataset(config.dataset).info)
    except AelibError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("preset", PRESETS)
def test_each_preset_is_the_config_it_says(preset, checkpoints, open_page):
    at = open_page("train", preset=preset)
    assert not at.exception
    assert not at.error
    wanted = RunConfig.parse({**PRESETS[preset].config, "dataset": {"name": "digits"}})
    assert config_of(shown_command(at)) == wanted
    at = train_button(at).click().run()
    assert not at.exception
    if refusal := refused(wanted):  # colouring and segmentation want other data than the digits
        assert [error.value for error in at.error] == [refusal]
        assert not list_runs(checkpoints)
        return
    (run,) = list_runs(checkpoints)
    assert run.config().model_copy(update={"dataset_hash": ""}) == wanted


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_can_be_chosen_by_hand(preset, open_page):
    at = open_page("train").selectbox(key="choose-preset").set_value(preset).run()
    assert not at.exception
    assert at.query_params["preset"] == preset
    assert config_of(shown_command(at)) == RunConfig.parse({**PRESETS[preset].config, "dataset": {"name": "digits"}})


@pytest.mark.parametrize("model", MODELS.names())
@pytest.mark.parametrize("network", NETWORKS.names())
def test_each_model_with_each_network(model, network, open_page):
    at = open_page("train", preset=BLANK)
    at.selectbox(key=f"{BLANK}.model").set_value(model)
    at.selectbox(key=f"{BLANK}.network").set_value(network)
    at.run()
    assert not at.exception
    if at.error:
        assert train_button(at).disabled, "a pair that cannot work is refused in a sentence"
        return
    kind = MODELS.load(model).Model
    own_layers = kind.code_shape == "any"
    assert own_layers == (not [box for box in at.selectbox if box.label == "Network"])
    wanted = RunConfig.parse(
        {
            "model": {"name": model},
            "network": {"name": "mlp" if own_layers else network},
            "target": kind.target,
            "corruptions": [{"name": "masking", "severity": 0.25}] if kind.needs_corruptions else [],
        }
    )
    assert config_of(shown_command(at)) == wanted


def test_a_model_that_is_fitted_at_once_is_asked_nothing_about_training(open_page, words):
    at = open_page("train", preset=BLANK)
    assert field(at.number_input, "Epochs")
    at.selectbox(key=f"{BLANK}.model").set_value("pca").run()
    assert not at.exception
    assert not [widget for widget in at.number_input if widget.label in ("Epochs", "Batch size", "Learning rate")]
    assert not at.multiselect
    assert "fitted at once" in words(at)
    assert config_of(shown_command(at)) == RunConfig.parse({"model": {"name": "pca"}})


def test_taking_the_last_corruption_from_a_model_that_needs_one_is_told(open_page, words):
    at = open_page("train", preset=BLANK)
    at.selectbox(key=f"{BLANK}.model").set_value("denoising").run()
    assert at.multiselect[0].value == ["masking"]
    at.multiselect[0].set_value([]).run()
    assert not at.exception
    assert "at least one" in words(at)
    at.multiselect[0].set_value(["gaussian"]).run()
    assert "at least one" not in words(at)
    assert [part.name for part in config_of(shown_command(at)).corruptions] == ["gaussian"]


def test_fields_that_nothing_reads_are_left_out_and_go_back_to_their_default(open_page):
    at = open_page("train", preset=BLANK)
    at.selectbox(key=f"{BLANK}.model").set_value("sparse").run()
    labels = {widget.label for widget in at.number_input}
    assert "Lam" in labels
    assert not {"K", "K start", "Rho"} & labels
    field(at.selectbox, "Sparsity").set_value("top_k").run()
    labels = {widget.label for widget in at.number_input}
    assert {"K", "K start"} <= labels
    assert "Lam" not in labels
    field(at.number_input, "K").set_value(7).run()
    assert config_of(shown_command(at)).model.k == 7
    field(at.selectbox, "Sparsity").set_value("l1").run()
    assert config_of(shown_command(at)).model == RunConfig.parse({"model": {"name": "sparse"}}).model


def test_the_noise_of_pixels_goes_when_pixels_become_probabilities(open_page):
    at = open_page("train", preset="calibrated_vae")
    assert field(at.selectbox, "Variance").value == "optimal"
    field(at.selectbox, "Reconstruction").set_value("bce").run()
    assert not at.exception
    assert not [box for box in at.selectbox if box.label == "Variance"]
    assert config_of(shown_command(at)).model.variance == "fixed"


def test_each_corruption_alone_and_all_together(open_page):
    at = open_page("train", preset=BLANK)
    for chosen in [*([name] for name in CORRUPTIONS.names()), CORRUPTIONS.names()[:10]]:
        at.multiselect(key=f"{BLANK}.corruptions").set_value(chosen).run()
        assert not at.exception
        wanted = RunConfig.parse({"corruptions": [{"name": name} for name in chosen]})
        assert config_of(shown_command(at)) == wanted


def test_every_kind_of_field_reaches_the_config(open_page):
    at = open_page("train", preset=BLANK)
    at.selectbox(key=f"{BLANK}.model").set_value("vae").run()
    field(at.number_input, "Latent dim").set_value(7)
    field(at.number_input, "Beta").set_value(2.5)
    field(at.selectbox, "Schedule").set_value("cosine")
    field(at.toggle, "Find rate").set_value(True)
    field(at.text_input, "Widths").set_value(" 64,32 ,16")
    field(at.text_input, "Device").set_value("cpu")
    field(at.number_input, "Learning rate").set_value(0.02)
    field(at.number_input, "Seed").set_value(2**32 - 1)
    at.run()
    assert not at.exception
    assert not at.error
    config = config_of(shown_command(at))
    assert config == RunConfig.parse(
        {
            "model": {"name": "vae", "latent_dim": 7, "beta": 2.5},
            "network": {"name": "mlp", "widths": [64, 32, 16]},
            "training": {
                "schedule": "cosine",
                "find_rate": True,
                "device": "cpu",
                "learning_rate": 0.02,
                "seed": 2**32 - 1,
            },
        }
    )


@pytest.mark.parametrize(
    ("kind", "label", "value", "says"),
    [
        ("text_input", "Widths", "256, many", ["widths", "whole numbers"]),
        ("text_input", "Widths", "256, 0", ["widths", "from 1"]),
        ("text_input", "Widths", "-5", ["widths", "from 1"]),
        ("text_input", "Device", "gpu", ["device", "cuda"]),
        ("number_input", "Learning rate", 0.0, ["learning_rate", "above 0"]),
    ],
)
def test_a_wrong_value_says_the_range_and_nothing_can_be_trained(kind, label, value, says, open_page):
    at = open_page("train", preset=BLANK)
    assert not train_button(at).disabled
    field(getattr(at, kind), label).set_value(value).run()
    assert not at.exception
    (error,) = at.error
    for part in says:
        assert part in error.value
    assert train_button(at).disabled
    assert not [block for block in at.code if block.proto.language == "bash"], "no command for a config that is none"


def test_a_batch_larger_than_the_data_is_refused_when_pressed(checkpoints, open_page):
    at = open_page("train", preset=BLANK)
    field(at.number_input, "Batch size").set_value(60_000).run()
    at = train_button(at).click().run()
    assert not at.exception
    (error,) = at.error
    assert "batch_size" in error.value
    assert "at most" in error.value
    assert not list_runs(checkpoints)


def test_pressing_twice_queues_one_run(checkpoints, open_page):
    at = open_page("train", preset="classroom_2d")
    nonce = at.session_state["train-nonce"]
    at = train_button(at).click().run()
    assert not at.exception
    (run,) = list_runs(checkpoints)
    assert at.query_params["watch"] == run.id
    assert run.status()["state"] == "queued"
    assert run.queue()["nonce"] == nonce
    assert at.session_state["train-nonce"] != nonce, "a later press is another run"
    at.session_state["train-nonce"] = nonce  # the second click of a double click brings the form as it was
    at = train_button(at).click().run()
    assert not at.exception
    assert [found.id for found in list_runs(checkpoints)] == [run.id]
    at = train_button(at).click().run()
    assert len(list_runs(checkpoints)) == 2, "pressed again on purpose, it is queued again"


def test_the_name_is_kept(checkpoints, open_page):
    at = open_page("train", preset="classroom_2d")
    field(at.text_input, "Name").set_value("For class 7b").run()
    train_button(at).click().run()
    (run,) = list_runs(checkpoints)
    assert run.queue()["name"] == "For class 7b"


@pytest.mark.parametrize("name", ["digits-autoencoder", "digits-plane", "digits-vae"])
def test_clone_fills_the_form(name, runs, open_page):
    at = open_page("train", clone=name)
    assert not at.exception
    assert not at.error
    config = open_run(runs, name).config().model_copy(update={"dataset_hash": ""})
    assert config_of(shown_command(at)) == config
    assert shown_command(at) == shlex.split(write_command(config))
    at = field(at.button, "Clear").click().run()
    assert not at.exception
    assert "clone" not in at.query_params
    assert at.selectbox(key="choose-preset")


def test_clone_from_the_watched_run(runs, open_page):
    at = open_page("train", watch="digits-plane")
    at = at.button(key="clone-digits-plane").click().run()
    assert not at.exception
    assert at.query_params["clone"] == "digits-plane"
    assert config_of(shown_command(at)).model.latent_dim == open_run(runs, "digits-plane").config().model.latent_dim


def test_a_clone_of_a_run_that_is_gone_says_so(runs, open_page, words):
    at = open_page("train", clone="no-such-run")
    assert not at.exception
    assert "no-such-run" in words(at)
    assert not train_button(at).disabled, "the form is there all the same"


def test_the_form_is_in_the_address(open_page):
    at = open_page("train", preset=BLANK)
    at.selectbox(key=f"{BLANK}.model").set_value("vae").run()
    field(at.number_input, "Latent dim").set_value(5).run()
    again = open_page("train", **{key: at.query_params[key] for key in at.query_params})
    assert not again.exception
    assert config_of(shown_command(again)) == config_of(shown_command(at))
    assert config_of(shown_command(again)).model.latent_dim == 5


def test_watching_a_finished_run(runs, open_page):
    at = open_page("train", watch="digits-vae")
    assert not at.exception
    status = json.loads((runs / "digits-vae" / "status.json").read_text())
    assert f"epoch {status['epochs']} of {status['epochs']}" in bar_words(at)
    assert len(at.get("plotly_chart")) >= 2, "a chart for each part of the loss"
    assert field(at.metric, "Validation error").value == f"{status['validation_error']:.3f}"
    assert field(at.metric, "Test error").value == f"{status['test_error']:.3f}"


def test_a_queued_run_is_stopped_resumed_and_watched(checkpoints, open_page):
    at = train_button(open_page("train", preset="classroom_2d")).click().run()
    (run,) = list_runs(checkpoints)
    assert "waits for its turn" in bar_words(at)
    at = at.button(key=f"stop-{run.id}").click().run()
    assert not at.exception
    assert run.status()["state"] == "stopped"
    at = at.button(key=f"resume-{run.id}").click().run()
    assert not at.exception
    assert run.status()["state"] == "queued"


def test_a_failed_run_shows_its_sentence_and_its_log(runs, open_page, words):
    folder = runs / "digits-vae"
    status = json.loads((folder / "status.json").read_text())
    problem = "There was not enough memory. Try training.batch_size 64."
    (folder / "status.json").write_text(json.dumps({**status, "state": "failed", "problem": problem}))
    (folder / "worker.log").write_text("the details\n")
    at = open_page("train", watch="digits-vae")
    assert not at.exception
    assert problem in words(at)
    assert any("the details" in block.value for block in at.code)
    assert at.button(key="resume-digits-vae")


def test_what_a_training_run_refuses_is_said_until_something_else_is_done(checkpoints, open_page):
    at = train_button(open_page("train", preset="classroom_2d")).click().run()
    (run,) = list_runs(checkpoints)
    run.write_status(**{**run.status(), "state": "running"})
    with hold(run.folder / "lock"):  # as its worker would
        at = at.run()
        rate, change = f"change-training.learning_rate-{run.id}", f"change-{run.id}"
        at = at.number_input(key=rate).set_value(-1.0).run()
        at = at.button(key=change).click().run().run()  # the panel draws itself again each second
        (error,) = at.error
        assert "learning_rate" in error.value
        assert "asked" not in run.queue()
        at = at.number_input(key=rate).set_value(0.01).run()
        at = at.button(key=change).click().run()
        assert not at.error
        assert run.queue()["asked"] == [{"training.learning_rate": 0.01}]
