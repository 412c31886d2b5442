"""What the tests of the routes share: an answer taken apart, and arrays to hold it against."""

import dataclasses
import json
from typing import Any

import numpy as np
import pytest

from aelib import codes
from aelib.config import read_choice
from aelib.projections import _base as projections
from aelib.registry import PROJECTIONS
from aelib.runs.folder import open_run

RUN = "digits-vae"
ONE = [0.0] * 8  # a code of that run
AXES = '{"name": "axes"}'


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def about(self) -> dict[str, Any]:
        return json.loads(self.headers["x-loupe"], parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))

    @property
    def pictures(self) -> np.ndarray:
        return np.frombuffer(self.body, np.uint8).reshape(self.about["shape"])

    @property
    def sentence(self) -> str:
        error = json.loads(self.body)
        assert set(error) == {"code", "what", "why", "how_to_fix"}
        assert error["what"]
        assert "Traceback" not in self.body.decode()
        return error["code"]


def table_of(runs, name=RUN):
    return codes.of_run(open_run(runs, name))


def points_of(runs, name, method):
    found = projections.read(open_run(runs, name), read_choice(PROJECTIONS, method))
    assert found is not None
    return found.points


def brute_share(queries, data) -> np.ndarray:
    """Support by its definition: the share of the data whose five nearest others are farther on average."""
    data = data.astype(np.float64)

    def mean_of_nearest(point):
        distances = np.sort(np.linalg.norm(data - point, axis=1))
        return distances[distances > 0][:5].mean()  # an item is not its own neighbour

    own = np.asarray([mean_of_nearest(point) for point in data])
    return np.asarray([(own > mean_of_nearest(query) - 1e-6).mean() for query in np.asarray(queries, np.float64)])
