"""The Generate page: what it draws is what the library draws, and a sentence for all that cannot be."""

import numpy as np
import pytest

from aelib.config import read_choice
from aelib.datasets._base import load_dataset
from aelib.registry import DATASETS
from aelib.runs.folder import Run

RUN = "digits-vae"


def button(at, label):
    (found,) = [button for button in at.button if button.label == label]
    return found


def metric(at, label):
    (found,) = [metric for metric in at.metric if metric.label == label]
    return found.value


def test_another_seed_and_temperature_are_other_items(runs, open_page, monkeypatch):
    from ui import sampling

    seen = []
    original = sampling.samples.draw
    monkeypatch.setattr(
        sampling.samples, "draw", lambda *given, **more: seen.append(original(*given, **more)) or seen[-1]
    )
    at = open_page("generate", run=RUN, count="16", seed="5", temperature="0.5")
    assert not at.exception
    np.testing.assert_array_equal(seen[-1].items, original(Run(runs / RUN), 16, 5, "prior", temperature=0.5).items)
    button(at, "Draw again").click().run()
    assert at.query_params["seed"] == "6"
    np.testing.assert_array_equal(seen[-1].items, original(Run(runs / RUN), 16, 6, "prior", temperature=0.5).items)


def test_a_mixture_says_its_bic_and_a_flat_code_shows_its_plane(runs, open_page, words):
    at = open_page("generate", run="digits-plane", source="mixture", count="16")
    assert not at.exception
    said = words(at)
    assert "smallest BIC" in said
    assert "The whole plane" in said
    assert "Is it a copy?" in said


def test_around_a_selection_or_a_sentence(runs, open_page, words):
    at = open_page("generate", run=RUN, source="items")
    assert "Nothing is selected" in words(at)
    at = open_page("generate", run=RUN, source="items", lasso="~i3.5.7", count="16")
    assert not at.exception
    assert "around 3 selected items" in words(at)


def test_without_a_prior_it_is_not_offered(runs, open_page):
    at = open_page("generate", run="digits-autoencoder", source="prior", count="16")
    assert not at.exception
    (source,) = [box for box in at.selectbox if box.label == "From"]
    assert source.value == "mixture"


@pytest.mark.parametrize("address", [{"temperature": "nan"}, {"seed": "-3"}, {"count": "1e9"}, {"source": "oracle"}])
def test_an_address_that_makes_no_sense_is_passed_over(runs, open_page, address):
    at = open_page("generate", run=RUN, **address)
    assert not at.exception
    assert metric(at, "Copies").endswith("of 36")


def test_the_worth_of_new_items_is_measured_by_a_worker_and_kept(
    runs, open_page, words, lines_of, nothing_in_the_background
):
    from aelib.jobs import augmenting
    from tests.app.test_code_lines import run_lines

    at = open_page("generate", run=RUN, count="16")
    at.number_input(key="augment-new").set_value(10)
    button(at, "Measure").click().run()
    assert not at.exception
    assert "aelib.jobs.augmenting" in nothing_in_the_background
    assert "Measure" not in words(at).splitlines()
    assert augmenting.serve(runs) == 0
    at.run()
    wanted = run_lines(lines_of(at), runs)["effect"]
    assert wanted.new == 100
    for _ in range(2):  # the second time in a window of its own
        assert metric(at, "Real items alone") == f"{wanted.without.mean():.1%}"
        assert metric(at, "With the new ones") == f"{wanted.with_new.mean():.1%}"
        assert f"{wanted.gains.mean():+.1%} ± {wanted.gains.std(ddof=1):.1%}" in words(at)
        at = open_page("generate", run=RUN, count="16")
        at.number_input(key="augment-new").set_value(10).run()


def test_a_measurement_that_waits_is_stopped_and_one_that_failed_is_asked_again(runs, open_page, words):
    from aelib.jobs import augmenting

    at = open_page("generate", run=RUN, count="16")
    button(at, "Measure").click().run()
    button(at, "Stop").click().run()
    assert not at.exception
    assert "Not measured yet" in words(at)
    assert augmenting.serve(runs) == 0
    assert not list((runs / RUN / "measures").glob("augmentation-*"))
    at.number_input(key="augment-real").set_value(2).run()  # too few for a mixture
    button(at, "Measure").click().run()
    assert augmenting.serve(runs) == 0
    at.run()
    assert any("has too few items to draw from" in warning.value for warning in at.warning)
    button(at, "Try again").click().run()
    assert not at.exception
    assert button(at, "Stop")


def test_a_data_set_is_written_and_train_gets_it(runs, open_page, words):
    at = open_page("generate", run=RUN, count="16")
    (box,) = [box for box in at.number_input if box.key == "augment-each"]
    box.set_value(3)
    at.multiselect(key="augment-classes").set_value(["0", "4"])
    button(at, "Write the data set").click().run()
    assert not at.exception
    (folder,) = (runs / "made-data").iterdir()
    assert sorted(path.parent.name for path in folder.glob("train/*/new-*.png")) == ["0"] * 3 + ["4"] * 3
    raw = {"name": "image_folder", "folder": str(folder), "size": 8, "channels": "grey"}
    assert load_dataset(read_choice(DATASETS, raw)).info.item_shape == (1, 8, 8)
    at.button(key="augment-train").click().run()
    assert at.session_state["train-dataset"] == raw


def test_a_data_set_that_was_written_is_deleted_after_a_second_click(runs, open_page, words, monkeypatch):
    at = open_page("generate", run=RUN, count="16")
    at.number_input(key="augment-each").set_value(1)
    at.multiselect(key="augment-classes").set_value(["0"])
    button(at, "Write the data set").click().run()
    (folder,) = (runs / "made-data").iterdir()
    assert "No run reads it" in words(at)
    with monkeypatch.context() as patch:
        patch.setenv("AELIB_MODE", "demo")
        labels = [button.label for button in open_page("generate", run=RUN, count="16").button]
        assert not {"Delete for good", "Write the data set"} & set(labels)
    button(at, "Delete for good").click().run()
    assert not at.exception
    assert not list((runs / "made-data").iterdir())
    assert folder.name not in words(at)


def test_no_class_chosen_is_a_sentence(runs, open_page):
    at = open_page("generate", run=RUN, count="16")
    at.multiselect(key="augment-classes").set_value([])
    button(at, "Write the data set").click().run()
    assert not at.exception
    assert any("No class is chosen" in error.value for error in at.error)
    assert not (runs / "made-data").exists()
