"""Entries that are not there: no loss, no figure and no bound counts them, and they are guessed all the same."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from aelib.codes import encode
from aelib.config import RunConfig
from aelib.datasets._base import DataInfo, Dataset, Items, load_dataset
from aelib.errors import AelibError
from aelib.losses.emphasis import squared_error_at
from aelib.losses.reconstruction import present, squared_error, squared_error_per_item
from aelib.measures import reconstruction
from aelib.measures.hidden_entries import hidden_entries_error
from aelib.measures.likelihood import importance_weighted_bound
from aelib.models._base import Batch, Model, Progress, build
from aelib.registry import MODELS
from aelib.training.batches import Batches
from aelib.training.evaluation import evaluate
from aelib.training.loop import train

FEATURES, GONE = 5, 2  # the entry at GONE is missing in every item
INFO = DataInfo((FEATURES,), {"train": 40, "validation": 10, "test": 10}, ("a", "b"), missing=0.0)
COUNTS_ALL = {"deep_belief", "vae_gan"}  # their errors are no sums over entries


def rows(count: int = 12) -> np.ndarray:
    values = np.random.default_rng(0).uniform(0.2, 1, (count, FEATURES)).astype(np.float32)
    values[:, GONE] = 0
    values[::3, 0] = 0
    return values


def parsed(model: str, **fields) -> RunConfig:
    schema = MODELS.load(model).Config.model_fields
    plain = {"latent_dim": 2, "reconstruction": "squared_error", "output": "identity"}
    chosen = {key: value for key, value in (plain | fields).items() if key in schema}
    needs = [{"name": "masking"}] if MODELS.load(model).Model.needs_corruptions else []
    return RunConfig.parse(
        {
            "corruptions": needs,
            "network": {"name": "mlp", "widths": [7], "activation": "sigmoid"},
            "model": {"name": model, **chosen},
            "training": {"batch_size": 8},
        }
    )


def made(model: str, **fields) -> Model | None:
    """The model for vectors with missing entries; None where it takes pictures, masks or grids only."""
    try:
        return build(parsed(model, **fields), INFO)
    except AelibError as error:
        if "missing" in str(error) and model not in COUNTS_ALL:
            raise
        return None


def batch(count: int = 12) -> Batch:
    items = torch.from_numpy(rows(count))
    labels = torch.arange(count) % 2
    return Batch(items, items, labels, torch.Generator().manual_seed(1), items)


def test_missing_entries_have_no_error_by_hand():
    targets = torch.tensor([[0.0, 1.0, 0.5], [0.0, 0.0, 2.0]])
    recon = torch.tensor([[9.0, 0.0, 1.0], [9.0, 9.0, 5.0]])
    assert squared_error_per_item(recon, targets, 0.0).tolist() == [1.25, 9.0]
    assert squared_error(recon, targets, 0.0) == pytest.approx(10.25 / 2)
    assert present(targets, 0.0).tolist() == [2, 1]
    assert present(targets, None).tolist() == [3, 3]
    everywhere = torch.ones_like(targets, dtype=torch.bool)
    assert squared_error_at(recon, targets, everywhere, 0.0) == pytest.approx(10.25 / 2)
    given = recon.numpy(), targets.numpy()
    assert reconstruction.squared_error(*given, 0.0).tolist() == [1.25, 9.0]
    assert reconstruction.peak_signal_to_noise(*given, 0.0) == pytest.approx([-10 * np.log10(0.625), -10 * np.log10(9)])


@pytest.mark.parametrize("name", MODELS.names())
@pytest.mark.parametrize("fields", [{}, {"variance": "optimal"}, {"layerwise_epochs": 1}])
def test_what_a_model_puts_in_missing_places_moves_nothing(name, fields):
    schema = MODELS.load(name).Config.model_fields
    model = made(name, **fields) if set(fields) <= set(schema) else None
    if model is None or not list(model.parameters()):
        return
    model.train()
    (bias,) = [
        parameter
        for key, parameter in model.named_parameters()
        if parameter.shape == (FEATURES,) and key.endswith("bias") and "judge" not in key
    ]
    for phase in list(model.stages())[-1].phases[:1]:
        parts = phase.loss(batch(), Progress(1, 1))
        loss = torch.stack([term.value * term.weight for term in parts.values()]).sum()
        (gradient,) = torch.autograd.grad(loss, [bias])
        assert gradient[GONE] == 0
        assert (gradient[[1, 3, 4]] != 0).all()


@pytest.mark.parametrize("name", MODELS.names())
def test_a_model_that_cannot_leave_entries_out_says_so_and_so_does_cross_entropy(name):
    schema = MODELS.load(name).Config.model_fields
    if name in COUNTS_ALL:
        with pytest.raises(AelibError, match="missing entries") as caught:
            build(parsed(name), INFO)
        assert caught.value.code == "E_CONFIG"
    elif "reconstruction" in schema and made(name) is not None:
        with pytest.raises(AelibError, match=r"'bce' does not go with missing entries") as caught:
            build(parsed(name, reconstruction="bce", output="sigmoid"), INFO)
        assert caught.value.how_to_fix


@pytest.mark.parametrize("name", ["pca", "linear"])
def test_models_of_straight_lines_take_a_missing_entry_for_its_mean(name):
    model, values = made(name), torch.from_numpy(rows())
    assert model
    stage = next(iter(model.stages()))
    (stage.fit or stage.prepare)(lambda: iter([batch()]))
    there = values != 0
    means = values.sum(0) / there.sum(0).clamp(min=1)
    assert torch.allclose(model.mean, means, atol=1e-6)
    filled = torch.where(there, values, means)
    assert torch.allclose(model.encode(values).codes, model.encode(filled).codes, atol=1e-6)


def test_pca_over_missing_entries_is_that_of_the_filled_table():
    from sklearn.decomposition import PCA

    model, values = made("pca"), rows()
    assert model
    next(iter(model.stages())).fit(lambda: iter([batch()]))
    there = values != 0
    filled = np.where(there, values, values.sum(0) / np.maximum(there.sum(0), 1))
    wanted = PCA(2).fit(filled)
    assert np.allclose(np.abs(model.components @ wanted.components_.T.astype(np.float32)), np.eye(2), atol=1e-4)
    assert np.allclose(model.variances, wanted.explained_variance_, atol=1e-6)


def dataset(values: np.ndarray) -> Dataset:
    part = Items(values, np.arange(len(values)) % 2, np.arange(len(values)))
    return Dataset(dict.fromkeys(("train", "validation", "test"), part), ("a", "b"), missing=0.0)


def test_every_figure_of_a_run_leaves_them_out():
    data = dataset(rows(40))
    model = made("vae")
    assert model
    assert data.info.missing == 0.0
    recon = model.eval().reconstruct(torch.from_numpy(rows(40))).detach().numpy()
    wanted = (np.square(recon - rows(40)) * (rows(40) != 0)).sum(1)
    assert np.allclose(encode(model, data).errors[:40], wanted, atol=1e-5)
    stage = list(model.stages())[-1]
    figures = evaluate(model, Batches(data.splits["test"], (), "cpu"), stage, 0)
    assert figures["error"] == pytest.approx(wanted.mean(), rel=1e-5)


def test_a_bound_is_that_of_the_entries_that_are_there():
    """An entry that is missing throughout and never read: the bound is that of a model without it."""
    model = made("vae")
    assert model
    (last,) = [part for key, part in model.named_parameters() if part.shape == (FEATURES,) and "bias" in key]
    with torch.no_grad():
        last[GONE] = 1000.0  # a likelihood that counted it would be hopeless
    found = importance_weighted_bound(model, rows(), sigma=0.1, samples=5, missing=0.0)
    assert importance_weighted_bound(model, rows(), sigma=0.1, samples=5).nats < -1e6
    assert found.nats > -1e4
    per_entry = (rows() != 0).sum() / len(rows())
    assert found.bits_per_dimension == pytest.approx(-found.nats / per_entry / np.log(2))


class Echo(torch.nn.Module):
    """Gives its input back, and a constant where nothing was."""

    def __init__(self, missing: float | None) -> None:
        super().__init__()
        self.info, self.seen = replace(INFO, missing=missing), []
        self.register_buffer("somewhere", torch.zeros(1))

    def reconstruct(self, items: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
        self.seen.append(items.clone())
        return torch.where(items == 0, 0.5, items)


def test_hidden_entries_are_not_shown_and_alone_are_judged():
    values = np.where(np.random.default_rng(3).random((50, 8)) < 0.6, 1.0, 0.0).astype(np.float32)
    values[0], values[1] = 0, [0, 0, 1, 0, 0, 0, 0, 0]  # an empty item, and one with a single entry
    model = Echo(0.0)
    found = hidden_entries_error(model, values, values[:30], share=0.5)
    (given,) = model.seen
    hidden = given.numpy() != values
    assert (given.numpy()[hidden] == 0).all()
    assert found.hidden == hidden.sum()
    assert 0.35 < hidden.sum() / (values != 0).sum() < 0.6
    assert ((given.numpy() != 0).sum(1) >= np.minimum((values != 0).sum(1), 1)).all(), "each keeps one"
    assert found.rmse == pytest.approx(0.5)
    assert found.baseline == pytest.approx(0.0), "all that is there is 1"
    again = hidden_entries_error(model, values, values[:30], share=0.5)
    assert again == found
    assert hidden_entries_error(model, values, values, share=0.5, seed=1).hidden != found.hidden


@pytest.mark.parametrize(
    ("missing", "values", "share", "code"),
    [
        (None, np.ones((5, 3), np.float32), 0.1, "E_ABILITY"),
        (0.0, np.ones((5, 3), np.float32), 0.0, "E_CONFIG"),
        (0.0, np.ones((5, 3), np.float32), 1.0, "E_CONFIG"),
        (0.0, np.zeros((5, 3), np.float32), 0.5, "E_EMPTY"),
        (0.0, np.eye(5, dtype=np.float32), 0.9, "E_EMPTY"),
    ],
)
def test_what_cannot_be_hidden_is_refused(missing, values, share, code):
    with pytest.raises(AelibError) as caught:
        hidden_entries_error(Echo(missing), values, values, share=share)
    assert caught.value.code == code


def test_autorec_guesses_ratings_that_it_has_not_seen():
    """Better than each film's mean; a loss over all entries would guess near 0, which is off by stars."""
    from aelib.presets import PRESETS

    raw = {**PRESETS["recommend"].config, "dataset": {"name": "ratings", "count": 1000}}
    run = RunConfig.parse({**raw, "training": {**raw["training"], "epochs": 60}})
    data = load_dataset(run.dataset)
    model = build(run, data.info)
    for _ in train(model, data, run):
        pass
    test, learnt = data.splits["test"], data.splits["train"].values
    found = hidden_entries_error(model, test.values, learnt)
    assert found.items == 200
    assert 5 * found.rmse < 0.95 * 5 * found.baseline < 1.3
