"""The trainer of pythae on the same nets. It is no requirement of ours: ``pip install --no-deps pythae==0.1.2``."""

import logging
import os
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench.peers.naive_training import Net, loss_of, test_error


def is_here() -> bool:
    """Whether pythae is installed."""
    return find_spec("pythae") is not None


def epochs(
    data: Path, train: np.ndarray, make: Callable[[], Net], count: int, batch: int, rate: float, seed: int
) -> tuple[list[float], float]:
    """Seconds of each of its ``train_step`` calls (an epoch each), and the error per test item; see ``naive_training``.

    It is given the same loss, the items as floats in memory, and no callbacks: the fastest way it has.
    """
    from pythae.data.datasets import BaseDataset  # pyright: ignore[reportMissingImports]
    from pythae.models import BaseAE, BaseAEConfig  # pyright: ignore[reportMissingImports]
    from pythae.models.base.base_utils import ModelOutput  # pyright: ignore[reportMissingImports]
    from pythae.trainers import BaseTrainer, BaseTrainerConfig  # pyright: ignore[reportMissingImports]
    from torchvision import datasets

    logging.getLogger("pythae").setLevel(logging.ERROR)

    class Ours(BaseAE):
        def __init__(self, net: Net) -> None:
            super().__init__(BaseAEConfig(input_dim=(1, 28, 28), latent_dim=16))
            self.net = net

        def forward(self, inputs: Any, **_: Any) -> ModelOutput:
            return ModelOutput(loss=loss_of(inputs["data"], *self.net(inputs["data"])))

    torch.manual_seed(seed)
    images = datasets.MNIST(str(data), train=True).data[torch.from_numpy(train)].float().div(255)[:, None]
    model = Ours(make())
    with (
        tempfile.TemporaryDirectory() as folder,
        open(os.devnull, "w") as silent,  # its progress bars and log lines
        redirect_stdout(silent),
        redirect_stderr(silent),
    ):
        config = BaseTrainerConfig(
            output_dir=folder, num_epochs=count, per_device_train_batch_size=batch, learning_rate=rate, no_cuda=True,
            seed=seed,
        )  # fmt: skip
        trainer = BaseTrainer(model, BaseDataset(images, torch.zeros(len(images))), training_config=config)
        trainer.prepare_training()
        seconds = []
        for epoch in range(count):
            began = time.perf_counter()
            trainer.train_step(epoch + 1)
            seconds.append(time.perf_counter() - began)
    return seconds, test_error(data, model.net)
