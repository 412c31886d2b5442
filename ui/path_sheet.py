"""The bilinear sheet between four ends."""

import numpy as np
import streamlit as st

from aelib.codes import CodeTable
from aelib.latent.paths import sheet
from aelib.pictures import to_png
from aelib.runs.folder import Run
from ui import cached, decoding, path_ends, pictures, state, ways

SIDES = ("5", "7", "9", "12")
SHOWN = "sheet"  # in the address: pictures each way; absent where the sheet is closed


def show(run: Run, table: CodeTable, a: path_ends.End, b: path_ends.End) -> tuple[path_ends.End | None, str]:
    """Two more ends, and all that lies between the four.

    Returns:
        C and the library's lines that give the sheet; None and nothing where it is closed.
    """
    is_open = st.toggle("A sheet between four: choose C and D, too", value=bool(state.address(SHOWN)), key="sheet-open")
    if not is_open:
        state.put_address(SHOWN, "")
        return None, ""
    c, d = path_ends.choose(run, table, "CD")
    side_place, words = st.columns([1, 4], vertical_alignment="bottom")
    with side_place:
        side = int(state.choose("Pictures each way", SIDES, SHOWN, "7"))
    words.caption(f"Corners: A upper left, B upper right, C lower left, D lower right. {c.words}, {d.words}.")
    corners = np.stack([ways.code_of(run.id, each.given) for each in (a, b, c, d)])
    codes = sheet(corners, side).reshape(-1, corners.shape[1])
    drawn = decoding.pictures_of(run.id, codes, np.full(len(codes), max(a.label, 0))).transpose(0, 3, 1, 2)
    lowest = float(cached.support(run.id).share(codes).min())
    joined = pictures.sheet(drawn, 64, columns=side)
    st.image(joined, caption=f"lowest support in the sheet: nearer than {lowest:.0%} of the data", output_format="PNG")
    st.download_button(
        "PNG sheet",
        lambda: to_png(np.ascontiguousarray(joined)),
        f"{run.id}-sheet.png",
        "image/png",
        icon=":material/download:",
        on_click="ignore",
    )
    return c, _lines(c, d, side)


def _lines(c: path_ends.End, d: path_ends.End, side: int) -> str:
    """They go on from those of the paths."""
    return (
        "\nfrom aelib.latent.paths import sheet\n\n"
        f"corners = np.stack([start, end, {c.lines}, {d.lines}])\n"
        f"between = sheet(corners, {side}).reshape(-1, corners.shape[1])  # row by row\n"
        "sheet_pictures = decode(torch.from_numpy(between))\n"
        "lowest_of_sheet = support.share(between).min()\n"
    )
