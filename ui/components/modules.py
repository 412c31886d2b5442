"""Component modules: served by our route under a version, and mounted by a stub that imports them by address.

Streamlit loads a component's script from a blob: address, where imports by path fail. So the script it gets is a stub
that imports the real module from ``api/components/<version>/<name>.js``, found from the page's own address.
"""

import hashlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from streamlit.components.v2 import component

from aelib.errors import AelibError

FOLDER = Path(__file__).parent

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
    for path in sorted(FOLDER.glob("*.js")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def read(wanted_version: str, file: str) -> bytes:
    """A module's text. Raises ``E_NOT_FOUND`` for anything that is not one of our modules of this version."""
    if wanted_version != version() or file not in {path.name for path in FOLDER.glob("*.js")}:
        raise AelibError("E_NOT_FOUND", "There is no such module", "", "Reload the page")
    return (FOLDER / file).read_bytes()


@lru_cache
def declare(name: str) -> Callable[..., Any]:
    """The mount function of the component in ``<name>.js`` with the styles of ``<name>.css`` and ``<name>_*.css``."""
    styles = [FOLDER / f"{name}.css", *sorted(FOLDER.glob(f"{name}_*.css"))]
    css = "\n".join(path.read_text("utf-8") for path in styles)
    return component(f"loupe_{name}", js=_STUB % f"api/components/{version()}/{name}.js", css=css)
