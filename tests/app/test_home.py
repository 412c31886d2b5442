"""Home: cards, the filter, names and notes, deletion with undo."""

import json
import shutil

import pytest

NAMES = {"digits-autoencoder", "digits-plane", "digits-vae"}


@pytest.fixture
def home(runs, open_page):
    return open_page("home")


def cards(at) -> set[str]:
    return {button.key.removeprefix("open-") for button in at.button if str(button.key).startswith("open-")}


def test_a_card_per_run_with_what_it_is(home, words):
    assert cards(home) == NAMES
    assert "Classroom: two numbers" in words(home).replace("\\", "")
    assert words(home).count("completed") == 3


@pytest.mark.parametrize(
    ("typed", "left"),
    [
        ("plain", {"digits-autoencoder"}),
        ("VAE", {"digits-plane", "digits-vae"}),
        ("classroom vae", {"digits-plane"}),
        ("digits", NAMES),
        ("nothing like this", set()),
    ],
)
def test_the_filter_finds_by_name_model_and_id(home, typed, left):
    at = home.text_input(key="find").set_value(typed).run()
    assert not at.exception
    assert cards(at) == left
    assert bool(at.info) == (not left)


def test_the_filter_by_state(home, runs, open_page):
    status = json.loads((runs / "digits-vae" / "status.json").read_text())
    (runs / "digits-vae" / "status.json").write_text(json.dumps({**status, "state": "stopped"}))
    at = home.multiselect(key="state").set_value(["stopped"]).run()
    assert cards(at) == {"digits-vae"}
    assert cards(open_page("home", find="digits", state="stopped")) == {"digits-vae"}, "the filter is in the address"


def test_rename_and_note(home, runs, open_page):
    home.text_input(key="name-digits-vae").set_value("My *best* <b>run</b>")
    home.text_area(key="note-digits-vae").set_value("kept for class\n# not a heading")
    at = home.button(key="save-digits-vae").click().run()
    assert not at.exception
    kept = json.loads((runs / "digits-vae" / "queue.json").read_text())
    assert kept["name"] == "My *best* <b>run</b>"
    assert kept["note"] == "kept for class\n# not a heading"
    again = open_page("home")
    (title,) = [words.value for words in again.markdown if "best" in words.value]
    assert r"\*best\*" in title, "a name is text, never markup"
    assert r"\<b\>" in title
    assert cards(again.text_input(key="find").set_value("class heading").run()) == {"digits-vae"}, "notes are searched"


def test_a_name_is_kept_short(home, runs):
    home.text_input(key="name-digits-vae").set_value("x" * 120)
    home.button(key="save-digits-vae").click().run()
    assert len(json.loads((runs / "digits-vae" / "queue.json").read_text())["name"]) == 120


def test_delete_and_undo(home, runs):
    before = sorted(path.name for path in (runs / "digits-vae").rglob("*"))
    at = home.button(key="delete-digits-vae").click().run()
    assert not at.exception
    assert cards(at) == NAMES - {"digits-vae"}
    assert not (runs / "digits-vae").exists()
    assert "digits-vae" in at.info[0].value
    (undo,) = [button for button in at.button if button.label == "Undo"]
    at = undo.click().run()
    assert cards(at) == NAMES
    assert sorted(path.name for path in (runs / "digits-vae").rglob("*")) == before
    assert not [button for button in at.button if button.label == "Undo"]


def test_a_run_that_trains_is_not_deleted(home, runs, words):
    from aelib.runs.lock import hold

    status = json.loads((runs / "digits-vae" / "status.json").read_text())
    (runs / "digits-vae" / "status.json").write_text(json.dumps({**status, "state": "running"}))
    with hold(runs / "digits-vae" / "lock") as held:
        assert held
        at = home.run()
        button = at.button(key="delete-digits-vae")
        at = button.click().run()
    assert not at.exception
    assert "Stop it first" in words(at)
    assert (runs / "digits-vae").exists()


def test_deleting_the_last_run_still_offers_undo(home, runs):
    for name in sorted(NAMES):
        at = home.button(key=f"delete-{name}").click().run()
    assert not at.exception
    (undo,) = [button for button in at.button if button.label == "Undo"]
    assert cards(undo.click().run()) == {"digits-vae"}


def test_a_broken_card_can_be_deleted(runs, open_page, words):
    (runs / "digits-vae" / "config.json").write_text("{")
    at = open_page("home")
    assert not at.exception
    assert "broken" in words(at)
    assert "config.json" in words(at)
    at = at.button(key="delete-digits-vae").click().run()
    assert not at.exception
    assert not (runs / "digits-vae").exists()


def test_a_run_without_weights_is_watched_not_mapped(runs, open_page):
    for file in (runs / "digits-vae").glob("weights*"):
        file.unlink()
    at = open_page("home")
    assert at.button(key="open-digits-vae").label == "Watch"
    at = at.button(key="open-digits-vae").click().run()
    assert not at.exception
    assert at.query_params["watch"] == "digits-vae"


def test_open_map_and_train_like_this(runs, open_page):
    at = open_page("home").button(key="open-digits-plane").click().run()
    assert not at.exception
    assert at.selectbox(key="choose-run").value == "digits-plane"
    at = open_page("home").button(key="like-digits-plane").click().run()
    assert not at.exception
    assert at.query_params["clone"] == "digits-plane"


def test_runs_of_the_same_name_are_told_apart_where_one_is_chosen(runs, open_page):
    shutil.copytree(runs / "digits-vae", runs / "twin")
    for run in ("digits-vae", "twin", "digits-plane"):
        at = open_page("map", run=run)
        assert at.selectbox(key="choose-run").value == run
    labels = at.selectbox(key="choose-run").options
    assert len(set(labels)) == len(labels) == 4
