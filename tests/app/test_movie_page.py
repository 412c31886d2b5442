"""The movie on the Train and Map pages, and the addresses its component fetches."""

import io
import json
import shutil
import struct

import numpy as np
import pytest
from PIL import Image

from aelib.datasets._base import load_dataset
from aelib.errors import AelibError
from aelib.figures.colours import class_palette
from aelib.latent import movie as laying
from aelib.runs import movie
from aelib.runs.folder import open_run
from ui import movie_data

RUN = "digits-vae"
MOMENTS = ((0, 0), (0, 3), (1, 0), (2, 0))


@pytest.fixture
def filmed(runs, empty_caches):
    """A shipped run with a movie in place of its own, written by hand: what drifts is known."""
    return film(open_run(runs, RUN))


def film(run, width: int = 5):
    data, random = load_dataset(run.dataset()), np.random.default_rng(0)
    validation = data.splits["validation"]
    rows = np.arange(0, len(validation), 3)
    shutil.rmtree(run.folder / movie.FOLDER)
    movie.write_cast(run, movie.Cast(rows, validation.index[rows], validation.labels[rows], data.info))
    codes, pull = random.normal(size=(len(rows), width)), random.normal(size=(len(rows), width))
    for number, (epoch, step) in enumerate(MOMENTS):
        movie.write_frame(run, epoch, step, codes + 0.2 * number * pull)
    return run


def mounted(at) -> list[dict]:
    found = [json.loads(element.proto.json) for element in at.get("bidi_component")]
    return [data for data in found if "cast" in data]


def unpacked(data: bytes) -> np.ndarray:
    (length,) = struct.unpack("<I", data[:4])
    about = json.loads(data[4 : 4 + length])
    raw = np.frombuffer(data[4 + length :], "<u2").reshape(len(about["bounds"]), about["count"], 2) / 65535
    bounds = np.array(about["bounds"]).reshape(-1, 1, 2, 2)
    return bounds[..., 0] + raw * (bounds[..., 1] - bounds[..., 0])


def test_train_shows_the_movie_beside_the_curves(filmed, open_page):
    at = open_page("train", watch=RUN, frame="0-3")
    assert not at.exception
    (data,) = mounted(at)
    assert [frame[1:] for frame in data["frames"]] == [list(moment) for moment in MOMENTS]
    assert (data["frame"], data["live"], data["count"]) == ("0-3", False, len(movie.cast_of(filmed)))
    assert len(data["palette"]) == 10
    assert at.query_params["frame"] == "0-3"


def test_a_new_run_does_not_begin_at_a_moment_of_the_old_one(filmed, open_page):
    at = open_page("train", watch=RUN, frame="0-3")
    (button,) = [button for button in at.button if button.label == "Train"]
    button.click().run()
    assert not at.exception
    assert at.query_params["watch"] != RUN
    assert "frame" not in at.query_params


def test_a_layout_is_chosen_and_stands_in_the_address(filmed, open_page, nothing_in_the_background, words):
    at = open_page("train", watch=RUN)
    assert len([group for group in at.get("button_group") if group.key == "movie-layout"]) == 1
    assert not at.exception
    at = open_page("train", watch=RUN, layout="umap")
    assert not at.exception
    assert nothing_in_the_background == ["aelib.jobs.projecting"]
    assert "UMAP lays out the frames: 0 of 4" in "".join(bar.proto.text for bar in at.get("progress"))
    assert not mounted(at)
    assert laying.lay_out_all(filmed) == 4
    at = open_page("train", watch=RUN, layout="umap")
    (data,) = mounted(at)
    assert len(data["frames"]) == 4
    assert "/umap/" in data["points"]


def test_a_layout_that_failed_says_why_and_can_be_tried_again(filmed, open_page):
    from aelib.files import write_json
    from aelib.jobs import projecting

    fault = projecting._desk.path(filmed, projecting.MOVIE).with_suffix(".fault")
    write_json(fault, {"sentence": "The memory ran out."})
    at = open_page("train", watch=RUN, layout="umap")
    assert any("The memory ran out." in warning.value for warning in at.warning)
    (again,) = [button for button in at.button if button.label == "Try again"]
    again.click().run()
    assert not fault.exists()


def test_codes_of_two_numbers_have_no_choice_of_layout(runs, empty_caches, open_page, words):
    film(open_run(runs, RUN), width=2)
    at = open_page("train", watch=RUN)
    assert "codes as they are" in words(at)
    assert not [group for group in at.get("button_group") if group.key == "movie-layout"]
    assert "/codes/" in mounted(at)[0]["points"]


def test_the_map_has_a_switch_for_it(filmed, open_page):
    at = open_page("map", run=RUN)
    assert not at.exception
    assert not mounted(at)
    (switch,) = [toggle for toggle in at.toggle if toggle.label == "Movie of its training"]
    switch.set_value(True).run()
    assert not at.exception
    assert len(mounted(at)) == 1
    assert at.query_params["movie"] == "1"
    assert len(mounted(open_page("map", run=RUN, movie="1"))) == 1


def test_a_run_without_one_says_so(runs, open_page, words):
    shutil.rmtree(runs / RUN / movie.FOLDER)
    assert "kept no frames" in words(open_page("train", watch=RUN))
    assert "kept no frames" in words(open_page("map", run=RUN, movie="1"))


def test_a_damaged_movie_is_a_sentence(filmed, open_page, words):
    path = filmed.folder / "movie" / movie.ITEMS
    path.write_bytes(b"\0" * path.stat().st_size)
    at = open_page("train", watch=RUN)
    assert not at.exception
    assert "is damaged" in words(at)


def test_points_are_those_of_the_layout(filmed):
    frames = movie.frames(filmed)
    keys, before = laying.keys(frames, "pca"), None
    found = unpacked(movie_data.points(RUN, "pca", keys[0], keys[3]))
    for number, frame in enumerate(frames):
        before = laying.lay_out(movie.codes_of(filmed, frame), "pca", before)
        np.testing.assert_allclose(found[number], before, atol=2e-4)
    np.testing.assert_array_equal(unpacked(movie_data.points(RUN, "pca", keys[2], keys[2]))[0], found[2])
    movie.write_frame(filmed, 3, 0, movie.codes_of(filmed, frames[0]))
    later = laying.keys(movie.frames(filmed), "pca")
    assert later[:4] == keys
    assert len(unpacked(movie_data.points(RUN, "pca", keys[0], later[4]))) == 5


def test_frames_made_anew_are_never_served_from_the_old_ones(filmed):
    keys = laying.keys(movie.frames(filmed), "pca")
    movie_data.points(RUN, "pca", keys[0], keys[3])
    movie.drop_after(filmed, 0, 3)
    movie.write_frame(filmed, 1, 0, np.ones((len(movie.cast_of(filmed)), 5)))
    fresh = laying.keys(movie.frames(filmed), "pca")
    assert (fresh[:2], fresh[2] == keys[2]) == (keys[:2], False)
    assert np.ptp(unpacked(movie_data.points(RUN, "pca", fresh[2], fresh[2]))) < 1e-6
    with pytest.raises(AelibError, match="not here"):
        movie_data.points(RUN, "pca", keys[2], keys[3])


@pytest.mark.parametrize(("layout", "first", "last"), [("tsne", 0, 0), ("pca", 2, 1), ("umap", 0, 0)])
def test_what_is_not_there_is_refused(filmed, layout, first, last):
    keys = laying.keys(movie.frames(filmed), "pca")
    with pytest.raises(AelibError):
        movie_data.points(RUN, layout, keys[first], keys[last])


def test_classes_and_pictures_are_those_of_the_items(filmed):
    found, items = movie.cast_of(filmed), load_dataset(filmed.dataset()).splits["validation"]
    labels, index = np.frombuffer(movie_data.cast(RUN, found.version), "<i4").reshape(2, -1)
    np.testing.assert_array_equal(labels, items.labels[found.rows])
    np.testing.assert_array_equal(index, items.index[found.rows])
    size = movie_data.chunk_size(found)
    pictures = np.frombuffer(movie_data.pictures(RUN, found.version, 0), np.uint8).reshape(-1, 8, 8, 1)
    np.testing.assert_array_equal(pictures[..., 0], items.values[found.rows[:size], 0])
    with pytest.raises(AelibError, match="another one"):
        movie_data.pictures(RUN, "0" * 16, 0)


def test_the_whole_movie_as_a_gif(filmed):
    data = movie_data.gif(RUN, "pca")
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.n_frames == 4 * (len(MOMENTS) - 1) + 1
        first = np.asarray(picture.convert("RGB"))
        picture.seek(picture.n_frames - 1)
        last = np.asarray(picture.convert("RGB"))
    colours = {tuple(bytes.fromhex(colour[1:])) for colour in class_palette(10)}
    assert colours <= {tuple(pixel) for pixel in np.unique(first.reshape(-1, 3), axis=0).tolist()}
    assert (first != last).any()
    assert [movie_data.words_of(frame) for frame in movie.frames(filmed)] == [
        "before the first step", "epoch 1, step 3", "after epoch 1", "after epoch 2",
    ]  # fmt: skip


def test_a_copy_of_the_folder_is_the_same_movie(filmed, runs):
    shutil.copytree(filmed.folder, runs / "again", ignore=shutil.ignore_patterns("lock"))
    assert laying.keys(movie.frames(open_run(runs, "again")), "pca") == laying.keys(movie.frames(filmed), "pca")
