"""How soon something is on screen: server start, first text of Home, the map by a link; beside a plain Streamlit page.

Each figure is taken on a server started for it and in a browser started for it (empty cache), so it is always the
first session. What the disk caches is warm: the first round is thrown away.
"""

import tempfile
import time
from pathlib import Path

from bench import app_server, browser, pages
from bench.figures import Figures, arguments
from bench.machine import ROOT
from bench.made_runs import copy_shipped, write_points

RUN = "digits-vae"
POINTS_PEER = ROOT / "bench" / "peers" / "points.py"
Times = dict[str, list[float]]


def home(checkpoints: Path, times: Times) -> None:
    """One fresh start, opened at Home."""
    with browser.fresh_page() as page, app_server.app(checkpoints) as server:
        watch = app_server.TorchWatch(server.pid)
        watch.start()
        began = time.perf_counter()
        page.goto(server.url, wait_until="commit")
        seen = pages.heading(page, "Latent Loupe")
        torch_then = app_server.maps_torch(server.pid)
        cards = pages.cards(page)
        times["health_seconds"].append(server.health_seconds)
        times["home_text_seconds"].append(seen - began)
        times["home_from_start_seconds"].append(seen - server.started)
        times["home_cards_seconds"].append(cards - began)
        times["torch_before_text"].append(float(torch_then))
        time.sleep(1.0)  # the import in the background begins by now, or Home does not cause one
        found = watch.stop()
        times["torch_begins_seconds"] += [found - began] if found != float("inf") else []


def link_to_map(checkpoints: Path, times: Times) -> None:
    """One fresh start, opened at the map of a run."""
    with browser.fresh_page() as page, app_server.app(checkpoints) as server:
        began = time.perf_counter()
        page.goto(f"{server.url}map?run={RUN}", wait_until="commit")
        times["map_drawn_seconds"].append(pages.our_map(page) - began)


def plain_page(points: Path, times: Times) -> None:
    """One fresh start of the plain page."""
    with (
        browser.fresh_page() as page,
        app_server.plain(POINTS_PEER, {"BENCH_POINTS": str(points)}) as server,
    ):
        began = time.perf_counter()
        page.goto(server.url, wait_until="commit")
        times["plain_health_seconds"].append(server.health_seconds)
        times["plain_text_seconds"].append(pages.heading(page, "Points") - began)
        times["plain_chart_seconds"].append(pages.plotly_chart(page) - began)


def measure(rounds: int) -> Times:
    """All starts, ours and the peer's taking turns."""
    names = ("health", "home_text", "home_from_start", "home_cards", "torch_begins", "map_drawn")
    names += ("plain_health", "plain_text", "plain_chart")
    times: Times = {f"{name}_seconds": [] for name in names} | {"torch_before_text": []}
    with tempfile.TemporaryDirectory(prefix="bench-start-") as folder:
        checkpoints, points = Path(folder) / "checkpoints", Path(folder) / "points.npz"
        copy_shipped(checkpoints)
        write_points(checkpoints, RUN, "umap", points)
        for turn in range(rounds + 1):
            if turn == 1:
                times = {name: [] for name in times}
            home(checkpoints, times)
            link_to_map(checkpoints, times)
            plain_page(points, times)
    return times


def main() -> None:
    """Measure and print."""
    asked = arguments(__doc__).parse_args()
    figures = Figures("bench.start", asked.quick, browser.path())
    times = measure(1 if asked.quick else 5)
    figures.sample("health_seconds", "server start → healthy", times["health_seconds"], "s")
    figures.sample("home_text_seconds", "healthy → first text of Home", times["home_text_seconds"], "s", budget=2.0)
    figures.sample("home_from_start_seconds", "server start → first text", times["home_from_start_seconds"], "s")
    figures.sample("home_cards_seconds", "healthy → Home with its pictures", times["home_cards_seconds"], "s")
    map_label = "healthy → map of digits-vae drawn, by a link"
    figures.sample("map_drawn_seconds", map_label, times["map_drawn_seconds"], "s", budget=3.0)
    figures.sample("plain_health_seconds", "plain page: start → healthy", times["plain_health_seconds"], "s")
    figures.sample("plain_text_seconds", "plain page: healthy → title", times["plain_text_seconds"], "s")
    figures.sample("plain_chart_seconds", "plain page: healthy → scattergl", times["plain_chart_seconds"], "s")
    figures.ratio("home_over_plain", "Home's text over the plain title", "home_text_seconds", "plain_text_seconds")
    figures.ratio("map_over_plain", "our map over the plain scattergl", "map_drawn_seconds", "plain_chart_seconds")
    before = times["torch_before_text"]
    share = sum(before) / len(before)
    figures.number("torch_before_text", "starts with torch in memory when the text stood", share, "share", budget=0)
    if times["torch_begins_seconds"]:
        figures.sample("torch_begins_seconds", "healthy → import of torch begins", times["torch_begins_seconds"], "s")
    figures.note(f"starts of each kind: {len(before)}, taking turns; server and browser are new each time")
    figures.note("the plain page: st.title and st.plotly_chart of the same 1,797 points, Streamlit's own defaults")
    figures.note("Chromium draws WebGL (scattergl) in software here; with a graphics card the plain page is faster")
    figures.show(asked.json)


if __name__ == "__main__":
    main()
