"""When a page shows what it is for: conditions in JavaScript, looked at each frame."""

from playwright.sync_api import Page

from bench.browser import until

_HEADING = """(words) => [...document.querySelectorAll("h1, h2")].some(
  (heading) => heading.textContent.includes(words)
    && heading.checkVisibility({ opacityProperty: true, visibilityProperty: true }))"""
_MAP = "() => window.__loupeMap?.ready === true"
# Plotly draws the points before the axes' ticks; a canvas with ticks beside it has its points.
_CHART = """() => {
  const plot = document.querySelector(".js-plotly-plot");
  return Boolean(plot?.calcdata && plot.querySelector("canvas") && plot.querySelector(".xtick"));
}"""
_CARDS = "() => { const shown = [...document.images].filter((i) => i.naturalWidth > 100); return shown.length >= 3; }"


def heading(page: Page, words: str) -> float:
    """The heading is visible; ``time.perf_counter()`` then."""
    return until(page, _HEADING, words)


def cards(page: Page) -> float:
    """Home's strips of reconstructions are there."""
    return until(page, _CARDS)


def our_map(page: Page) -> float:
    """Our map has its points and colours, and has drawn them."""
    return until(page, _MAP)


def plotly_chart(page: Page) -> float:
    """Plotly has drawn the chart."""
    until(page, _CHART)
    return until(page, "() => true")  # and a frame has gone by
