"""The traversal grid: each dimension at the quantiles of the data, from the code on the sliders; as a GIF, too."""

import numpy as np
import streamlit as st

from aelib.figures.gif import to_gif, walk_frames
from aelib.latent.traversal import quantiles, walks
from aelib.measures.dimensions import Dimension
from ui import cached, decoding, pictures, state

MOST = 12  # dimensions, the most informative ones
GIF_SIDE = 96  # pixels of one picture in the GIF, about


def rows_of(dimensions: list[Dimension]) -> list[int]:
    """The dimensions that are walked along."""
    return [d.number for d in dimensions if not d.quiet][:MOST] or [d.number for d in dimensions][:MOST]


def show(run_id: str, dimensions: list[Dimension], code: list[float], label: int) -> None:
    """Draw the grid with its number of steps and the button for the GIF."""
    head, steps_place, gif_place = st.columns([2.2, 1, 1], vertical_alignment="bottom")
    head.markdown("**Traversal** :small[each row moves one dimension, the rest stays as on the sliders]")
    with steps_place:
        steps = state.whole("Steps", 3, 15, state.STEPS, 9) or 9
    chosen = rows_of(dimensions)
    found = _decoded(run_id, chosen, code, label, steps)
    with gif_place:
        factor = max(1, round(GIF_SIDE / max(found.shape[3:])))
        st.download_button(
            "GIF",
            lambda: to_gif(walk_frames(found, factor)),
            f"{run_id}-traversal.gif",
            "image/gif",
            icon=":material/gif_box:",
            on_click="ignore",
            width="stretch",
            help=f"{2 * steps - 2} frames, there and back; one picture for each of the {len(chosen)} dimensions",
        )
    for number, strip in zip(chosen, found, strict=True):
        name, place = st.columns([0.06, 0.94], gap="small", vertical_alignment="center")
        name.markdown(f"z{number}")
        place.image(
            pictures.sheet(strip, 56, columns=steps),
            alt=f"dimension z{number} from low to high",
            output_format="PNG",
        )
    shares = quantiles(steps)
    st.caption(
        f"From the {shares[0]:.1%} quantile of the data (left) to the {shares[-1]:.1%} one (right), in equal shares of "
        f"the data. {_left_out(dimensions, chosen)}"
    )


def _decoded(run_id: str, chosen: list[int], code: list[float], label: int, steps: int) -> np.ndarray:
    """uint8 (dimensions, steps, channels, height, width)."""
    codes = walks(cached.table(run_id).codes, np.asarray(code, np.float32), chosen, steps)
    flat = codes.reshape(-1, codes.shape[2])
    drawn = decoding.pictures_of(run_id, flat, np.full(len(flat), label, np.int64))
    return drawn.transpose(0, 3, 1, 2).reshape(len(chosen), steps, drawn.shape[3], *drawn.shape[1:3])


def _left_out(dimensions: list[Dimension], chosen: list[int]) -> str:
    rest = len(dimensions) - len(chosen)
    quiet = sum(d.quiet for d in dimensions)
    if not rest:
        return ""
    return f"{rest} {'dimension is' if rest == 1 else 'dimensions are'} left out, {quiet} of them quiet."
