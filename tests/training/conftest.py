"""The test-only models are known to all tests of the loop."""

import pytest

from aelib.registry import MODELS
from tests.training._small import ZOO


@pytest.fixture(autouse=True)
def zoo():
    MODELS.packages.append(ZOO)
    yield
    MODELS.packages.remove(ZOO)
