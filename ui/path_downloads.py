"""Films of the paths to take away: GIF, WebP and a PNG strip; and the library's lines that give them."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from aelib.figures.gif import to_gif, to_webp, walk_frames
from aelib.pictures import strip, to_png
from aelib.runs.folder import Run
from ui import ways

SIDE = 96  # pixels of one picture, about


def show(run: Run, start: np.ndarray, end: np.ndarray, steps: int, label: int) -> None:
    """Three buttons; the pictures are made when one is pressed."""

    def pictures() -> np.ndarray:
        """uint8 (ways, steps, channels, height, width), enlarged."""
        found = np.stack(list(ways.pictures(run.id, start, end, steps, label).values()))
        factor = max(1, round(SIDE / max(found.shape[3:])))
        return found.repeat(factor, axis=3).repeat(factor, axis=4)

    kinds: dict[str, tuple[str, str, Callable[[], bytes], str]] = {
        "GIF": ("gif", "image/gif", lambda: to_gif(walk_frames(pictures())), _frames(steps)),
        "WebP": ("webp", "image/webp", lambda: to_webp(walk_frames(pictures())), f"{_frames(steps)}, without loss"),
        "PNG strip": ("png", "image/png", lambda: _sheet(pictures()), "one row for each way, from A to B"),
    }
    with st.container(horizontal=True, gap="small"):
        for name, (ending, mime, make, words) in kinds.items():
            st.download_button(
                name,
                make,
                f"{run.id}-paths.{ending}",
                mime,
                icon=":material/download:",
                on_click="ignore",
                help=f"All ways that there are: {words}",
            )


def code(run_id: str, start: str, end: str, steps: int, label: int, needs_label: bool) -> str:
    """The lines that give what the film shows."""
    as_class = f", torch.full((len(path),), {label})" if needs_label else ""
    decode = f"lambda path: model.decode(path{as_class})" if needs_label else "model.decode"
    return (
        "from pathlib import Path\nimport numpy as np\nimport torch\nfrom aelib import codes\n"
        "from aelib.latent.geodesic import geodesic\nfrom aelib.latent.paths import figures, line, sphere\n"
        "from aelib.latent.roads import Roads\nfrom aelib.latent.support import Support\n"
        "from aelib.runs import selections\nfrom aelib.runs.folder import open_run\n"
        "from aelib.runs.weights import load_model\n\n"
        f'run = open_run(Path("checkpoints"), "{run_id}")\n'
        "table, model = codes.of_run(run), load_model(run)\n"
        f"start = {start}\nend = {end}\ndecode = {decode}\n"
        "road = Roads.of(table.codes).between(start, end)\n"
        f'paths = {{\n    "line": line(start, end, {steps}),\n    "sphere": sphere(start, end, {steps}),\n'
        f'    "road": road.steps({steps}),\n    "geodesic": geodesic(decode, start, end, {steps}, road.codes),\n}}\n'
        "pictures = {name: decode(torch.from_numpy(path)) for name, path in paths.items()}\n"
        "support = Support.of(table.codes)\n"
        "lengths = {name: figures(pictures[name].numpy(), support.share(path)) for name, path in paths.items()}\n"
    )


def _frames(steps: int) -> str:
    return f"{2 * steps - 2} frames, there and back"


def _sheet(found: np.ndarray) -> bytes:
    flat = found.reshape(-1, *found.shape[2:])
    return to_png(strip(flat, columns=found.shape[1], gap=2, background=128))
