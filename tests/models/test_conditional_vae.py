"""The conditional VAE: what it does with labels, and without."""

import dataclasses

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from aelib.datasets._base import load_dataset
from aelib.errors import AelibError
from aelib.models._base import build
from aelib.training.loop import train
from tests.models._small import PICTURES, made, noise_of, parsed, parts_of, pictures

LABELS = torch.arange(10) % 3


def test_the_class_changes_both_sides():
    model = made("conditional_vae").eval()
    codes = [model.encode(pictures(), torch.full((10,), label)).codes for label in (0, 1)]
    assert not torch.allclose(*codes)
    recon = [model.decode(codes[0], torch.full((10,), label)) for label in (0, 1)]
    assert not torch.allclose(*recon)


def test_labels_go_with_their_items():
    model = made("conditional_vae").eval()
    order = torch.randperm(10, generator=torch.Generator().manual_seed(0))
    whole = model.reconstruct(pictures(), LABELS)
    assert torch.allclose(model.reconstruct(pictures()[order], LABELS[order]), whole[order], atol=1e-6)


def test_it_is_a_one_hot_row_appended_to_the_latents_and_to_the_items():
    model = made("conditional_vae").eval()
    one_hot = torch.nn.functional.one_hot(LABELS, 3).float()
    latents = noise_of(10, 3)
    joined = torch.cat([model.from_code.weight, model.class_to_features.weight], 1)
    expected = torch.cat([latents, one_hot], 1) @ joined.T + model.from_code.bias
    assert torch.allclose(model.decode(latents, LABELS), torch.sigmoid(model.decoder(expected)), atol=1e-6)
    first = model.encoder[1]  # after the flattening
    joined = torch.cat([first.weight, first.weight @ model.class_to_item.weight], 1)
    features = torch.relu(torch.cat([pictures().flatten(1), one_hot], 1) @ joined.T + first.bias)
    assert torch.allclose(model.encode(pictures(), LABELS).codes, model.to_mean(features), atol=1e-6)


def test_loss_is_its_formula():
    model = made("conditional_vae", beta=3.0, warm_up=0.0, reconstruction="squared_error", sigma=0.5)
    parts, codes = parts_of(model, pictures()), model.encode(pictures(), LABELS)
    recon = model.decode(codes.codes + codes.spreads * noise_of(10, 3), LABELS)
    assert torch.allclose(parts["gaussian_error"].value, (recon - pictures()).square().sum() / 10 / 0.5)
    kl = kl_divergence(Normal(codes.codes, codes.spreads), Normal(0.0, 1.0)).sum(1).mean()
    assert torch.allclose(parts["kl"].value, kl, rtol=1e-4)
    assert parts["kl"].weight == 3.0


@pytest.mark.parametrize("labels", [None, torch.tensor([1]), torch.zeros(10, 1, dtype=torch.int64)])
def test_missing_labels_are_answered_in_words(labels):
    model = made("conditional_vae")
    for act in (model.encode, model.reconstruct):
        with pytest.raises(AelibError) as caught:
            act(pictures(), labels)
        assert caught.value.code == "E_LABELS"
        assert "0 to 2" in caught.value.how_to_fix
    with pytest.raises(AelibError) as caught:
        model.decode(noise_of(10, 3), labels)
    assert caught.value.code == "E_LABELS"


def test_no_class_is_a_row_of_zeros():
    model = made("conditional_vae").eval()
    none = torch.full((10,), -1)
    expected = torch.sigmoid(model.decoder(model.from_code(noise_of(10, 3))))
    assert torch.allclose(model.decode(noise_of(10, 3), none), expected)


def test_unlabelled_data_are_refused():
    with pytest.raises(AelibError) as caught:
        build(parsed("conditional_vae"), dataclasses.replace(PICTURES, classes=()))
    assert caught.value.code == "E_CONFIG"
    assert "labels" in str(caught.value)


def test_after_training_one_code_decodes_as_every_class():
    run = parsed("conditional_vae", widths=(64,), batch_size=64)
    run = run.model_copy(update={"training": run.training.model_copy(update={"epochs": 8, "learning_rate": 5e-3})})
    dataset = load_dataset(run.dataset)
    model = build(run, dataset.info)
    for _ in train(model, dataset, run):
        pass
    drawn = model.decode(torch.zeros(10, 3), torch.arange(10)).flatten(1)
    items, labels = torch.from_numpy(dataset.items("train").floats()).flatten(1), dataset.items("train").labels
    means = torch.stack([items[torch.from_numpy(labels) == label].mean(0) for label in range(10)])
    nearest = torch.cdist(drawn, means).argmin(1)
    assert (nearest == torch.arange(10)).sum() >= 9
