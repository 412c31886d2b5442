"""A run that nobody disturbed, once for each file."""

import pytest

from aelib.cli._train import train_in_front
from tests.jobs._small import config, outcome


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory) -> tuple:
    run, state = train_in_front(tmp_path_factory.mktemp("unbroken"), config(epochs=3), quiet=True)
    assert state == "completed"
    return outcome(run)
