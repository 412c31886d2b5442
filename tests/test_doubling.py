"""The layer that doubles sides, held to torch's own transposed convolution."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from aelib.networks._doubling import FEW, Doubling

CHANNELS = (1, 3, FEW, FEW + 1, 16)


def answers(layer: nn.ConvTranspose2d, maps: torch.Tensor) -> list[torch.Tensor]:
    """Its pictures, and the gradients of a weighted sum of them to the maps and to the layer's parameters."""
    maps = maps.clone().requires_grad_()
    pictures = layer(maps)
    weights = torch.sin(torch.arange(pictures.numel())).view_as(pictures)
    return [pictures, *torch.autograd.grad((pictures * weights).sum(), [maps, *layer.parameters()])]


def pair(channels: int, bias: bool = True) -> tuple[Doubling, nn.ConvTranspose2d, torch.Tensor]:
    torch.manual_seed(channels)
    ours, theirs = Doubling(6, channels, bias), nn.ConvTranspose2d(6, channels, 4, 2, 1, bias=bias)
    theirs.load_state_dict(ours.state_dict())
    return ours, theirs, torch.randn(3, 6, 5, 7)


@pytest.mark.parametrize("channels", CHANNELS)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_values_and_gradients_are_torchs(channels, bias, layout):
    ours, theirs, maps = pair(channels, bias)
    ours = ours.to(memory_format=layout)  # type: ignore[call-overload]
    assert ours(maps).shape == (3, channels, 10, 14)
    assert_close(answers(ours, maps.contiguous(memory_format=layout)), answers(theirs, maps), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("channels", CHANNELS)
def test_under_autocast_they_are_rounded_like_torchs(channels):
    ours, theirs, maps = pair(channels)
    with torch.autocast("cpu", torch.bfloat16):
        mine, reference = answers(ours, maps), answers(theirs, maps)
    assert mine[0].dtype == reference[0].dtype == torch.bfloat16
    assert [each.dtype for each in mine[1:]] == [torch.float32] * 3
    assert_close(mine, reference, atol=0.05, rtol=0.02)


def test_only_the_gradients_asked_for_are_computed():
    ours, theirs, maps = pair(1)
    ours.weight.requires_grad_(False)
    pictures = ours(maps)
    (of_bias,) = torch.autograd.grad(pictures.sum(), [ours.bias])  # type: ignore[list-item]
    assert float(of_bias) == pictures.numel() == theirs(maps).numel()


@pytest.mark.parametrize("channels", [1, FEW + 1])
def test_jacobians_and_second_derivatives_are_torchs(channels):
    ours, theirs, maps = pair(channels)
    maps = maps[:1, :, :2, :2]

    def energy(layer: nn.Module):
        return lambda given: layer(given).square().sum() ** 2

    for derivative in (torch.func.jacrev, torch.func.jacfwd):
        assert_close(derivative(ours)(maps), derivative(theirs)(maps), atol=1e-5, rtol=1e-5)
    along = (maps,), (torch.ones_like(maps),)
    for mine, reference in zip(torch.func.jvp(ours, *along), torch.func.jvp(theirs, *along), strict=True):
        assert_close(mine, reference, atol=1e-5, rtol=1e-5)
    second = [torch.autograd.functional.hessian(energy(layer), maps) for layer in (ours, theirs)]
    assert_close(*second, atol=1e-3, rtol=1e-4)
