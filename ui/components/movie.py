"""The movie of a run's codes on a page: points that move as the training went, with a slider through its moments."""

from typing import Any

from aelib.figures.colours import class_palette
from aelib.latent.movie import Layout
from aelib.runs.movie import Cast, Frame
from ui.components import modules

MOST_CLASSES = 200  # with a colour's name each; of more the colours come round again and no legend is drawn


def latent_movie(
    run_id: str, layout: Layout, frames: list[Frame], keys: list[str], cast: Cast, *, frame: str, live: bool, chunk: int
) -> str:
    """Draw the movie and return the moment it rests at, ``EPOCH-STEP``; empty while it follows the newest.

    Args:
        run_id: The run.
        layout: How its points are laid out.
        frames: Those that have points.
        keys: Of their points.
        cast: The items.
        frame: Where it begins, as it is returned.
        live: Whether more frames may come.
        chunk: Items in one answer of pictures.
    """
    channels, height, width = cast.info.picture_shape
    classes, base = cast.info.classes, f"api/runs/{run_id}/movie"
    data: dict[str, Any] = {
        "id": f"{run_id} {layout} {cast.version}",
        "points": f"{base}/points/{layout}/{{first}}/{{last}}",
        "frames": [[key, found.epoch, found.step] for key, found in zip(keys, frames, strict=True)],
        "count": len(cast),
        "cast": f"{base}/items/{cast.version}",
        "classes": list(classes) if len(classes) <= MOST_CLASSES else [],
        "kinds": len(classes),
        "palette": class_palette(min(len(classes), 28)) if classes else [],
        "pictures": {
            "url": f"{base}/pictures/{cast.version}/{{chunk}}",
            "chunk": chunk,
            "shape": [height, width, channels],
        },
        "fit": layout != "codes",  # codes that are drawn as they are: on one scale, growth is seen
        "frame": frame,
        "live": live,
    }
    answer = modules.declare("movie")(key=f"movie-{run_id}", data=data, height="content", on_frame_change=_nothing)
    return frame if answer.frame is None else str(answer.frame)


def _nothing() -> None:
    """Streamlit wants a callback for each state key, so that the key is always there."""
