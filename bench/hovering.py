"""From a place on the map to its decoded picture: through the route, and from the decoded lattice if there is one."""

from playwright.sync_api import Page

from bench import pages
from bench.browser import until

# The map decodes a place as for a click on the ground; its time runs from there to the frame after the picture.
# The next place follows at once: Python, who hears of a click after 360 ms, hears of none of them.
_ROUTE = """(count) => {
  const { view } = window.__loupeMap;
  const { width, height } = view.stage.view;
  window.__decodes = [];
  const tell = view.ground.on.latency;
  let step = 0, began = 0;
  const next = () => {
    if (step >= count) { view.ground.on.latency = tell; view.ground.close(false); return; }
    const left = width * (0.1 + 0.8 * ((step * 0.754877) % 1)), top = height * (0.1 + 0.8 * ((step * 0.56984) % 1));
    step += 1;
    began = performance.now();
    view.ground.ask(...view.stage.toData(left, top), view.given.thumbnails?.shape ?? null);
  };
  view.ground.on.latency = (ms) => {
    tell(ms);
    requestAnimationFrame(() => { window.__decodes.push(performance.now() - began); next(); });
  };
  next();
}"""


def open_map(page: Page, url: str, run_id: str, **more: str) -> None:
    """Open the PCA map of all items of a run."""
    extra = "".join(f"&{key}={value}" for key, value in more.items())
    page.goto(f"{url}map?run={run_id}&split=all&method=pca{extra}", wait_until="commit")
    pages.our_map(page)
    page.wait_for_timeout(1500)  # the server goes on with its imports for a moment


def through_route(page: Page, count: int) -> list[float]:
    """Decode places one after the other on the map that is open. Returns ms, question to painted picture."""
    page.evaluate(_ROUTE, count + 3)
    until(page, "(count) => window.__decodes.length >= count", count + 3)
    return page.evaluate("() => window.__decodes")[3:]  # the first ones load the model


def from_lattice(page: Page, url: str, run_id: str, count: int) -> list[float]:
    """Move over the ground of a map with a lattice. Returns ms from the cursor's event to the picture; may be empty."""
    open_map(page, url, run_id, layers="points,lattice")
    if not page.evaluate("() => Boolean(window.__loupeMap.latticeLatency)"):
        return []
    box = page.locator(".map-stage").bounding_box()
    assert box is not None
    spent: list[float] = []
    for step in range(20 * count):
        across, up = 0.1 + 0.8 * ((step * 0.754877) % 1), 0.1 + 0.8 * ((step * 0.56984) % 1)
        page.mouse.move(box["x"] + across * box["width"], box["y"] + up * box["height"])
        page.evaluate("() => new Promise(requestAnimationFrame)")
        spent = page.evaluate("() => window.__loupeMap.latticeLatency.lattice")
        if len(spent) >= count:
            break
    return spent[:count]
