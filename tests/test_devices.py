"""The contract on every device present (`make test-gpu`); the CPU is one, so that the suite itself is tested."""

import numpy as np
import pytest
import torch

from aelib import codes
from aelib.config import RunConfig
from aelib.datasets._base import load_dataset
from aelib.models._base import build
from aelib.registry import MODELS
from aelib.training.loop import train

pytestmark = pytest.mark.gpu


def devices() -> list[str]:
    cuda = [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    return ["cpu", *cuda, *(["mps"] if torch.backends.mps.is_available() else [])]


@pytest.mark.parametrize("device", devices())
@pytest.mark.parametrize("name", MODELS.names())
@pytest.mark.parametrize("network", ["mlp", "convolutional"])
def test_a_model_trains_and_its_codes_agree_with_the_cpus(device: str, name: str, network: str) -> None:
    run = RunConfig.parse(
        {
            "model": {"name": name, "latent_dim": 4},
            "network": network,
            "corruptions": ["gaussian", "masking", "salt_pepper", "blur"],
            "training": {"epochs": 2, "device": device},
        }
    )
    dataset = load_dataset(run.dataset)
    model = build(run, dataset.info)
    reports = [report for report in train(model, dataset, run, device) if report.finished]
    assert reports[-1].validation["error"] < reports[0].validation["error"]
    there = codes.encode(model, dataset)
    here = codes.encode(model.to("cpu"), dataset)
    np.testing.assert_allclose(there.codes, here.codes, atol=2e-3)
    np.testing.assert_allclose(there.errors, here.errors, rtol=2e-2, atol=1e-3)
