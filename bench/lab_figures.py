"""The figures of the labs, each held against its budget; how they are taken is in ``bench.labs``."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page

from bench import app_server, beside, browser, labs, made_runs, sliders
from bench.figures import Figures
from bench.made_runs import SHIPPED, copy_shipped

LAST = SHIPPED[-1]
_Open = Callable[[Page, str, str], sliders.Act]


def noise(figures: Figures, folder: Path, moves: int) -> None:
    """Noise: a severity is dragged, the picture follows."""
    checkpoints = _shipped(folder / "noise")
    with app_server.app(checkpoints) as server, browser.fresh_page() as page:
        for run_id, name in _named():
            act = labs.severity(page, server.url, run_id, labs.ONE)
            spent = sliders.one_by_one(page, labs.NOISE, moves, act)
            figures.sample(f"noise_{name}_ms", f"severity → pictures, {run_id}", spent, "ms", budget=50, judged="p95")
        act = labs.severity(page, server.url, LAST, labs.THREE)
        spent = sliders.one_by_one(page, labs.NOISE, moves, act)
        figures.sample("noise_three_ms", f"  {LAST}, three stacked", spent, "ms", budget=50, judged="p95")
        painted = sliders.held(page, labs.NOISE, act)
        figures.number("noise_held_pictures", "  pictures of 60 moves in 2 s", painted, "")
        page.mouse.up()
        for run_id, name in _named():
            bodies = labs.noise_bodies(run_id, labs.items_of(checkpoints, run_id), labs.ONE)
            trips, inside = sliders.times_of(server.url, "/api/noise", bodies, 4 * moves)
            figures.sample(f"noise_route_{name}_ms", f"  the route alone, {run_id}", trips, "ms")
            figures.sample(f"noise_inside_{name}_ms", "    of which on the server", inside, "ms")
        _beside_training(figures, checkpoints, moves, "noise", "severity → pictures", page, server, labs.NOISE)


def pad(figures: Figures, folder: Path, moves: int) -> None:
    """Draw: the reconstruction follows the pen."""
    checkpoints = _shipped(folder / "pad")
    with app_server.app(checkpoints) as server, browser.fresh_page() as page:
        for run_id, name in _named():
            act = labs.stroke(page, server.url, run_id)
            spent = sliders.one_by_one(page, labs.PAD, moves, act)
            label = f"stroke → reconstruction, {run_id}"
            figures.sample(f"pad_{name}_ms", label, spent, "ms", budget=60, judged="p95")
        painted = sliders.held(page, labs.PAD, act)
        figures.number("pad_held_pictures", "  pictures of 60 moves in 2 s", painted, "")
        page.mouse.up()
        trips, inside = sliders.times_of(server.url, "/api/draw", labs.ink_bodies(LAST), 4 * moves)
        figures.sample("pad_route_ms", f"  the route alone, {LAST}", trips, "ms")
        figures.sample("pad_inside_ms", "    of which on the server", inside, "ms")
        _beside_training(figures, checkpoints, moves, "pad", "stroke → reconstruction", page, server, labs.PAD)


def handle(figures: Figures, folder: Path, moves: int) -> None:
    """Paths: an end is dragged over the map, three strips follow."""
    checkpoints = _shipped(folder / "handle")
    with app_server.app(checkpoints) as server, browser.fresh_page() as page:
        for run_id, name in _named():
            act = labs.end(page, server.url, run_id)
            spent = sliders.one_by_one(page, labs.HANDLE, moves, act)
            figures.sample(f"handle_{name}_ms", f"handle → strips, {run_id}", spent, "ms", budget=50, judged="p95")
        painted = sliders.held(page, labs.HANDLE, act)
        figures.number("handle_held_pictures", "  strips of 60 moves in 2 s", painted, "")
        page.mouse.up()
        bodies = labs.path_bodies(sliders.codes_of(checkpoints, LAST), labs.QUICK_WAYS)
        trips, inside = sliders.times_of(server.url, f"/api/runs/{LAST}/paths", bodies, 4 * moves)
        figures.sample("handle_route_ms", f"  the route alone, {LAST}, three ways", trips, "ms")
        figures.sample("handle_inside_ms", "    of which on the server", inside, "ms")
        _beside_training(figures, checkpoints, moves, "handle", "handle → strips", page, server, labs.HANDLE)


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
    about = {"mlp": "16-d VAE 784-256-128-16", "convolutional": "16-d convolutional VAE, 64 x 64"}
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
    figures.note("the 16-d runs have little training: five epochs of 6,000 digits, one of 500 sprites")


_BESIDE: dict[str, _Open] = {
    "noise": lambda page, url, run_id: labs.severity(page, url, run_id, labs.ONE),
    "pad": labs.stroke,
    "handle": labs.end,
}


def _beside_training(
    figures: Figures,
    checkpoints: Path,
    moves: int,
    lab: str,
    words: str,
    page: Page,
    server: app_server.Server,
    latencies: str,
) -> None:
    """The last run again, while the app trains on all cores."""
    with beside.training(checkpoints):
        act = _BESIDE[lab](page, server.url, LAST)
        spent = sliders.one_by_one(page, latencies, moves, act)
        page.mouse.up()
    label = f"{words}, {LAST}, while training runs"
    figures.sample(f"{lab}_training_ms", label, spent, "ms", budget=100, judged="p95")


def _shipped(checkpoints: Path) -> Path:
    copy_shipped(checkpoints)
    return checkpoints


def _named() -> list[tuple[str, str]]:
    return [(run_id, run_id.replace("-", "_")) for run_id in SHIPPED]
