"""The loop that tutorials show: torchvision's MNIST, ToTensor, a DataLoader, Adam; torch and nothing else."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Subset
from torchvision import datasets, transforms


class Net(nn.Module):
    """An autoencoder or a VAE from the two halves of a network, as a tutorial would put them together.

    Args:
        encoder: Pictures to features.
        decoder: Features to logits of pictures.
        features: How many.
        code: Numbers in a code.
        variational: Whether the code is drawn from a Gaussian.
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module, features: int, code: int, variational: bool) -> None:
        super().__init__()
        self.encoder, self.decoder, self.variational = encoder, decoder, variational
        self.to_mean = nn.Linear(features, code)
        self.to_log_variance = nn.Linear(features, code) if variational else None
        self.from_code = nn.Linear(code, features)

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
        """Logits, mean, and log-variance where there is one; the code is drawn while training."""
        features = self.encoder(images)
        mean, log_variance = self.to_mean(features), None
        latents = mean
        if self.to_log_variance is not None:
            log_variance = self.to_log_variance(features)
            if self.training:
                latents = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        return self.decoder(self.from_code(latents)), mean, log_variance


def loss_of(
    images: torch.Tensor, logits: torch.Tensor, mean: torch.Tensor, log_variance: torch.Tensor | None
) -> torch.Tensor:
    """Cross-entropy, plus KL for a VAE: summed over pixels and dimensions, mean over the batch."""
    loss = F.binary_cross_entropy_with_logits(logits, images, reduction="sum") / len(images)
    if log_variance is not None:
        loss = loss - 0.5 * (1 + log_variance - mean.square() - log_variance.exp()).sum() / len(images)
    return loss


def epochs(
    data: Path, train: np.ndarray, make: Callable[[], Net], count: int, batch: int, rate: float, seed: int
) -> tuple[list[float], float]:
    """Train for some epochs.

    Args:
        data: torchvision's root folder.
        train: Items of the training file to learn.
        make: Gives the untrained net.
        count: Epochs.
        batch: Items per step.
        rate: Adam's step size.
        seed: Of weights and order.

    Returns:
        Seconds of each epoch, and the mean squared error per test item, summed over pixels.
    """
    torch.manual_seed(seed)
    items = datasets.MNIST(str(data), train=True, transform=transforms.ToTensor())
    loader = DataLoader(Subset(items, train.tolist()), batch_size=batch, shuffle=True)
    model = make()
    optimiser = torch.optim.Adam(model.parameters(), lr=rate)
    seconds = []
    for _ in range(count):
        began = time.perf_counter()
        for images, _ in loader:
            logits, mean, log_variance = model(images)
            loss = loss_of(images, logits, mean, log_variance)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        seconds.append(time.perf_counter() - began)
    return seconds, test_error(data, model)


@torch.no_grad()
def test_error(data: Path, model: Net) -> float:
    """Squared error per test item of the deterministic reconstruction, summed over pixels."""
    model.eval()
    images = datasets.MNIST(str(data), train=False).data.float().div(255)[:, None]
    errors = [(torch.sigmoid(model(part)[0]) - part).square().sum() for part in images.split(500)]
    return float(torch.stack(errors).sum()) / len(images)
