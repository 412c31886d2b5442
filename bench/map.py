"""The map: what it sends, when it is drawn, what a pan and a hover cost, and how long a decoded picture takes.

10,000, 70,000, 500,000 and (ours alone) 1,000,000 points: our map, and the same points in ``st.plotly_chart``
(scattergl) on a plain page. First paint: from the link to the drawn map in a browser with an empty cache, the server
warm. Then a hover and a drag, up to sixty moves a second. Before them the decoded picture of a place, idle and while a
training runs; after them our chart in three dimensions, turned.
"""

import tempfile
from pathlib import Path

from bench import app_server, beside, browser, hovering, panning
from bench.figures import Figures, arguments
from bench.machine import ROOT
from bench.made_runs import copy_shipped, made_digits, mnist_data, train_points, write_points
from ui.map_solid import MOST

PEER = ROOT / "bench" / "peers" / "points.py"
RUN = "digits-vae"
LARGE = 500_000


def points(figures: Figures, folder: Path, count: int, seconds: float, times: int, peer: bool) -> None:
    """Send, draw, drag and hover ``count`` points; and the plain page's chart of the same."""
    short = f"{count // 1_000_000}M" if count >= 1_000_000 else f"{count // 1000}k"
    place = folder / f"points-{short}"
    place.mkdir()
    if count == 70_000:
        data, said = mnist_data(place / "data")
        figures.note(f"70,000 points: {said}; one epoch of an autoencoder, PCA of its codes")
    else:
        data = made_digits(place / "data", count)
    checkpoints, run_id = place / "checkpoints", f"points-{short.lower()}"
    train_points(checkpoints, data, run_id)
    with app_server.app(checkpoints, data) as server, browser.fresh_page() as page:
        address = panning.address(server.url, run_id)
        late, cpu = panning.floor(page, seconds)
        seen = panning.first_paints(page, address, panning.OUR_MAP, times)
        ours = panning.our_map(page, address, seconds)
    budget = 2.5 if count == LARGE else None
    figures.sample(f"paint_{short}_seconds", f"{short}: link → drawn map", seen.seconds, "s", budget=budget)
    budget = 10.0 if count == LARGE else None
    figures.number(f"payload_{short}_mb", f"{short}: positions and colours", seen.arrays / 1e6, "MB", budget=budget)
    figures.number(f"socket_{short}_mb", f"{short}: the page itself (websocket)", seen.socket / 1e6, "MB")
    figures.number(f"floor_{short}_late_share", f"{short}: empty page, frames over 25 ms", 100 * late, "%")
    figures.number(f"floor_{short}_cpu_ms", f"{short}: empty page, CPU a move", cpu, "ms")
    draw_budget = 16.0 if count > LARGE else 8.0
    figures.sample(f"pan_{short}_draw_ms", f"{short}: drawing the points", ours.draws, "ms", budget=draw_budget)
    _pan_figures(figures, f"pan_{short}", f"{short}: our map", ours, 1.0 if count <= LARGE else None)
    figures.sample(f"hover_{short}_nearest_ms", f"{short}: finding the point under the cursor", ours.nearest, "ms")
    if peer:
        plain_points(figures, place, short, run_id, seconds, times, ours)


def plain_points(
    figures: Figures, place: Path, short: str, run_id: str, seconds: float, times: int, ours: panning.Pan
) -> None:
    """The same points in a plain page's scattergl."""
    written = place / "points-peer.npz"
    write_points(place / "checkpoints", run_id, "pca", written)
    with app_server.plain(PEER, {"BENCH_POINTS": str(written)}) as server, browser.fresh_page() as page:
        seen = panning.first_paints(page, server.url, panning.PLOTLY, times)
        plain = panning.plotly_chart(page, server.url, seconds)
    figures.sample(f"plain_paint_{short}_seconds", f"{short}: plain scattergl, link → chart", seen.seconds, "s")
    figures.number(f"plain_payload_{short}_mb", f"{short}: plain scattergl, websocket", seen.socket / 1e6, "MB")
    _pan_figures(figures, f"plain_pan_{short}", f"{short}: plain scattergl", plain, None)
    for name, words in (("cpu_ms", "a drag move"), ("hover_cpu_ms", "a hover move")):
        figures.ratio(
            f"plain_over_pan_{short}_{name.removesuffix('_ms')}", f"{short}: plain over ours, CPU {words}",
            f"plain_pan_{short}_{name}", f"pan_{short}_{name}",
        )  # fmt: skip
    figures.note(f"{short}: drawn on {ours.size[0]} x {ours.size[1]} (ours), {plain.size[0]} x {plain.size[1]} px")


def solid_points(figures: Figures, folder: Path, seconds: float) -> None:
    """Our 3-D chart at the most points that it draws, and at twice as many, which it therefore does not."""
    written = folder / "points-70k" / "points-peer.npz"
    for count in (MOST, 2 * MOST):
        environment = {"BENCH_POINTS": str(written), "BENCH_COUNT": str(count)}
        with app_server.plain(PEER.with_name("solid.py"), environment) as server, browser.fresh_page() as page:
            frame_p95, cpu = panning.solid_chart(page, server.url, seconds)
        name, label = f"solid_{count // 1000}k", f"{count // 1000}k in three dimensions, turning"
        figures.number(f"{name}_frame_p95_ms", f"{label}: frame, p95", frame_p95, "ms")
        figures.number(f"{name}_cpu_ms", f"{label}: CPU a move", cpu, "ms")


def _pan_figures(figures: Figures, name: str, label: str, found: panning.Pan, budget: float | None) -> None:
    figures.number(f"{name}_frame_p95_ms", f"{label}, drag: frame, p95", found.frame_p95, "ms")
    figures.number(f"{name}_late_share", f"{label}, drag: frames over 25 ms", 100 * found.late, "%", budget=budget)
    figures.number(f"{name}_cpu_ms", f"{label}, drag: CPU a move", found.cpu, "ms")
    share = 100 * found.hover_late
    figures.number(f"{name}_hover_late_share", f"{label}, hover: frames over 25 ms", share, "%", budget=budget)
    figures.number(f"{name}_hover_cpu_ms", f"{label}, hover: CPU a move", found.hover_cpu, "ms")


def decoding(figures: Figures, folder: Path, count: int) -> None:
    """The decoded picture of a place: through the route and from the lattice, alone and beside a training."""
    checkpoints = folder / "decoding"
    copy_shipped(checkpoints)
    with app_server.app(checkpoints) as server, browser.fresh_page() as page:
        hovering.open_map(page, server.url, RUN)
        spent = hovering.through_route(page, count)
        figures.sample("decode_route_ms", f"place → picture, {RUN}, route", spent, "ms", budget=50, judged="p95")
        spent = hovering.from_lattice(page, server.url, RUN, count)
        if spent:
            figures.sample(
                "decode_lattice_ms", f"place → picture, {RUN}, lattice", spent, "ms", budget=17, judged="p95"
            )
        else:
            figures.note("this map has no decoded lattice: its latency is not measured")
        with beside.training(checkpoints):
            hovering.open_map(page, server.url, RUN)
            beside_route = hovering.through_route(page, count)
            beside_lattice = hovering.from_lattice(page, server.url, RUN, count)
        label = f"place → picture, {RUN}, route, while training runs"
        figures.sample("decode_route_training_ms", label, beside_route, "ms", budget=100, judged="p95")
        if beside_lattice:
            label = f"place → picture, {RUN}, lattice, while training runs"
            figures.sample("decode_lattice_training_ms", label, beside_lattice, "ms")


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__)
    parser.add_argument("--only", type=int, metavar="POINTS", help="measure this many points alone")
    asked = parser.parse_args()
    figures = Figures("bench.map", asked.quick, browser.path())
    counts = (70_000,) if asked.quick else (10_000, 70_000, LARGE, 1_000_000)
    with tempfile.TemporaryDirectory(prefix="bench-map-", ignore_cleanup_errors=True) as folder:
        decoding(figures, Path(folder), 10 if asked.quick else 100)
        for count in (asked.only,) if asked.only else counts:
            seconds, times = (1.0, 1) if asked.quick else (5.0, 5)
            points(figures, Path(folder), count, seconds, times, peer=count <= LARGE)
        if 70_000 in counts and not asked.only:
            solid_points(figures, Path(folder), 1.0 if asked.quick else 5.0)
    figures.note("CPU a move: all of Chromium's processes, the harness's own messages included (see the empty page)")
    figures.note("Chromium has no graphics card here: canvas and WebGL (scattergl) are drawn by the processor")
    figures.show(asked.json)


if __name__ == "__main__":
    main()
