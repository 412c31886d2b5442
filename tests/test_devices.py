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
from tests.contracts.test_models import fits, home, needed

pytestmark = pytest.mark.gpu

ON_DIGITS = [name for name in MODELS.names() if MODELS.load(name).Model.target == "items"]
PAIRS = [(name, network) for name in ON_DIGITS for network in ("mlp", "convolutional") if fits(name, network)]


def devices() -> list[str]:
    cuda = [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    return ["cpu", *cuda, *(["mps"] if torch.backends.mps.is_available() else [])]


@pytest.mark.parametrize("device", devices())
@pytest.mark.parametrize(("name", "network"), PAIRS)
def test_a_model_trains_and_its_codes_agree_with_the_cpus(device: str, name: str, network: str) -> None:
    fields = {"latent_dim": 4, "rbm_epochs": 1, **({"layerwise_epochs": 1} if network == "mlp" else {})}
    known = MODELS.load(name).Config.model_fields
    run = RunConfig.parse(
        {
            **needed(name),
            "model": {"name": name, **{field: value for field, value in fields.items() if field in known}},
            "network": home(name, network),
            "training": {"epochs": 3, "device": device, "batch_size": 32},
        }
    )
    dataset = load_dataset(run.dataset)
    model = build(run, dataset.info)
    reports = [report for report in train(model, dataset, run, device) if report.finished]
    errors = [report.validation["error"] for report in reports if "error" in report.validation]
    assert np.isfinite(errors).all()
    assert len(errors) < 2 or errors[-1] < 1.1 * errors[0], (
        "it diverges"
    )  # nets so small need not learn in three epochs
    there = codes.encode(model, dataset)
    here = codes.encode(model.to("cpu"), dataset)
    np.testing.assert_allclose(there.codes, here.codes, atol=2e-3)
    np.testing.assert_allclose(there.errors, here.errors, rtol=2e-2, atol=1e-3)
