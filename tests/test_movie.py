"""The movie of a training: filmed without leaving a trace in it, the same after a kill, laid out without jumps."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from aelib import codes
from aelib.cli._train import resume_in_front, train_in_front
from aelib.config import RunConfig
from aelib.datasets._base import load_dataset
from aelib.errors import AelibError
from aelib.jobs import filming, queue, training
from aelib.latent import movie as laying
from aelib.models._base import build
from aelib.registry import MODELS
from aelib.runs import movie, weights
from aelib.runs.folder import Run
from aelib.training.loop import train
from aelib.training.report import EARLY, Report


def config(epochs: int = 3, **more) -> RunConfig:
    """Some twenty steps an epoch on the digits, with dropout and a corruption: every random state matters."""
    return RunConfig.parse(
        {
            "network": {"name": "mlp", "widths": [16], "dropout": 0.1},
            "model": {"name": "vae", "latent_dim": 3},
            "corruptions": [{"name": "masking", "severity": 0.2}],
            "training": {"epochs": epochs, "learning_rate": 0.02, "batch_size": 64, "device": "cpu"},
            **more,
        }
    )


def filmed(checkpoints, run: RunConfig) -> Run:
    made, state = train_in_front(checkpoints, run, quiet=True)
    assert state == "completed"
    return made


def moments(run: Run) -> list[tuple[int, int]]:
    return [(frame.epoch, frame.step) for frame in movie.frames(run)]


def contents(run: Run) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (run.folder / "movie").glob("[!.]*") if path.is_file()}


# --- filming ------------------------------------------------------------------------------------------------------


def test_frames_are_the_codes_of_the_same_validation_items_at_known_moments(checkpoints):
    run = filmed(checkpoints, config())
    assert moments(run) == [(0, 0), (0, 1), (0, 3), (0, 10), (1, 0), (2, 0), (3, 0)]
    cast, data = movie.cast_of(run), load_dataset(run.dataset())
    validation = data.splits["validation"]
    assert len(cast) == len(validation)
    np.testing.assert_array_equal(cast.labels, validation.labels[cast.rows])
    np.testing.assert_array_equal(cast.index, validation.index[cast.rows])
    best = weights.load_weights(run)[1]["epoch"]
    table = codes.of_run(run)
    (frame,) = [frame for frame in movie.frames(run) if (frame.epoch, frame.step) == (best, 0)]
    wanted = table.codes[table.rows("validation")][cast.rows]
    np.testing.assert_allclose(movie.codes_of(run, frame), wanted, rtol=1e-4, atol=1e-5)


def test_the_first_frame_is_of_the_untrained_model(checkpoints):
    run = filmed(checkpoints, config(epochs=1))
    torch.manual_seed(0)
    data = load_dataset(run.dataset())
    model = build(run.config(), data.info).eval()
    cast = movie.cast_of(run)
    items = torch.from_numpy(data.splits["validation"].take(cast.rows).floats())
    found = movie.codes_of(run, movie.frames(run)[0])
    with torch.no_grad():
        np.testing.assert_allclose(found, model.encode(items).codes.numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("where", [(0, 2), pytest.param((1, 4), marks=pytest.mark.slow), (2, 0)])
def test_a_run_cut_off_and_resumed_has_the_frames_of_an_unbroken_one(checkpoints, monkeypatch, where):
    monkeypatch.setattr("aelib.training.loop.REPORT_SECONDS", 0.0)
    whole = filmed(checkpoints / "whole", config())
    run = queue.submit(checkpoints, config())
    end = training._Attempt._asked_to_end

    def cut(attempt) -> str:
        told = attempt.status
        return "stopped" if (told.get("epoch", 0), told.get("step", 0)) >= where else end(attempt)

    with monkeypatch.context() as patch:
        patch.setattr(training._Attempt, "_asked_to_end", cut)
        assert training.work(*queue.claim(checkpoints, "", run.id)) == "stopped"
    # As if the worker had gone on beyond its resume point and been killed in the middle of a write.
    movie.write_frame(run, 2, 0, np.ones((4, 3), np.float32))
    (run.folder / "movie" / "000003-00000000-0123456789ab.safetensors").write_bytes(b"torn")
    assert resume_in_front(run, quiet=True) == "completed"
    assert contents(run) == contents(whole)


OFTEN = ("vq_vae", "vae", "deep_belief", "sparse")  # counts of codes, random draws, stages, counts of units
MODELS_FILMED = [
    name if name in OFTEN else pytest.param(name, marks=pytest.mark.slow)
    for name in MODELS.names()
    if MODELS.load(name).Model.target == "items"
]


@pytest.mark.parametrize("name", MODELS_FILMED)
def test_filming_leaves_no_trace_in_the_training(name, checkpoints, monkeypatch):
    from tests.test_resume import run_of
    from tests.training._small import DATA

    monkeypatch.setattr("aelib.training.loop.REPORT_SECONDS", 0.0)
    monkeypatch.setattr(filming, "is_due", lambda report: True)
    run, found = run_of(name), []
    for films in (False, True):
        model = build(run, DATA.info)
        camera = filming.Camera(Run(checkpoints / "run"), DATA, model, "cpu", 2)
        camera.go_back_to(-1, 0)
        for report in train(model, DATA, run):
            if films:
                camera.take(report)
        found.append({key: value.clone() for key, value in model.state_dict().items()})
    assert movie.frames(camera.run)
    assert all(torch.equal(found[0][key], found[1][key]) for key in found[0])


def test_a_model_in_closed_form_has_one_frame(checkpoints):
    run = filmed(checkpoints, config(epochs=2, model={"name": "pca", "latent_dim": 3}, corruptions=[]))
    assert moments(run) == [(0, 0)]
    assert np.ptp(movie.codes_of(run, movie.frames(run)[0])) > 0


def test_long_runs_keep_every_kth_epoch_and_the_last():
    def due(epoch: int, epochs: int) -> bool:
        return filming.is_due(Report("", epoch, epochs, 0, 0, {}, finished=True))

    assert all(due(epoch, 200) for epoch in range(1, 201))
    kept = [epoch for epoch in range(1, 1002) if due(epoch, 1001)]
    assert len(kept) <= filming.FRAMES + filming.FIRST + 1
    assert kept[:20] == list(range(1, 21))
    assert kept[-1] == 1001
    assert set(np.diff(kept[20:-1])) == {6}
    assert [step for step in range(40) if filming.is_due(Report("", 0, 9, step, 50, {}, position=(0, 0, step)))] == [
        step for step in EARLY if step < 40
    ]


def test_codes_that_are_not_finite_are_not_kept(checkpoints):
    from tests.training._small import DATA

    model = build(config(), DATA.info)
    camera = filming.Camera(Run(checkpoints / "run"), DATA, model, "cpu", 2)
    with torch.no_grad():
        next(model.parameters()).fill_(float("nan"))
    camera.take(Report("", 1, 2, 0, 0, {}, finished=True))
    assert movie.frames(camera.run) == []


def test_wide_codes_are_filmed_of_fewer_items(checkpoints, monkeypatch):
    from tests.training._small import DATA

    model = build(config(), DATA.info)
    monkeypatch.setattr(filming, "FEWEST", 5)
    monkeypatch.setattr(filming, "BYTES", 7 * 4 * 3 * 10)
    assert len(filming.Camera(Run(checkpoints / "run"), DATA, model, "cpu", 2).cast) == 7


def test_no_movie_is_said_in_a_sentence(checkpoints):
    with pytest.raises(AelibError, match="has no movie"):
        movie.cast_of(Run(checkpoints / "none"))


# --- laying out ---------------------------------------------------------------------------------------------------


def turn(angle: float, mirrored: bool = False) -> np.ndarray:
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([[cos, -sin], [sin, cos]]) @ np.diag([1, -1 if mirrored else 1])


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_known_turn_is_undone(mirrored):
    points = np.random.default_rng(1).normal(size=(60, 2)) * [3, 1]
    turned = points @ turn(2.1, mirrored) + [4, -7]
    np.testing.assert_allclose(laying.turned_onto(turned, points), points, atol=1e-5)


def test_codes_of_two_numbers_are_drawn_as_they_are():
    given = np.random.default_rng(2).normal(size=(9, 2)).astype(np.float32)
    np.testing.assert_array_equal(laying.lay_out(given, "codes", np.zeros((9, 2))), given)
    np.testing.assert_array_equal(laying.lay_out(given[:, :1], "codes", None), np.c_[given[:, 0], np.zeros(9)])
    assert laying.layouts(2) == ["codes"]
    assert laying.layouts(3)[0] == "pca"


def drifting(frames: int = 8, count: int = 300, width: int = 6) -> list[np.ndarray]:
    """Three groups that drift slowly, in a code space that is turned at random in each frame."""
    random = np.random.default_rng(3)
    groups = random.integers(0, 3, count)
    centres = random.normal(0, 4, (3, width))
    noise, pull, found = random.normal(size=(count, width)), random.normal(size=(3, width)), []
    for frame in range(frames):
        basis, _ = np.linalg.qr(random.normal(size=(width, width)))
        found.append(((centres + 0.15 * frame * pull)[groups] + noise) @ basis)
    return [codes_now.astype(np.float32) for codes_now in found]


def mean_step(path: list[np.ndarray]) -> float:
    """How far points move from frame to frame, in widths of the layout."""
    moves = [np.linalg.norm(b - a, axis=1).mean() / b.std() for a, b in pairwise(path)]
    return float(np.mean(moves))


@pytest.mark.parametrize(("layout", "share"), [("pca", 0.2), ("umap", 0.35)])
def test_points_do_not_jump(layout, share):
    loose, path, before = [], [], None
    for codes_now in drifting():
        before = laying.lay_out(codes_now, layout, before)
        path.append(before)
        loose.append(laying.lay_out(codes_now, layout, None))
    assert mean_step(path) < share * mean_step(loose)


def test_pca_keeps_the_distances_of_each_frame():
    first, second = drifting(2)
    points = laying.lay_out(second, "pca", laying.lay_out(first, "pca", None))
    alone = laying.lay_out(second, "pca", None)
    np.testing.assert_allclose(
        np.linalg.norm(points - points[0], axis=1), np.linalg.norm(alone - alone[0], axis=1), rtol=1e-3
    )


def test_a_warm_layout_keeps_neighbours_together():
    from aelib.measures.projection import projection_quality

    path = drifting(6)
    before = None
    for codes_now in path:
        before = laying.lay_out(codes_now, "umap", before)
    assert projection_quality(path[-1], before)["trustworthiness"] > 0.9


def test_codes_that_are_all_alike_are_laid_out_too():
    same = np.ones((20, 4), np.float32)
    for layout in ("pca", "umap"):
        assert np.isfinite(laying.lay_out(same, layout, laying.lay_out(same, layout, None))).all()


def test_frames_once_laid_out_never_move(checkpoints):
    run = Run(checkpoints / "run")
    path = drifting(5, count=80)
    for epoch, codes_now in enumerate(path[:3]):
        movie.write_frame(run, epoch, 0, codes_now)
    assert laying.lay_out_all(run) == 3
    early = contents(Run(run.folder))
    names = laying.keys(movie.frames(run), "umap")
    kept = [laying.points_of(run, name) for name in names]
    for epoch, codes_now in enumerate(path[3:], 3):
        movie.write_frame(run, epoch, 0, codes_now)
    assert laying.lay_out_all(run) == 2
    assert laying.lay_out_all(run) == 0
    assert laying.keys(movie.frames(run), "umap")[:3] == names
    assert all(np.array_equal(laying.points_of(run, name), points) for name, points in zip(names, kept, strict=True))
    assert early.items() <= contents(run).items()


def test_a_damaged_layout_is_made_again(checkpoints):
    run = Run(checkpoints / "run")
    for epoch, codes_now in enumerate(drifting(3, count=60)):
        movie.write_frame(run, epoch, 0, codes_now)
    laying.lay_out_all(run)
    names = laying.keys(movie.frames(run), "umap")
    whole = [laying.points_of(run, name) for name in names]
    path = movie.points_path(run, "umap", names[2])
    path.write_bytes(b"\0" * path.stat().st_size)
    assert laying.points_of(run, names[2]) is None
    assert laying.lay_out_all(run) == 1
    np.testing.assert_array_equal(laying.points_of(run, names[2]), whole[2])


def test_what_a_kill_left_half_written_is_gone_when_the_run_goes_on(checkpoints):
    run = filmed(checkpoints / "whole", config())
    frames = movie.frames(run)
    left = run.folder / "movie" / f".{frames[0].name}.safetensors.abc.tmp"
    left.write_bytes(b"half")
    movie.drop_after(run, frames[1].epoch, frames[1].step)
    assert not left.exists()
    assert movie.frames(run) == frames[:2]
