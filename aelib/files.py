"""Files that are whole or not there: atomic writes, hashes, capped reading, arrays without pickle."""

import contextlib
import errno
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from aelib.errors import AelibError

JSON_CAP = 4 * 2**20  # bytes; no JSON file of ours comes near
ARRAYS_CAP = 8 * 2**30  # bytes; above this we refuse before reading


def write_bytes(path: Path, data: bytes) -> None:
    """Write under a temporary name, fsync, rename: a reader sees the old file or the new one, never half of one.

    Raises ``E_DISK`` when the disk is full or read-only; the temporary file is removed.
    """
    with saying_disk_faults(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            raise
        _sync_folder(path.parent)


def write_json(path: Path, value: Any) -> None:
    """Atomic JSON with sorted meaning: indented, NaN and infinity refused."""
    write_bytes(path, (json.dumps(value, indent=2, allow_nan=False) + "\n").encode())


def append_line(path: Path, value: Mapping[str, Any]) -> None:
    """Append one JSON line in a single write; a torn last line is ignored by ``read_lines``."""
    with saying_disk_faults(path), path.open("ab") as file:
        file.write((json.dumps(value, allow_nan=True) + "\n").encode())


def read_json(path: Path) -> Any:
    """A JSON file, capped. Raises ``E_FILE`` (missing, too long, or not JSON) naming the file."""
    try:
        with path.open("rb") as file:
            data = file.read(JSON_CAP + 1)
    except OSError as error:
        raise AelibError("E_FILE", f"{path.name} cannot be read", error.strerror or "unknown reason") from None
    return parse_json(data, path.name)


def parse_json(data: bytes | str, name: str) -> Any:
    """Strict JSON: no NaN, no duplicate keys, bounded size and depth. Raises ``E_FILE`` naming its source."""
    if len(data) > JSON_CAP:
        raise AelibError("E_FILE", f"{name} is too long", f"more than {JSON_CAP // 2**20} MiB")
    try:
        return json.loads(data, parse_constant=_refuse_constant, object_pairs_hook=_unique_keys)
    except (ValueError, RecursionError) as error:
        raise AelibError("E_FILE", f"{name} is not readable JSON", str(error)[:120]) from None


def read_object(path: Path) -> dict[str, Any]:
    """A JSON file that holds an object. Raises ``E_FILE`` for anything else."""
    value = read_json(path)
    if not isinstance(value, dict):
        raise AelibError("E_FILE", f"{path.name} in {path.parent.name} is not an object")
    return value


def read_lines(path: Path) -> list[dict[str, Any]]:
    """All whole lines of a file, each a JSON object; a torn or broken one ends the reading. A missing file has none."""
    if not path.exists():
        return []
    found = []
    for line in path.read_bytes().split(b"\n")[:-1]:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            break
        if not isinstance(row, dict):
            break
        found.append(row)
    return found


def sha256(data: bytes | memoryview) -> str:
    """Hex digest of bytes."""
    return hashlib.sha256(data).hexdigest()


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray], about: Mapping[str, Any]) -> None:
    """Write arrays as safetensors, then ``<path>.json`` with their sha256, size and ``about``.

    The sidecar comes last: arrays without it were never finished and count as missing.
    """
    from safetensors.numpy import save

    data = save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
    write_bytes(path, data)
    write_json(_sidecar(path), {"sha256": sha256(data), "bytes": len(data), **about})


def read_arrays(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Arrays and what was said about them. Raises ``E_CORRUPT`` when hash, size or format do not agree."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    about = read_object(_sidecar(path))
    data = read_checked(path, about)
    try:
        return load(data), about
    except (SafetensorError, ValueError) as error:
        raise AelibError(
            "E_CORRUPT", f"{path.name} is damaged", str(error)[:120], "Delete it; it is made anew"
        ) from None


def read_checked(path: Path, about: Mapping[str, Any]) -> bytes:
    """The bytes of a file, compared with ``about["bytes"]`` and ``about["sha256"]``. Raises ``E_CORRUPT``."""
    try:
        size = path.stat().st_size
        if size > ARRAYS_CAP or size != about.get("bytes"):
            raise AelibError("E_CORRUPT", f"{path.name} is damaged", f"{size} bytes instead of {about.get('bytes')}")
        data = path.read_bytes()
    except OSError as error:
        raise AelibError("E_CORRUPT", f"{path.name} cannot be read", error.strerror or "unknown reason") from None
    if sha256(data) != about.get("sha256"):
        raise AelibError("E_CORRUPT", f"{path.name} is damaged", "its sha256 is not the one written beside it")
    return data


def has_arrays(path: Path) -> bool:
    """Whether ``write_arrays`` finished here."""
    return path.exists() and _sidecar(path).exists()


@contextlib.contextmanager
def saying_disk_faults(path: Path) -> Iterator[None]:
    """Turn whatever the disk refuses into ``E_DISK``: it is full, read-only, or the path is no place for a file."""
    reasons = {
        errno.ENOSPC: ("the disk is full", "Make room and try again"),
        errno.EDQUOT: ("your disk quota is used up", "Make room and try again"),
        errno.EROFS: ("the folder is read-only", "Choose another folder with --checkpoints or AELIB_CHECKPOINTS"),
        errno.EACCES: ("you may not write there", "Choose another folder with --checkpoints or AELIB_CHECKPOINTS"),
    }
    try:
        yield
    except OSError as error:
        unknown = (error.strerror or "unknown reason").lower(), "Choose another place"
        why, remedy = reasons.get(error.errno or 0, unknown)
        raise AelibError("E_DISK", f"Cannot write {path.name} in {path.parent}", why, remedy) from error


def _sidecar(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _refuse_constant(word: str) -> Any:
    raise ValueError(f"{word} is not allowed")


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        raise ValueError(f"the key {next(k for k in keys if keys.count(k) > 1)!r} stands twice")
    return dict(pairs)
