"""The movie of a run on the Train and Map pages: what is shown, how it is laid out, and what is said where none is."""

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from aelib.errors import AelibError
from aelib.files import has_arrays
from aelib.jobs import projecting
from aelib.latent import movie as laying
from aelib.runs import movie
from aelib.runs.folder import ACTIVE, Run, default_checkpoints
from ui import movie_data, state
from ui.components.movie import latent_movie

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

NAMES: dict[laying.Layout, str] = {"codes": "the codes themselves", "pca": "PCA", "umap": "UMAP"}
MEANINGS = {
    "codes": "Both numbers of each code, drawn as they are.",
    "pca": "Each frame by its own two principal components, turned and mirrored as a whole to lie like the frame "
    "before: distances within a frame are PCA's, and where the picture stands on the page means nothing.",
    "umap": "UMAP on each frame's own neighbours, begun where the frame before ended, so that points glide. Distances "
    "between groups mean nothing; a fresh UMAP of the last frame may part groups better.",
}


def draw(run: Run) -> None:
    """The movie with its title and the choice of its layout; while it trains, whoever calls draws again each second."""
    with st.container(border=True):
        try:
            _draw(run)
        except AelibError as error:
            st.caption(f":material/movie: {error}")


def draw_on_map(run: Run) -> None:
    """A switch, and the movie under it; drawn again each second while the run trains."""
    shown = st.toggle(
        "Movie of its training",
        value=state.address(state.MOVIE) == "1",
        key="movie-shown",
        help="How the codes of the same validation items moved, from before the first step on",
    )
    state.put_address(state.MOVIE, "1" if shown else "")
    if not shown:
        return
    active = run.status()["state"] in ACTIVE
    st.fragment(_alone, run_every=1 if active else None)(run.id)


def _alone(run_id: str) -> None:
    draw(Run(default_checkpoints() / run_id))


def _draw(run: Run) -> None:
    frames, active = movie.frames(run), run.status()["state"] in ACTIVE
    if not frames:
        st.markdown("**The latent movie**")
        st.caption(_why_none(run, active))
        return
    cast = movie.cast_of(run)
    choices = laying.layouts(movie.codes_of(run, frames[0]).shape[1])
    head = st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute")
    title = head.empty()
    layout = _choose(head, choices) if len(choices) > 1 else choices[0]
    facts = f"{len(cast):,} validation items" + (", codes as they are" if layout == "codes" else "")
    title.markdown(f"**The latent movie** :small[{facts}]", help=f"The same items in each frame. {MEANINGS[layout]}")
    keys = laying.keys(frames, layout)
    if layout == "umap":
        there = [has_arrays(movie.points_path(run, layout, key)) for key in keys]
        ready = there.index(False) if False in there else len(there)
        if ready < len(keys) and not _wait_for(run, ready, len(keys)):
            return
        frames, keys = frames[:ready], keys[:ready]
    if frames:
        asked = state.address(state.FRAME)
        chunk = movie_data.chunk_size(cast)
        rests = latent_movie(run.id, layout, frames, keys, cast, frame=asked, live=active, chunk=chunk)
        state.put_address(state.FRAME, rests)
    if len(frames) > 1 and not active:
        st.download_button(
            "GIF",
            partial(movie_data.gif, run.id, layout),
            file_name=f"{run.id}-{layout}.gif",
            mime="image/gif",
            icon=":material/gif_box:",
            key=f"movie-gif-{run.id}",
            help="The whole movie as an animated picture; drawn when you press",
            on_click="ignore",
        )
    if len(frames) == 1 and not active:
        st.caption("One frame: this model was fitted at once, without steps." if frames[0].epoch == 0 else "One frame.")


def _choose(head: "DeltaGenerator", choices: list[laying.Layout]) -> laying.Layout:
    asked = state.address(state.LAYOUT)
    place = next((number for number, name in enumerate(choices) if name == asked), 0)
    chosen = head.segmented_control(
        "Laid out by",
        choices,
        default=choices[place],
        format_func=NAMES.__getitem__,
        key="movie-layout",
        label_visibility="collapsed",
        width="content",
        required=True,
    )
    found = choices[choices.index(chosen)] if chosen in choices else choices[place]
    state.put_address(state.LAYOUT, "" if found == choices[0] else found)
    return found


def _wait_for(run: Run, ready: int, count: int) -> bool:
    """Ask the worker for the frames that are missing; whether what is there can be shown meanwhile."""
    fault = projecting.request_movie(run)
    if fault:
        st.warning(f"UMAP could not lay out the movie: {fault}")
        if st.button("Try again", key=f"movie-again-{run.id}", icon=":material/refresh:"):
            projecting.forget_movie_fault(run)
            st.rerun()
        return ready > 0
    if count - ready > 2:  # one or two are only a moment behind the training
        st.progress(ready / count, text=f"UMAP lays out the frames: {ready} of {count}")
    _look_again(run.id, ready)
    return True


def _look_again(run_id: str, ready: int) -> None:
    """Where nobody draws the panel again by itself, look once a second whether more frames have points."""

    def look() -> None:
        run = Run(default_checkpoints() / run_id)
        keys = laying.keys(movie.frames(run), "umap")
        if sum(has_arrays(movie.points_path(run, "umap", key)) for key in keys) != ready:
            st.rerun()

    if Run(default_checkpoints() / run_id).status()["state"] not in ACTIVE:
        st.fragment(look, run_every=1)()


def _why_none(run: Run, active: bool) -> str:
    if run.is_imported:
        return "These codes were imported: there is no training to watch."
    if active or run.status()["state"] == "queued":
        return "The first frame comes before the first step."
    return "This run kept no frames: it was trained before movies were kept. Clone it and train again to get one."
