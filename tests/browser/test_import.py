"""A scikit-learn PCA's codes walk through the door: uploaded, mapped, hovered, lassoed."""

import io

import numpy as np
import pytest
from playwright.sync_api import expect
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from aelib import codes
from aelib.config import read_choice
from aelib.projections import _base as projections
from aelib.registry import PROJECTIONS
from aelib.runs.folder import open_run
from tests.browser.driving import parameters, pixels, settle
from tests.browser.test_map import around, draw_lasso, even_odd, lonely_row, polygon_in_address, wait_until_drawn


@pytest.fixture
def digits() -> tuple[bytes, np.ndarray, np.ndarray]:
    """An NPZ with codes, labels and images of 500 digits; the codes; the images, uint8."""
    found = load_digits()
    images = (found.images[:500] * 15).astype(np.uint8)
    reduced = PCA(6).fit_transform(found.data[:500] / 16)
    file = io.BytesIO()
    np.savez(file, codes=reduced, labels=found.target[:500], images=images)
    return file.getvalue(), reduced, images


def test_codes_of_a_pca_walk_through_the_door(page, server, digits):
    data, reduced, images = digits
    page.goto(server.page("data"))
    page.get_by_role("button", name="Bring codes from elsewhere").click()
    page.locator("input[type=file]").set_input_files({"name": "pca.npz", "mimeType": "application/zip", "buffer": data})
    page.get_by_role("textbox", name="Name").fill("PCA of digits")
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("500 codes of 6 numbers, 10 classes.")).to_be_visible()
    page.get_by_role("button", name="Open map").click()
    page.wait_for_url("**/map?*")
    settle(page)
    run = open_run(server.checkpoints, parameters(page)["run"])
    table = codes.of_run(run)
    np.testing.assert_allclose(table.codes, reduced, atol=1e-6)

    page.goto(server.page("map", run=run.id, method="pca"))
    wait_until_drawn(page)
    points = projections.fit(table.codes, read_choice(PROJECTIONS, "pca")).astype(np.float64)
    row = lonely_row(points)
    page.mouse.move(*page.evaluate("row => window.__loupeMap.toScreen(row)", row))
    page.wait_for_function("row => window.__loupeMap?.hoverRow === row", arg=row)
    card = page.locator(".map-card-item")
    expect(card.locator("canvas.map-picture")).to_be_visible()
    shown = pixels(card.locator("canvas.map-picture"))
    np.testing.assert_array_equal(shown, images[row][:, :, None].repeat(3, axis=2))

    draw_lasso(page, around(points))
    page.wait_for_function("() => new URLSearchParams(location.search).has('lasso')")
    inside = even_odd(polygon_in_address(page), points)
    assert 250 < len(inside) < 500
    assert page.evaluate("window.__loupeMap.selectedRows") == inside
    expect(page.get_by_text(f"{len(inside)} selected", exact=False).first).to_be_visible()

    page.goto(server.page("noise", run=run.id))
    expect(page.get_by_text("the model that made them is not here")).to_be_visible()
