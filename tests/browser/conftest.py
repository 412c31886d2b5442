"""The real app in a real Chromium: one server for all journeys, a fresh browser context for each."""

import contextlib
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.browser.chromium import ARGUMENTS, find
from tests.browser.driving import ROOT, SHIPPED, Server, serving

PATIENCE = 30_000  # ms; a busy machine of two cores may need them, a free one never does
expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(item.path).parent == Path(__file__).parent:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app over copies of the shipped runs."""
    folder = tmp_path_factory.mktemp("app")
    for name in SHIPPED:
        shutil.copytree(
            ROOT / "checkpoints" / name, folder / "checkpoints" / name, ignore=shutil.ignore_patterns("lock")
        )
    with serving(folder / "checkpoints", folder) as server:
        yield server


@pytest.fixture
def only_shipped(server: Server) -> None:
    """Takes away the runs that other journeys left."""
    for folder in (server.checkpoints).glob("*/config.json"):
        if folder.parent.name not in SHIPPED:
            shutil.rmtree(folder.parent)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for all; gone before other tests run, because its event loop would be in their way."""
    path = find()
    assert path, "no Chromium: python -m tests.browser.chromium installs one"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


def _is_streamlits_probe(message: ConsoleMessage) -> bool:
    """On a deep link Streamlit looks for its server under the page's own path first, and gets a 404 there."""
    address = urlsplit(message.location.get("url", "")).path
    return address.endswith(("/_stcore/health", "/_stcore/host-config")) and not address.startswith("/_stcore")


def _is_a_replaced_picture(message: ConsoleMessage) -> bool:
    """Streamlit forgets a picture as soon as a rerun shows another; a slow browser may still ask for the first.

    The browser says so with the picture's address as the place, Streamlit's own script with it in the words.
    """
    of_the_picture = urlsplit(message.location.get("url", "")).path.startswith("/media/")
    return of_the_picture or ("image source error" in message.text.lower() and "/media/" in message.text)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = (yield).get_result()
    if report.when == "call":
        item.stash[_failed] = report.failed


_failed = pytest.StashKey[bool]()


@pytest.fixture
def new_context(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Callable[[], BrowserContext]]:
    """Browser contexts; at the end no page of them may have an error in its console. A failure leaves screenshots."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def watch(page: Page) -> None:
        page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
        page.on(
            "console",
            lambda message: (
                faults.append(f"{page.url}: {message.text} ({message.location.get('url')})")
                if message.type == "error" and not (_is_streamlits_probe(message) or _is_a_replaced_picture(message))
                else None
            ),
        )

    def new_context() -> BrowserContext:
        context = browser.new_context(viewport={"width": 1440, "height": 1000}, reduced_motion="reduce")
        context.set_default_timeout(PATIENCE)
        context.on("page", watch)
        contexts.append(context)
        return context

    yield new_context
    failed = request.node.stash.get(_failed, True)
    for number, context in enumerate(contexts):
        for page in context.pages:
            if failed:
                name = re.sub(r"\W+", "-", request.node.name).strip("-")
                with contextlib.suppress(Exception):
                    page.screenshot(path=ROOT / "test-results" / f"{name}-{number}.png", full_page=True)
        context.close()
    assert not faults


@pytest.fixture
def page(new_context: Callable[[], BrowserContext]) -> Page:
    """A page in a context of its own."""
    return new_context().new_page()
