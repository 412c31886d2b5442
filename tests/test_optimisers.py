"""The optimisers of the loop: torch's own steps, without the seconds that its compiler takes to import."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from aelib.models._base import Phase, Sgd
from aelib.training.optimisers import optimiser_for

ROOT = Path(__file__).resolve().parents[1]
TRAIN_A_LITTLE = """
import sys
from aelib.config import RunConfig
from aelib.datasets._base import load_dataset
from aelib.models._base import build
from aelib.training.loop import train
config = RunConfig.parse({"model": {"name": "vae", "latent_dim": 2}, "training": {"epochs": 1, "device": "cpu"}})
dataset = load_dataset(config.dataset)
steps = list(train(build(config, dataset.info), dataset, config, "cpu"))
print(len(steps) > 0, "torch._dynamo" in sys.modules)
"""


@pytest.mark.parametrize("sgd", [None, Sgd(rate=0.1, momentum=lambda progress: 0.0, decay=0.02)])
def test_the_steps_are_those_of_torch(sgd):
    start = torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
    ours, theirs = torch.nn.Parameter(start.clone()), torch.nn.Parameter(start.clone())
    bias, theirs_too = torch.nn.Parameter(start[0].clone()), torch.nn.Parameter(start[0].clone())
    late, theirs_late = torch.nn.Parameter(start.clone()), torch.nn.Parameter(start.clone())
    phase = Phase("all", (ours, bias, late), lambda batch, progress: {}, sgd=sgd)
    mine = optimiser_for(phase, 0.01, 0.05, "cpu")
    kind, settings = (torch.optim.SGD, {"lr": 0.1}) if sgd else (torch.optim.AdamW, {"lr": 0.01})
    decay = 0.02 if sgd else 0.05
    groups = [
        {"params": [theirs, theirs_late], "weight_decay": decay},
        {"params": [theirs_too], "weight_decay": 0.0},
    ]
    reference = kind(groups, **settings)
    for step in range(1, 10):
        for one, two in ((ours, theirs), (bias, theirs_too), (late, theirs_late)):
            without = one is late and step in (1, 2, 6)  # a parameter that a step leaves out
            two.grad = None if without else one.detach().sin() * step
        mine.move(phase.parameters, [theirs.grad, theirs_too.grad, theirs_late.grad])
        reference.step()
    torch.testing.assert_close((ours, bias, late), (theirs, theirs_too, theirs_late))
    found = [each.state_dict()["state"] for each in (mine, reference)]
    steps = [{} if sgd else {key: float(state["step"]) for key, state in states.items()} for states in found]
    assert sgd or steps[0] == steps[1] == {0: 9.0, 1: 6.0, 2: 9.0}, "as a resume point keeps them"
    assert not torch.equal(ours, start)
    assert ours.requires_grad, "a step leaves no trace in the graph"
    assert mine.state_dict()["param_groups"][0]["lr"] == reference.state_dict()["param_groups"][0]["lr"]


def test_a_run_imports_no_compiler():
    done = subprocess.run([sys.executable, "-c", TRAIN_A_LITTLE], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == ["True", "False"], done.stderr
