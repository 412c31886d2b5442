"""The table of published figures: its fast subset as a command, and what it keeps, judges and writes."""

import dataclasses
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from aelib.errors import AelibError
from bench import published
from bench.published_rows import report, training
from bench.published_rows.row import Figure, Result, Row, judged

ROOT = Path(__file__).resolve().parents[1]
ABOUT = {"date": "2026-11-22 02:46", "cpu": "A CPU", "cores": 2, "system": "Linux 6", "python": "3.11", "torch": "2.14"}


def run_published(folder: Path, *words: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "bench.published", *words]
    given = {**os.environ, "TMPDIR": str(folder)}
    return subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True, timeout=300)


@pytest.mark.slow
def test_the_fast_subset_meets_everything(tmp_path: Path) -> None:
    done = run_published(tmp_path, "--quick", "--json")
    assert done.returncode == 0, done.stderr[-3000:]
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["missed"] == []
    assert answer["faults"] == {}
    assert set(answer["verdicts"].values()) == {"hit"}
    found = {name.removeprefix("Q1: "): value for name, value in answer["figures"].items()}
    assert len(found) == 5
    net, line = found["MLP 64-64-32-4, squared error per test item"], said_by_scikit_learn(done.stdout, "PCA-4")
    assert 0.5 < net < line
    assert found["PCA-4, one digit against the rest, AUROC in %"] > 98
    assert 0.9 < found["PCA-10, linear probe accuracy"] < 1
    assert 0.9 < found["PCA-10, 5-NN accuracy"] < 1
    for name, value in found.items():
        assert f"{value:.4f}" in done.stdout, name
    assert answer["machine"].keys() >= {"cpu", "torch", "date"}


def said_by_scikit_learn(text: str, name: str) -> float:
    found = re.search(rf"below ([\d.]+) \({name}\)", text)
    assert found
    return float(found.group(1))


@pytest.mark.slow
def test_the_exact_row_is_the_figure_of_2006(tmp_path: Path, real_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AELIB_DATA", str(real_data))
    document = tmp_path / "published.md"
    done = run_published(tmp_path, "--rows=A1", f"--write={document}", "--json")
    assert done.returncode == 0, done.stderr[-3000:]
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["figures"]["A1: PCA-30, squared error per test image"] == pytest.approx(13.866, abs=0.001)
    text = document.read_text("utf-8")
    assert "| PCA-30, squared error per test image | 13.866 |" in text
    assert text.count("**Not run.**") == len(published.rows_of(quick=False)) - 1


def answer_in_this_process(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["bench.published", *words])
    return published.main()


@pytest.mark.parametrize("words", [["--rows=A1,Z9"], ["--quick", "--write=x.md"]])
def test_what_cannot_be_asked_is_refused(words, monkeypatch, capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        answer_in_this_process(monkeypatch, *words)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "no row 'Z9'; known: A1, A2" in said or "--write is for the whole table" in said


def test_a_row_without_its_data_says_so_and_the_command_fails(own_cache, monkeypatch, capsys) -> None:
    def measure(book):
        raise AelibError("E_DATA_MISSING", "MNIST is not here", "", "Name with AELIB_DATA a folder that has it")

    monkeypatch.setattr(published, "rows_of", lambda quick: (row(measure),))
    assert answer_in_this_process(monkeypatch, "--json") == 1
    said = capsys.readouterr().out
    assert "not run: MNIST is not here. Name with AELIB_DATA a folder that has it." in said
    assert json.loads(said.splitlines()[-1])["faults"].keys() == {"T1"}


# --- rows ---


def row(measure, key: str = "T1") -> Row:
    return Row(key, "A title", "A protocol.", ("pca",), measure)


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(training, "cache_folder", lambda: tmp_path / "cache")
    return tmp_path / "cache"


def test_every_row_has_a_key_of_its_own_and_a_protocol() -> None:
    rows = [*published.rows_of(quick=False), *published.rows_of(quick=True)]
    assert len({each.key for each in rows}) == len(rows)
    assert all(each.protocol.endswith(".") and each.models for each in rows)


def test_a_broken_row_does_not_cost_the_others(own_cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def broken(book):
        raise ZeroDivisionError("by hand")

    def whole(book):
        return [Figure("a", 1.0)]

    rows = row(broken), row(whole, "T2"), row(whole, "T3")
    first, second, third = published.collect(rows, ["T1", "T2"], again=False)
    assert first.fault == "it broke: ZeroDivisionError: by hand"
    assert second.figures == (Figure("a", 1.0),)
    assert third.fault == "not run"
    assert "by hand" in capsys.readouterr().out


def test_a_result_is_kept_and_taken_again(own_cache: Path) -> None:
    calls = []

    def measure(book):
        calls.append(1)
        return [judged("a", 1.0, True, "at least 1", error=0.25)]

    only = (row(measure),)
    first = published.collect(only, ["T1"], again=False)
    assert published.collect(only, ["T1"], again=False) == first
    assert len(calls) == 1
    published.collect(only, ["T1"], again=True)
    assert len(calls) == 2


def test_a_model_is_trained_once_and_its_seconds_count_each_time(own_cache: Path) -> None:
    from bench.published_rows.data import digits

    raw = {"model": {"name": "autoencoder"}, "training": {"epochs": 1, "device": "cpu"}}
    first = training.Book().trained(raw, digits(), early=("training", 1))
    book = training.Book()
    second = book.trained(raw, digits(), early=("training", 1))
    assert (second.seconds, second.early_error) == (first.seconds, first.early_error)
    assert book.seconds >= first.seconds > 0
    for key, value in first.model.state_dict().items():
        assert value.equal(second.model.state_dict()[key])
    other = training.trained({**raw, "training": {"epochs": 1, "seed": 1, "device": "cpu"}}, digits())
    assert other.validation != first.validation


def test_a_training_that_was_broken_off_goes_on_to_the_same_weights(own_cache: Path, monkeypatch) -> None:
    from bench.published_rows.data import digits

    raw = {"model": {"name": "vae", "latent_dim": 2}, "training": {"epochs": 4, "device": "cpu"}}
    whole = training.trained(raw, digits(), early=("training", 3))
    for path in own_cache.iterdir():
        path.unlink()
    loop = training.train

    def broken_off(*given):
        for each in loop(*given):
            if each.finished and each.epoch == 3:
                raise KeyboardInterrupt
            yield each

    monkeypatch.setattr(training, "KEPT_EVERY", 0.0)
    monkeypatch.setattr(training, "train", broken_off)
    with pytest.raises(KeyboardInterrupt):
        training.trained(raw, digits(), early=("training", 3))
    seen = []
    monkeypatch.setattr(training, "train", lambda *given: (seen.append(each) or each for each in loop(*given)))
    resumed = training.trained(raw, digits(), early=("training", 3))
    assert [each.epoch for each in seen if each.finished] == [3, 4]
    assert (resumed.early_error, resumed.validation) == (whole.early_error, whole.validation)
    for key, value in whole.model.state_dict().items():
        assert value.equal(resumed.model.state_dict()[key]), key
    assert not list(own_cache.glob("*.half.safetensors"))


def test_the_version_of_the_code_covers_what_is_imported() -> None:
    version = training.code_version("aelib.models.vae")
    assert version == training.code_version("aelib.models.vae")
    assert version != training.code_version("aelib.models.iwae")
    assert version == training.code_version("aelib.models.vae", "aelib.models._gaussian"), "imported by it anyway"


# --- what is printed ---


def test_a_reason_is_told_of_a_miss_only() -> None:
    assert judged("a", 1.0, True, "b", "because").reason == ""
    assert judged("a", 1.0, False, "b", "because") == Figure("a", 1.0, "b", "miss", "because")


def test_the_document_shows_misses_with_their_reason_and_what_was_not_run() -> None:
    figures = (
        Figure("met", 1.23456, "1.3", "hit", digits=3),
        Figure("missed", 2.0, "1", "miss", "too short", 1, 0.25),
        Figure("not done", None, "3.00", "open", "needs a GPU"),
    )
    results = [
        Result(row(None, "T1"), figures, 61.4, "2026-11-22", 3.0),
        Result(row(None, "T2"), (), 0.0, "", 0.0, "not run"),
    ]
    text = report.as_markdown(results, ABOUT)
    assert "| met | 1.235 | 1.3 | hit |" in text
    assert "| missed | 2.0 ± 0.2 | 1 | **MISS**: too short |" in text
    assert "| not done | not run | 3.00 | open: needs a GPU |" in text
    assert "| T1 | A title | 1 | 1 |  | 1 | 61 |" in text
    assert "| T2 | A title | not run |  |  |  |  |" in text
    assert "**Not run.**" in text
    assert "2026-11-22, A CPU, 2 cores" in text
    assert "torch 2.14" in text
    assert "MISS" in report.as_text(results[0])


def test_a_row_not_asked_for_stands_as_it_was_printed_while_its_protocol_does() -> None:
    whole = [
        Result(row(None, key), (Figure(f"of {key}", 1.5, "1.6", "hit", digits=1),), 61.4, "2026-11-22", 3.0)
        for key in ("T1", "T2")
    ]
    earlier = report.as_markdown(whole, ABOUT)
    not_now = [Result(each.row, (), 0.0, "", 0.0, "not run") for each in whole]
    assert report.as_markdown([not_now[0], whole[1]], ABOUT, earlier) == earlier
    assert report.as_markdown(not_now, ABOUT, earlier) == earlier
    changed = Result(dataclasses.replace(whole[1].row, protocol="Another way."), (), 0.0, "", 0.0, "not run")
    assert "of T2" not in report.as_markdown([not_now[0], changed], ABOUT, earlier)
