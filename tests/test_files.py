"""Files are whole or not there, and a damaged one is told, never believed."""

import errno
import json
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aelib import files
from aelib.errors import AelibError


def code(call, *arguments) -> str:
    with pytest.raises(AelibError) as caught:
        call(*arguments)
    assert "\n" not in str(caught.value)
    return caught.value.code


# --- writing ------------------------------------------------------------------------------------------------------


def test_a_write_replaces_the_whole_file_and_leaves_nothing_beside_it(tmp_path):
    path = tmp_path / "deep" / "down" / "x.bin"
    files.write_bytes(path, b"old" * 1000)
    files.write_bytes(path, b"new")
    assert path.read_bytes() == b"new"
    assert [found.name for found in path.parent.iterdir()] == ["x.bin"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO])
def test_a_failed_write_keeps_the_old_file_and_says_why(tmp_path, monkeypatch, step, fault):
    path = tmp_path / "x.bin"
    files.write_bytes(path, b"old")

    def fail(*arguments):
        raise OSError(fault, os.strerror(fault))

    with monkeypatch.context() as patch:
        patch.setattr(files.os, step, fail)
        with pytest.raises(AelibError, match=r"x\.bin") as caught:
            files.write_bytes(path, b"new")
    assert caught.value.code == "E_DISK"
    assert caught.value.how_to_fix
    assert path.read_bytes() == b"old"
    assert [found.name for found in tmp_path.iterdir()] == ["x.bin"]


def test_a_write_that_is_killed_midway_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "x.bin"
    files.write_bytes(path, b"old")

    def killed(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(files.os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        files.write_bytes(path, b"new")
    assert path.read_bytes() == b"old"


def test_places_where_no_file_can_be_are_told(tmp_path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    assert code(files.write_bytes, tmp_path / "file" / "below", b"x") == "E_DISK"
    assert code(files.write_bytes, tmp_path / "folder", b"x") == "E_DISK"
    assert code(files.write_bytes, tmp_path / ("n" * 300), b"x") == "E_DISK"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [1, -float("inf")]])
def test_json_files_hold_no_nan(tmp_path, value):
    with pytest.raises(ValueError, match="JSON compliant"):
        files.write_json(tmp_path / "x.json", value)
    assert not (tmp_path / "x.json").exists()


# --- reading JSON -------------------------------------------------------------------------------------------------


def test_json_comes_back(tmp_path):
    files.write_json(tmp_path / "x.json", {"β": [1, 2.5, None, "×"]})
    assert files.read_json(tmp_path / "x.json") == {"β": [1, 2.5, None, "×"]}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "x.json"),
        (b'{"a": 1', "x.json"),
        (b"NaN", "NaN is not allowed"),
        (b'{"a": -Infinity}', "Infinity"),
        (b'{"a": 1, "a": 2}', "'a' stands twice"),
        (b"[" * 100_000, "x.json"),
        (b"9" * 5000, "x.json"),
        (b"\xff\xfe\x00", "x.json"),
        (b" " * (files.JSON_CAP + 1), "too long"),
    ],
)
def test_broken_json_names_its_file(tmp_path, data, words):
    path = tmp_path / "x.json"
    path.write_bytes(data)
    with pytest.raises(AelibError) as caught:
        files.read_json(path)
    assert caught.value.code == "E_FILE"
    assert "x.json" in str(caught.value)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_missing_file_a_folder_and_a_list_are_told(tmp_path):
    assert code(files.read_json, tmp_path / "none.json") == "E_FILE"
    assert code(files.read_json, tmp_path) == "E_FILE"
    (tmp_path / "list.json").write_text("[1]")
    assert code(files.read_object, tmp_path / "list.json") == "E_FILE"


@given(st.binary(max_size=60))
def test_any_bytes_are_json_or_refused(data):
    try:
        value = files.parse_json(data, "x")
    except AelibError:
        return
    assert value == json.loads(data)


# --- lines --------------------------------------------------------------------------------------------------------


def test_lines_come_back_and_a_torn_one_is_ignored(tmp_path):
    path = tmp_path / "metrics.jsonl"
    assert files.read_lines(path) == []
    for number in range(3):
        files.append_line(path, {"n": number})
    whole = path.read_bytes()
    assert files.read_lines(path) == [{"n": 0}, {"n": 1}, {"n": 2}]
    for cut in range(1, len(b'{"n": 2}\n') + 1):
        path.write_bytes(whole[:-cut])
        assert files.read_lines(path) == [{"n": 0}, {"n": 1}], f"{cut} bytes are missing"


@pytest.mark.parametrize("broken", [b"{", b"5", b"[1]", b"null", b"\xff", b"[" * 100_000, b""])
def test_reading_ends_at_a_line_that_is_no_object(tmp_path, broken):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'{"n": 0}\n' + broken + b'\n{"n": 2}\n')
    assert files.read_lines(path) == [{"n": 0}]


def test_a_line_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("x")
    assert code(files.append_line, tmp_path / "file" / "below", {"n": 1}) == "E_DISK"
    assert code(files.append_line, tmp_path, {"n": 1}) == "E_DISK"


# --- arrays -------------------------------------------------------------------------------------------------------

ARRAYS = {
    "codes": np.arange(12, dtype=np.float32).reshape(4, 3),
    "turned": np.arange(12, dtype=np.float32).reshape(4, 3).T,  # not in C order
    "bytes": np.arange(4, dtype=np.uint8),
    "none": np.zeros((0, 3), np.float32),
    "split": np.array([0, 1, 2, 2], np.int8),
}


def test_arrays_come_back_with_what_was_said_of_them(tmp_path):
    path = tmp_path / "items.safetensors"
    assert not files.has_arrays(path)
    files.write_arrays(path, ARRAYS, {"weights": "abc"})
    assert files.has_arrays(path)
    found, about = files.read_arrays(path)
    assert about["weights"] == "abc"
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_every_flipped_bit_and_every_cut_is_seen(tmp_path):
    path = tmp_path / "items.safetensors"
    files.write_arrays(path, {"codes": ARRAYS["codes"]}, {})
    whole = path.read_bytes()
    for place in range(0, len(whole), 3):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        assert code(files.read_arrays, path) == "E_CORRUPT"
        path.write_bytes(whole[:place])
        assert code(files.read_arrays, path) == "E_CORRUPT"
    path.write_bytes(whole + b"\0")
    assert code(files.read_arrays, path) == "E_CORRUPT"


def test_arrays_without_their_sidecar_were_never_finished(tmp_path, monkeypatch):
    path = tmp_path / "items.safetensors"

    def killed(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(files, "write_json", killed)
    with pytest.raises(KeyboardInterrupt):
        files.write_arrays(path, ARRAYS, {})
    assert path.exists()
    assert not files.has_arrays(path)
    assert code(files.read_arrays, path) == "E_FILE"


@pytest.mark.parametrize("sidecar", ["[]", "5", "{}", '{"bytes": "x"}', '{"bytes": 1e999}', "{"])
def test_a_broken_sidecar_is_told(tmp_path, sidecar):
    path = tmp_path / "items.safetensors"
    files.write_arrays(path, ARRAYS, {})
    (tmp_path / "items.safetensors.json").write_text(sidecar)
    assert code(files.read_arrays, path) in ("E_FILE", "E_CORRUPT")


@pytest.mark.parametrize("header", [b"", b"\xff" * 8, (2**62).to_bytes(8, "little"), b"\x80\x04cos\nsystem\n."])
def test_what_is_no_safetensors_is_refused_even_with_a_right_hash(tmp_path, header):
    path = tmp_path / "items.safetensors"
    path.write_bytes(header)
    files.write_json(tmp_path / "items.safetensors.json", {"sha256": files.sha256(header), "bytes": len(header)})
    assert code(files.read_arrays, path) == "E_CORRUPT"


def test_a_giant_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "items.safetensors"
    with path.open("wb") as file:
        file.truncate(files.ARRAYS_CAP + 1)  # sparse
    files.write_json(tmp_path / "items.safetensors.json", {"sha256": "", "bytes": files.ARRAYS_CAP + 1})
    assert code(files.read_arrays, path) == "E_CORRUPT"
