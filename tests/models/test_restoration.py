"""Restoration: one loss for every kind of damage, no decoding, and better pictures than it was given."""

import pytest
import torch

from aelib import codes
from aelib.config import RunConfig
from aelib.datasets._base import DataInfo, load_dataset
from aelib.errors import AelibError
from aelib.losses.reconstruction import cross_entropy_above_floor, squared_error
from aelib.models._base import Batch, Progress, build
from aelib.training.batches import Batches
from aelib.training.loop import train

COLOUR = DataInfo((3, 13, 11), {"train": 100, "validation": 20, "test": 20})


def config(corruption: str = "masking", severity: float = 0.25, training: dict | None = None, **model) -> RunConfig:
    return RunConfig.parse(
        {
            "corruptions": [{"name": corruption, "severity": severity}],
            "network": {"name": "unet", "channels": [8, 16]},
            "model": {"name": "restoration", **model},
            "training": {"epochs": 2, "batch_size": 16, "learning_rate": 3e-3, "device": "cpu", **(training or {})},
        }
    )


@pytest.mark.parametrize(("corruption", "severity"), [("gaussian", 0.4), ("downsample", 0.5), ("occlusion", 0.4)])
def test_two_epochs_give_better_pictures_than_went_in(corruption, severity):
    run = config(corruption, severity)
    dataset = load_dataset(run.dataset)
    model = build(run, dataset.info)
    *_, last = (report for report in train(model, dataset, run) if report.finished)
    batches = Batches(dataset.splits["validation"], run.corruptions, "cpu").in_order(1000, 0)
    given = sum(float(squared_error(batch.inputs, batch.targets)) * len(batch.items) for batch in batches)
    assert last.validation["error_corrupted"] < 0.9 * given / len(dataset.splits["validation"])


def test_the_loss_is_its_formula():
    inputs, items = torch.rand(2, 5, 3, 13, 11, generator=torch.Generator().manual_seed(0)).unbind()
    given = Batch(inputs, items, None, torch.Generator(), items)
    for fields in ({}, {"output": "identity"}, {"output": "difference"}, {"reconstruction": "bce"}):
        model = build(config(**fields), COLOUR)
        (stage,) = model.stages()
        parts, recon = stage.phases[0].loss(given, Progress()), model.reconstruct(inputs)
        if fields.get("reconstruction") == "bce":
            expected = {"cross_entropy_above_floor": cross_entropy_above_floor(torch.logit(recon), items)}
        else:
            expected = {"squared_error": (recon - items).square().sum() / 5}
        assert parts.keys() == expected.keys()
        assert all(torch.allclose(parts[key].value, expected[key], rtol=1e-4) for key in parts)


def test_a_difference_begins_with_nothing_and_learns_faster():
    shares = {}
    for output in ("sigmoid", "difference"):
        run = config("gaussian", 0.3, training={"epochs": 1, "batch_size": 64}, output=output)
        dataset = load_dataset(run.dataset)
        model, items = build(run, dataset.info), torch.rand(3, 1, 8, 8)
        if output == "difference":
            assert torch.equal(model.reconstruct(items), items)
        *_, last = (report for report in train(model, dataset, run) if report.finished)
        shares[output] = last.validation["error_corrupted"]
    assert shares["difference"] < 0.8 * shares["sigmoid"]


def test_colouring_takes_colour_pictures_only():
    assert build(config("grey", 1.0), COLOUR).reconstruct(torch.rand(2, 3, 13, 11)).shape == (2, 3, 13, 11)
    with pytest.raises(AelibError) as caught:
        build(config("grey", 1.0), DataInfo((1, 8, 8), COLOUR.counts))
    assert caught.value.code == "E_CONFIG"


def test_codes_are_the_pooled_coarsest_maps_and_cannot_be_decoded():
    model, items = build(config(), COLOUR).eval(), torch.rand(4, 3, 13, 11)
    found = model.encode(items)
    assert model.latent_dim == 16
    assert torch.allclose(found.codes, model.encoder(items)[-1].flatten(2).mean(2), atol=1e-6)
    with pytest.raises(AelibError) as caught:
        model.decode(found.latents)
    assert caught.value.code == "E_ABILITY"
    assert "reconstruct" in caught.value.how_to_fix


def test_the_code_table_is_made_without_a_decoder():
    run = config()
    dataset = load_dataset(run.dataset)
    model = build(run, dataset.info)
    table, items = codes.encode(model, dataset), dataset.all_items()
    assert table.codes.shape == (len(items), 16)
    recon = codes.reconstruct(model, items.values[:20])
    assert table.errors[:20] == pytest.approx(((recon - items.floats()[:20]) ** 2).sum((1, 2, 3)), rel=1e-4)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"corruptions": []}, "needs corruptions"),
        ({"network": {"name": "mlp"}}, "'unet'"),
        ({"network": {"name": "convolutional", "channels": [4]}}, "'unet'"),
        ({"model": {"name": "restoration", "output": "identity", "reconstruction": "bce"}}, "model.output"),
        ({"model": {"name": "autoencoder"}}, "'mlp'"),
    ],
)
def test_what_cannot_work_is_refused_with_the_remedy(changes, said):
    run = RunConfig.parse({**config().model_dump(), **changes})
    with pytest.raises(AelibError) as caught:
        build(run, DataInfo((1, 8, 8), COLOUR.counts))
    assert caught.value.code == "E_CONFIG"
    assert said in str(caught.value)
