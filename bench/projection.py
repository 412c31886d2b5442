"""How long a map takes and how good it is: ours, umap-learn's defaults, openTSNE and PaCMAP on the same real codes.

The codes are those of a variational autoencoder (784-256-128-16) trained here on MNIST for five epochs, kept in the
temporary folder for the next time. Ours is measured as the app's user waits: from asking the projection worker to the
map on disk with its quality, the worker's start included where it says cold. A peer is a fresh process, its import
included where it says cold; its second fit in the same process is its warm time.
"""

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Self

import numpy as np

from aelib import codes as code_tables
from aelib.config import PluginConfig, read_choice
from aelib.jobs import projecting
from aelib.measures.projection import distortion, projection_quality
from aelib.projections import _base as projections
from aelib.registry import PROJECTIONS
from aelib.runs.folder import Run, open_run
from aelib.runs.lock import is_held
from bench.figures import Figures, arguments
from bench.machine import ROOT
from bench.made_runs import mnist_data, train_codes

SIZES = {"small": 10_000, "large": 60_000}
QUICK_SIZES = {"small": 1_500, "large": 4_000}
PEERS = {"umap-learn": "umap", "openTSNE": "openTSNE", "PaCMAP": "pacmap"}
SHARE = {"small": 1 / 8, "large": 1 / 2.5}  # of umap-learn's cold wait that ours may take
NEAR = 0.005  # of trustworthiness
LIMIT = 1800  # seconds for one peer


class Worker:
    """The projection worker of a run's folder, started as the app does, with compiled code in a cache of its own."""

    def __init__(self, run: Run, cache: Path) -> None:
        self.run, self.folder, self.cache, self.pid = run, run.folder.parent, cache, 0

    def wait(self, config: PluginConfig) -> float:
        """Seconds from asking to the map on disk; the worker is started when it is not there."""
        os.environ["NUMBA_CACHE_DIR"] = str(self.cache)
        began = time.perf_counter()
        self.pid = projecting.warm_up(self.folder) or self.pid
        while not projections.stored(self.run, config):
            fault = projecting.request(self.run, config)
            if fault:
                raise RuntimeError(fault)
            time.sleep(0.01)
        return time.perf_counter() - began

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *fault: object) -> None:
        os.kill(self.pid, signal.SIGTERM)
        while is_held(self.folder / ".projecting" / "lock"):
            time.sleep(0.01)


def run_of(source: Run, folder: Path, count: int) -> Run:
    """A copy of a run with the first ``count`` of its items, in a folder of its own and without maps."""
    target = folder / f"runs-{count}" / source.id
    shutil.copytree(source.folder, target, ignore=shutil.ignore_patterns("projections", "lock", "preview", "resume"))
    run = Run(target)
    code_tables.write(run, code_tables.of_run(source).take(np.arange(count)))
    return run


def umap(seed: int) -> PluginConfig:
    """Ours, with its defaults."""
    return read_choice(PROJECTIONS, {"name": "umap", "seed": seed})


def ours(figures: Figures, run: Run, size: str, cache: Path, rounds: int) -> np.ndarray:
    """Our UMAP, cold and warm; its points."""
    count = len(code_tables.of_run(run))
    cold, warm = [], []
    for turn in range(rounds):
        with Worker(run, cache) as worker:
            cold.append(worker.wait(umap(2 * turn)))
            warm.append(worker.wait(umap(2 * turn + 1)))
    figures.sample(f"ours_cold_{size}_seconds", f"{count:,} codes: our UMAP, worker cold", cold, "s")
    figures.sample(f"ours_warm_{size}_seconds", "  worker warm", warm, "s")
    done = projections.read(run, umap(0))
    assert done is not None, "it was waited for"
    figures.number(f"ours_fit_{size}_seconds", "  of which the fit itself", done.seconds, "s")
    return done.points


def at_once(figures: Figures, run: Run, points: np.ndarray, size: str) -> None:
    """The first layout, and new items on the map."""
    began = time.perf_counter()
    table = code_tables.of_run(run)
    projections.fit(table.codes, read_choice(PROJECTIONS, "pca"))
    figures.number(
        f"pca_{size}_seconds", "  first layout (PCA), codes read", time.perf_counter() - began, "s", budget=1
    )
    spent = []
    for turn in range(20):
        new = table.codes[turn * 16 : turn * 16 + 16] + np.float32(0.01)
        began = time.perf_counter()
        projections.place(new, table.codes, points)
        spent.append(1000 * (time.perf_counter() - began))
    figures.sample(f"place_{size}_ms", "  16 new items placed on it", spent, "ms", budget=50, judged="p95")


def quality(figures: Figures, name: str, label: str, table: np.ndarray, points: np.ndarray) -> None:
    """Trustworthiness and overlap of one layout."""
    found = projection_quality(table, points, distortion(table, points))
    figures.number(f"{name}_trust", f"  {label}: trustworthiness", found["trustworthiness"], "")
    figures.number(f"{name}_overlap", f"  {label}: neighbour overlap", found["overlap"], "")


def peer(name: str, source: Path, target: Path, cache: Path) -> dict[str, float]:
    """Seconds of one peer in a fresh process."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache)}
    command = [sys.executable, "-W", "ignore", "-m", "bench.peers.project", name, str(source), str(target)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=LIMIT)
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stderr[-1000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def peers(figures: Figures, table: np.ndarray, size: str, folder: Path, rounds: int) -> None:
    """Every peer that is installed."""
    source, target = folder / f"{size}.npy", folder / f"{size}-points.npy"
    np.save(source, table, allow_pickle=False)
    for name, module in PEERS.items():
        if importlib.util.find_spec(module) is None:
            figures.note(f"{name} is not installed: left out (pip install openTSNE==1.0.4 pacmap==0.9.1)")
            continue
        own = module.lower()
        if size == "small":
            first = peer(name, source, target, folder / "numba-peers")["cold"]
            figures.number(f"{own}_first_ever_seconds", f"  {name}, first ever", first, "s")
        found = [peer(name, source, target, folder / "numba-peers") for _ in range(rounds)]
        print(f"{size}: {name} {found}", file=sys.stderr, flush=True)
        figures.sample(f"{own}_cold_{size}_seconds", f"  {name}, fresh process", [each["cold"] for each in found], "s")
        figures.sample(f"{own}_warm_{size}_seconds", f"  {name}, second fit", [each["warm"] for each in found], "s")
        quality(figures, f"{own}_{size}", name, table, np.load(target, allow_pickle=False))


def verdicts(figures: Figures, size: str) -> None:
    """Ours over umap-learn, each budget said."""
    values = figures.values
    if f"umap_cold_{size}_seconds" not in values:
        return
    for kind, budget in (("cold", SHARE[size]), ("warm", None)):
        share = values[f"ours_{kind}_{size}_seconds"] / values[f"umap_{kind}_{size}_seconds"]
        figures.number(
            f"ours_over_umap_{kind}_{size}", f"  ours over umap-learn, {kind} over {kind}", share, "×", budget=budget
        )
    worse = values[f"umap_{size}_trust"] - values[f"ours_{size}_trust"]
    figures.number(f"trust_lost_{size}", "  trustworthiness below umap-learn's", worse, "", budget=NEAR)


def first_ever(figures: Figures, run: Run, cache: Path) -> None:
    """The first UMAP of a fresh clone: nothing is compiled yet. Leaves the cache filled."""
    count = len(code_tables.of_run(run))
    with Worker(run, cache) as worker:
        figures.number("ours_first_ever_seconds", f"{count:,} codes: our first UMAP ever", worker.wait(umap(99)), "s")


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__)
    parser.add_argument("--alone", action="store_true", help="without peers: to see that it works in a minute or two")
    parser.add_argument("--only", choices=SIZES, help="measure this size alone")
    asked = parser.parse_args()
    figures = Figures("bench.projection", asked.quick)
    kept = Path(tempfile.gettempdir()) / "aelib-bench-projection"
    data, said = mnist_data(kept / "data") if not (kept / "data").exists() else (kept / "data", "MNIST is made")
    os.environ["AELIB_DATA"] = str(data)
    if not (kept / "runs" / "mnist-16" / "codes").exists():
        train_codes(kept / "runs", data, "mnist-16")
    source = open_run(kept / "runs", "mnist-16")
    with tempfile.TemporaryDirectory(prefix="bench-projection-", ignore_cleanup_errors=True) as here:
        folder = Path(here)
        for number, (size, count) in enumerate((QUICK_SIZES if asked.quick else SIZES).items()):
            if asked.only not in (None, size):
                continue
            rounds = 1 if asked.quick or size == "large" else 3
            run = run_of(source, folder, count)
            if number == 0:
                first_ever(figures, run, folder / "numba")
            points = ours(figures, run, size, folder / "numba", rounds)
            table = code_tables.of_run(run).codes
            at_once(figures, run, points, size)
            quality(figures, f"ours_{size}", "ours", table, points)
            if not asked.alone:
                peers(figures, table, size, folder, rounds)
                verdicts(figures, size)
    figures.note(f"{said}; codes of 16 numbers; trustworthiness at 15 neighbours on 2,000 items, overlap on all")
    figures.note("first ever: nothing compiled is kept yet; cold: a fresh process after that; a peer's import counts")
    figures.show(asked.json)


if __name__ == "__main__":
    main()
