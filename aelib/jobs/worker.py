"""The worker process: ``python -m aelib.jobs.worker CHECKPOINTS RUN ATTEMPT``."""

import json
import os
import signal
import sys
from pathlib import Path


def main(arguments: list[str]) -> int:
    """Train one claimed run. Exit code 0 when it ended in a state of its own, 75 when it was not ours to run."""
    checkpoints, run_id, attempt = arguments
    from aelib.runs import processes

    myself = json.dumps(processes.identity(os.getpid()))
    from aelib.jobs.training import stop_signal, work
    from aelib.runs.folder import open_run

    signal.signal(signal.SIGTERM, lambda number, frame: stop_signal.append(number))
    state = work(open_run(Path(checkpoints), run_id), int(attempt), note=myself)
    return 75 if state == "conflict" else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
