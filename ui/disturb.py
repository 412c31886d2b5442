"""One item, disturbed: what goes in, what comes out, and how far both are from the clean item."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from aelib.codes import CodeTable
from aelib.config import read_choice
from aelib.corruptions._base import apply_all
from aelib.drawing import as_pictures
from aelib.measures.reconstruction import peak_signal_to_noise, squared_error
from aelib.registry import CORRUPTIONS
from ui import cached, pictures, state


@dataclass(frozen=True)
class Disturbed:
    """Pictures as uint8 (channels, h, w); error maps (h, w) in [0, 1]; errors summed over features; PSNR in dB."""

    clean: np.ndarray
    disturbed: np.ndarray
    recon: np.ndarray
    input_error_map: np.ndarray
    output_error_map: np.ndarray
    input_error: float
    output_error: float
    input_psnr: float
    output_psnr: float
    code: np.ndarray
    moved: float


def choose_item(table: CodeTable) -> tuple[int, int]:
    """The row of the item to disturb (by number, or a random one), and the number of the draw; kept in the address."""
    start = state.get(state.ITEM)
    if start is None or not np.isin(start, table.index):
        asked = state.number(state.ITEM)
        start = asked if asked is not None and np.isin(asked, table.index) else table.index[table.rows("validation")[0]]
    item_place, other_place, draw_place, _ = st.columns([1, 1, 1, 2], vertical_alignment="bottom")
    typed = item_place.number_input(
        "Item", 0, int(table.index.max()), value=int(start), step=1, key=f"noise-item-{start}"
    )
    with draw_place:
        draw = state.whole("Draw", 0, 9999, "draw", 0, help="Another draw of the noise") or 0
    if other_place.button("Another item", icon=":material/shuffle:", width="stretch"):
        typed = int(np.random.default_rng().choice(table.index))
    state.put(state.ITEM, int(typed))
    state.put_address(state.ITEM, str(int(typed)))
    if typed != start:
        st.rerun()
    return int(np.flatnonzero(table.index == start)[0]), draw


def disturb(run_id: str, row: int, corruption: str, severity: float, seed: int) -> Disturbed:
    """Disturb one item of a run's dataset, encode and decode it."""
    import torch

    model, items, info = cached.model(run_id), cached.items(run_id), cached.info(run_id)
    config = read_choice(CORRUPTIONS, {"name": corruption, "severity": float(severity)})
    labels = None if items.labels is None else torch.from_numpy(items.labels[row : row + 1])
    with torch.inference_mode():
        clean = torch.from_numpy(items.take(np.asarray([row])).floats())
        inputs = apply_all(clean, [config], torch.Generator().manual_seed(seed))
        found = model.encode(inputs, labels)
        recon = model.reconstruct(inputs, labels).numpy()
        home = model.encode(clean, labels).codes.numpy()[0]
    given, targets, code = inputs.numpy(), clean.numpy(), found.codes.numpy()[0]
    return Disturbed(
        cached.pictures(run_id)[row],
        as_pictures(given, info.low, info.high)[0],
        as_pictures(recon, info.low, info.high)[0],
        pictures.error_maps(info, given, targets)[0],
        pictures.error_maps(info, recon, targets)[0],
        float(squared_error(given, targets, info.missing)[0]),
        float(squared_error(recon, targets, info.missing)[0]),
        float(peak_signal_to_noise(given, targets, info.missing)[0]),
        float(peak_signal_to_noise(recon, targets, info.missing)[0]),
        code,
        float(np.linalg.norm(code - home)),
    )


def code(run_id: str, row: int, corruption: str, severity: float, seed: int) -> str:
    """The library's lines for this picture."""
    return (
        "from pathlib import Path\nimport torch\nfrom aelib.config import read_choice\n"
        "from aelib.corruptions._base import apply_all\nfrom aelib.datasets._base import load_dataset\n"
        "from aelib.registry import CORRUPTIONS\nfrom aelib.runs.folder import open_run\n"
        "from aelib.runs.weights import load_model\n\n"
        f'run = open_run(Path("checkpoints"), "{run_id}")\n'
        f"clean = torch.from_numpy(load_dataset(run.dataset()).all_items().floats()[{row} : {row + 1}])\n"
        f'noise = read_choice(CORRUPTIONS, {{"name": "{corruption}", "severity": {severity}}})\n'
        f"inputs = apply_all(clean, [noise], torch.Generator().manual_seed({seed}))\n"
        "recon = load_model(run).reconstruct(inputs)\n"
    )
