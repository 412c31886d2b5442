"""From words on the command line to a run's config, and back."""

import pytest

from aelib.cli import main
from aelib.cli.settings import read_settings, read_value, write_command
from aelib.config import RunConfig
from aelib.presets import PRESETS

SMALL = ["--set", "network.widths=[8]", "--set", "model.latent_dim=2", "--set", "training.device=cpu", "--epochs", "1"]


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("8", 8), ("2.5", 2.5), ("true", True), ("[1,2]", [1, 2]), ("256,128", [256, 128]), ("cosine", "cosine"),
        ("1,x", "1,x"), ("", ""), ("a,b", "a,b"), ("1e-3", 0.001), ("/a, b/c", "/a, b/c"), ("[" * 60_000, "[" * 60_000),
    ],
)  # fmt: skip
def test_words_are_read_as_the_values_they_look_like(word, value):
    found = read_value(word)
    assert found == value
    assert type(found) is type(value)


def test_a_name_alone_takes_fields_too():
    raw = read_settings("", {}, [], ["model=vae", "model.latent_dim=3", "training.epochs=9"], 2)
    run = RunConfig.parse(raw)
    assert (run.model.name, run.model.latent_dim, run.training.epochs) == ("vae", 3, 2)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_train_from_the_command_line(name):
    run = RunConfig.parse(read_settings(name, {"dataset": "mnist"}, [], ["training.batch_size=77"], 3))
    assert (run.dataset.name, run.training.batch_size, run.training.epochs) == ("mnist", 77, 3)
    assert run.network == RunConfig.parse(PRESETS[name].config).network


@pytest.mark.parametrize(
    "raw",
    [
        {},
        *({**preset.config, "dataset": "mnist"} for preset in PRESETS.values()),
        {"corruptions": ["gaussian", {"name": "masking", "severity": 0.5}]},
        {"training": {"learning_rate": 1e-5, "find_rate": True, "schedule": "cosine", "device": "cpu"}},
        {"dataset": {"name": "image_folder", "folder": "/my pictures/it's $HOME", "size": 16}},
        {"dataset": {"name": "image_folder", "folder": "2026"}},
    ],
)
def test_the_command_that_is_shown_trains_the_same_run(raw, monkeypatch, checkpoints):
    import shlex

    from aelib.cli import _train

    caught = []

    def instead(folder, config, **rest):
        caught.append(config)
        raise KeyboardInterrupt

    config = RunConfig.parse(raw)
    monkeypatch.setattr(_train, "train_in_front", instead)
    main([*shlex.split(write_command(config))[3:], "--checkpoints", str(checkpoints)])
    assert caught == [config]
