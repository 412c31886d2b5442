"""Stacks of corruptions, SSIM, and the curve of what a run takes away as its input gets worse."""

import numpy as np
import pytest
import torch
from torchmetrics.functional.image import structural_similarity_index_measure

from aelib.config import read_choice
from aelib.corruptions._stack import MOST, in_proportion, read_stack
from aelib.errors import AelibError
from aelib.jobs import curving, local
from aelib.latent import round_trip
from aelib.measures import severity
from aelib.measures.reconstruction import structural_similarity
from aelib.registry import CORRUPTIONS
from aelib.runs.weights import load_model

STACK = [{"name": "gaussian", "severity": 0.2}, {"name": "masking", "severity": 0.4}]


@pytest.mark.parametrize("shape", [(3, 1, 28, 28), (2, 3, 40, 16)])
def test_ssim_is_that_of_torchmetrics(shape):
    random = np.random.default_rng(1)
    a = random.random(shape).astype(np.float32)
    b = np.clip(a + 0.3 * random.standard_normal(shape), 0, 1).astype(np.float32)
    given = (torch.from_numpy(a), torch.from_numpy(b))
    _, whole = structural_similarity_index_measure(*given, data_range=1.0, reduction="none", return_full_image=True)
    wanted = whole[:, :, 5:-5, 5:-5].mean(dim=(1, 2, 3))  # theirs goes on over mirrored edges
    np.testing.assert_allclose(structural_similarity(a, b), wanted.numpy(), atol=2e-4)


def test_ssim_of_small_and_of_equal_pictures():
    random = np.random.default_rng(2)
    for side in (1, 2, 8):
        image = random.random((2, 1, side, side))
        np.testing.assert_allclose(structural_similarity(image, image), 1)
    black, white = np.zeros((1, 1, 8, 8)), np.ones((1, 1, 8, 8))
    assert structural_similarity(black, white)[0] == pytest.approx(1e-4 / (1 + 1e-4)), "light alone, by hand"


def severities(stack) -> list[float]:
    return [config.severity for config in stack]


def test_a_stack_is_turned_up_as_a_whole():
    stack = read_stack(STACK, "images")
    assert severities(in_proportion(stack, 1.0)) == [0.5, 1.0]
    assert severities(in_proportion(stack, 0.4)) == pytest.approx([0.2, 0.4])
    silent = read_stack([{"name": "blur", "severity": 0}], "images")
    assert severities(in_proportion(silent, 0.7)) == [0.7]
    assert in_proportion((), 1.0) == ()


@pytest.mark.parametrize(
    ("raw", "kind", "code"),
    [
        ("masking", "images", "E_CONFIG"),
        ([{"name": "masking", "severity": 2}], "images", "E_CONFIG"),
        ([{"name": "rust"}], "images", "E_UNKNOWN"),
        ([{"name": "blur"}], "vectors", "E_CONFIG"),
        (["masking"] * (MOST + 1), "images", "E_CONFIG"),
    ],
)
def test_a_stack_that_makes_no_sense_is_told(raw, kind, code):
    with pytest.raises(AelibError) as told:
        read_stack(raw, kind)
    assert told.value.code == code


def test_trail_and_cloud_are_the_models_own(tiny_run):
    model = load_model(tiny_run)
    item = severity.held_out_items(tiny_run, 1).floats()
    stack = read_stack(STACK, "images")
    way = round_trip.trail_of(stack, model, item, (0, 0.4), seed=3)
    with torch.inference_mode():
        np.testing.assert_allclose(way[0], model.encode(torch.from_numpy(item)).codes.numpy()[0], atol=1e-6)
        noisy = torch.from_numpy(item)
        generator = torch.Generator().manual_seed(3)
        for part in STACK:
            config = read_choice(CORRUPTIONS, part)
            noisy = CORRUPTIONS.load(config.name).corrupt(noisy, config, generator)
        np.testing.assert_allclose(way[1], model.encode(noisy).codes.numpy()[0], atol=1e-6)
    cloud = round_trip.cloud_of(stack, model, item, 64, seed=3)
    assert len(np.unique(cloud, axis=0)) == 64, "each draw has noise of its own"


def test_noise_on_a_code_has_the_datas_scale():
    spread = np.asarray([1.0, 10.0, 0.0])
    found = round_trip.disturbed_codes(np.asarray([5.0, 0.0, 2.0]), spread, 0.5, 4000, seed=1)
    np.testing.assert_allclose(found.std(axis=0), [0.5, 5, 0], rtol=0.05)
    np.testing.assert_allclose(found.mean(axis=0), [5, 0, 2], atol=0.3)
    np.testing.assert_array_equal(found[:1], round_trip.disturbed_codes(np.asarray([5.0, 0, 2]), spread, 0.5, 1, 1))


def test_the_curve_is_what_judging_at_each_severity_gives(tiny_run):
    from aelib.measures.task import judge

    stack, model = read_stack(STACK, "images"), load_model(tiny_run)
    shares = []
    curve = severity.severity_curve(tiny_run, model, stack, shares.append)
    items = severity.held_out_items(tiny_run, severity.ITEMS)
    for at, strength in ((0, 0.0), (4, 0.4), (10, 1.0)):
        one = judge(model, items, in_proportion(stack, strength))
        assert one.before is not None
        assert curve.before[at] == pytest.approx(one.before.mean(), abs=1e-5)
        assert curve.after[at] == pytest.approx(one.after.mean(), abs=1e-5)
        assert [curve.low[at], curve.high[at]] == pytest.approx(np.quantile(one.after, [0.1, 0.9]), abs=1e-5)
    assert curve.before[0] == 0
    assert curve.before == sorted(curve.before), "the same noise, turned up"
    assert curve.items == len(items)
    assert shares == sorted(shares)
    with pytest.raises(AelibError):
        severity.severity_curve(tiny_run, model, ())


def test_from_where_a_run_helps():
    given = {"strengths": [0.0, 0.5, 1.0], "low": [], "high": [], "items": 1}
    assert severity.Curve(before=[0, 2, 4], after=[1, 1, 1], **given).helps_from() == 0.5
    assert severity.Curve(before=[0, 2, 4], after=[1, 1, 5], **given).helps_from() is None


def test_a_worker_computes_a_curve_once_and_the_run_keeps_it(tiny_run, copy_of, monkeypatch):
    copied_run = copy_of(tiny_run)
    started = []
    monkeypatch.setattr(local, "start", lambda module, *arguments, **more: started.append(module))
    stack, louder = read_stack(STACK, "images"), in_proportion(read_stack(STACK, "images"), 0.9)
    assert severity.kept(copied_run, stack) is None
    assert curving.request(copied_run, stack) == ""
    assert curving.is_asked(copied_run, louder), "turned up it is the same curve"
    assert started == ["aelib.jobs.curving"]
    assert curving.serve(copied_run.folder.parent) == 0
    curve = severity.kept(copied_run, louder)
    assert curve is not None
    assert not curving.is_asked(copied_run, stack)
    assert severity.measure(copied_run, stack) == curve
    path = copied_run.place("measures", f"{severity.key(stack)}.json")
    path.write_text("{}")
    assert severity.kept(copied_run, stack) is None, "damaged: computed again"


def test_a_curve_that_cannot_be_computed_is_told_and_can_be_asked_again(tiny_run, copy_of, monkeypatch):
    copied_run = copy_of(tiny_run)
    monkeypatch.setattr(local, "start", lambda *arguments, **more: None)
    stack = read_stack(STACK, "images")
    curving.request(copied_run, stack)
    (copied_run.folder / "weights.safetensors").write_bytes(b"\0" * 64)
    assert curving.serve(copied_run.folder.parent) == 0
    assert "damaged" in curving.request(copied_run, stack)
    curving.forget_fault(copied_run, stack)
    assert curving.request(copied_run, stack) == ""
