"""Presets build as they stand, and the tutorial nets have the sizes that their names say."""

import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from aelib.config import RunConfig
from aelib.datasets._base import DataInfo
from aelib.models._base import build
from aelib.presets import PRESETS
from aelib.registry import MODELS

MNIST = DataInfo((1, 28, 28), {"train": 55_000, "validation": 5_000, "test": 10_000}, tuple("0123456789"))

FREE = {"linear", "table", "recommend"}  # their output has no bounds

# Weights and biases of each layer, counted by hand, there and back.
COUNTS = {
    "tutorial_784_256_128_16": (200_960 + 32_896 + 2_064) + (2_176 + 33_024 + 201_488),
    "tutorial_784_10": 7_850 + 8_624,
    "tutorial_784_64_32": (50_240 + 2_080) + (2_112 + 50_960),
    "tutorial_784_128_32": (100_480 + 4_128) + (4_224 + 101_136),
    "deep_belief_2006": (785_000 + 500_500 + 125_250 + 7_530) + (7_750 + 125_500 + 501_000 + 784_784),
}


@pytest.mark.parametrize("name", PRESETS)
def test_preset_builds_and_reconstructs(name):
    run = RunConfig.parse(PRESETS[name].config)
    colours = 3 if any(part.name == "grey" for part in run.corruptions) else 1
    info = replace(MNIST, item_shape=(colours, 28, 28), has_masks=run.target == "masks")
    model = build(run, info).eval()
    items = torch.rand(2, colours, 28, 28, generator=torch.Generator().manual_seed(0))
    recon = model.reconstruct(items, torch.tensor([0, 1]))
    assert recon.shape == items.shape
    assert name in FREE or 0 <= recon.min() <= recon.max() <= 1


@pytest.mark.parametrize("name", COUNTS)
def test_tutorial_net_has_the_hand_counted_size(name):
    model = build(RunConfig.parse(PRESETS[name].config), MNIST)
    assert sum(parameter.numel() for parameter in model.parameters()) == COUNTS[name]


@pytest.mark.parametrize(
    ("name", "epochs", "batch_size", "reconstruction", "rectified"),
    [
        ("tutorial_784_256_128_16", 10, 32, "bce", False),
        ("tutorial_784_10", 50, 256, "squared_error", True),
        ("tutorial_784_64_32", 50, 256, "squared_error", True),
        ("tutorial_784_128_32", 50, 256, "squared_error", False),
    ],
)
def test_tutorial_net_is_as_printed(name, epochs, batch_size, reconstruction, rectified):
    run = RunConfig.parse(PRESETS[name].config)
    assert (run.training.epochs, run.training.batch_size, run.training.learning_rate) == (
        epochs,
        batch_size,
        1e-3,
    )
    assert run.model.reconstruction == reconstruction
    codes = build(run, MNIST).encode(torch.randn(50, 1, 28, 28, generator=torch.Generator().manual_seed(0))).codes
    assert bool((codes >= 0).all()) == rectified


@pytest.mark.parametrize("name", PRESETS)
def test_preset_leaves_the_dataset_open_and_speaks(name):
    preset = PRESETS[name]
    assert "dataset" not in preset.config
    assert preset.title
    assert preset.description.endswith(".")


def test_every_model_has_a_preset():
    assert {preset.config["model"]["name"] for preset in PRESETS.values()} == set(MODELS.names())


def test_titles_differ():
    assert len({preset.title for preset in PRESETS.values()}) == len(PRESETS)


def test_presets_are_plain_data():
    check = "import sys, aelib.presets; sys.exit('torch' in sys.modules or 'pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
