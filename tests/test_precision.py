"""What training leaves out for speed changes nothing that matters: values beside gradients, digits of products."""

import math

import pytest
import torch

from aelib.config import RunConfig
from aelib.datasets._base import load_dataset
from aelib.errors import AelibError
from aelib.losses.reconstruction import cross_entropy_above_floor, gradients_only
from aelib.models import _base
from aelib.registry import MODELS
from aelib.training.loop import train

ROUNDING = [name for name in MODELS.names() if MODELS.load(name).Model.can_round]
EXACT = [name for name in MODELS.names() if not MODELS.load(name).Model.can_round]


def config(model: str, precision: str, **training) -> RunConfig:
    given = MODELS.load(model).Model
    return RunConfig.parse(
        {
            "dataset": {"name": "digits"},
            "model": {"name": model},
            "corruptions": [{"name": "masking"}] if given.needs_corruptions else [],
            "target": given.target,
            "training": {"epochs": 4, "seed": 3, "device": "cpu", "precision": precision, **training},
        }
    )


def test_without_its_value_a_loss_has_the_same_gradient():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(7, 1, 8, 8, generator=generator).requires_grad_()
    targets = torch.rand(7, 1, 8, 8, generator=generator)
    (whole,) = torch.autograd.grad(cross_entropy_above_floor(logits, targets), logits)
    with gradients_only():
        value = cross_entropy_above_floor(logits, targets)
        (bare,) = torch.autograd.grad(value, logits)
    assert torch.equal(whole, bare)
    assert math.isnan(value.item())
    assert math.isfinite(cross_entropy_above_floor(logits, targets).item())  # the block is over


@pytest.mark.parametrize("size", [0.0, 1e-6, 1.0, 30.0, 200.0])
def test_the_fast_value_is_that_of_double_precision(size):
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(5, 1, 28, 28, generator=generator) * size
    targets = (torch.rand(5, 1, 28, 28, generator=generator) * 3 - 1).clamp(0, 1)  # a third each: 0, between, 1
    exact, whole = targets.double(), logits.double()
    kl = torch.nn.functional.binary_cross_entropy_with_logits(whole, exact, reduction="sum")
    kl = kl + torch.xlogy(exact, exact).sum() + torch.xlogy(1 - exact, 1 - exact).sum()
    assert cross_entropy_above_floor(logits, targets).item() == pytest.approx(kl.item() / 5, rel=1e-6, abs=1e-4)
    perfect = torch.where(targets > 0.5, 60.0, -60.0)
    assert cross_entropy_above_floor(perfect, targets.round()).item() == 0


def test_a_rounded_training_is_validated_with_rounded_products():
    asked = config("vae", "bfloat16", epochs=1)
    data = load_dataset(asked.dataset)
    model = _base.build(asked, data.info)
    kinds = []
    model.get_submodule("encoder").register_forward_hook(
        lambda module, given, out: kinds.append((module.training, out))
    )
    (report,) = [r for r in train(model, data, asked) if r.finished]
    assert {out.dtype for training, out in kinds if not training} >= {torch.bfloat16}
    assert {out.dtype for training, out in kinds if training} == {torch.bfloat16}
    assert math.isfinite(report.validation["error"])


def test_an_epoch_of_many_batches_has_finite_figures_near_the_mean_over_all():
    data = load_dataset(config("autoencoder", "float32").dataset)
    asked = config("autoencoder", "float32", epochs=1, batch_size=4, learning_rate=1e-7)  # some 300 batches, no motion
    (report,) = [r for r in train(_base.build(asked, data.info), data, asked) if r.finished]
    assert report.train["loss"] == pytest.approx(report.validation["loss"], rel=0.05)


@pytest.mark.parametrize("name", ROUNDING)
def test_rounded_products_learn_as_exact_ones_do(name):
    """The validation error after equal epochs stays within what another seed would change, and all parts are finite."""
    errors = {}
    for precision, seed in (("float32", 3), ("float32", 4), ("bfloat16", 3)):
        asked = config(name, precision, seed=seed)
        data = load_dataset(asked.dataset)
        *_, last = train(_base.build(asked, data.info), data, asked)
        assert all(map(math.isfinite, last.validation.values()))
        errors[precision, seed] = last.validation["error"]
    spread = abs(errors["float32", 3] - errors["float32", 4])
    assert errors["bfloat16", 3] == pytest.approx(errors["float32", 3], abs=2 * spread + 0.02 * errors["float32", 3])
    assert errors["bfloat16", 3] != errors["float32", 3]  # it did round


@pytest.mark.parametrize("name", EXACT)
def test_a_model_that_needs_all_digits_says_so(name, monkeypatch):
    monkeypatch.setattr(RunConfig, "check", lambda self, info: None)  # other refusals have tests of their own
    asked = config(name, "bfloat16")
    info = load_dataset(asked.dataset).info
    with pytest.raises(AelibError, match=r"precision|needs"):
        _base.check(asked, info)


def test_training_takes_the_fast_products_and_puts_the_setting_back(monkeypatch):
    seen = []
    asked = config("autoencoder", "float32", epochs=1)
    data = load_dataset(asked.dataset)
    monkeypatch.setattr("aelib.device._has_bfloat16_units", lambda: False)
    for _ in train(_base.build(asked, data.info), data, asked):
        seen.append(torch.get_float32_matmul_precision())
    assert set(seen) == {"medium"}
    assert torch.get_float32_matmul_precision() == "highest"
    monkeypatch.setattr("aelib.device._has_bfloat16_units", lambda: True)
    for _ in train(_base.build(asked, data.info), data, asked):
        assert torch.get_float32_matmul_precision() == "highest"
