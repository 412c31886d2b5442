"""The regularised autoencoder: its parts in closed form."""

import pytest
import torch

from aelib.config import RunConfig
from aelib.models._base import build, total
from tests.models._small import END, PICTURES, VECTORS, batch_of, made, parts_of, phase_of, pictures, vectors


def test_loss_is_its_formula():
    model = made("rae", beta=0.5, lam=0.01)
    parts, codes = parts_of(model, pictures()), model.encode(pictures()).codes
    error = (model.reconstruct(pictures()) - pictures()).square().sum() / 10
    weights = [p for part in (model.from_code, model.decoder) for p in part.parameters() if p.ndim > 1]
    assert parts.keys() == {"squared_error", "code_l2", "decoder_l2"}
    assert torch.allclose(parts["squared_error"].value, error)
    assert torch.allclose(parts["code_l2"].value, (codes**2).sum() / 20)
    assert torch.allclose(parts["decoder_l2"].value, sum((weight**2).sum() for weight in weights))
    assert (parts["code_l2"].weight, parts["decoder_l2"].weight) == (0.5, 0.01)
    expected = error + 0.25 * (codes**2).sum(1).mean() + 0.01 * parts["decoder_l2"].value
    assert torch.allclose(total(parts), expected)


def test_by_hand():
    """One number in, one in the code, one out: z = 2 x, x' = 3 z."""
    from dataclasses import replace

    run = RunConfig.parse(
        {
            "network": {"name": "mlp", "widths": []},
            "model": {"name": "rae", "latent_dim": 1, "output": "identity", "beta": 1.0, "lam": 1.0},
            "training": {"batch_size": 2},
        }
    )
    model = build(run, replace(VECTORS, item_shape=(1,)))
    with torch.no_grad():
        for layer, weight in ((model.to_code, 2.0), (model.from_code, 3.0)):
            layer.weight.fill_(weight)
            layer.bias.zero_()
    parts = phase_of(model).loss(batch_of(torch.tensor([[1.0], [-2.0]])), END)
    values = {name: term.value.item() for name, term in parts.items()}
    assert values == {"squared_error": (25 + 100) / 2, "code_l2": (4 + 16) / 4, "decoder_l2": 9.0}


def test_the_encoders_weights_are_left_alone():
    model = made("rae")
    value = parts_of(model, pictures())["decoder_l2"].value
    there = [*model.encoder.parameters(), *model.to_code.parameters()]
    assert all(g is None for g in torch.autograd.grad(value, there, allow_unused=True))


def test_tied_weights_are_the_decoders_too():
    run = RunConfig.parse(
        {"network": {"name": "mlp", "widths": [12], "tied": True}, "model": {"name": "rae", "latent_dim": 3}}
    )
    model = build(run.model_copy(update={"training": run.training.model_copy(update={"batch_size": 8})}), PICTURES)
    expected = sum(p.square().sum() for p in model.parameters() if p.ndim > 1)
    assert torch.allclose(parts_of(model, pictures())["decoder_l2"].value, expected)


def test_vectors_and_cross_entropy():
    model = made("rae", VECTORS, output="identity")
    assert parts_of(model, vectors()).keys() == {"squared_error", "code_l2", "decoder_l2"}
    assert "cross_entropy_above_floor" in parts_of(made("rae", reconstruction="bce"), pictures())


def test_squared_error_is_the_default():
    assert made("rae").config.reconstruction == "squared_error"
    with pytest.raises(Exception, match="has no prior"):
        made("rae").sample(1, torch.Generator())
