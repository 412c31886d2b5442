"""The movie of a run that is trained from the page: it grows, plays, answers the keys and survives a reload."""

import pytest
from playwright.sync_api import expect

from tests.browser.driving import parameters, wait_for_parameter
from tests.browser.test_train import nothing_left_training, panel, press_stop, start

__all__ = ["nothing_left_training"]  # a fixture


@pytest.mark.slow
def test_a_movie_grows_while_it_trains_plays_and_keeps_its_frame(page, server):
    start(page, server, 2000)
    # The run that was watched before may still be on screen; only the new one's movie grows.
    follows = "window.__loupeMovie?.loaded > 3 && window.__loupeMovie.following"
    seen = page.wait_for_function(f"() => {follows} && window.__loupeMovie.frames")
    page.wait_for_function("before => window.__loupeMovie?.frames > before", arg=seen.json_value())
    press_stop(page)
    expect(panel(page, "stopped")).to_be_visible()
    page.wait_for_function("() => window.__loupeMovie?.following && window.__loupeMovie.frames > 5")
    page.wait_for_function("() => window.__loupeMovie?.loaded === window.__loupeMovie?.frames")
    page.wait_for_function("() => window.__loupeMovie?.at === window.__loupeMovie?.frames - 1")
    assert "frame" not in parameters(page), "the newest needs no name"

    expect(page.get_by_label("speed")).to_have_count(1)  # the panel before the stop has gone
    page.get_by_label("speed").select_option("16")
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("() => window.__loupeMovie.playing && window.__loupeMovie.at > 1")
    page.get_by_role("button", name="Pause").click()
    rests = page.evaluate("window.__loupeMovie.moment")
    wait_for_parameter(page, "frame", rests)
    slider = page.get_by_role("slider", name="Moment of the training")
    slider.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    wait_for_parameter(page, "frame", "0-1")
    expect(slider).to_have_attribute("aria-valuetext", "epoch 1, step 1")

    page.reload()
    page.wait_for_function("() => window.__loupeMovie?.moment === '0-1' && window.__loupeMovie.at === 1")
    canvas = page.get_by_role("img", name="Points of")
    inked = canvas.evaluate(
        "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.filter((v, i) => i % 4 === 3 && v).length"
    )
    assert inked > 100, "the points are drawn"
    page.keyboard.press(" ")  # nowhere in the movie: nothing plays
    assert page.evaluate("window.__loupeMovie.playing") is False
