"""wae_mmd and info_vae: their losses, and the weights and batches that cannot work."""

import dataclasses

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from aelib.errors import AelibError
from aelib.losses.mmd import mmd_squared
from aelib.models._base import build
from tests.models._small import PICTURES, made, parsed, parts_of, pictures


def test_wae_loss_is_its_formula():
    model = made("wae_mmd", lam=7.0)
    parts, codes = parts_of(model, pictures()), model.encode(pictures()).codes
    prior = torch.randn(10, 3, generator=torch.Generator().manual_seed(6))
    error = (model.reconstruct(pictures()) - pictures()).square().sum() / 10
    assert parts.keys() == {"squared_error", "mmd"}
    assert torch.allclose(parts["squared_error"].value, error)
    assert torch.allclose(parts["mmd"].value, mmd_squared(codes, prior))
    assert parts["mmd"].weight == 7.0


def test_info_vae_loss_is_its_formula():
    model = made("info_vae", alpha=0.25, lam=5.0)
    parts, codes = parts_of(model, pictures()), model.encode(pictures())
    generator = torch.Generator().manual_seed(6)
    latents = codes.codes + codes.spreads * torch.randn(10, 3, generator=generator)
    prior = torch.randn(10, 3, generator=generator)
    kl = kl_divergence(Normal(codes.codes, codes.spreads), Normal(0.0, 1.0)).sum(1).mean()
    assert torch.allclose(parts["mmd"].value, mmd_squared(latents, prior), atol=1e-6)
    assert torch.allclose(parts["kl"].value, kl, rtol=1e-4)
    assert (parts["kl"].weight, parts["mmd"].weight) == (0.75, 4.25)


def test_defaults_pull_codes_towards_the_prior():
    for name in ("wae_mmd", "info_vae"):
        assert parts_of(made(name), pictures())["mmd"].weight >= 1


@pytest.mark.parametrize(
    ("name", "fields", "field"),
    [
        ("info_vae", {"alpha": 0.0, "lam": 0.001}, "model.lam"),  # another library's default: it drives codes away
        ("info_vae", {"alpha": -3.0, "lam": 3.9}, "model.lam"),
        ("wae_mmd", {"code_activation": "relu"}, "model.code_activation"),
        ("wae_mmd", {"batch_size": 1}, "training.batch_size"),
        ("info_vae", {"batch_size": 1}, "training.batch_size"),
    ],
)
def test_what_cannot_work_is_refused_with_the_remedy(name, fields, field):
    with pytest.raises(AelibError) as caught:
        made(name, **fields)
    assert caught.value.code == "E_CONFIG"
    assert field in str(caught.value)
    assert caught.value.how_to_fix


@pytest.mark.parametrize("name", ["wae_mmd", "info_vae", "tc_vae", "factor_vae"])
def test_a_single_held_out_item_is_refused_before_training(name):
    with pytest.raises(AelibError) as caught:
        build(parsed(name), dataclasses.replace(PICTURES, counts={**PICTURES.counts, "validation": 1}))
    assert caught.value.code == "E_CONFIG"
    assert "validation" in str(caught.value)
