"""What the test-only models are there to show, and what autoencoder and vae alone promise."""

from collections.abc import Iterator

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from aelib.datasets._base import load_dataset
from aelib.errors import AelibError
from aelib.losses.reconstruction import cross_entropy_above_floor, gaussian_error_per_item
from aelib.models._base import Batch, Progress, build, total
from aelib.registry import MODELS
from aelib.training.loop import train
from tests.contracts._models import END, ZOO, batch, config, items, made


@pytest.fixture(autouse=True)
def zoo() -> Iterator[None]:
    MODELS.packages.append(ZOO)
    yield
    MODELS.packages.remove(ZOO)


def test_closed_form_finds_the_principal_components():
    from sklearn.decomposition import PCA

    model = made("closed_form", latent_dim=3)
    next(iter(model.stages())).fit(lambda: iter([batch(count=200)]))
    pixels = items(count=200).flatten(1).numpy()
    reference = PCA(3, svd_solver="full").fit(pixels)
    expected = reference.inverse_transform(reference.transform(pixels))
    recon = model.reconstruct(items(count=200)).flatten(1).numpy()
    assert abs(recon - expected).max() < 1e-5


def test_two_stages_has_all_its_hooks_called_in_order():
    run = config("two_stages")
    run = run.model_copy(update={"training": run.training.model_copy(update={"epochs": 2, "batch_size": 100})})
    dataset = load_dataset(run.dataset)
    model = build(run, dataset.info)
    for _ in train(model, dataset, run):
        pass
    hooks = ("prepare", "after_step", "finish")
    assert model.calls == [f"{stage}.{hook}" for stage in ("outer", "all") for hook in hooks]


def test_two_optimisers_keeps_critic_and_encoder_apart():
    phases = {phase.name: phase for phase in next(iter(made("two_optimisers").stages())).phases}
    owned = {name: {id(parameter) for parameter in phase.parameters} for name, phase in phases.items()}
    assert not owned["reconstruction"] & owned["critic"]
    assert owned["regularise"] < owned["reconstruction"]
    critical = phases["critic"].loss(batch(), END)
    leaked = torch.autograd.grad(total(critical), phases["reconstruction"].parameters, allow_unused=True)
    assert all(gradient is None for gradient in leaked)


# --- autoencoder and vae: what they alone promise ---


@pytest.mark.parametrize("name", ["autoencoder", "vae", "two_optimisers", "two_stages"])
def test_a_sigmoid_output_stays_within_zero_and_one(name):
    recon = made(name).decode(1000 * torch.randn(20, made(name).latent_dim))
    assert recon.min() >= 0
    assert recon.max() <= 1


def test_an_identity_output_is_free():
    model = made("autoencoder", output="identity", reconstruction="squared_error")
    assert model.decode(1000 * torch.randn(20, 16)).max() > 1


@pytest.mark.parametrize(("activation", "low", "high"), [("relu", 0, 99), ("sigmoid", 0, 1), ("tanh", -1, 1)])
def test_code_activation_bounds_the_code(activation, low, high):
    codes = made("autoencoder", code_activation=activation).encode(100 * items()).codes
    assert low <= codes.min() <= codes.max() <= high


@pytest.mark.parametrize("name", ["autoencoder", "vae"])
def test_reconstruction_is_scored_against_the_targets(name):
    model = made(name)
    (phase,) = next(iter(model.stages())).phases
    given = batch()
    value = phase.loss(given, END)["cross_entropy_above_floor"].value
    swapped = Batch(given.inputs, given.inputs, None, torch.Generator().manual_seed(6), given.inputs)
    assert not torch.equal(value, phase.loss(swapped, END)["cross_entropy_above_floor"].value)


def test_autoencoder_loss_is_its_formula():
    for fields in (
        {},
        {"reconstruction": "squared_error"},
        {"reconstruction": "squared_error", "output": "identity"},
    ):
        model, given = made("autoencoder", **fields), batch()
        (phase,) = next(iter(model.stages())).phases
        recon = model.reconstruct(given.inputs)
        if fields:
            expected = {"squared_error": (recon - given.targets).square().sum() / 10}
        else:
            expected = {"cross_entropy_above_floor": cross_entropy_above_floor(torch.logit(recon), given.targets)}
        parts = phase.loss(given, END)
        assert parts.keys() == expected.keys()
        assert all(torch.allclose(parts[key].value, expected[key], rtol=1e-4) for key in parts)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"latent_dim": 64}, "model.latent_dim"),
        ({"latent_dim": 4096}, "model.latent_dim"),
        ({"output": "identity"}, "model.output"),
    ],
)
def test_autoencoder_refuses_what_cannot_work(fields, field):
    with pytest.raises(AelibError) as caught:
        made("autoencoder", **fields)
    assert caught.value.code == "E_CONFIG"
    assert field in str(caught.value)
    assert caught.value.how_to_fix


def test_autoencoder_takes_the_longest_allowed_code():
    assert made("autoencoder", latent_dim=63).latent_dim == 63


def test_vae_loss_is_its_formula():
    model, given = made("vae", beta=3.0, reconstruction="squared_error", sigma=0.5), batch()
    (phase,) = next(iter(model.stages())).phases
    parts = phase.loss(given, END)
    codes = model.encode(given.inputs)
    noise = torch.randn(codes.codes.shape, generator=torch.Generator().manual_seed(6))
    recon = model.decode(codes.codes + codes.spreads * noise)
    divergence = kl_divergence(Normal(codes.codes, codes.spreads), Normal(0.0, 1.0)).sum(1).mean()
    assert parts.keys() == {"gaussian_error", "kl"}
    assert torch.allclose(
        parts["gaussian_error"].value, gaussian_error_per_item(recon, given.targets, 0.5).mean(), rtol=1e-5
    )
    assert torch.allclose(parts["kl"].value, divergence, rtol=1e-3)
    assert parts["kl"].weight == 3.0


def test_vae_warms_up_linearly_and_ends_at_beta():
    (phase,) = next(iter(made("vae", beta=4.0, warm_up=0.5).stages())).phases
    weights = [phase.loss(batch(), Progress(done, 100))["kl"].weight for done in (0, 25, 50, 75, 100)]
    assert weights == [0.0, 2.0, 4.0, 4.0, 4.0]
    (phase,) = next(iter(made("vae", beta=4.0, warm_up=0.0).stages())).phases
    assert phase.loss(batch(), Progress(0, 100))["kl"].weight == 4.0


@pytest.mark.parametrize(("bias", "spread"), [(1e6, 5.0), (-1e6, -5.0)])
def test_vae_variance_cannot_run_away(bias, spread):
    model = made("vae")
    torch.nn.init.constant_(model.to_log_variance.bias, bias)
    assert torch.allclose(model.encode(items()).spreads.log(), torch.tensor(spread))
    (phase,) = next(iter(model.stages())).phases
    assert torch.isfinite(total(phase.loss(batch(), END)))
