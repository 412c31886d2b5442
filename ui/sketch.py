"""A drawing while the pen moves: the item it makes, its reconstruction, its place on the map, its nearest items."""

from typing import Any

import numpy as np

from aelib.drawing import as_pictures
from aelib.errors import AelibError
from aelib.exchange import drawings
from aelib.latent.neighbours import nearest
from ui import cached, drawn, small_map
from ui.decoding import Decoded

NEAR = 8  # items that are shown and vote


def answer(body: dict[str, Any]) -> Decoded:
    """The drawing as an item of the run and its reconstruction: two pictures, and the support of its code.

    The body holds ``run``, ``ink`` (base64), ``way`` (see ``ui.drawn.WAYS``), ``label`` for a conditional model, and
    ``keep``: the drawing is then kept and its id stands in the header, with its code.
    """
    import torch

    run_id, item, codes = _read(body)
    model = cached.model(run_id)
    with torch.inference_mode():
        recon = model.reconstruct(torch.from_numpy(item[None].astype(np.float32) / 255), _label(run_id, body)).numpy()
    shown = np.stack([item, as_pictures(recon)[0]]).transpose(0, 2, 3, 1)
    more: dict[str, Any] = {}
    if body.get("keep"):
        more = {
            "id": drawn.keep_drawing(drawn.ink_of(body["ink"])),
            "code": np.round(codes[0], 5).tolist(),
            "label": body.get("label", 0),
        }
    return Decoded(np.ascontiguousarray(shown), cached.support(run_id).share(codes), more)


def near(body: dict[str, Any]) -> Decoded:
    """The nearest items' pictures; ``items``, ``distances``, ``names``, ``votes`` and ``place`` in the header."""
    run_id, _, codes = _read(body)
    table, classes = cached.table(run_id), cached.info(run_id).classes
    found, distances = nearest(codes, table.codes, min(NEAR, len(table)))
    rows = found[0]
    labels = table.labels[rows]
    more = {
        "items": table.index[rows].tolist(),
        "distances": np.round(distances[0], 4).tolist(),
        "names": [classes[label] if 0 <= label < len(classes) else "" for label in labels],
        "votes": [[name, round(share, 3)] for name, share in drawings.votes(labels, distances[0], classes)][:3],
        "place": np.round(small_map.placed(run_id, codes)[0].astype(float), 5).tolist(),
    }
    pictures = cached.pictures(run_id)[rows].transpose(0, 2, 3, 1)
    return Decoded(np.ascontiguousarray(pictures), np.zeros(0), more)


def _read(body: dict[str, Any]) -> tuple[str, np.ndarray, np.ndarray]:
    """The run, the item (channels, height, width) and its code (1, latent_dim)."""
    import torch

    run_id = str(body.get("run", ""))
    model = cached.model(run_id)
    if not model.can_encode or model.target != "items":
        raise AelibError("E_ABILITY", f"{run_id} gives no reconstruction of a drawing", "", "Take another run")
    item = drawn.fitted(run_id, drawn.ink_of(body.get("ink")), str(body.get("way", "")))
    with torch.inference_mode():
        inputs = torch.from_numpy(item[None].astype(np.float32) / 255)
        return run_id, item, model.encode(inputs, _label(run_id, body)).codes.numpy()


def _label(run_id: str, body: dict[str, Any]) -> Any:
    import torch

    label, model = body.get("label"), cached.model(run_id)
    if not model.needs_labels:
        return None
    most = max(len(cached.info(run_id).classes) - 1, 0)
    return torch.tensor([min(label, most) if isinstance(label, int) and label >= 0 else 0])
