"""Small models and batches for the formula tests of this folder."""

import torch

from aelib.config import RunConfig
from aelib.datasets._base import DataInfo
from aelib.models._base import Batch, Model, Parts, Phase, Progress, build

END = Progress(1, 1)
PICTURES = DataInfo((1, 4, 4), {"train": 40, "validation": 10, "test": 10}, ("a", "b", "c"))
VECTORS = DataInfo((6,), {"train": 40, "validation": 10, "test": 10}, low=-3.0, high=3.0)


def parsed(name: str, widths: tuple[int, ...] = (12,), batch_size: int = 8, **fields) -> RunConfig:
    return RunConfig.parse(
        {
            "network": {"name": "mlp", "widths": list(widths)},
            "model": {"name": name, "latent_dim": 3, **fields},
            "training": {"batch_size": batch_size},
        }
    )


def made(name: str, info: DataInfo = PICTURES, widths: tuple[int, ...] = (12,), batch_size: int = 8, **fields) -> Model:
    return build(parsed(name, widths, batch_size, **fields), info)


def batch_of(items: torch.Tensor, seed: int = 6) -> Batch:
    labels = torch.arange(len(items)) % 3
    return Batch(items, items, labels, torch.Generator().manual_seed(seed), items)


def pictures(count: int = 10) -> torch.Tensor:
    return torch.rand(count, 1, 4, 4, generator=torch.Generator().manual_seed(5))


def vectors(count: int = 10) -> torch.Tensor:
    return torch.randn(count, 6, generator=torch.Generator().manual_seed(5))


def phase_of(model: Model, number: int = 0) -> Phase:
    return next(iter(model.stages())).phases[number]


def parts_of(model: Model, items: torch.Tensor, seed: int = 6, progress: Progress = END) -> Parts:
    return phase_of(model).loss(batch_of(items, seed), progress)


def noise_of(*shape: int, seed: int = 6) -> torch.Tensor:
    """What a model's first draw from ``batch_of(..., seed)`` is made of."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))
