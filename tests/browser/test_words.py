"""A journey through the code words of a vector-quantised run: a cell, its nearest words, one of them swapped in."""

import re

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from aelib.cli._train import train_in_front
from aelib.config import RunConfig
from aelib.datasets._base import load_dataset
from aelib.latent import word_grid
from aelib.runs.folder import Run
from aelib.runs.weights import load_model
from tests.browser.driving import Server, pixels, settle

CONFIG = {
    "network": {"name": "convolutional", "channels": [4, 6]},
    "model": {"name": "vq_vae", "latent_dim": 3, "codebook_size": 16},
    "training": {"epochs": 2, "device": "cpu"},
}


@pytest.fixture
def run(server: Server, only_shipped: None) -> Run:
    run, state = train_in_front(server.checkpoints, RunConfig.parse(CONFIG), name="words", quiet=True)
    assert state == "completed", run.error()
    return run


@pytest.mark.slow
def test_a_word_is_swapped_for_one_of_its_nearest(page: Page, server: Server, run: Run) -> None:
    model, items = load_model(run), load_dataset(run.dataset()).all_items()
    words = word_grid.words_of(model, items.values[items.index == 3])[0]

    def picture(grid: np.ndarray) -> np.ndarray:
        return np.rint(word_grid.pictures_of(model, grid[None])[0, 0].clip(0, 1) * 255).astype(np.uint8)

    page.goto(server.page("decode", run=run.id, decode_item="3"))
    canvas, said = page.locator(".loupe-words .ground canvas"), page.locator(".loupe-words .said")
    near = page.get_by_role("list", name="Nearest words").get_by_role("button")
    expect(said).to_have_text("The item's own words")
    expect(near).to_have_count(12)
    np.testing.assert_array_equal(pixels(canvas)[:, :, 0], picture(words))

    page.get_by_role("button", name=f"row 1, column 1: word {words[0, 0]}", exact=True).click()
    expect(page.get_by_text(f"Row 1, column 1 says word {words[0, 0]}.")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_text(f"Row 1, column 2 says word {words[0, 1]}.")).to_be_visible()
    offered, _ = word_grid.near_words(model, int(words[0, 1]), 12)
    others = word_grid.exchanged(words, 0, 1, offered)
    for at, word in enumerate(offered):
        expect(near.nth(at)).to_have_attribute("title", re.compile(rf"^Word {word}, "))
        np.testing.assert_array_equal(pixels(near.nth(at).locator("canvas"))[:, :, 0], picture(others[at]))
    at = max(range(12), key=lambda at: int(np.abs(picture(others[at]).astype(int) - picture(words)).max()))
    assert not np.array_equal(picture(others[at]), picture(words)), "a word that is to be seen"

    near.nth(at).click()
    expect(said).to_have_text(f"1 of {words.size} words changed")
    expect(page.get_by_text(f"Row 1, column 2 says word {offered[at]}.")).to_be_visible()
    np.testing.assert_array_equal(pixels(canvas)[:, :, 0], picture(others[at]))
    settle(page)
    page.get_by_role("button", name="Show me the code").click()
    expect(page.locator("code").filter(has_text="words = np.asarray")).to_contain_text(str(others[at].tolist()))
    page.keyboard.press("Escape")

    page.get_by_role("button", name="Undo", exact=True).click()
    expect(said).to_have_text("The item's own words")
    np.testing.assert_array_equal(pixels(canvas)[:, :, 0], picture(words))
    page.get_by_role("button", name="Redo", exact=True).click()
    expect(said).to_have_text(f"1 of {words.size} words changed")
    np.testing.assert_array_equal(pixels(canvas)[:, :, 0], picture(others[at]))
