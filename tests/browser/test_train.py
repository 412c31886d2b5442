"""Training from the page: a run from the press of the button to its curves; stopping, resuming, cloning."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from aelib.jobs import queue
from aelib.runs.folder import ACTIVE, Run, list_runs
from tests.browser.driving import SHIPPED, Server, parameters, settle, wait_for_parameter
from tests.waiting import wait_until


@pytest.fixture(autouse=True)
def nothing_left_training(server):
    """Whatever happens, no run of a test goes on training under the next one."""
    yield
    for run in list_runs(server.checkpoints):
        if run.status()["state"] in (*ACTIVE, "queued"):
            queue.stop(run)


def panel(page: Page, state: str) -> Locator:
    """The head of the watched run that was started here (it has no name of its own), in this state."""
    return (
        page.get_by_test_id("stMain")
        .get_by_test_id("stMarkdown")
        .filter(has_text=re.compile(rf"^vae · digits · 2-d\W+{state}$"))
    )


def press_stop(page: Page) -> None:
    """Stop the run; Streamlit has a button of that name, too, in its header while a script runs."""
    page.get_by_test_id("stMain").get_by_role("button", name="Stop").click()


def start(page: Page, server: Server, epochs: int) -> Run:
    """Fill in the form and press Train, as twice in haste as a double click is."""
    page.goto(server.page("train", preset="classroom_2d"))
    field = page.get_by_role("spinbutton", name="Epochs")
    field.fill(str(epochs))
    field.press("Enter")
    expect(page.get_by_test_id("stCode").filter(has_text=f"training.epochs={epochs}")).to_be_visible()
    before = {run.id for run in list_runs(server.checkpoints)}
    page.get_by_role("button", name="Train", exact=True).dblclick()
    page.wait_for_function(
        "known => { const id = new URLSearchParams(location.search).get('watch'); return id && !known.includes(id); }",
        arg=sorted(before),
    )
    (made,) = [run for run in list_runs(server.checkpoints) if run.id not in before]
    assert made.id == parameters(page)["watch"], "two clicks, one run"
    return made


def test_three_epochs_from_the_page(page, server):
    run = start(page, server, 3)
    expect(panel(page, "completed")).to_be_visible()
    assert run.status()["state"] == "completed"
    assert [row["epoch"] for row in run.metrics()] == [1, 2, 3]
    charts = page.get_by_test_id("stPlotlyChart")
    expect(charts.first).to_be_visible()
    assert charts.count() >= 2
    expect(page.get_by_test_id("stMetric").filter(has_text="Validation error")).to_contain_text(
        f"{run.status()['validation_error']:.3f}"
    )
    expect(page.get_by_text("epoch 3 of 3").first).to_be_visible()
    assert len([found for found in list_runs(server.checkpoints) if found.id not in SHIPPED]) >= 1


@pytest.mark.slow
def test_three_runs_of_which_a_long_one_is_watched_reloaded_stopped_resumed_and_cloned(page, server):
    run = start(page, server, 9_000)
    expect(panel(page, "running")).to_be_visible()
    behind = [start(page, server, epochs) for epochs in (2, 3)]
    expect(page.get_by_text("waits for its turn", exact=False)).to_be_visible()
    assert [one.status()["state"] for one in behind] == ["queued", "queued"]
    page.goto(server.page("train", watch=run.id))
    expect(panel(page, "running")).to_be_visible()
    page.wait_for_function("() => window.__loupeMovie?.loaded > 3 && window.__loupeMovie.following")
    frames = page.evaluate("window.__loupeMovie.frames")
    page.wait_for_function("frames => window.__loupeMovie?.frames > frames", arg=frames)
    page.reload()
    expect(panel(page, "running")).to_be_visible()
    assert parameters(page)["watch"] == run.id
    page.wait_for_function("frames => window.__loupeMovie?.loaded > frames", arg=frames)
    seen = run.status()["epoch"]
    page.wait_for_function(
        "seen => Number(document.body.innerText.match(/epoch (\\d+) of 9000/)?.[1] ?? 0) > seen", arg=seen
    )
    press_stop(page)
    expect(panel(page, "stopped")).to_be_visible()
    stopped = run.status()["epoch"]
    assert stopped >= seen
    wait_until(lambda: [one.status()["state"] for one in behind] == ["completed", "completed"])
    page.get_by_role("button", name="Resume").click()
    expect(panel(page, "running")).to_be_visible()
    page.wait_for_function(
        "seen => Number(document.body.innerText.match(/epoch (\\d+) of 9000/)?.[1] ?? 0) > seen", arg=stopped
    )
    epochs = [row["epoch"] for row in run.metrics()]
    assert epochs == list(range(1, len(epochs) + 1)), "it went on where it was, with no epoch twice"
    press_stop(page)
    expect(panel(page, "stopped")).to_be_visible()
    page.get_by_role("button", name="Clone").click()
    wait_for_parameter(page, "clone", run.id)
    settle(page)  # until the script has ended the form that was there stands beside the new one
    expect(page.get_by_role("spinbutton", name="Epochs")).to_have_value("9000")


@pytest.mark.slow
def test_a_run_is_walked_through_step_by_step(page, server):
    page.goto(server.page("train", preset="classroom_2d"))
    page.locator("label").filter(has_text="Step by step").first.click()
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.get_by_text(re.compile("^Epoch 1, batch 1 of"))).to_be_visible()
    (run,) = [run for run in list_runs(server.checkpoints) if run.id == parameters(page)["watch"]]
    page.get_by_role("button", name="One batch").press("Enter")
    expect(page.get_by_text(re.compile("^Epoch 1, batch 2 of"))).to_be_visible()
    expect(page.get_by_test_id("stMetric").filter(has_text="gradient norm")).to_be_visible()
    expect(page.get_by_text("Codes of the items above")).to_be_visible()
    assert run.status()["waits"]
    page.get_by_role("button", name="One epoch").click()
    expect(page.get_by_text(re.compile("^The end of epoch 1"))).to_be_visible()
    assert [row["epoch"] for row in run.metrics()] == [1]
