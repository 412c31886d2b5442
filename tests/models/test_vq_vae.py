"""The vector-quantised autoencoder: nearest word, moving averages, restarts and perplexity on hand-made cases."""

import math

import numpy as np
import pytest
import torch

from aelib.config import RunConfig
from aelib.datasets._base import DataInfo, load_dataset
from aelib.errors import AelibError
from aelib.losses.quantisation import commitment, perplexity
from aelib.models._base import Batch, Model, Progress, build
from aelib.models._codebook import Codebook, cluster_centres, gathered, nearest_rows
from aelib.models.vq_vae import straight_through
from aelib.training.loop import train
from tests.models._small import END, batch_of, phase_of
from tests.models._small import made as made_of_rows

INFO = DataInfo((1, 8, 8), {"train": 20, "validation": 10, "test": 10})
SMALL = {"latent_dim": 3, "codebook_size": 8}


def run_of(**fields) -> RunConfig:
    return RunConfig.parse(
        {
            "network": {"name": "convolutional", "channels": [4, 6]},
            "model": {"name": "vq_vae", **SMALL, **fields},
            "training": {"batch_size": 8, "epochs": 2},
        }
    )


def made(info: DataInfo = INFO, **fields) -> Model:
    return build(run_of(**fields), info)


def pictures(count: int = 10) -> torch.Tensor:
    return torch.rand(count, 1, 8, 8, generator=torch.Generator().manual_seed(5))


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def codebook(vectors: list[list[float]]) -> Codebook:
    made = Codebook(len(vectors), len(vectors[0]))
    made.vectors.copy_(torch.tensor(vectors))
    made.sums.copy_(made.vectors * made.use[:, None])
    return made


# --- the codebook ---


def test_each_cell_goes_to_its_nearest_word():
    book = codebook([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    cells = torch.tensor([[1.0, 1.0], [9.0, 2.0], [-3.0, 30.0], [6.0, 0.0], [4.0, 0.0]])
    assert book.nearest(cells).tolist() == [0, 1, 2, 1, 0]


@pytest.mark.parametrize("offset", [0.0, 1000.0])
def test_nearest_agrees_with_the_table_of_all_distances(offset, monkeypatch):
    monkeypatch.setattr("aelib.models._codebook.BLOCK", 100)  # several blocks
    cells, words = (
        offset + torch.randn(50, 4, generator=generator()),
        offset + torch.randn(7, 4, generator=generator(1)),
    )
    assert torch.equal(nearest_rows(cells, words), torch.cdist(cells.double(), words.double()).argmin(1))
    counts, sums = gathered(cells, nearest_rows(cells, words), 7)
    for word in range(7):
        own = cells[nearest_rows(cells, words) == word]
        assert counts[word] == len(own)
        assert torch.allclose(sums[word], own.sum(0), rtol=1e-4)


def test_one_step_of_the_moving_averages_by_hand():
    """Two words, used alike before; of four cells three go to the first. Decay 0.9."""
    book = codebook([[0.0], [10.0]])
    cells = torch.tensor([[1.0], [2.0], [3.0], [14.0]])
    book.follow(cells, book.nearest(cells), 0.9)
    use = [0.9 * 0.5 + 0.1 * 0.75, 0.9 * 0.5 + 0.1 * 0.25]
    sums = [0.9 * 0.5 * 0.0 + 0.1 * 6.0 / 4, 0.9 * 0.5 * 10.0 + 0.1 * 14.0 / 4]
    np.testing.assert_allclose(book.use, use, rtol=1e-6)
    np.testing.assert_allclose(book.vectors[:, 0], [sums[0] / use[0], sums[1] / use[1]], rtol=1e-6)


def test_the_averages_agree_with_the_papers_counts():
    """N <- g N + (1 - g) n, m <- g m + (1 - g) sum z, e = m / N, with batches of one size."""
    book, random = codebook([[0.0, 0.0], [1.0, 1.0], [-1.0, 2.0]]), generator()
    counts, sums = torch.full((3,), 20 / 3), book.vectors * 20 / 3
    for _ in range(30):
        cells = torch.randn(20, 2, generator=random)
        rows = book.nearest(cells)
        for word in range(3):
            own = cells[rows == word]
            counts[word] = 0.8 * counts[word] + 0.2 * len(own)
            sums[word] = 0.8 * sums[word] + 0.2 * own.sum(0)
        book.follow(cells, rows, 0.8)
    assert torch.allclose(book.vectors, sums / counts[:, None], rtol=1e-4)


def test_a_word_that_nothing_goes_to_stays_where_it_is():
    book = codebook([[0.0], [10.0]])
    for _ in range(3000):
        book.follow(torch.tensor([[0.5], [-0.5]]), torch.tensor([0, 0]), 0.99)
    assert book.use[1] < 1e-12
    assert torch.isfinite(book.vectors).all()
    assert book.vectors[1] == pytest.approx(10.0, rel=1e-3)


def test_k_means_finds_three_far_apart_clusters():
    centres = torch.tensor([[0.0, 0.0], [20.0, 0.0], [0.0, 20.0]])
    cells = (centres[:, None] + torch.randn(3, 50, 2, generator=generator())).reshape(-1, 2)
    found = cluster_centres(cells, 3, generator(1))
    order = torch.cdist(centres, found).argmin(1)
    assert sorted(order.tolist()) == [0, 1, 2]
    assert torch.allclose(found[order], cells.view(3, 50, 2).mean(1), atol=1e-4)


def test_more_words_than_different_cells_are_spread_and_finite():
    for cells in (torch.zeros(5, 2), torch.tensor([[1.0, 2.0]]), torch.eye(3)[[0, 1, 1, 0, 2]]):
        found = cluster_centres(cells, 10, generator())
        assert found.shape == (10, cells.shape[1])
        assert torch.isfinite(found).all()
        assert len(found.unique(dim=0)) == 10


def test_a_dead_word_starts_anew_on_the_cell_that_is_served_worst():
    book = codebook([[0.0], [100.0]])
    cells = torch.tensor([[0.0], [0.0], [7.0]])  # two are served exactly, so that only the third can be drawn
    for _ in range(4):
        book.follow(cells, book.nearest(cells), 0.999)
    assert book.idle.tolist() == [0, 12]
    book.vectors[0] = 0.0
    before = book.vectors.clone()
    assert book.restart(cells, torch.tensor([0, 0, 0]), 6, generator()) == 0, "12 cells are 6 x 2: not dead yet"
    assert torch.equal(book.vectors, before)
    assert book.restart(cells, torch.tensor([0, 0, 0]), 5, generator()) == 1
    assert book.vectors.tolist() == [[0.0], [7.0]]
    assert (book.use[1], book.sums[1].item(), book.idle[1]) == (0.5, 3.5, 0)
    assert book.nearest(cells).tolist() == [0, 0, 1]


def test_no_word_starts_anew_where_every_cell_is_served():
    book = codebook([[0.0], [100.0]])
    book.idle.fill_(1000)
    assert book.restart(torch.zeros(4, 1), torch.zeros(4, dtype=torch.int64), 1, generator()) == 0


# --- the formulas ---


def test_perplexity_in_closed_form():
    assert perplexity(torch.tensor([5.0, 5.0, 5.0, 5.0])) == pytest.approx(4)
    assert perplexity(torch.tensor([9.0, 0.0, 0.0])) == pytest.approx(1)
    assert perplexity(torch.zeros(3)) == pytest.approx(1)
    shares = np.array([0.5, 0.25, 0.25])
    assert perplexity(torch.tensor([2.0, 1.0, 1.0])) == pytest.approx(math.exp(-(shares * np.log(shares)).sum()))


def test_the_gradient_goes_straight_through():
    cells, words = torch.randn(2, 3, 2, 2, requires_grad=True), torch.randn(2, 3, 2, 2, requires_grad=True)
    found = straight_through(cells, words)
    assert torch.allclose(found, words, atol=1e-6)
    weights = torch.randn(2, 3, 2, 2)
    there, word = torch.autograd.grad((found * weights).sum(), (cells, words), allow_unused=True)
    assert torch.equal(there, weights)
    assert word is None


def test_commitment_sums_over_the_grid_and_moves_the_cells_only():
    cells, words = torch.zeros(2, 1, 2, 2, requires_grad=True), torch.full((2, 1, 2, 2), 3.0, requires_grad=True)
    value = commitment(cells, words)
    assert value == 4 * 9
    there, word = torch.autograd.grad(value, (cells, words), allow_unused=True)
    assert torch.equal(there, torch.full((2, 1, 2, 2), -3.0))
    assert word is None


# --- the model ---


def test_loss_is_its_formula():
    model = made(beta=0.4)
    parts = phase_of(model).loss(batch_of(pictures()), END)
    cells = model.to_code(model.encoder(pictures()).view(10, 6, 2, 2))
    words = model.codebook.vectors[model.words(pictures())].permute(0, 3, 1, 2)
    assert parts.keys() == {"cross_entropy_above_floor", "commitment"}
    assert parts["commitment"].weight == 0.4
    assert torch.allclose(parts["commitment"].value, (cells - words).square().sum() / 10)
    recon = model.reconstruct(pictures())
    bce = torch.nn.functional.binary_cross_entropy(recon, pictures(), reduction="sum") / 10
    floor = torch.special.entr(pictures()) + torch.special.entr(1 - pictures())
    assert torch.allclose(parts["cross_entropy_above_floor"].value, bce - floor.sum() / 10, rtol=1e-4)


def test_latents_are_words_and_go_to_rows_and_back():
    model = made().eval()
    codes, words = model.encode(pictures()), model.words(pictures())
    assert words.shape == (10, 2, 2)
    assert codes.latents.shape == (10, 3, 2, 2)
    assert torch.equal(codes.latents, model.latents_of(words))
    assert torch.equal(codes.codes, codes.latents.mean((2, 3)))
    for item, row, column in ((0, 0, 1), (9, 1, 0)):
        assert torch.equal(codes.latents[item, :, row, column], model.codebook.vectors[words[item, row, column]])


def test_latents_survive_saving_and_loading(tmp_path):
    from safetensors.numpy import load_file, save_file
    from safetensors.torch import load, save

    model = made().eval()
    latents = model.encode(pictures()).latents
    save_file({"latents": latents.numpy()}, tmp_path / "latents.safetensors")
    again = build(run_of(), INFO).eval()
    again.codebook.vectors.zero_()
    again.load_state_dict(load(save(model.state_dict())))
    kept = torch.from_numpy(load_file(tmp_path / "latents.safetensors")["latents"])
    assert torch.equal(again.decode(kept), model.decode(latents))
    assert torch.equal(again.encode(pictures()).latents, kept)


def test_blends_of_two_grids_decode_between_them():
    model = made().eval()
    one, other = model.encode(pictures()).latents[:2]
    steps = torch.stack([one.lerp(other, share) for share in (0.0, 0.5, 1.0)])
    decoded = model.decode(steps)
    assert torch.allclose(decoded[[0, 2]], model.decode(torch.stack([one, other])), atol=1e-6)


def test_validation_takes_the_same_loss_and_moves_no_word():
    model, given = made(), batch_of(pictures())
    stage = next(iter(model.stages()))
    training = phase_of(model.train()).loss(given, END)
    state = {key: value.clone() for key, value in model.state_dict().items()}
    validation = phase_of(model.eval()).loss(given, END)
    assert all(torch.equal(training[name].value, validation[name].value) for name in training)
    assert all(torch.equal(value, state[key]) for key, value in model.state_dict().items())
    model.train()
    phase_of(model).loss(given, END)
    stage.after_step(given, Progress(1, 10))
    assert not torch.equal(model.codebook.vectors, state["codebook.vectors"])


def test_words_follow_the_cells_of_their_own_step():
    model, given = made(decay=0.0).train(), batch_of(pictures())
    stage = next(iter(model.stages()))
    cells = model.to_code(model.encoder(given.inputs).view(10, 6, 2, 2)).permute(0, 2, 3, 1).reshape(-1, 3)
    words = model.words(given.inputs).flatten()
    phase_of(model).loss(given, END)
    stage.after_step(given, Progress(1, 10))
    used = words.unique()
    expected = torch.stack([cells[words == word].mean(0) for word in used])
    assert torch.allclose(model.codebook.vectors[used], expected, atol=1e-5)


def test_the_start_uses_the_encoder_as_it_is_and_keeps_the_mode():
    model = made().train()
    next(iter(model.stages())).prepare(lambda: iter([batch_of(pictures(20))]))
    assert model.training
    cells = model.to_code(model.encoder(pictures(20)).view(20, 6, 2, 2)).permute(0, 2, 3, 1).reshape(-1, 3)
    spread = (cells - cells.mean(0)).square().sum()
    away = (cells - model.codebook.vectors[model.words(pictures(20)).flatten()]).square().sum()
    assert away < 0.3 * spread
    assert model.words(pictures(20)).unique().numel() == 8


def test_figures_cover_the_whole_walk_and_start_anew():
    model = made().eval()
    stage = next(iter(model.stages()))
    for part in pictures().split(4):
        phase_of(model).loss(batch_of(part), END)
    counts = torch.bincount(model.words(pictures()).flatten(), minlength=8)
    found = stage.figures()
    assert found["words_in_use"] == (counts > 0).sum()
    assert found["perplexity"] == pytest.approx(perplexity(counts).item())
    assert stage.figures() == {"perplexity": 1.0, "words_in_use": 0.0}


@pytest.mark.slow
def test_the_loop_logs_perplexity_over_the_epoch_and_is_repeatable():
    run = run_of(codebook_size=16)
    dataset = load_dataset(run.dataset)
    models = [build(run, dataset.info) for _ in range(2)]
    reports = [[report for report in train(model, dataset, run) if report.finished] for model in models]
    for report in reports[0]:
        for figures in (report.train, report.validation):
            assert 1 <= figures["perplexity"] <= figures["words_in_use"] <= 16
    assert [report.train for report in reports[0]] == [report.train for report in reports[1]]
    first, second = (model.state_dict() for model in models)
    assert all(torch.equal(first[key], second[key]) for key in first)


@pytest.mark.slow
def test_a_resumed_run_ends_where_the_unbroken_one_does():
    run = run_of(codebook_size=16)
    dataset = load_dataset(run.dataset)
    whole = build(run, dataset.info)
    points = [report.snapshot() for report in train(whole, dataset, run) if report.snapshot]
    resumed = build(run, dataset.info)
    for _ in train(resumed, dataset, run, resume=points[0]):
        pass
    first, second = whole.state_dict(), resumed.state_dict()
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_most_words_are_in_use_after_training():
    run = RunConfig.parse(
        {
            "network": {"name": "convolutional", "channels": [8, 16]},
            "model": {"name": "vq_vae", "codebook_size": 32, "latent_dim": 8},
            "training": {"epochs": 12, "batch_size": 64},
        }
    )
    dataset = load_dataset(run.dataset)
    last = [report for report in train(build(run, dataset.info), dataset, run) if report.finished][-1]
    assert last.train["perplexity"] > 16


def test_rows_without_places_are_refused():
    with pytest.raises(AelibError, match="network 'mlp'") as caught:
        made_of_rows("vq_vae")
    assert caught.value.code == "E_CONFIG"
    assert "convolutional" in caught.value.how_to_fix
    vectors = DataInfo((6,), {"train": 40, "validation": 10, "test": 10})
    with pytest.raises(AelibError, match="needs pictures") as caught:
        made_of_rows("vq_vae", vectors)
    assert "model" in caught.value.how_to_fix


def test_a_batch_keeps_its_own_inputs():
    """Corrupted inputs are encoded, clean targets compared."""
    model, clean = made(), pictures()
    given = Batch(clean * 0.5, clean, None, generator(), clean)
    parts = phase_of(model).loss(given, END)
    same = phase_of(model).loss(batch_of(clean * 0.5), END)
    assert torch.equal(parts["commitment"].value, same["commitment"].value)
    assert not torch.equal(parts["cross_entropy_above_floor"].value, same["cross_entropy_above_floor"].value)
