"""The layer that doubles a decoder's sides: torch's transposed convolution by quicker ways on a processor."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

FEW = 4  # channels out; with more, oneDNN's own values are the faster ones


class Doubling(nn.ConvTranspose2d):
    """``nn.ConvTranspose2d(size, channels, kernel_size=4, stride=2, padding=1)``: its weights, and its values and
    gradients up to the rounding of sums.

    On a processor two things come another way than by oneDNN (torch 2.14). The values of a picture's few channels, in
    half the time: a plain convolution gives the four pixels of each block of 2 x 2 as four channels (Shi et al. 2016,
    Real-time single image and video super-resolution using an efficient sub-pixel convolutional neural network, section
    3.2). And the gradient of the bias, which takes oneDNN a third of the whole backward pass in bfloat16 and is a sum.
    """

    def __init__(self, size: int, channels: int, bias: bool = True) -> None:
        super().__init__(size, channels, kernel_size=4, stride=2, padding=1, bias=bias)

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        """(n, size, height, width) -> (n, channels, 2 height, 2 width)."""
        if input.device.type != "cpu":
            return super().forward(input, output_size)
        given = (input, self.weight, self.bias)
        if torch.is_autocast_enabled("cpu"):  # which does not look into a function of ours
            given = tuple(None if each is None else each.to(torch.get_autocast_dtype("cpu")) for each in given)
        return _Doubled.apply(*given)  # type: ignore[return-value]


_SHAPE = ([2, 2], [1, 1], [1, 1], True, [0, 0], 1)  # stride, padding, dilation, transposed, output padding, groups


class _Doubled(torch.autograd.Function):
    """Differentiable as often and in either direction as the layer of torch: Jacobians of a decoder are asked for."""

    generate_vmap_rule = True

    @staticmethod
    def forward(maps: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if weight.shape[1] > FEW:
            return torch.convolution(maps, weight, bias, *_SHAPE)
        shifts = None if bias is None else bias.repeat_interleave(4)
        return F.pixel_shuffle(F.conv2d(maps, _in_blocks(weight), shifts, padding=1), 2)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        ctx.save_for_backward(*inputs[:2])
        ctx.save_for_forward(*inputs[:2])

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor | None, ...]:  # pyright: ignore[reportIncompatibleMethodOverride]
        (slope,), (maps, weight), wanted = grad_outputs, ctx.saved_tensors, ctx.needs_input_grad
        of_maps, of_weight, _ = torch.ops.aten.convolution_backward(
            slope, maps, weight, None, *_SHAPE, [*wanted[:2], False]
        )
        return of_maps, of_weight, slope.sum((0, 2, 3)) if wanted[2] else None

    @staticmethod
    def jvp(ctx: Any, *grad_inputs: Tensor | None) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        (maps, weight), (of_maps, of_weight, of_bias) = ctx.saved_tensors, grad_inputs
        shares = [
            None if of_maps is None else torch.convolution(of_maps, weight, None, *_SHAPE),
            None if of_weight is None else torch.convolution(maps, of_weight, None, *_SHAPE),
            None if of_bias is None else of_bias[:, None, None],
        ]
        return sum(share for share in shares if share is not None)  # type: ignore[return-value]


# Pixel 2i + a takes row r of the kernel from map row i + offset where r = a + 1 - 2 offset, for offsets -1, 0 and 1;
# one more, for the zeros that stand on both sides of the four rows.
_ROWS = torch.tensor([[4, 2, 0], [5, 3, 1]])


def _in_blocks(weight: Tensor) -> Tensor:
    """Kernels (size, channels, 4, 4) as those of the plain convolution: (4 channels, size, 3, 3)."""
    around = F.pad(weight, (1, 1, 1, 1))[:, :, _ROWS[:, None, :, None], _ROWS[None, :, None, :]]
    return around.permute(1, 2, 3, 0, 4, 5).flatten(0, 2)
