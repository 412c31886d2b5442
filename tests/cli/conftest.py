"""Commands run in this process: their exit code, what they print, what they complain about."""

import json

import pytest

from aelib.cli import main


@pytest.fixture
def cli(capsys, checkpoints):
    """Runs a command in this test's folder of runs, or in another; gives exit code, stdout and stderr."""

    def run(*words: object, inside=checkpoints) -> tuple[int, str, str]:
        capsys.readouterr()
        rc = main([*map(str, words), "--checkpoints", str(inside)])
        out, err = capsys.readouterr()
        return rc, out, err

    return run


@pytest.fixture
def tiny(cli, tiny_run):
    """Runs a command on the shared trained run; for machines, so the answer is parsed."""

    def run(command: str, *words: object) -> dict:
        rc, out, err = cli(command, tiny_run.id, *words, "--json", inside=tiny_run.folder.parent)
        assert (rc, err) == (0, "")
        return json.loads(out.splitlines()[-1])

    return run
