"""Principal components against scikit-learn, and the trained linear autoencoder against both."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.linalg import subspace_angles
from sklearn.decomposition import PCA

from aelib.config import RunConfig
from aelib.datasets._base import DataInfo, Dataset, joined, load_dataset, split_items
from aelib.errors import AelibError
from aelib.models import pca
from aelib.models._base import build
from aelib.training.batches import Batches
from aelib.training.evaluation import evaluate
from aelib.training.loop import train


def fitted(dataset: Dataset, latent_dim: int, name: str = "pca", **training):
    run = RunConfig.parse({"model": {"name": name, "latent_dim": latent_dim}, "training": training})
    model = build(run, dataset.info)
    return model, [report for report in train(model, dataset, run) if report.finished]


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return load_dataset(RunConfig.parse({}).dataset)


@pytest.fixture
def vectors() -> Dataset:
    """300 vectors of 12 numbers, far from [0, 1], three of them the sum of others."""
    values = np.random.default_rng(0).normal(50, 10, (300, 12)) * np.arange(1, 13)
    values[:, 9:] = values[:, :3] + values[:, 3:6]
    return split_items(values.astype(np.float32), None, 0.2, 0.2)


@pytest.mark.parametrize("latent_dim", [1, 10, 40])
def test_codes_components_and_error_are_scikit_learns(digits, latent_dim):
    model, reports = fitted(digits, latent_dim)
    pixels, held_out = (digits.splits[name].floats().reshape(-1, 64) for name in ("train", "validation"))
    reference = PCA(latent_dim, svd_solver="full").fit(pixels.astype(np.float64))
    assert np.abs(model.components.numpy() - reference.components_).max() < 1e-5  # the signs too
    assert np.abs(model.mean.numpy() - reference.mean_).max() < 1e-6
    assert model.variances.numpy() == pytest.approx(reference.explained_variance_, rel=1e-5)
    codes = model.encode(torch.from_numpy(held_out).view(-1, 1, 8, 8)).codes
    assert np.abs(codes.numpy() - reference.transform(held_out)).max() < 1e-4
    expected = np.square(reference.inverse_transform(reference.transform(held_out)) - held_out).sum(1).mean()
    assert len(reports) == 1
    assert reports[0].validation == {"error": pytest.approx(expected, rel=1e-5)}
    assert reports[0].best


def test_each_component_has_its_largest_number_above_zero(digits):
    components = fitted(digits, 20)[0].components
    assert (components.gather(1, components.abs().argmax(1, keepdim=True)) > 0).all()


def test_vectors_of_any_range_and_components_beyond_the_rank(vectors):
    model, (report,) = fitted(vectors, 12)
    assert report.validation["error"] < 1e-3  # nothing is left out
    assert torch.linalg.matrix_rank(model.components, rtol=1e-4) == 9
    assert (model.components[9:] == 0).all()
    assert (model.variances[9:] == 0).all()


def test_the_iteration_for_long_items_agrees_with_the_exact_fit(digits, monkeypatch):
    exact = fitted(digits, 8)[0]
    monkeypatch.setattr(pca, "LARGEST_COVARIANCE", 10)
    found = fitted(digits, 8)[0]
    assert torch.allclose(found.components, exact.components, atol=1e-4)
    assert torch.allclose(found.variances, exact.variances, rtol=1e-6)


def test_neither_network_nor_corruption_nor_seed_nor_batch_has_a_part_in_it(digits):
    plain = fitted(digits, 5)[0].state_dict()
    raw = {
        "network": {"name": "convolutional", "channels": [3]},
        "corruptions": ["gaussian"],
        "model": {"name": "pca", "latent_dim": 5},
        "training": {"seed": 9, "batch_size": 7, "epochs": 3},
    }
    run = RunConfig.parse(raw)
    model = build(run, digits.info)
    list(train(model, digits, run))
    assert all(torch.equal(plain[key], value) for key, value in model.state_dict().items())


@pytest.mark.parametrize(("name", "latent_dim"), [("pca", 65), ("linear", 64)])
def test_more_than_the_item_has_is_refused(name, latent_dim):
    run = RunConfig.parse({"model": {"name": name, "latent_dim": latent_dim}})
    with pytest.raises(AelibError, match=r"model\.latent_dim") as caught:
        build(run, DataInfo((1, 8, 8), {"train": 500, "validation": 10, "test": 10}))
    assert caught.value.code == "E_CONFIG"
    assert caught.value.how_to_fix == f"Take 1 to {latent_dim - 1}"


@pytest.mark.slow
def test_a_trained_linear_autoencoder_spans_what_the_components_span(digits):
    # Four: the fifth variance is far below the fourth (0.27, 0.40), so that the subspace is well defined.
    # Watched on the training items, so that the weights kept are the converged ones.
    same = Dataset({**digits.splits, "validation": digits.splits["train"]})
    trained, _ = fitted(same, 4, "linear", epochs=100, learning_rate=0.01, schedule="cosine", batch_size=100)
    exact, _ = fitted(digits, 4)
    weights = trained.from_code.weight.detach().numpy()
    angles = np.degrees(subspace_angles(weights, exact.components.T.numpy()))
    assert angles.max() < 0.5
    learnt, closed = (error_on(model, digits) for model in (trained, exact))
    assert closed * (1 - 1e-6) <= learnt < 1.0001 * closed
    # Its axes are not the components: no column of the decoder need point along any of them.
    columns = weights / np.linalg.norm(weights, axis=0)
    assert np.abs(columns.T @ exact.components.T.numpy()).max(1).min() < 0.9


def error_on(model, dataset: Dataset, split: str = "train") -> float:
    stage = list(model.stages())[-1]
    return evaluate(model, Batches(dataset.splits[split], (), "cpu"), stage, 0)["error"]


def test_the_linear_autoencoder_takes_vectors(vectors):
    _, reports = fitted(vectors, 3, "linear", epochs=30, learning_rate=1.0)
    assert reports[-1].validation["error"] < 0.1 * reports[0].validation["error"]


@pytest.fixture
def mnist(real_data: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Dataset]:
    if not (real_data / "MNIST").is_dir():
        pytest.skip(f"real data folder absent: {real_data / 'MNIST'}")
    monkeypatch.setitem(os.environ, "AELIB_DATA", str(real_data))
    from aelib.datasets import mnist

    return mnist.load(mnist.Config())


@pytest.mark.slow
def test_the_published_error_on_mnist(mnist):
    """Hinton and Salakhutdinov (2006): 13.87 with 30 components of all 60,000; 13.868 with our 50,000."""
    assert error_on(fitted(mnist, 30)[0], mnist, "test") == pytest.approx(13.868, abs=0.001)
    everything = {**mnist.splits, "train": joined([mnist.splits["train"], mnist.splits["validation"]])}
    assert error_on(fitted(Dataset(everything), 30)[0], mnist, "test") == pytest.approx(13.866, abs=0.001)
