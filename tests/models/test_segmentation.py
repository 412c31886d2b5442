"""Segmentation: cross-entropy and Dice against hand-made masks, and a run from queue to command line."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from aelib import codes
from aelib.cli import main
from aelib.cli._train import train_in_front
from aelib.config import RunConfig
from aelib.datasets._base import DataInfo, Dataset, split_items
from aelib.errors import AelibError
from aelib.models._base import Batch, Progress, build, total
from aelib.training.loop import train

INFO = DataInfo((3, 12, 10), {"train": 100, "validation": 20, "test": 20}, has_masks=True)


def config(dataset: dict | None = None, training: dict | None = None, **model) -> RunConfig:
    return RunConfig.parse(
        {
            "target": "masks",
            "dataset": dataset or {"name": "digits"},
            "network": {"name": "unet", "channels": [8, 16]},
            "model": {"name": "segmentation", **model},
            "training": {"epochs": 3, "batch_size": 16, "learning_rate": 1e-2, "device": "cpu", **(training or {})},
        }
    )


def squares(count: int = 160) -> Dataset:
    """Colour pictures of noise, 12 x 10, with a redder square in each; its mask is the truth."""
    random = np.random.default_rng(0)
    images = random.integers(0, 140, (count, 3, 12, 10), dtype=np.uint8)
    masks = np.zeros((count, 1, 12, 10), np.uint8)
    for image, mask, (y, x) in zip(images, masks, random.integers(0, 6, (count, 2)), strict=True):
        image[0, y : y + 5, x : x + 5] += 100
        mask[0, y : y + 5, x : x + 5] = 255
    return split_items(images, None, validation=30, test=30, masks=masks)


def test_the_loss_is_cross_entropy_and_dice_with_equal_weight_per_pixel():
    model = build(config(dice=2.0), INFO)
    random = torch.Generator().manual_seed(0)
    inputs = torch.rand(4, 3, 12, 10, generator=random)
    masks = (torch.rand(4, 1, 12, 10, generator=random) > 0.7).float()
    (stage,) = model.stages()
    parts = stage.phases[0].loss(Batch(inputs, masks, None, random, inputs), Progress())
    found = model.reconstruct(inputs)
    assert found.shape == (4, 1, 12, 10)
    cross_entropy = F.binary_cross_entropy(found, masks, reduction="sum") / 4
    pairs = list(zip(found, masks, strict=True))
    dice = torch.stack([1 - (2 * (p * y).sum() + 1) / (p.sum() + y.sum() + 1) for p, y in pairs])
    assert torch.allclose(parts["cross_entropy"].value, cross_entropy, rtol=1e-5)
    assert torch.allclose(parts["dice"].value, dice.mean(), rtol=1e-5)
    per_pixel = F.binary_cross_entropy(found, masks) + 2.0 * dice.mean()
    assert torch.allclose(total(parts) / 120, per_pixel, rtol=1e-5)


def test_dice_may_be_left_out():
    (stage,) = build(config(dice=0.0), INFO).stages()
    items = torch.rand(2, 3, 12, 10)
    parts = stage.phases[0].loss(Batch(items, items[:, :1].round(), None, torch.Generator(), items), Progress())
    assert set(parts) == {"cross_entropy"}


def test_it_finds_the_squares():
    dataset = squares()
    run, model = config(training={"epochs": 8}), build(config(), dataset.info)
    *_, last = (report for report in train(model, dataset, run) if report.finished)
    held_out = dataset.splits["test"]
    found = codes.reconstruct(model, held_out.values) > 0.5
    true = codes.targets(model, held_out) > 0.5
    assert true.any(axis=(1, 2, 3)).all()
    overlap = (found & true).sum() / (found | true).sum()
    assert overlap > 0.8
    assert last.validation["dice"] < 0.2
    assert codes.encode(model, dataset).errors.shape == (160,)


def test_the_error_is_counted_from_the_mask():
    dataset = squares(80)
    model = build(config(), dataset.info)
    table, part = codes.encode(model, dataset), dataset.all_items().take(np.arange(5))
    recon = codes.reconstruct(model, part.values)
    assert table.errors[:5] == pytest.approx(((recon - part.masks / 255) ** 2).sum((1, 2, 3)), rel=1e-4)


@pytest.mark.parametrize(
    ("changes", "info", "said"),
    [
        ({}, replace(INFO, has_masks=False), "masks"),
        ({"target": "items"}, INFO, "Set target to 'masks'"),
        ({"network": {"name": "mlp"}}, INFO, "'unet'"),
        ({"model": {"name": "restoration"}, "corruptions": ["masking"]}, INFO, "Set target to 'items'"),
    ],
)
def test_what_cannot_work_is_refused_with_the_remedy(changes, info, said):
    run = RunConfig.parse({**config().model_dump(), **changes})
    with pytest.raises(AelibError) as caught:
        build(run, info)
    assert caught.value.code == "E_CONFIG"
    assert said in str(caught.value)


def test_a_run_on_colour_pictures_from_queue_to_command_line(checkpoints, capsys):
    """Items of three channels, masks of one: strips and pictures show both side by side."""
    faces = {"name": "faces", "count": 100, "size": 32}
    run, state = train_in_front(checkpoints, config(faces, training={"epochs": 1}), name="cut out", quiet=True)
    assert state == "completed", run.error()
    with Image.open(run.previews()[-1]) as strip:
        assert strip.mode == "RGB"
        assert strip.height == 2 * 32 + 2, "items above, masks below"
    assert codes.of_run(run).codes.shape == (100, 16)
    out = checkpoints / "found.png"
    assert main(["reconstruct", run.id, "--out", str(out), "--checkpoints", str(checkpoints), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    table = codes.of_run(run)
    assert answer["errors"] == pytest.approx(table.errors[table.rows("validation")[:12]].tolist())
    assert Image.open(io.BytesIO(out.read_bytes())).mode == "RGB"


def test_a_strip_shows_what_was_given_where_a_run_corrupts(checkpoints):
    raw = {**config().model_dump(), "target": "items", "model": {"name": "restoration"}, "corruptions": ["occlusion"]}
    run, state = train_in_front(checkpoints, RunConfig.parse({**raw, "training": {"epochs": 1}}), quiet=True)
    assert state == "completed", run.error()
    with Image.open(run.previews()[-1]) as strip:
        assert strip.height == 3 * 48 + 2 * 2, "items, corrupted, reconstructions"
        pixels = np.asarray(strip)
    rows = [pixels[start : start + 48] for start in (0, 50, 100)]
    assert (rows[0] != rows[1]).any()
    assert (rows[1] <= rows[0]).all(), "a black square hides"
