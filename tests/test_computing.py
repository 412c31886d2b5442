"""A process that computes keeps what it frees, and its threads wait as they should."""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from aelib.device import COMPUTING
from aelib.jobs import local
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[1]
FAULTS = """
import resource, sys
import numpy as np
if "here" in sys.argv:
    from aelib.device import compute_here
    compute_here()
def step():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    kept = [np.ones(3 * 2**20 // 8) for _ in range(16)]
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
print([step() for _ in range(5)][-1])
"""


def faults(*words: str, environment: dict[str, str]) -> int:
    """Pages that a step asks for anew whose like came before."""
    asked = {key: value for key, value in os.environ.items() if not key.startswith("MALLOC")} | environment
    done = subprocess.run(
        [sys.executable, "-c", FAULTS, *words], cwd=ROOT, env=asked, capture_output=True, text=True, check=True
    )
    return int(done.stdout)


def test_what_is_freed_is_kept_for_the_next_step():
    given, asked = faults(environment=COMPUTING), faults("here", environment={})
    if platform.libc_ver()[0] == "glibc":  # elsewhere it is enough that asking does no harm
        assert faults(environment={}) > 1000, "else there is nothing to show"
        assert given < 100
        assert asked < 100


def test_a_started_process_has_it_from_its_start(tmp_path):
    said = tmp_path / "said"
    (tmp_path / "tells_environment.py").write_text(
        f"import json, os, pathlib\npathlib.Path({str(said)!r}).write_text(json.dumps(dict(os.environ)))\n"
    )
    with pytest.MonkeyPatch.context() as here:
        here.setenv("PYTHONPATH", str(tmp_path))
        local.start("tells_environment", log=tmp_path / "log", when_gone=lambda code: (tmp_path / "gone").touch())
    wait_until((tmp_path / "gone").exists)
    assert json.loads(said.read_text()).items() >= COMPUTING.items()
