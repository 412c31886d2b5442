"""NPZ files of strangers: read as NumPy reads them, or refused before memory is touched."""

import contextlib
import io
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest

from aelib.errors import AelibError
from aelib.exchange import archives
from aelib.exchange.archives import read_npy, read_npz


def npz(compressed: bool = False, **arrays) -> io.BytesIO:
    file = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(file, **arrays)
    return file


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def zipped(entries: list[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return file


def header(text: str, version: tuple[int, int] = (1, 0)) -> bytes:
    kind = "<H" if version == (1, 0) else "<I"
    return b"\x93NUMPY" + bytes(version) + struct.pack(kind, len(text)) + text.encode()


ARRAYS = {
    "floats": np.linspace(0, 1, 12).reshape(4, 3),
    "halves": np.arange(6, dtype=np.float16),
    "big-endian": np.arange(5, dtype=">i4"),
    "columns first": np.asfortranarray(np.arange(12).reshape(3, 4)),
    "texts": np.array(["a", "bcd", ""]),
    "bytes": np.array([b"a", b"bcd"]),
    "truths": np.array([True, False]),
    "nothing": np.zeros((0, 3)),
    "empty texts": np.array(["", ""]),
}


@pytest.mark.parametrize("compressed", [False, True])
def test_arrays_come_as_numpy_reads_them(compressed):
    read = read_npz(npz(compressed, **ARRAYS), "x.npz")
    assert set(read) == set(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(read[name], array, strict=False)
        assert read[name].dtype.isnative


def test_a_bare_array_is_the_codes():
    np.testing.assert_array_equal(read_npy(io.BytesIO(npy(ARRAYS["floats"])), "x.npy")["codes"], ARRAYS["floats"])


def test_a_bomb_is_refused_before_memory_is_touched():
    file = npz(True, codes=np.zeros((2**26,), np.float32))  # 256 MiB in a quarter of one
    tracemalloc.start()
    try:
        with pytest.raises(AelibError, match="taken for a trap") as caught:
            read_npz(file, "bomb.npz")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert caught.value.code == "E_TOO_LARGE"
    assert peak < 2**20


def test_small_arrays_may_pack_as_well_as_they_like():
    labels = np.zeros(1_000_000, np.int64)
    np.testing.assert_array_equal(read_npz(npz(True, codes=labels), "x.npz")["codes"], labels)


def test_more_than_the_cap_is_refused_by_the_directory(monkeypatch):
    monkeypatch.setattr(archives, "MOST_BYTES", 1000)
    with pytest.raises(AelibError, match="at most 1,000 are read"):
        read_npz(npz(True, a=np.zeros(100), b=np.zeros(100)), "x.npz")


def test_too_many_entries_are_refused_before_the_directory_is_read(monkeypatch):
    file = zipped([(f"{number}.npy", b"") for number in range(archives.MOST_ENTRIES + 1)])
    monkeypatch.setattr(zipfile, "ZipFile", None)
    with pytest.raises(AelibError, match="too many entries"):
        read_npz(file, "x.npz")


LIE = header("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }\n")
OBJECTS = npy(np.array([{"a": 1}], object))
BAD = {
    "no zip": (io.BytesIO(b"hello"), "no zip directory"),
    "nothing": (io.BytesIO(b""), "no zip directory"),
    "no arrays": (zipped([("readme.txt", b"hello")]), "holds no arrays"),
    "objects": (zipped([("codes.npy", OBJECTS)]), "only pickle could read them"),
    "records": (zipped([("codes.npy", npy(np.zeros(2, [("a", "f4")])))]), "of type"),
    "dates": (zipped([("codes.npy", npy(np.zeros(2, "M8[s]")))]), "of type"),
    "a header that lies": (zipped([("codes.npy", LIE + b"\0" * 64)]), "promises 4,000,000,000,000 bytes"),
    "a header of negative sides": (
        zipped([("codes.npy", header("{'descr': '<f4', 'fortran_order': False, 'shape': (-4,), }\n"))]), "damaged",
    ),
    "a huge header": (zipped([("codes.npy", header(" " * 70_000, (2, 0)))]), "header has 70,000 bytes"),
    "no header": (zipped([("codes.npy", b"hello, this is no array")]), "damaged"),
    "a call in the header": (zipped([("codes.npy", header("__import__('os').abort()\n"))]), "damaged"),
    "an early end": (zipped([("codes.npy", npy(np.zeros(100))[:-8])]), "792 are there"),
    "another packing": (zipped([("codes.npy", npy(np.zeros(9)))], zipfile.ZIP_LZMA), "NumPy does not use"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_is_wrong_is_said_in_a_sentence(case):
    file, words = BAD[case]
    with pytest.raises(AelibError, match=words):
        read_npz(file, "x.npz")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_stands_twice_is_refused():
    with pytest.raises(AelibError, match="stands in it twice"):
        read_npz(zipped([("codes.npy", npy(np.zeros(2))), ("codes.npy", npy(np.ones(2)))]), "x.npz")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("compressed", [False, True])
def test_a_torn_or_flipped_file_is_damaged_and_nothing_else(share, compressed):
    whole = npz(compressed, codes=np.random.default_rng(0).normal(size=(50, 4))).getvalue()
    at = int(len(whole) * share)
    flipped = whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :]
    for data in (whole[:at], flipped):
        with contextlib.suppress(AelibError):  # nothing else may come out
            read = read_npz(io.BytesIO(data), "x.npz")
            assert read["codes"].shape == (50, 4)  # a byte that says nothing, such as a time stamp


def test_a_locked_file_is_refused():
    data = bytearray(npz(codes=np.zeros(4)).getvalue())
    for mark, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(mark) + place] |= 1
    with pytest.raises(AelibError, match="without a password"):
        read_npz(io.BytesIO(bytes(data)), "x.npz")
