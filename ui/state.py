"""Every session-state key and every parameter of a page's address, named once."""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

# Bound to the address: a link carries the view.
RUN = "run"
SPLIT = "split"
METHOD = "method"
COLOUR = "colour"
PICK = "pick"  # Map: the inspected item's number in the dataset
LASSO = "lasso"  # Map: the selection, see ui/selection.py
SETTINGS = "settings"  # Map: the projection's parameters where they are not the defaults
FIRST, SECOND = "first", "second"  # two remembered selections, see ui/selection.py
ENDS = "ends"  # Paths: "items", or "selections" for the mean codes of the two remembered ones
MONTAGE, RESAMPLE = "montage", "resample"  # the selection's montage: pictures a side, and which draw
ONLY = "only"  # Reconstructions: "selection" shows the selected items alone
GROUND = "ground"  # Map: a decoded place, x,y
CODE = "code"  # Decode: comma-separated numbers
AS = "as"  # Decode: number of the class, for a conditional model
FROM, TO = "from", "to"  # Paths: item numbers
STEPS, STEP = "steps", "step"
SOURCE, COUNT, SEED, TEMPERATURE, MADE_CLASS = "source", "count", "seed", "temperature", "of"  # Generate
ITEM = "item"  # Noise: item number
CORRUPTION, SEVERITY = "corruption", "severity"
SOURCE, DRAWING, UPLOAD, WAY = "source", "drawing", "upload", "way"  # Noise, Draw: what is looked at; ui/drawn.py
BESIDE, ON = "beside", "on"  # Noise: other runs' ids; "code" disturbs the code
ORDER, CLASS = "order", "class"  # Reconstructions, Data
GIVEN = "given"  # Reconstructions: what goes in
DATA_SPLIT = "items"
DATASET = "dataset"
PRESET = "preset"
CLONE = "clone"
FORM = "form"  # Train: the whole form as JSON
WATCH = "watch"  # Train: the run being watched
FRAME = "frame"  # Train, Map: the moment that the movie shows, EPOCH-STEP; without it the newest
LAYOUT = "layout"  # Train, Map: how the movie is laid out
MOVIE = "movie"  # Map: "1" shows the movie
SWEEP = "sweep"  # Train: the sweep whose table is shown

# Not in the address.
ONLY_WIDGET = "only-selection"
DELETED = "deleted-run"
REFUSED = "refused"  # Train: (run, sentence), what was last asked of a run and not done
NONCE = "train-nonce"
SWEEP_NONCE = "sweep-nonce"
FORM_START = "form-start"  # (what it was opened from, raw config, key of the widgets)
FORM_WRITTEN = "form-written"  # the form as this page last wrote it into the address
CAME = "imported-run"  # id of the run that the Data page made of a file last
BROUGHT = "train-dataset"  # raw config of the dataset that the Data page sent
TITLE = "page-title"  # of the page on screen, for the browser's tab
SEEN = "map-gesture-seen"
SOLID_SEEN = "solid-map-seen"  # the 3-D map's last click
SELECTED = "selected-items"  # ui/selection.py: Known
SETTINGS_KEPT = "projection-settings"  # {method: config}
SETTINGS_SEEN = "projection-settings-seen"  # the settings as this page last wrote them into the address
CONSOLE_BEGIN = "console-begin"  # Decode: (run, item) that the sliders began at
CONSOLE_SEEN, CONSOLE_STALE = "console-seen", "console-stale"  # Decode: the last move told, and one that is over
MADE = "augmented"  # Generate: (run, aelib.exchange.augmented.Made) that was written last
SEARCHED = "map-searched"  # {run, text, count, sentence} of the last search on the map


def get(key: str, default: Any = None) -> Any:
    """A value kept for this session."""
    return st.session_state.get(key, default)


def put(key: str, value: Any) -> None:
    """Keep a value for this session."""
    st.session_state[key] = value


def drop(key: str) -> None:
    """Forget a value."""
    st.session_state.pop(key, None)


def address(key: str) -> str:
    """A parameter of the page's address, or an empty text."""
    return st.query_params.get(key, "")


def put_address(key: str, value: str) -> None:
    """Write a parameter into the page's address, or take it out when empty; writes only what changed."""
    if value and st.query_params.get(key) != value:
        st.query_params[key] = value
    elif not value and key in st.query_params:
        del st.query_params[key]


def choose(
    label: str,
    options: Sequence[str],
    key: str,
    default: str,
    *,
    show: Callable[[str], str] = str,
    help: str | None = None,
) -> str:
    """A select box whose raw value stands in the address and stays for the session, on every page that shows it.

    (Streamlit's own ``bind="query-params"`` would write the displayed label into the address.)
    An address that names an option wins once; a click wins over it; an address that names none is passed over.
    """
    widget, seen = f"choose-{key}", f"address-seen-{key}"
    asked, kept = address(key), get(widget)
    if asked in options and asked != get(seen):
        kept = asked
    # Written at each run: on another page the same key is another widget, which would start at the first option.
    put(widget, next(value for value in (kept, get(seen), default) if value in options))
    chosen = st.selectbox(label, options, key=widget, format_func=show, help=help, persist_state="session")
    put(seen, chosen)
    put_address(key, chosen)
    return chosen


def whole(label: str, low: int, high: int, key: str, default: int | None, **more: Any) -> int | None:
    """A box for a whole number that stands in the address; an address that is no number in range is passed over.

    (Streamlit's own binding raises on numbers such as 1e999.) ``more`` goes to ``st.number_input``.
    """
    widget, seen = f"whole-{key}", f"address-seen-{key}"
    asked, kept = number(key), get(widget, get(seen, default))
    if asked is not None and low <= asked <= high and asked != get(seen):
        kept = asked
    put(widget, kept if kept is None or low <= kept <= high else default)
    value = st.number_input(label, low, high, value=None, step=1, key=widget, **more)
    put(seen, value)
    put_address(key, "" if value is None or value == default else str(value))
    return value


def number(key: str) -> int | None:
    """A whole number from the address, or None when it is missing or no number."""
    text = address(key)
    return int(text) if text.isdecimal() and len(text) < 12 else None


def numbers(text: str) -> list[float]:
    """Comma-separated numbers of an address, or an empty list when they are not all finite numbers."""
    try:
        found = [float(part) for part in text.split(",")] if text else []
    except ValueError:
        return []
    return found if all(abs(value) < 1e9 for value in found) else []
