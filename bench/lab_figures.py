"""The figures of the labs, each held against its budget; how they are taken is in ``bench.labs``."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page

from bench import app_server, beside, browser, labs, made_runs, sliders
from bench.figures import Figures
from bench.made_runs import SHIPPED, copy_shipped

LAST = SHIPPED[-1]


@dataclass(frozen=True)
class _Lab:
    """A lab in which something is dragged and pictures follow.

    Attributes:
        name: In the names of figures.
        words: What is dragged, and what follows.
        latencies: Where the page keeps its times.
        budget: Of the 95th percentile alone, ms.
        hold: Opens it at a run and takes hold; gives the act that moves on.
    """

    name: str
    words: str
    latencies: str
    budget: float
    hold: Callable[[Page, str, str], sliders.Act]


_NOISE = _Lab(
    "noise", "severity → pictures", labs.NOISE, 50, lambda page, url, run_id: labs.severity(page, url, run_id, labs.ONE)
)
_PAD = _Lab("pad", "stroke → reconstruction", labs.PAD, 60, labs.stroke)
_HANDLE = _Lab("handle", "handle → strips", labs.HANDLE, 50, labs.end)


def noise(figures: Figures, folder: Path, moves: int) -> None:
    """Noise: a severity is dragged, the pictures follow."""
    checkpoints = _shipped(folder / "noise")
    with app_server.app(checkpoints) as server, browser.fresh_page() as page:
        _drag(figures, _NOISE, page, server.url, moves)
        act = labs.severity(page, server.url, LAST, labs.THREE)
        spent = sliders.one_by_one(page, labs.NOISE, moves, act)
        figures.sample("noise_three_ms", f"  {LAST}, three stacked", spent, "ms", budget=50, judged="p95")
        for run_id, name in _named():
            bodies = labs.noise_bodies(run_id, labs.items_of(checkpoints, run_id), labs.ONE)
            _alone(figures, f"noise_{name}", run_id, sliders.times_of(server.url, "/api/noise", bodies, 4 * moves))
        _beside_training(figures, _NOISE, page, server.url, checkpoints, moves)


def pad(figures: Figures, folder: Path, moves: int) -> None:
    """Draw: the reconstruction follows the pen."""
    checkpoints = _shipped(folder / "pad")
    made_runs.train_faces(checkpoints, folder, "faces")
    with app_server.app(checkpoints) as server, browser.fresh_page() as page:
        _drag(figures, _PAD, page, server.url, moves)
        spent = sliders.one_by_one(page, labs.PAD, moves, labs.stroke(page, server.url, "faces"))
        label = "  in colour, 64 x 64, convolutional"
        figures.sample("pad_colour_ms", label, spent, "ms", budget=_PAD.budget, judged="p95")
        _alone(figures, "pad", LAST, sliders.times_of(server.url, "/api/draw", labs.ink_bodies(LAST), 4 * moves))
        _beside_training(figures, _PAD, page, server.url, checkpoints, moves)


def handle(figures: Figures, folder: Path, moves: int) -> None:
    """Paths: an end is dragged over the map, three strips follow."""
    checkpoints = _shipped(folder / "handle")
    with app_server.app(checkpoints) as server, browser.fresh_page() as page:
        _drag(figures, _HANDLE, page, server.url, moves)
        bodies = labs.path_bodies(sliders.codes_of(checkpoints, LAST), labs.QUICK_WAYS)
        _alone(figures, "handle", LAST, sliders.times_of(server.url, f"/api/runs/{LAST}/paths", bodies, 4 * moves))
        _beside_training(figures, _HANDLE, page, server.url, checkpoints, moves)


def strip(figures: Figures, folder: Path, moves: int) -> None:
    """Paths: an end is let go of, and four ways of twelve steps are there."""
    checkpoints = _shipped(folder / "strip")
    with app_server.app(checkpoints) as server, browser.fresh_page() as page:
        for run_id, name in _named():
            labs.open_paths(page, server.url, run_id)
            seen = [*labs.drops(page, max(3, moves // 3))]
            label = f"drop → four ways of {labs.STEPS}, {run_id}"
            spent = [labs.whole_strip(each) for each in seen]
            figures.sample(f"strip_{name}_ms", label, spent, "ms", budget=300, judged="p95")
            codes = sliders.codes_of(checkpoints, run_id)
            bodies = labs.path_bodies(codes, labs.WAYS)
            trips, _ = sliders.times_of(server.url, f"/api/runs/{run_id}/paths", bodies, moves)
            label = f"  the route alone, {run_id}"
            figures.sample(f"strip_route_{name}_ms", label, trips, "ms", budget=300, judged="p95")


def geodesic(figures: Figures, folder: Path, moves: int) -> None:
    """Paths: how long the search for a geodesic takes in a 16-d code, from letting go to its last picture."""
    place, checkpoints = folder / "geodesic", folder / "geodesic" / "checkpoints"
    data = made_runs.made_digits(place / "data", 7000, scale=3, pad=2)
    made_runs.train_codes(checkpoints, data, "mlp")
    made_runs.train_sprites(checkpoints, data, "convolutional")
    about = {"mlp": "16-d VAE 784-256-128-16", "convolutional": "16-d convolutional, 64 x 64"}
    count = max(3, moves // 3)
    with app_server.app(checkpoints, data) as server, browser.fresh_page() as page:
        for run_id, words in about.items():
            labs.open_paths(page, server.url, run_id)
            found = [labs.searched(seen) for seen in labs.drops(page, count)]
            spent, before = [ms / 1000 for ms, _ in found], [between for _, between in found]
            name = f"geodesic_{run_id}"
            figures.sample(f"{name}_seconds", f"drop → geodesic, {words}", spent, "s", budget=2, judged="p95")
            figures.sample(f"{name}_steps", "  pictures painted on the way", before, "")
            alone = labs.searches_alone(server.url, run_id, sliders.codes_of(checkpoints, run_id), count)
            label = "  the route alone, all rounds"
            figures.sample(f"{name}_route_seconds", label, [ms / 1000 for ms in alone], "s", budget=2, judged="p95")
    figures.note("the 16-d runs have little training: five epochs of 6,000 digits, five of 500 sprites")


def _drag(figures: Figures, lab: _Lab, page: Page, url: str, moves: int) -> None:
    """One move at a time with each shipped run; with the last, a burst of them."""
    for run_id, name in _named():
        act = lab.hold(page, url, run_id)
        spent = sliders.one_by_one(page, lab.latencies, moves, act)
        label = f"{lab.words}, {run_id}"
        figures.sample(f"{lab.name}_{name}_ms", label, spent, "ms", budget=lab.budget, judged="p95")
    painted = sliders.held(page, lab.latencies, lab.hold(page, url, LAST))
    figures.number(f"{lab.name}_held_pictures", "  painted of 60 moves in 2 s", painted, "")


def _alone(figures: Figures, name: str, run_id: str, times: tuple[list[float], list[float]]) -> None:
    trips, inside = times
    figures.sample(f"{name}_route_ms", f"  the route alone, {run_id}", trips, "ms")
    figures.sample(f"{name}_inside_ms", "    of which in our function", inside, "ms")


def _beside_training(figures: Figures, lab: _Lab, page: Page, url: str, checkpoints: Path, moves: int) -> None:
    """The last run again, while the app trains on all cores."""
    with beside.training(checkpoints):
        act = lab.hold(page, url, LAST)
        spent = sliders.one_by_one(page, lab.latencies, moves, act)
        page.mouse.up()
    label = f"{lab.words}, {LAST}, while training runs"
    figures.sample(f"{lab.name}_training_ms", label, spent, "ms", budget=100, judged="p95")


def _shipped(checkpoints: Path) -> Path:
    copy_shipped(checkpoints)
    return checkpoints


def _named() -> list[tuple[str, str]]:
    return [(run_id, run_id.replace("-", "_")) for run_id in SHIPPED]
