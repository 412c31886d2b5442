"""The benches run and give the figures they promise; what the figures are is the machine's business."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from aelib import codes
from aelib.config import read_choice
from aelib.projections import _base as projections
from aelib.registry import PROJECTIONS
from aelib.runs import movie
from aelib.runs.folder import list_runs
from bench import shipped
from bench.figures import Figures

ROOT = Path(__file__).resolve().parents[1]
START = (
    "health_seconds", "home_text_seconds", "home_cards_seconds", "map_drawn_seconds", "plain_health_seconds",
    "plain_text_seconds", "plain_chart_seconds", "home_over_plain", "map_over_plain", "torch_before_text",
)  # fmt: skip
INTERACTION = (
    "slider_digits_plane_ms", "slider_digits_plane_ms_p95", "slider_digits_autoencoder_ms_p95",
    "slider_digits_vae_ms_p95", "slider_training_ms_p95", "route_digits_vae_ms_p95", "plain_slider_ms",
    "plain_over_slider",
)  # fmt: skip
LABS = {
    "noise": ("noise_digits_plane_ms_p95", "noise_digits_vae_ms_p95", "noise_held_pictures", "noise_training_ms_p95"),
    "pad": (
        "pad_digits_autoencoder_ms_p95",
        "pad_colour_ms_p95",
        "pad_held_pictures",
        "pad_route_ms",
        "pad_training_ms_p95",
    ),
    "handle": ("handle_digits_vae_ms_p95", "handle_held_pictures", "handle_route_ms", "handle_training_ms_p95"),
    "strip": ("strip_digits_plane_ms_p95", "strip_route_digits_vae_ms_p95"),
    "geodesic": ("geodesic_mlp_seconds_p95", "geodesic_convolutional_route_seconds", "geodesic_mlp_steps"),
}
MAP = (
    "decode_route_ms_p95", "decode_route_training_ms_p95", "paint_70k_seconds", "payload_70k_mb", "socket_70k_mb",
    "pan_70k_draw_ms_p95", "pan_70k_frame_p95_ms", "pan_70k_late_share", "pan_70k_hover_cpu_ms",
    "hover_70k_nearest_ms", "floor_70k_late_share", "plain_paint_70k_seconds", "plain_payload_70k_mb",
    "plain_pan_70k_late_share", "plain_over_pan_70k_cpu", "plain_over_pan_70k_hover_cpu",
    "solid_10k_frame_p95_ms", "solid_20k_cpu_ms",
)  # fmt: skip
TRAINING = (
    "digits_seconds", "digits_start_seconds", "digits_start_share", "digits_images_per_second",
    "mlp_ours_seconds", "mlp_bf16_seconds", "mlp_naive_seconds", "mlp_floor_seconds", "mlp_naive_over_ours",
    "mlp_naive_over_bf16", "mlp_ours_error", "mlp_naive_error", "mlp_ours_over_floor",
)  # fmt: skip
PROJECTION = (
    "ours_first_ever_seconds", "ours_cold_small_seconds", "ours_warm_large_seconds", "ours_small_trust",
    "ours_large_overlap", "pca_large_seconds", "place_large_ms_p95",
)  # fmt: skip


def run_bench(name: str, *words: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", f"bench.{name}", *words]
    return subprocess.run(command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, timeout=900)


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize(("name", "wanted"), [("start", START), ("map", MAP)])
def test_a_bench_in_the_browser_gives_its_figures(name: str, wanted: tuple[str, ...]) -> None:
    assert_figures(name, wanted)


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.parametrize(("part", "wanted"), [("slider", INTERACTION), *LABS.items()])
def test_the_interaction_bench_gives_its_figures(part: str, wanted: tuple[str, ...]) -> None:
    assert_figures("interaction", wanted, "--only", part)


@pytest.mark.slow
def test_the_training_bench_gives_its_figures() -> None:
    assert_figures("training", TRAINING)


@pytest.mark.slow
def test_the_projection_bench_gives_its_figures() -> None:
    assert_figures("projection", PROJECTION, "--alone")


def assert_figures(name: str, wanted: tuple[str, ...], *words: str) -> None:
    done = run_bench(name, "--quick", "--json", *words)
    assert done.returncode == 0, done.stderr[-3000:]
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["bench"] == f"bench.{name}"
    assert answer["quick"] is True
    assert {"cpu", "cores", "load", "torch", "date"} <= set(answer["machine"])
    assert set(wanted) <= set(answer["figures"])
    for figure, value in answer["figures"].items():
        assert isinstance(value, float | int), figure
        assert math.isfinite(value), figure


@pytest.mark.slow
def test_the_shipped_runs_are_whole_and_small(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    done = run_bench("shipped", f"--checkpoints={runs}", "--epochs=2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [run.id for run in list_runs(runs)] == [*reversed(shipped.RUNS)]
    assert {path.name for path in runs.iterdir()} == set(shipped.RUNS)  # no index, no owners, nothing half made
    for run in list_runs(runs):
        assert run.status()["state"] == "completed"
        assert not {"pid", "threads", "device"} & set(run.status())
        assert [path.name for path in run.previews()] == ["epoch-00002.png"]
        assert 2 < len(movie.frames(run)) <= shipped.FRAMES
        assert (movie.frames(run)[0].epoch, movie.frames(run)[-1].epoch) == (0, 2)
        assert not [name for name in ("lock", "worker.log", "resume") if (run.folder / name).exists()]
        for method in shipped.PROJECTIONS:
            stored = projections.read(run, read_choice(PROJECTIONS, method))
            assert stored is not None
            assert stored.points.shape == (len(codes.of_run(run)), 2)
            assert 0 < stored.quality["trustworthiness"] <= 1
        for path in shipped.files_of(run):
            assert f"{path}\n" in done.stdout


def test_a_shipped_run_is_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "digits-vae").mkdir()
    assert shipped.make(tmp_path, force=False, epochs=1) == 1
    assert "digits-vae" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["digits-vae"]


def test_figures_are_judged_against_their_budgets(capsys: pytest.CaptureFixture[str]) -> None:
    figures = Figures("bench.test", quick=True)
    figures.sample("fast", "a fast thing", [1.0, 2.0, 9.0], "ms", budget=5)
    figures.sample("slow", "a slow thing", [1.0, 2.0, 9.0], "ms", budget=5, judged="p95")
    figures.ratio("slow_over_fast", "both", "slow", "fast")
    figures.show(as_json=True)
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert answer["figures"] == {
        "fast": 2.0, "fast_p95": 8.3, "slow": 2.0, "slow_p95": 8.3, "slow_over_fast": 1.0,
    }  # fmt: skip
    assert len(answer["missed"]) == 1
    assert answer["missed"][0].startswith("a slow thing: 8.3 ms")


@pytest.mark.parametrize("values", [[], [1.0, math.nan], [math.inf]])
def test_nothing_measured_is_no_figure(values: list[float]) -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        Figures("bench.test", quick=True).sample("empty", "nothing", values, "ms")
