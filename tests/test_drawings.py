"""A drawing or an upload as an item: hand-made cases, and MNIST's own rule on MNIST itself."""

import numpy as np
import pytest

from aelib.datasets._base import DataInfo
from aelib.errors import AelibError
from aelib.exchange import drawings


def ink(*parts: tuple[slice, slice], side: int = 128) -> np.ndarray:
    found = np.zeros((side, side), np.uint8)
    for part in parts:
        found[part] = 255
    return found


def grey(height: int, width: int, channels: int = 1) -> DataInfo:
    return DataInfo((channels, height, width), {"train": 1, "validation": 0, "test": 0})


@pytest.mark.parametrize("corner", [(0, 0), (3, 80), (88, 88)])
@pytest.mark.parametrize("side", [20, 40])
def test_a_square_fills_the_box_wherever_and_however_large_it_was(corner, side):
    top, left = corner
    found = drawings.centred(ink((slice(top, top + side), slice(left, left + side))), 28, 28)
    wanted = np.zeros((1, 28, 28), np.uint8)
    wanted[0, 4:24, 4:24] = 255
    np.testing.assert_array_equal(found, wanted)


def test_proportions_stay_and_other_sizes_have_their_box_in_proportion():
    found = drawings.centred(ink((slice(10, 90), slice(50, 58))), 28, 28)[0]
    assert (np.flatnonzero(found.any(axis=1)) == np.arange(4, 24)).all(), "twenty high"
    assert np.isin(np.flatnonzero(found.any(axis=0)), [13, 14, 15]).all(), "narrow"
    assert (drawings.centred(ink((slice(0, 80), slice(0, 80))), 14, 14)[0] > 0).sum() == 100, "10 of 14"
    assert (drawings.centred(ink((slice(0, 80), slice(0, 80))), 64, 32)[0] > 0).sum() == 23**2, "of the shorter side"
    assert (drawings.centred(ink((slice(0, 80), slice(0, 80))), 28, 28, box=8)[0] > 0).sum() == 64


def test_the_centre_of_mass_and_not_of_the_box_is_in_the_middle():
    heavy_left = ink((slice(0, 80), slice(0, 20)), (slice(30, 50), slice(20, 80)))
    found = drawings.centred(heavy_left, 28, 28)[0].astype(float)
    middle = (found.sum(axis=0) * np.arange(28)).sum() / found.sum()
    assert abs(middle - 14) <= 0.5, "as near as whole pixels go"
    columns = np.flatnonzero(found.any(axis=0))
    assert columns[0] > 4, "the box itself has moved"
    assert len(columns) == 20


def test_the_ink_stays_inside_where_the_centre_of_mass_would_push_it_out():
    lopsided = ink((slice(0, 80), slice(0, 6)), (slice(0, 2), slice(0, 80)))
    found = drawings.centred(lopsided, 28, 28, box=28)[0]
    assert found.any(axis=0).all()
    assert found.any(axis=1).all()


@pytest.mark.parametrize("way", ["items", "mnist", "drawn"])
def test_an_empty_drawing_is_told(way):
    for empty in (ink(), np.full((128, 128), 9, np.uint8)):
        with pytest.raises(AelibError) as told:
            drawings.drawn_item(empty, grey(28, 28), way, 20, False)
        assert told.value.code == "E_EMPTY"


def test_one_faint_spot_is_a_drawing():
    dot = np.zeros((128, 128), np.uint8)
    dot[60, 60] = drawings.FAINT
    assert drawings.drawn_item(dot, grey(28, 28), "mnist", 0, False).any()


def test_as_drawn_keeps_size_and_place_and_dark_ink_is_turned():
    half = ink((slice(0, 128), slice(0, 64)))
    found = drawings.drawn_item(half, grey(8, 8), "drawn", 0, False)
    np.testing.assert_array_equal(found, np.where(np.arange(8) < 4, 255, 0)[None, None].repeat(8, axis=1))
    np.testing.assert_array_equal(drawings.drawn_item(half, grey(8, 8), "drawn", 0, True), 255 - found)


@pytest.mark.parametrize(("shape", "word"), [((4, 32, 32), "4 channels"), ((13,), "rows of 13 numbers")])
def test_what_cannot_be_drawn_is_told(shape, word):
    info = DataInfo(shape, {"train": 1, "validation": 0, "test": 0})
    assert word in drawings.cannot_draw(info)
    with pytest.raises(AelibError) as told:
        drawings.drawn_item(ink((slice(0, 9), slice(0, 9))), info, "items", 0, False)
    assert told.value.code == "E_SHAPE"


def painted(ground: int) -> np.ndarray:
    """Left half red, a blue square on the right, the rest ground."""
    found = np.full((128, 128, 3), ground, np.uint8)
    found[:, :64] = 214, 39, 40
    found[32:64, 96:128] = 31, 95, 214
    return found


@pytest.mark.parametrize("is_bright", [False, True])
@pytest.mark.parametrize("way", ["items", "mnist", "drawn"])
def test_a_painted_drawing_keeps_colours_size_and_place(way, is_bright):
    ground = 255 if is_bright else 0
    found = drawings.drawn_item(painted(ground), grey(4, 8, 3), way, 3, is_bright)
    wanted = np.full((4, 8, 3), ground, np.uint8)
    wanted[:, :4] = 214, 39, 40
    wanted[1, 6:8] = 31, 95, 214
    np.testing.assert_array_equal(found, wanted.transpose(2, 0, 1))


@pytest.mark.parametrize("ground", [0, 255])
def test_a_pad_with_nothing_on_it_has_no_colours(ground):
    empty = np.full((128, 128, 3), ground, np.uint8)
    empty[5, 5, 1] = abs(ground - (drawings.FAINT - 1))
    with pytest.raises(AelibError) as told:
        drawings.drawn_item(empty, grey(8, 8, 3), "drawn", 0, ground == 255)
    assert told.value.code == "E_EMPTY"
    empty[5, 5, 1] = abs(ground - drawings.FAINT)
    assert drawings.drawn_item(empty, grey(8, 8, 3), "drawn", 0, ground == 255).shape == (3, 8, 8)


@pytest.mark.parametrize("is_bright", [False, True])
def test_ink_stands_in_all_channels_and_colours_become_ink(is_bright):
    part = ink((slice(0, 128), slice(0, 32)))
    ground = 255 if is_bright else 0
    found = drawings.drawn_item(part, grey(8, 8, 3), "items", 0, is_bright)
    np.testing.assert_array_equal(found[:, 0, 0], 3 * [255 - ground])
    np.testing.assert_array_equal(found[:, 0, 7], 3 * [ground])
    colours = np.repeat(np.where(part, 255 - ground, ground).astype(np.uint8)[:, :, None], 3, axis=2)
    back = drawings.drawn_item(colours, grey(8, 8), "drawn", 0, False)
    np.testing.assert_array_equal(back, drawings.drawn_item(part, grey(8, 8), "drawn", 0, False))


@pytest.mark.parametrize("is_bright", [False, True])
def test_the_items_own_box_and_ground(is_bright):
    images = np.zeros((5, 1, 16, 16), np.uint8)
    for number, side in enumerate((4, 6, 6, 10, 0)):
        images[number, 0, 3 : 3 + side, 2:4] = 200 if side else 0
    found = drawings.own_box(255 - images if is_bright else images)
    assert found == (6, is_bright), "the median of those with ink"
    assert drawings.own_box(np.repeat(255 - images if is_bright else images, 3, axis=1)) == found


def test_mnist_has_its_box(real_data, monkeypatch):
    from aelib.config import read_choice
    from aelib.datasets._base import load_dataset
    from aelib.registry import DATASETS

    if not (real_data / "MNIST").is_dir():
        pytest.skip(f"real data folder absent: {real_data / 'MNIST'}")
    monkeypatch.setenv("AELIB_DATA", str(real_data))
    values = load_dataset(read_choice(DATASETS, "mnist")).splits["test"].values
    assert drawings.own_box(values) == (20, False)
    same = [np.array_equal(drawings.centred(image[0], 28, 28), image) for image in values[:200]]
    assert np.mean(same) > 0.85, "MNIST's own digits come out as they went in, but for a few at a half pixel"


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 8, 8), (1, 8, 12), (3, 20, 10)])
@pytest.mark.parametrize("size", [(40, 40, 3), (9, 70, 1), (8, 8, 1)])
def test_an_upload_has_the_items_shape(shape, size):
    pixels = np.random.default_rng(0).integers(0, 256, size).astype(np.uint8)
    for fit in ("crop", "pad", "stretch"):
        assert drawings.uploaded_item(pixels, grey(shape[1], shape[2], shape[0]), fit).shape == shape


def test_an_upload_of_the_items_size_is_untouched():
    pixels = np.arange(64, dtype=np.uint8).reshape(8, 8, 1)
    np.testing.assert_array_equal(drawings.uploaded_item(pixels, grey(8, 8))[0], pixels[:, :, 0])


def test_votes_weigh_by_distance():
    found = drawings.votes(np.asarray([0, 1, 1, -1]), np.asarray([1.0, 4.0, 4.0, 0.1]), ("a", "b"))
    assert found[0] == ("a", pytest.approx(1 / 1.5))
    assert found[1] == ("b", pytest.approx(0.5 / 1.5))
    assert drawings.votes(np.asarray([-1]), np.asarray([1.0]), ()) == []
