"""Component modules: served by our route under a version, and mounted by a stub that imports them by address.

Streamlit loads a component's script from a blob: address, where imports by path fail. So the script it gets is a stub
that imports the real module from ``api/components/<version>/<name>.js``, found from the page's own address.
"""

import hashlib
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from streamlit.components.v2 import component

from aelib.errors import AelibError

FOLDER = Path(__file__).parent
FIRST = {"map": "map", "decode": "console", "paths": "film", "noise": "noise", "draw": "pad"}  # of each page

_IMPORT = re.compile(r'^(?:import|\} from|export)\b.*"\./(\w+\.js)";$', re.MULTILINE)
_STUB = """
export default function (component) {
  // The stub runs again at every change of data or theme; the module keeps its own state by parentElement.
  const address = new URL("%s", document.baseURI);
  let ended = false;
  let cleanup = null;
  import(address).then((module) => { if (!ended) cleanup = module.default(component); })
    .catch(() => { component.parentElement.textContent = "This part of the page did not load. Reload the page."; });
  return () => { ended = true; if (cleanup) cleanup(); };
}
"""


@lru_cache
def version() -> str:
    """A hash over all modules: a changed file gets a new address, so that caches never serve an old one."""
    digest = hashlib.sha256()
    for name, text in _texts().items():
        digest.update(name.encode() + text)
    return digest.hexdigest()[:12]


def read(wanted_version: str, file: str) -> bytes:
    """A module's text. Raises ``E_NOT_FOUND`` for anything that is not one of our modules of this version."""
    if wanted_version != version() or file not in _texts():
        raise AelibError("E_NOT_FOUND", "There is no such module", "", "Reload the page")
    return _texts()[file]


@lru_cache
def ahead(page: str) -> str:
    """A Link header that lets the browser fetch the modules of a page's component at once; empty where it has none.

    By themselves they would be asked for wave by wave, each after those that import it, when Streamlit mounts the
    component. Low: Streamlit's own scripts come first, or the page's first words wait for ours.
    """
    found = [f"{FIRST[page]}.js"] if page in FIRST else []
    for file in found:  # grows while it is walked
        found += [each for each in _IMPORT.findall(_texts()[file].decode()) if each not in found]
    base = f"api/components/{version()}"
    return ", ".join(f"<{base}/{file}>; rel=modulepreload; fetchpriority=low" for file in found)


@lru_cache
def _texts() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(FOLDER.glob("*.js"))}


@lru_cache
def declare(name: str) -> Callable[..., Any]:
    """The mount function of the component in ``<name>.js`` with its styles: ``<name>.css``, ``<name>_*.css``.

    Those that all share, in ``controls.css``, come before them.
    """
    styles = [FOLDER / "controls.css", FOLDER / f"{name}.css", *sorted(FOLDER.glob(f"{name}_*.css"))]
    css = "\n".join(path.read_text("utf-8") for path in styles)
    return component(f"loupe_{name}", js=_STUB % f"api/components/{version()}/{name}.js", css=css)
