"""Threads, compiling, layouts: what is chosen, that it is kept, and that results stay what they were."""

import contextlib
import json

import numpy as np
import pytest
import torch

from aelib.config import RunConfig
from aelib.datasets._base import load_dataset
from aelib.jobs import queue, training
from aelib.models._base import build
from aelib.training import ways
from aelib.training.batches import Batches
from aelib.training.loop import train
from aelib.training.ways import Compiled, Way, choose
from tests.training._small import DATA, config, figures, same

CONV = {"name": "convolutional", "channels": [4, 8]}


def conv(**training) -> RunConfig:
    return RunConfig.parse(
        {
            "network": CONV,
            "model": {"name": "vae", "latent_dim": 2},
            "training": {"epochs": 2, "batch_size": 16, "device": "cpu", **training},
        }
    )


def trained(run: RunConfig, resume=None):
    model = build(run, DATA.info)
    reports = list(train(model, DATA, run, resume=resume))
    return model, [report for report in reports if report.finished]


class Counted:
    """In place of what torch.compile gives: the part itself, counting how often it is called."""

    calls = 0

    @staticmethod
    def compile(part, dynamic):
        assert dynamic is False

        class Part(torch.nn.Module):
            def forward(self, *given):
                Counted.calls += 1
                return part(*given)

        return Part()


@pytest.fixture
def counted(monkeypatch):
    monkeypatch.setattr(Counted, "calls", 0)
    monkeypatch.setattr(torch, "compile", Counted.compile)
    return Counted


def test_as_it_was_is_the_default():
    assert (conv().training.compile, conv().training.layout) == ("off", "plain")


MLP = {"name": "mlp", "widths": [256, 128]}


def threads_within(training: dict, network: dict = MLP) -> tuple[int, int]:
    """Torch's threads during a training that is given two, and after it."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    processors = pytest.MonkeyPatch()
    processors.setattr("os.cpu_count", lambda: 2)
    try:
        run = RunConfig.parse({"network": network, "training": {"epochs": 1, "device": "cpu", **training}})
        data = load_dataset(run.dataset)
        reports = train(build(run, data.info), data, run)
        next(reports)
        within = torch.get_num_threads()
        reports.close()  # type: ignore[attr-defined]
        return within, torch.get_num_threads()
    finally:
        processors.undo()
        torch.set_num_threads(before)


def test_short_runs_take_one_thread_and_long_steps_all_without_a_trial(monkeypatch):
    monkeypatch.setattr(ways, "_measured", lambda *runs: pytest.fail("tried"))
    assert threads_within({}) == (1, 2), "torch's own count is put back"
    assert threads_within({"batch_size": 1000}, {"name": "mlp", "widths": [1000, 2000]}) == (2, 2)
    assert threads_within({"threads": 2}) == (2, 2), "what was asked for is taken"
    assert threads_within({"threads": 1024}) == (2, 2), "as far as there are processors"


@pytest.mark.parametrize(("seconds", "fastest"), [([2.0, 1.0], 2), ([1.0, 2.0], 1), ([1.02, 1.0], 1)])
def test_between_the_two_a_trial_decides(seconds, fastest, monkeypatch):
    monkeypatch.setattr(ways, "_measured", lambda *runs: seconds)
    assert threads_within({"epochs": 1000}) == (fastest, 2)


@pytest.mark.parametrize(
    ("trials", "fastest", "looked"),
    [
        ([[1.0, 2.0], [2.0, 1.0]], 2, 2),  # a bad moment first
        ([[2.0, 1.0], [1.0, 2.0]], 2, 1),  # nothing to look at again
        ([[1.0, 2.0], [1.0, 1.5]], 1, 2),  # a neighbour who stays
    ],
)
def test_fewer_threads_are_taken_when_two_trials_say_so(trials, fastest, looked, monkeypatch):
    given = iter(trials)
    monkeypatch.setattr(ways, "_measured", lambda *runs: next(given))
    assert threads_within({"epochs": 1000}) == (fastest, 2)
    assert len(list(given)) == 2 - looked


def test_a_disturbed_moment_is_no_reason_to_take_fewer_threads(monkeypatch):
    slow, disturbed = iter([3.0] * 8), iter([2.0, 2.0, 9.0, 9.0] * 2)
    monkeypatch.setattr(ways, "ROUNDS", 6)
    assert ways._measured(lambda steps: next(slow), lambda steps: next(disturbed)) == [3.0, 2.0]


def test_a_real_trial_measures_each_number_of_threads_as_it_says(monkeypatch):
    seen = []

    class Arm(ways._Arm):
        def run(self, steps, threads=0):
            given = super().run(steps, threads)
            seen.append((threads, self.threads))
            return given

    monkeypatch.setattr(ways, "_Arm", Arm)
    monkeypatch.setattr(ways, "threads_of", lambda count: contextlib.nullcontext(seen.append(count)))
    monkeypatch.setattr(torch, "get_num_threads", lambda: 6)
    run = config(epochs=10_000)
    monkeypatch.setattr(ways, "WORTH_PRODUCTS", 1)
    found = choose(build(run, DATA.info), Batches(DATA.splits["train"], (), "cpu"), run.training, "cpu")
    assert found.threads in (1, 2, 4, 6)
    assert {count for count in seen if isinstance(count, int)} == {1, 2, 4, 6}
    assert all(f"with {count}" in found.sentence for count in (1, 2, 4, 6))


def test_channels_last_gives_the_same_figures_within_rounding():
    plain, rows = trained(conv())
    last, others = trained(conv(layout="channels_last"))
    kernel = next(parameter for parameter in last.parameters() if parameter.ndim == 4 and min(parameter.shape[:2]) > 1)
    assert kernel.is_contiguous(memory_format=torch.channels_last)
    assert not kernel.is_contiguous()
    for row, other in zip(rows, others, strict=True):
        assert other.validation == pytest.approx(row.validation, rel=1e-3)
    for one, two in zip(plain.parameters(), last.parameters(), strict=True):
        assert torch.allclose(one, two, atol=2e-3)


def test_a_channels_last_run_resumes_with_the_same_bits(monkeypatch):
    monkeypatch.setattr("aelib.training.loop.REPORT_SECONDS", 0.0)
    run, points = conv(layout="channels_last"), []
    whole = build(run, DATA.info)
    for report in train(whole, DATA, run):
        if report.snapshot:
            point = report.snapshot()
            plain = {key: tensor.contiguous() for key, tensor in point.tensors.items()}  # as a file gives them back
            points.append(type(point)(plain, point.values))
    for point in points[1::3]:
        assert same(trained(run, resume=point)[0], whole), point.values


def test_compiled_parts_stand_in_the_model_during_steps_only(counted):
    run = config(compile="on")
    model, rows = trained(run)
    plain, expected = trained(config())
    assert counted.calls == 2 * 3 * 5, "encoder and decoder at each of 15 steps, and in no validation"
    assert same(model, plain)
    assert [figures(row) for row in rows] == [figures(row) for row in expected]


def test_a_part_comes_back_when_a_step_fails(counted):
    model = build(config(), DATA.info)
    before = dict(model.named_children())
    with pytest.raises(ZeroDivisionError), Compiled(model).in_place():
        raise ZeroDivisionError
    assert dict(model.named_children()) == before


def chosen(run: RunConfig, monkeypatch, seconds: dict[tuple[bool, bool], float]) -> Way:
    """What is chosen when a step takes these seconds by (compiled, channels-last)."""

    def measured(*runs) -> list[float]:
        arms = [run.__self__ for run in runs]
        return [seconds[arm.within is not ways.contextlib.nullcontext, arm.last] for arm in arms]

    class Arm(ways._Arm):
        def __init__(self, *given, channels_last=False, compiled=False):
            super().__init__(*given, channels_last=channels_last, compiled=compiled)
            self.last = channels_last

    monkeypatch.setattr(ways, "_measured", measured)
    monkeypatch.setattr(ways, "_Arm", Arm)
    model = build(run, DATA.info)
    state = torch.get_rng_state()
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    found = choose(model, Batches(DATA.splits["train"], (), "cpu"), run.training, "cpu")
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(before[key], tensor) for key, tensor in model.state_dict().items())
    return found


@pytest.mark.parametrize(
    ("epochs", "seconds", "expected"),
    [
        (100, {(False, False): 1.0, (False, True): 0.5, (True, True): 0.4}, (True, True)),
        (100, {(False, False): 1.0, (False, True): 0.99, (True, False): 0.9}, (True, False)),
        (100, {(False, False): 1.0, (False, True): 1.2, (True, False): 0.98}, (False, False)),
        (1, {(False, False): 1.0, (False, True): 0.5}, (False, True)),  # 5 steps: compiling is not even tried
    ],
)
def test_what_pays_over_the_whole_run_is_taken(epochs, seconds, expected, counted, monkeypatch):
    found = chosen(conv(epochs=epochs, compile="auto", layout="auto"), monkeypatch, seconds)
    assert (found.compiled, found.channels_last) == expected
    assert "channels-last" in found.sentence
    assert "compil" in found.sentence


def test_without_a_compiler_it_stays_eager_and_says_so(monkeypatch):
    def refuse(part, dynamic):
        raise RuntimeError("Failed to find C++ compiler. Please specify via CXX environment variable.")

    monkeypatch.setattr(torch, "compile", refuse)
    found = chosen(conv(epochs=1000, compile="auto"), monkeypatch, {(False, False): 1.0})
    assert found == Way(False, False, "Not compiled: it needs a C++ compiler, and there is none.", 1)


def test_a_real_trial_measures_both_layouts():
    run = conv(layout="auto")
    found = choose(build(run, DATA.info), Batches(DATA.splits["train"], (), "cpu"), run.training, "cpu")
    assert "ms plain" in found.sentence


def test_the_choice_is_written_into_the_run_and_reused(checkpoints, monkeypatch):
    asked = {"network": {"name": "mlp", "widths": [8]}, "training": {"epochs": 1, "device": "cpu", "layout": "auto"}}
    run = queue.submit(checkpoints, RunConfig.parse(asked))
    monkeypatch.setattr(ways, "choose", lambda *given: Way(False, True, "It was tried."))
    claimed = queue.claim(checkpoints, "", run.id)
    assert claimed
    assert training.work(*claimed) == "completed"
    assert json.loads((run.folder / "way.json").read_text()) == {
        "compiled": False, "channels_last": True, "sentence": "It was tried.", "threads": 1,
    }  # fmt: skip
    assert run.status()["way"] == "It was tried."
    assert run.config().training.layout == "auto", "what was asked for stays as it was"

    monkeypatch.setattr(ways, "choose", lambda *given: pytest.fail("tried again"))
    queue.reconcile(checkpoints)
    run.write_status(**{**run.status(), "state": "stopped"})
    queue.resume(run)
    claimed = queue.claim(checkpoints, "", run.id)
    assert claimed
    assert training.work(*claimed) == "completed"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # torch's own, while it compiles
def test_compiling_for_real_gives_the_same_figures_within_rounding():
    _, rows = trained(config(epochs=1, compile="on"))
    _, expected = trained(config(epochs=1))
    assert rows[0].validation == pytest.approx(expected[0].validation, rel=1e-3)
    assert np.isfinite(rows[0].train["loss"])
