"""How it feels under the hand: sliders, severities, the pen and the ends of paths, beside plain Streamlit's slider.

From the event of a key or a pointer to the frame after its picture is in place, one move at a time, on the app's own
pages; then sixty moves in two seconds; then the route alone. The map has a bench of its own, bench.map.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import app_server, beside, browser, lab_figures, sliders
from bench.figures import Figures, arguments
from bench.machine import ROOT
from bench.made_runs import SHIPPED, copy_shipped

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
    with beside.training(checkpoints):
        spent = sliders.one_by_one(page, sliders.OURS, moves)
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


PARTS: dict[str, Callable[[Figures, Path, int], None]] = {
    "slider": slider,
    "noise": lab_figures.noise,
    "pad": lab_figures.pad,
    "handle": lab_figures.handle,
    "strip": lab_figures.strip,
    "geodesic": lab_figures.geodesic,
}


def main() -> None:
    """Measure and print."""
    parser = arguments(__doc__)
    parser.add_argument("--only", choices=PARTS, help="measure this part alone")
    asked = parser.parse_args()
    figures = Figures("bench.interaction", asked.quick, browser.path())
    with tempfile.TemporaryDirectory(prefix="bench-interaction-", ignore_cleanup_errors=True) as folder:
        for name in (asked.only,) if asked.only else PARTS:
            PARTS[name](figures, Path(folder), 10 if asked.quick else 60)
    figures.show(asked.json)


if __name__ == "__main__":
    main()
