"""The app as a whole: all pages one after the other, over an empty folder, over the repository's own."""

import re
import subprocess

import pytest
from playwright.sync_api import expect

from tests.browser.driving import ROOT, parameters, serving, settle

PAGES = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))


def test_an_empty_folder_greets_a_newcomer(page, tmp_path):
    with serving(tmp_path / "checkpoints", tmp_path) as server:
        page.goto(server.page())
        expect(page.get_by_text("Nothing here yet")).to_be_visible()
        page.get_by_role("button", name=re.compile("Train a first model")).click()
        page.wait_for_url(re.compile("/train"))
        expect(page.get_by_role("button", name="Train", exact=True)).to_be_enabled()
        page.goto(server.page("map"))
        expect(page.get_by_text("There is no trained run yet")).to_be_visible()
        expect(page.get_by_role("button", name="Go to Train")).to_be_visible()
        page.close()  # before its server


@pytest.mark.slow
def test_clicking_through_the_repositorys_own_runs_leaves_it_clean(page, tmp_path):
    """Every page by its link in the sidebar; the console is looked at by the fixture."""

    def changes() -> str:
        command = ["git", "status", "--porcelain", "--untracked-files=all"]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    before = changes()
    with serving(ROOT / "checkpoints", tmp_path) as server:
        page.goto(server.page())
        navigation = page.get_by_test_id("stSidebarNav")
        for name in [*PAGES, "home"]:
            navigation.get_by_role("link", name=re.compile(rf"\b{name}$", re.IGNORECASE)).click()
            page.wait_for_url(re.compile(rf"/{'' if name == 'home' else name}(\?|$)"))
            title = "Latent Loupe" if name == "home" else name.capitalize()
            expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
            expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
            expect(page.get_by_test_id("stException")).to_have_count(0)
        page.close()  # before its server
    assert changes() == before


def test_a_deep_link_keeps_its_frame_and_the_next_page_its_run(page, server):
    """A page opened by its address on a session that has seen no other (the other journeys begin so, too)."""
    page.goto(server.page("decode", run="digits-plane"))
    expect(page.get_by_role("heading", name="Decode")).to_be_visible()
    navigation = page.get_by_test_id("stSidebarNav")
    expect(navigation.get_by_role("link")).to_have_count(len(PAGES))
    expect(page.locator(".loupe-console .picture canvas")).to_be_visible()
    settle(page)
    navigation.get_by_role("link", name="Map", exact=True).click()
    page.wait_for_url(re.compile(r"/map\?"))
    page.wait_for_function("() => window.__loupeMap?.ready")
    assert parameters(page)["run"] == "digits-plane"
