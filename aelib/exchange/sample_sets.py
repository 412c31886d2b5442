"""A set of new items to take away: a ZIP of PNGs with a manifest, or an NPZ that this program and others read."""

import io
import json
import zipfile
from typing import Any

import numpy as np

from aelib.datasets._base import DataInfo
from aelib.drawing import as_pictures
from aelib.measures.copies import Copies
from aelib.pictures import to_png
from aelib.samples import Samples

FORMAT = 1
_TIME = (1980, 1, 1, 0, 0, 0)  # the same set is the same file, byte for byte


def to_zip(samples: Samples, info: DataInfo, about: dict[str, Any], copies: Copies | None = None) -> bytes:
    """``manifest.json`` and ``pictures/0000.png`` …, vectors as bars; the same samples give the same bytes.

    Args:
        samples: What was drawn.
        info: Of the run's dataset.
        about: Where they came from (run, seed, temperature, …): the head of the manifest.
        copies: The judgement on each, where there is one.
    """
    pictures = as_pictures(samples.items, info.low, info.high)
    listed = []
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number, picture in enumerate(pictures):
            name = f"pictures/{number:04d}.png"
            archive.writestr(zipfile.ZipInfo(name, _TIME), to_png(picture))
            listed.append({"file": name, **_described(samples, info, copies, number)})
        head = {"format": FORMAT, **about, "source": samples.source, "components": samples.components}
        manifest = json.dumps({**head, "items": listed}, indent=1, allow_nan=False)
        archive.writestr(zipfile.ZipInfo("manifest.json", _TIME), manifest, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def to_npz(samples: Samples, info: DataInfo) -> bytes:
    """Arrays ``codes``, ``images`` (uint8, channels last) or ``items`` (vectors), ``labels`` and ``classes``.

    Can be brought back as codes from elsewhere (docs/bring-your-codes.md).
    """
    arrays: dict[str, np.ndarray] = {"codes": samples.latents}
    if info.kind == "images":
        arrays["images"] = as_pictures(samples.items).transpose(0, 2, 3, 1)
    else:
        arrays["items"] = samples.items
    if samples.labels is not None:
        arrays |= {"labels": samples.labels, "classes": np.asarray(info.classes)}
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def _described(samples: Samples, info: DataInfo, copies: Copies | None, number: int) -> dict[str, Any]:
    found: dict[str, Any] = {"code": [round(float(value), 6) for value in samples.latents[number]]}
    if samples.labels is not None:
        found["class"] = info.classes[samples.labels[number]]
    if copies is not None:
        found |= {
            "nearest_training_item": int(copies.items[number]),
            "distance": round(float(copies.distances[number]), 6),
            "share_of_training_items_nearer": round(float(copies.shares[number]), 4),
            "copy": bool(copies.is_copy[number]),
        }
    return found
