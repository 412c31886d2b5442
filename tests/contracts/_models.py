"""Small models of every kind, on the first network that suits them; with the test-only ones of ``tests.zoo.models``."""

from functools import cache
from itertools import product

import torch

from aelib.config import RunConfig
from aelib.datasets._base import DataInfo
from aelib.errors import AelibError
from aelib.models._base import Batch, Model, Progress, build, check
from aelib.registry import MODELS, NETWORKS, Registry

ZOO = "tests.zoo.models"
NAMES = sorted({*MODELS.names(), *Registry("model", ZOO).names()})
SHAPES = [(1, 8, 8), (3, 13, 11)]
SMALL = {
    "mlp": {"widths": [24]},
    "convolutional": {"channels": [4, 6]},
    "residual": {"channels": [4, 6]},
    "unet": {"channels": [4, 6]},
}
GIANT = {
    "mlp": {"widths": [8192] * 8},
    "convolutional": {"channels": [1024] * 7},
    "unet": {"channels": [1024] * 7},
}
END = Progress(1, 1)


def info(shape: tuple[int, int, int] = (1, 8, 8)) -> DataInfo:
    return DataInfo(shape, {"train": 20, "validation": 10, "test": 10}, ("a", "b"), has_masks=True)


def network_shapes(name: str) -> set[str]:
    plugin = NETWORKS.load(name)
    body = plugin.build(plugin.Config(), info((1, 16, 16)))
    return {body.code_shape, "grid"} if getattr(body, "grid", None) else {body.code_shape}


NETWORK_SHAPES = {name: network_shapes(name) for name in NETWORKS.names()}


def needed(model: str) -> dict:
    """What a run must have before this model takes it."""
    plugin = MODELS.load(model).Model
    corruptions = {"corruptions": [{"name": "masking"}]} if plugin.needs_corruptions else {}
    return {"target": plugin.target, **corruptions}


@cache
def home(model: str, network: str = "") -> dict | None:
    """The first way in which a small network (of this name) suits the model; None where there is none.

    A model may want one activation; it then refuses the others.
    """
    names = [network] if network else sorted(NETWORKS.names(), key=lambda name: name != "mlp")
    for name, more in product(names, ({}, {"activation": "sigmoid"})):
        raw = {"name": name, **SMALL.get(name, {}), **more}
        try:
            run = RunConfig.parse({**needed(model), "network": raw, "model": {"name": model}})
            check(run.model_copy(update={"training": run.training.model_copy(update={"batch_size": 8})}), info())
        except AelibError:
            continue
        return raw
    return None


def config(model: str, network: str = "", seed: int = 0, **fields) -> RunConfig:
    return RunConfig.parse(
        {
            **needed(model),
            "network": home(model, network) or {"name": network, **SMALL.get(network, {})},
            "model": {"name": model, **fields},
            "training": {"batch_size": 8, "seed": seed},
        }
    )


def made(model: str, network: str = "", shape: tuple[int, int, int] = (1, 8, 8), **fields) -> Model:
    return build(config(model, network, **fields), info(shape))


def has_field(model: str, field: str) -> bool:
    return field in MODELS.load(model).Config.model_fields


def items(shape: tuple[int, int, int] = (1, 8, 8), count: int = 10) -> torch.Tensor:
    return torch.rand(count, *shape, generator=torch.Generator().manual_seed(5))


def batch(shape: tuple[int, int, int] = (1, 8, 8), count: int = 10, target: str = "items") -> Batch:
    clean = items(shape, count)
    targets = clean if target == "items" else (clean[:, :1] > 0.5).float()
    return Batch(clean * 0.9, targets, torch.arange(count) % 2, torch.Generator().manual_seed(6), clean)


def labels(model: Model, count: int) -> torch.Tensor | None:
    """One class per item for a model that asks for them."""
    return torch.arange(count) % 2 if model.needs_labels else None


def fits(model: str, network: str) -> bool:
    return home(model, network) is not None
