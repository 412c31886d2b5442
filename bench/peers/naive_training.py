"""The loop that tutorials show: torchvision's MNIST, ToTensor, a DataLoader, Adam; torch and nothing else."""

import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Subset
from torchvision import datasets, transforms


def epoch(
    data: Path, train: np.ndarray, validation: np.ndarray, widths: tuple[int, ...], code: int, batch: int, rate: float
) -> tuple[float, float]:
    """Train an autoencoder for one epoch.

    Args:
        data: torchvision's root folder.
        train: Items of the training file to learn.
        validation: Items of the training file to judge by.
        widths: Of the layers from picture to code, mirrored on the way back.
        code: Numbers in a code.
        batch: Items per step.
        rate: Adam's step size.

    Returns:
        Seconds of the epoch, and the mean squared error per validation item, summed over pixels.
    """
    torch.manual_seed(0)
    items = datasets.MNIST(str(data), train=True, transform=transforms.ToTensor())
    loader = DataLoader(Subset(items, train.tolist()), batch_size=batch, shuffle=True)
    model = _model((784, *widths, code))
    optimiser = torch.optim.Adam(model.parameters(), lr=rate)
    began = time.perf_counter()
    for images, _ in loader:
        logits = model(images)
        loss = F.binary_cross_entropy_with_logits(logits, images.flatten(1), reduction="sum") / len(images)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    seconds = time.perf_counter() - began
    with torch.no_grad():
        held_out = (items.data[validation].float() / 255).flatten(1)
        error = (torch.sigmoid(model(held_out)) - held_out).square().sum(1).mean()
    return seconds, float(error)


def _model(sizes: tuple[int, ...]) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Flatten()]
    path = [*sizes, *reversed(sizes[:-1])]
    for place, (size, following) in enumerate(pairwise(path)):
        layers.append(nn.Linear(size, following))
        if place not in (len(sizes) - 2, len(path) - 2):  # nothing after the code and the output
            layers.append(nn.ReLU())
    return nn.Sequential(*layers)
