"""Gaussian blur: fine detail is smoothed away; nothing is left to chance.

What for: Makes the model sharpen; shows what a blurred picture still tells the encoder.
Limits: The width follows the shorter side (one eighth of it at severity 1: 4 pixels at 32 x 32, 1 at 8 x 8),
    so a severity looks alike at every size; the border is continued with its own pixels; the same picture
    always gives the same blur, so it adds no variety to the training items.
Reference: Lindeberg (1990), Scale-space for discrete signals, IEEE Transactions on Pattern Analysis and Machine
    Intelligence 12 (the discrete Gaussian); Hendrycks, Dietterich (2019), Benchmarking Neural Network
    Robustness to Common Corruptions and Perturbations, ICLR.
"""

import math
from typing import TYPE_CHECKING

from pydantic import Field

from aelib.corruptions._base import PictureCorruptionConfig

if TYPE_CHECKING:
    import torch


class Config(PictureCorruptionConfig):
    """How wide the blur is."""

    severity: float = Field(
        0.25,
        ge=0,
        le=1,
        description="Width of the blur; at 1 its standard deviation is 1/8 of the side, 4 pixels at 32 x 32",
    )


def corrupt(items: "torch.Tensor", config: Config, generator: "torch.Generator") -> "torch.Tensor":
    """Convolve each channel with the discrete Gaussian of Lindeberg (1990), weights exp(-t) I_n(t), t = sigma^2.

    Args:
        items: float (n, channels, height, width) in [0, 1]; not changed.
        config: ``severity`` times the shorter side divided by 8 is the standard deviation in pixels.
        generator: Not used: a blur has no randomness.

    Returns:
        A new tensor of the same shape, type and range.
    """
    import torch

    sigma = config.severity * min(items.shape[-2:]) / 8
    if sigma == 0:
        return items.clone()
    radius = math.ceil(4 * sigma) + 2
    # Lindeberg's discrete Gaussian, by its spectrum exp(sigma^2 (cos(angle) - 1)). A sampled Gaussian would leave
    # 8 x 8 pixels untouched up to severity 0.25; this one has the variance sigma^2 however small sigma is.
    length = 2 * radius + 1
    angles = 2 * math.pi * torch.arange(length, dtype=torch.float64) / length  # on the CPU: mps has no float64
    spectrum = torch.exp(sigma**2 * (torch.cos(angles) - 1))
    kernel = torch.fft.fftshift(torch.fft.ifft(spectrum).real).clamp_min(0).to(items)
    n, channels, height, width = items.shape
    flat = items.reshape(n * channels, 1, height, width)
    padded = torch.nn.functional.pad(flat, (radius, radius, radius, radius), mode="replicate")
    rows = torch.nn.functional.conv2d(padded, kernel.view(1, 1, 1, -1))
    both = torch.nn.functional.conv2d(rows, kernel.view(1, 1, -1, 1))
    return both.view(n, channels, height, width).clamp(0.0, 1.0)  # rounding may leave 1.0000001
