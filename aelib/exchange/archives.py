"""NPZ and NPY files of strangers: everything is checked in the directory and the headers, before memory is taken.

Nothing is unpickled and nothing is unpacked to a disk. A small file that would unfold to a large one (a bomb) is
refused by its directory alone; an array whose header promises other than its entry holds is refused by its header.
"""

import io
import math
import os
import struct
import zipfile
import zlib
from typing import BinaryIO

import numpy as np

from aelib.errors import AelibError

MOST_ENTRIES = 256
MOST_BYTES = 2 * 2**30  # of all arrays together, unpacked
MOST_RATIO = 200  # unpacked over packed; deflate can reach 1,032
SMALL = 64 * 2**20  # bytes unpacked: below, any ratio is harmless (labels that are all alike pack very well)
MOST_DIRECTORY = 2**20  # bytes of the zip's own directory
HEADER = 16_384  # bytes of an array's header
CHUNK = 2**24
NUMBERS, TEXTS = "biuf", "US"  # kinds of NumPy types that are read


def read_npy(file: BinaryIO, name: str) -> dict[str, np.ndarray]:
    """A bare array as ``{"codes": array}``. Raises as ``read_npz``."""
    size = _size(file)
    if size > MOST_BYTES:
        raise _too_large(name, size)
    return {"codes": _array(file, size, "codes", MOST_BYTES)}


def read_npz(file: BinaryIO, name: str) -> dict[str, np.ndarray]:
    """All arrays of an NPZ file by name; entries that are no arrays are passed over.

    Args:
        file: Open for reading, seekable.
        name: What its owner calls it, for messages.

    Raises:
        AelibError: ``E_FILE`` (no NPZ, damaged, encrypted, a name twice), ``E_TOO_LARGE`` (``MOST_ENTRIES``,
            ``MOST_BYTES``, ``MOST_RATIO``), ``E_TYPE`` (Python objects, records, dates).
    """
    packed = _size(file)
    if packed > MOST_BYTES:
        raise _too_large(name, packed)
    _refuse_huge_directory(file, packed, name)
    try:
        with zipfile.ZipFile(file) as archive:
            entries = _checked_entries(archive, packed, name)
            return {_array_name(entry): _member(archive, entry) for entry in entries}
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, OSError, ValueError) as error:
        raise AelibError("E_FILE", f"{name!r} is damaged", str(error)[:120] or "its end is missing") from None
    except RuntimeError as error:  # zipfile's word for an encrypted entry
        raise AelibError("E_FILE", f"{name!r} cannot be read", str(error)[:120], "Save it without a password") from None


def _checked_entries(archive: zipfile.ZipFile, packed: int, name: str) -> list[zipfile.ZipInfo]:
    entries = [entry for entry in archive.infolist() if entry.filename.endswith(".npy")]
    if len(archive.infolist()) > MOST_ENTRIES:
        raise AelibError(
            "E_TOO_LARGE", f"{name!r} holds too many entries", f"{len(archive.infolist()):,}, at most {MOST_ENTRIES}"
        )
    if not entries:
        how = "Write it with numpy.savez(file, codes=codes, labels=labels)"
        raise AelibError("E_FILE", f"{name!r} holds no arrays", "none of its entries ends in .npy", how)
    if any(entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for entry in entries):
        how = "Save it with numpy.savez or numpy.savez_compressed"
        raise AelibError("E_FILE", f"{name!r} is packed in a way that NumPy does not use", "", how)
    names = [_array_name(entry) for entry in entries]
    twice = sorted({each for each in names if names.count(each) > 1})
    if twice:
        raise AelibError("E_FILE", f"{name!r} is ambiguous", f"the array {twice[0]!r} stands in it twice")
    whole = sum(entry.file_size for entry in entries)
    if whole > MOST_BYTES:
        raise _too_large(name, whole)
    if whole > SMALL and whole > MOST_RATIO * packed:
        raise AelibError(
            "E_TOO_LARGE",
            f"{name!r} unfolds to {whole / packed:,.0f} times its size",
            f"{packed:,} bytes become {whole:,}; more than {MOST_RATIO} times is taken for a trap",
            "Save it with numpy.savez, without compression",
        )
    return entries


def _member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> np.ndarray:
    with archive.open(entry) as stream:
        return _array(stream, entry.file_size, _array_name(entry), MOST_BYTES)  # type: ignore[arg-type]


def _array_name(entry: zipfile.ZipInfo) -> str:
    return entry.filename.removesuffix(".npy")[:80]


def _array(stream: BinaryIO, size: int, name: str, most: int) -> np.ndarray:
    """One array from a stream of ``size`` bytes; its header is believed only where it agrees with that size."""
    shape, fortran, dtype = _header(stream, name)
    if dtype.hasobject:
        how = f"Save it as plain numbers or texts: {name}.astype(str)"
        raise AelibError("E_TYPE", f"The array {name!r} holds Python objects", "only pickle could read them", how)
    if dtype.kind not in NUMBERS + TEXTS or dtype.fields is not None:
        raise AelibError("E_TYPE", f"The array {name!r} is of type {dtype}", "", "Save it as numbers or texts")
    wanted = math.prod(shape) * dtype.itemsize
    held = size - stream.tell()
    if wanted > most or wanted != held:
        why = f"its header promises {wanted:,} bytes for the shape {shape}, and {held:,} are there"
        raise AelibError("E_FILE", f"The array {name!r} is damaged", why)
    data = np.empty(wanted, np.uint8)
    view, done = data.data, 0
    while done < wanted:
        part = stream.read(min(CHUNK, wanted - done))
        if not part:
            raise AelibError("E_FILE", f"The array {name!r} is damaged", "it ends too early")
        view[done : done + len(part)] = part
        done += len(part)
    array = data.view(dtype) if dtype.itemsize else np.zeros(math.prod(shape), dtype)
    array = array.reshape(shape, order="F" if fortran else "C")
    return np.ascontiguousarray(array, dtype=dtype.newbyteorder("="))


def _header(stream: BinaryIO, name: str) -> tuple[tuple[int, ...], bool, np.dtype]:
    try:
        version = np.lib.format.read_magic(stream)
        kinds = {
            (1, 0): ("<H", np.lib.format.read_array_header_1_0),
            (2, 0): ("<I", np.lib.format.read_array_header_2_0),
        }
        if version not in kinds:
            raise ValueError(f"its format {version} is not known")
        kind, read = kinds[version]
        given = stream.read(struct.calcsize(kind))
        (length,) = struct.unpack(kind, given)
        if length > HEADER:  # NumPy would read all of it before it looks
            raise ValueError(f"its header has {length:,} bytes")
        return read(io.BytesIO(given + stream.read(length)), max_header_size=HEADER)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError, struct.error) as error:
        why = str(error).splitlines()[0][:120] if str(error) else ""
        raise AelibError("E_FILE", f"The array {name!r} is damaged", why) from None


def _refuse_huge_directory(file: BinaryIO, size: int, name: str) -> None:
    """Python's zipfile reads the whole directory into memory: its length stands at the end (APPNOTE 4.3.16)."""
    file.seek(max(0, size - 65_557))
    tail = file.read(65_557)
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < 22:
        how = "Write it with numpy.savez(file, codes=codes), or numpy.save for codes alone"
        raise AelibError("E_FILE", f"{name!r} is no NPZ file", "it has no zip directory", how)
    entries, length = struct.unpack("<HI", tail[at + 10 : at + 16])
    is_64 = at >= 20 and tail[at - 20 : at - 16] == b"PK\6\7"  # a second directory, for files beyond 4 GiB
    if is_64 or entries > MOST_ENTRIES or length > MOST_DIRECTORY:
        why = f"at most {MOST_ENTRIES} entries are read"
        raise AelibError("E_TOO_LARGE", f"{name!r} holds too many entries", why)
    file.seek(0)


def _size(file: BinaryIO) -> int:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size


def _too_large(name: str, size: int) -> AelibError:
    why = f"{size:,} bytes of arrays, at most {MOST_BYTES:,} are read"
    return AelibError("E_TOO_LARGE", f"{name!r} is too large", why, "Take a part of the items, or smaller pictures")
