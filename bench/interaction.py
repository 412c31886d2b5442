"""How it feels under the hand: Decode's sliders, and dragging a map of 70,000 points; beside plain Streamlit.

Slider: from an arrow key's input event to the frame after its picture is in place, one move at a time, on the app's own
pages; then sixty presses in two seconds; then the route alone. Map: three seconds of a mouse drag.
"""

import tempfile
import time
from pathlib import Path

from bench import app_server, browser, panning, sliders
from bench.figures import Figures, arguments
from bench.machine import ROOT
from bench.made_runs import SHIPPED, copy_shipped, made_digits, mnist_data, train_points, write_points

PEERS = ROOT / "bench" / "peers"
STREAMLIT_TUNED = "--runner.postScriptGC=false"
LAST = SHIPPED[-1]


def slider(figures: Figures, folder: Path, moves: int) -> None:
    """Ours for each shipped run, alone and beside a training; the plain page with the last of them."""
    checkpoints = folder / "slider"
    copy_shipped(checkpoints)
    with app_server.app(checkpoints) as server, browser.fresh_page() as page:
        for run_id in SHIPPED:
            name = run_id.replace("-", "_")
            sliders.open_console(page, server.url, run_id)
            spent = sliders.one_by_one(page, sliders.OURS, moves)
            figures.sample(f"slider_{name}_ms", f"slider → picture, {run_id}", spent, "ms", budget=50, judged="p95")
        painted = sliders.held(page, sliders.OURS)
        figures.number("slider_held_pictures", "pictures of 60 moves in 2 s", painted, "")
        for run_id in SHIPPED:
            name = run_id.replace("-", "_")
            trips, inside = sliders.round_trips(server.url, run_id, sliders.codes_of(checkpoints, run_id), 4 * moves)
            figures.sample(f"route_{name}_ms", f"the route alone, {run_id}", trips, "ms")
            figures.sample(f"decode_{name}_ms", "  of which decoding and support", inside, "ms")
        slider_beside_training(figures, checkpoints, page, moves)
    plain_slider(figures, checkpoints, moves)


def slider_beside_training(figures: Figures, checkpoints: Path, page: browser.Page, moves: int) -> None:
    """The last run's slider again, while the app trains on all cores."""
    from aelib.config import RunConfig
    from aelib.jobs import queue

    config = {"network": {"name": "convolutional"}, "training": {"epochs": 10_000, "device": "cpu"}}
    run = queue.submit(checkpoints, RunConfig.parse(config), name="bench")
    try:
        _wait_until(lambda: run.status().get("epoch", 0) >= 1)
        spent = sliders.one_by_one(page, sliders.OURS, moves)
    finally:
        queue.stop(run)
        _wait_until(lambda: run.status()["state"] not in ("queued", "starting", "running", "stopping"))
    label = f"slider → picture, {LAST}, while training runs"
    figures.sample("slider_training_ms", label, spent, "ms", budget=100, judged="p95")


def plain_slider(figures: Figures, checkpoints: Path, moves: int) -> None:
    """The plain page, with Streamlit's defaults and with its garbage collection off."""
    environment = {"BENCH_RUN": str(checkpoints / LAST)}
    for name, words, options in (("", "", ()), ("_tuned", ", GC off", (STREAMLIT_TUNED,))):
        with (
            app_server.plain(PEERS / "decode.py", environment, *options) as server,
            browser.fresh_page() as page,
        ):
            sliders.open_peer(page, server.url)
            spent = sliders.one_by_one(page, sliders.PEER, moves)
            painted = sliders.held(page, sliders.PEER)
        figures.sample(f"plain_slider{name}_ms", f"plain st.slider + st.image{words}", spent, "ms")
        figures.number(f"plain_slider{name}_held_pictures", f"  pictures of 60 moves in 2 s{words}", painted, "")
    ours = f"slider_{LAST.replace('-', '_')}_ms"
    figures.ratio("plain_over_slider", "plain over ours (median)", "plain_slider_ms", ours)
    figures.ratio("plain_tuned_over_slider", "plain, GC off, over ours (median)", "plain_slider_tuned_ms", ours)


def pan(figures: Figures, folder: Path, count: int, seconds: float, peer: bool) -> None:
    """Drag and hover ``count`` points, and the plain page's chart of the same."""
    place, short = folder / f"pan-{count}", f"{count // 1000}k"
    place.mkdir()
    if count == 70_000:
        data, said = mnist_data(place / "data")
        figures.note(f"70,000 points: {said}; one epoch of an autoencoder, PCA of its codes")
    else:
        data = made_digits(place / "data", count)
    checkpoints, run_id = place / "checkpoints", f"points-{short}"
    train_points(checkpoints, data, run_id)
    with app_server.app(checkpoints, data) as server, browser.fresh_page() as page:
        late, cpu = panning.floor(page, seconds)
        ours = panning.our_map(page, server.url, run_id, seconds)
    figures.number(f"floor_{short}_late_share", f"{short}: empty page, frames over 25 ms", 100 * late, "%")
    figures.number(f"floor_{short}_cpu_ms", f"{short}: empty page, CPU a move", cpu, "ms")
    draw_budget, late_budget = 8.0, 1.0  # at 500,000 points: fewer must do better
    figures.sample(f"pan_{short}_draw_ms", f"{short}: drawing the points", ours.draws, "ms", budget=draw_budget)
    _pan_figures(figures, f"pan_{short}", f"{short}: our map", ours, late_budget)
    figures.sample(f"hover_{short}_nearest_ms", f"{short}: finding the point under the cursor", ours.nearest, "ms")
    if peer:
        points = place / "points-peer.npz"
        write_points(checkpoints, run_id, "pca", points)
        with (
            app_server.plain(PEERS / "points.py", {"BENCH_POINTS": str(points)}) as server,
            browser.fresh_page() as page,
        ):
            plain = panning.plotly_chart(page, server.url, seconds)
        _pan_figures(figures, f"plain_pan_{short}", f"{short}: plain scattergl", plain, None)
        figures.ratio(
            f"plain_over_pan_{short}_cpu", f"{short}: plain over ours, CPU a drag move", f"plain_pan_{short}_cpu_ms",
            f"pan_{short}_cpu_ms",
        )  # fmt: skip
        figures.note(f"{short}: drawn on {ours.size[0]} x {ours.size[1]} (ours), {plain.size[0]} x {plain.size[1]} px")


def _pan_figures(figures: Figures, name: str, label: str, found: panning.Pan, budget: float | None) -> None:
    figures.number(f"{name}_late_share", f"{label}, drag: frames over 25 ms", 100 * found.late, "%", budget=budget)
    figures.number(f"{name}_cpu_ms", f"{label}, drag: CPU a move", found.cpu, "ms")
    figures.number(f"{name}_hover_late_share", f"{label}, hover: frames over 25 ms", 100 * found.hover_late, "%")
    figures.number(f"{name}_hover_cpu_ms", f"{label}, hover: CPU a move", found.hover_cpu, "ms")


def _wait_until(condition, patience: float = 120.0) -> None:
    until = time.monotonic() + patience
    while not condition():
        if time.monotonic() > until:
            raise RuntimeError("the training did not get where it should")
        time.sleep(0.05)


def main() -> None:
    """Measure and print."""
    asked = arguments(__doc__).parse_args()
    figures = Figures("bench.interaction", asked.quick, browser.path())
    with tempfile.TemporaryDirectory(prefix="bench-interaction-", ignore_cleanup_errors=True) as folder:
        slider(figures, Path(folder), 10 if asked.quick else 60)
        for count in (70_000,) if asked.quick else (10_000, 70_000, 500_000):
            pan(figures, Path(folder), count, 1.0 if asked.quick else 5.0, peer=count <= 70_000)
    figures.note("CPU a move: all of Chromium's processes, the harness's own messages included (see the empty page)")
    figures.note("Chromium has no graphics card here: canvas and WebGL (scattergl) are drawn by the processor")
    figures.show(asked.json)


if __name__ == "__main__":
    main()
