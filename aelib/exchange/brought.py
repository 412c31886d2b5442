"""What came in, held against what a map needs: each fault is named with its array, shapes and first bad row."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from aelib.errors import AelibError, nearest
from aelib.exchange import pictures_in
from aelib.exchange.names import Classes, kinds, named_labels

MOST_ITEMS = 2_000_000
MOST_NUMBERS = 16_384  # in a code
MOST_ATTRIBUTES = 64
LARGEST = 1e9  # of a number in a code: beyond, a distance in float32 overflows
KNOWN = ("codes", "labels", "classes", "images", "points", "index", "spreads", "errors", "lattice", "lattice_extent")


@dataclass
class Brought:
    """Codes from elsewhere, checked; all arrays have one row per item.

    Attributes:
        codes: float32 (n, d), finite.
        labels: int64 (n,), -1 where there is none; or None.
        classes: Names of the labels 0, 1, ….
        images: uint8 (n, channels, height, width), or None.
        points: float32 (n, 2), or None.
        index: int64 (n,), each number once.
        spreads: float32 (n, d), above 0; or None.
        errors: float32 (n,); or None.
        attributes: Name -> float32 (n,); NaN where it is missing.
        values: Names of the values 0, 1, … of attributes that are kinds.
        lattice: uint8 (rows, columns, channels, height, width), or None.
        extent: (x0, x1, y0, y1): the first number of the code at the first and the last column, the second one at the
            first and the last row.
        notes: Sentences on what was done to what came.
    """

    codes: np.ndarray
    labels: np.ndarray | None = None
    classes: tuple[str, ...] = ()
    images: np.ndarray | None = None
    points: np.ndarray | None = None
    index: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    spreads: np.ndarray | None = None
    errors: np.ndarray | None = None
    attributes: dict[str, np.ndarray] = field(default_factory=dict)
    values: dict[str, tuple[str, ...]] = field(default_factory=dict)
    lattice: np.ndarray | None = None
    extent: tuple[float, ...] = ()
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.codes)


def check(arrays: Mapping[str, np.ndarray], drop_broken: bool = False) -> Brought:
    """Check all arrays of a file against each other.

    Args:
        arrays: By name: those of ``KNOWN``, and further ones with one row per item, which become attributes.
        drop_broken: Leave out items whose code holds numbers that are not finite, instead of refusing them.

    Raises:
        AelibError: ``E_CODES`` (no codes, no numbers, wrong shape), ``E_EMPTY``, ``E_TOO_LARGE``, ``E_NONFINITE``,
            ``E_SHAPE`` (lengths or shapes that do not belong together), ``E_TYPE``, ``E_INDEX``.
    """
    notes: list[str] = []
    codes = _codes(arrays, notes)
    count = len(codes)
    rows = _whole_rows(codes, drop_broken, notes)
    given = {name: _per_item(name, arrays[name], count)[rows] for name in _row_names(arrays)}
    codes = np.ascontiguousarray(codes[rows], np.float32)
    found = Brought(codes, index=_index(given.get("index"), len(codes)), notes=notes)
    if "images" in given:
        found.images = pictures_in.items(given["images"], notes)
    if "points" in given:
        found.points = _table("points", given["points"], 2)
    if "spreads" in given:
        found.spreads = _spreads(given["spreads"], codes.shape[1])
    if "errors" in given and not np.isnan(_floats("errors", given["errors"])).all():
        found.errors = _finite("errors", _floats("errors", given["errors"]))
    if "labels" in given:
        _take_labels(found, named_labels(given["labels"], arrays.get("classes")))
    _attributes(found, arrays, count, rows)
    _lattice(found, arrays)
    return found


def _codes(arrays: Mapping[str, np.ndarray], notes: list[str]) -> np.ndarray:
    if "codes" not in arrays:
        two = [name for name, array in arrays.items() if array.ndim == 2]
        how = f"Rename {two[0]!r} to 'codes'" if len(two) == 1 else nearest("codes", arrays)
        raise AelibError("E_CODES", "There is no array 'codes'", f"the arrays are {_listed(arrays)}", how)
    codes = arrays["codes"]
    if codes.dtype.kind not in "biuf":
        raise AelibError("E_CODES", "The codes are no numbers", f"they are of type {codes.dtype}")
    if codes.ndim == 1:
        notes.append("The codes came as one row of numbers: each is taken for a code of one number.")
        codes = codes[:, None]
    if codes.ndim != 2:
        how = "Flatten or pool them: codes.reshape(len(codes), -1)"
        raise AelibError("E_CODES", "The codes are no table", f"their shape is {codes.shape}, wanted (items, d)", how)
    count, size = codes.shape
    if not count or not size:
        raise AelibError("E_EMPTY", "There are no codes", f"the shape is {codes.shape}")
    if count > MOST_ITEMS:
        raise AelibError("E_TOO_LARGE", "There are too many codes", f"{count:,}, at most {MOST_ITEMS:,}", "Take a part")
    if size > MOST_NUMBERS:
        why = f"{size:,} numbers each, at most {MOST_NUMBERS:,}"
        raise AelibError("E_TOO_LARGE", "The codes are too long", why, "Pool them, or take their first components")
    return codes


def _whole_rows(codes: np.ndarray, drop_broken: bool, notes: list[str]) -> np.ndarray | slice:
    """Rows without NaN, infinity or numbers that float32 distances cannot hold."""
    whole = np.empty(len(codes), bool)
    for start in range(0, len(codes), 65_536):
        part = codes[start : start + 65_536]
        with np.errstate(invalid="ignore"):
            whole[start : start + 65_536] = (np.abs(part.astype(np.float64)) < LARGEST).all(axis=1)
    broken = np.flatnonzero(~whole)
    if not len(broken):
        return slice(None)  # a view: pictures may be large
    if not drop_broken:
        raise AelibError(
            "E_NONFINITE",
            f"{len(broken):,} of {len(codes):,} codes hold NaN, infinite or huge numbers",
            f"the first is row {broken[0]}",
            "Repair them, or leave these items out with --drop-broken",
        )
    if len(broken) == len(codes):
        raise AelibError("E_EMPTY", "No code is left", f"all {len(codes):,} hold numbers that are not finite")
    notes.append(f"{len(broken):,} items were left out: their codes hold numbers that are not finite.")
    return np.flatnonzero(whole)


def _row_names(arrays: Mapping[str, np.ndarray]) -> list[str]:
    return [name for name in ("labels", "images", "points", "index", "spreads", "errors") if name in arrays]


def _per_item(name: str, array: np.ndarray, count: int) -> np.ndarray:
    length = len(array) if array.ndim else 0
    if length != count:
        why = f"it has {length:,} rows, codes has {count:,}"
        raise AelibError("E_SHAPE", f"The array {name!r} has another length than the codes", why)
    return array


def _index(given: np.ndarray | None, count: int) -> np.ndarray:
    if given is None:
        return np.arange(count, dtype=np.int64)
    if given.ndim != 1 or given.dtype.kind not in "iu":
        raise AelibError("E_INDEX", "The index is no row of whole numbers", f"{given.dtype}, shape {given.shape}")
    if (given < 0).any() or (given >= 2**31).any():
        raise AelibError("E_INDEX", "The index leaves its range", "it goes from 0 to 2,147,483,647")
    numbers, counts = np.unique(given, return_counts=True)
    if len(numbers) < count:
        raise AelibError("E_INDEX", "The index names an item twice", f"{numbers[counts > 1][0]} stands in it again")
    return given.astype(np.int64)


def _table(name: str, array: np.ndarray, width: int) -> np.ndarray:
    if array.ndim != 2 or array.shape[1] != width:
        raise AelibError("E_SHAPE", f"The array {name!r} does not fit", f"shape {array.shape}, wanted (items, {width})")
    return _finite(name, _floats(name, array))


def _spreads(array: np.ndarray, size: int) -> np.ndarray:
    spreads = _table("spreads", array, size)
    bad = np.flatnonzero((spreads <= 0).any(axis=1))
    if len(bad):
        why = f"a standard deviation is above 0; the first row that is not is {bad[0]}"
        raise AelibError("E_SHAPE", "The spreads are no standard deviations", why, "Send exp(log_variance / 2)")
    return spreads


def _floats(name: str, array: np.ndarray) -> np.ndarray:
    if array.dtype.kind not in "biuf":
        raise AelibError("E_TYPE", f"The array {name!r} holds no numbers", f"it is of type {array.dtype}")
    with np.errstate(over="ignore"):
        return array.astype(np.float32)


def _finite(name: str, array: np.ndarray) -> np.ndarray:
    bad = np.flatnonzero(~np.isfinite(array.reshape(len(array), -1)).all(axis=1))
    if len(bad):
        why = f"{len(bad):,} rows, the first is {bad[0]}"
        raise AelibError("E_NONFINITE", f"The array {name!r} holds numbers that are not finite", why)
    return array


def _take_labels(found: Brought, labels: Classes) -> None:
    found.notes += labels.notes
    if labels.as_number is not None:
        found.attributes["labels"] = labels.as_number
    else:
        found.labels, found.classes = labels.numbers, labels.names


def _attributes(found: Brought, arrays: Mapping[str, np.ndarray], count: int, rows: np.ndarray | slice) -> None:
    for name, array in arrays.items():
        if name in KNOWN:
            continue
        if array.ndim != 1 or len(array) != count:
            shape = f"has the shape {array.shape}, codes has {count:,} rows"
            found.notes.append(f"The array {name!r} was left out: it {shape}.")
        elif len(found.attributes) >= MOST_ATTRIBUTES:
            found.notes.append(f"{name!r} was left out: at most {MOST_ATTRIBUTES} attributes are kept.")
        elif array.dtype.kind in "biuf":
            numbers = _floats(name, array[rows])
            found.attributes[name] = np.where(np.isfinite(numbers), numbers, np.nan).astype(np.float32)
        else:
            numbers, names, note = kinds(name, array[rows])
            found.attributes[name] = numbers
            found.notes += note
            if names:
                found.values[name] = names


def _lattice(found: Brought, arrays: Mapping[str, np.ndarray]) -> None:
    if "lattice" not in arrays:
        return
    if found.codes.shape[1] != 2:
        found.notes.append(
            f"The lattice was left out: it is for codes of 2 numbers, these have {found.codes.shape[1]}."
        )
        return
    if "lattice_extent" not in arrays:
        how = (
            "Add lattice_extent=(x0, x1, y0, y1): the code at the first and last column, and at the first and last row"
        )
        raise AelibError("E_SHAPE", "The lattice has no 'lattice_extent'", "", how)
    extent = _floats("lattice_extent", arrays["lattice_extent"]).ravel()
    if len(extent) != 4 or not np.isfinite(extent).all() or extent[0] == extent[1] or extent[2] == extent[3]:
        why = f"wanted four finite numbers x0, x1, y0, y1 with x0 ≠ x1 and y0 ≠ y1, got {extent.tolist()!r:.80}"
        raise AelibError("E_SHAPE", "The lattice_extent does not fit", why)
    found.lattice = pictures_in.lattice(arrays["lattice"], found.notes)
    found.extent = tuple(float(value) for value in extent)


def _listed(arrays: Mapping[str, np.ndarray]) -> str:
    return ", ".join(f"{name} {array.shape}" for name, array in list(arrays.items())[:8]) or "none"
