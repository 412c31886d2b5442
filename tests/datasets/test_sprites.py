"""Sprites are what their factors say."""

import numpy as np
import pytest

from aelib.datasets import sprites


def number_of(shape=0, size=5, angle=0, x=16, y=16):
    return int(np.ravel_multi_index((shape, size, angle, x, y), sprites.COUNTS))


def middle(picture):
    """Centre of mass (x, y) as shares of the side."""
    rows, columns = np.nonzero(picture[0])
    return (columns.mean() + 0.5) / picture.shape[1], (rows.mean() + 0.5) / picture.shape[1]


def test_all_combinations_are_addressable_and_their_factors_differ():
    assert sprites.TOTAL == 737_280
    chosen = np.random.default_rng(1).choice(sprites.TOTAL, 300, replace=False)
    factors = [tuple(sprites.item(int(number))[1]) for number in [0, sprites.TOTAL - 1, *chosen]]
    assert len(set(factors)) == 302
    assert factors[0] == (0, 0.5, 0, pytest.approx(0.2539, abs=1e-4), pytest.approx(0.2539, abs=1e-4))
    assert factors[1] == (2, 1, 351, pytest.approx(0.7461, abs=1e-4), pytest.approx(0.7461, abs=1e-4))
    with pytest.raises(ValueError, match="out of bounds"):
        sprites.item(sprites.TOTAL)


@pytest.mark.parametrize("size", [64, 32])
@pytest.mark.parametrize("shape", [0, 1, 2])
def test_pictures_are_black_and_white_whole_and_at_their_place(shape, size):
    for x, y, angle in [(0, 0, 5), (31, 31, 12), (0, 31, 33), (16, 3, 20)]:
        picture, factors = sprites.item(number_of(shape, 5, angle, x, y), size)
        assert set(np.unique(picture)) == {0, 255}
        assert picture.shape == (1, size, size)
        edge = np.concatenate([picture[0, [0, -1]].ravel(), picture[0, :, [0, -1]].ravel()])
        assert edge.max() == 0, "nothing is cut off"
        assert middle(picture) == (pytest.approx(factors[3], abs=0.03), pytest.approx(factors[4], abs=0.03))


def test_square_and_ellipse_cover_the_area_of_geometry():
    for size, scale in enumerate(np.arange(0.5, 1.01, 0.1)):
        square, ellipse = (sprites.item(number_of(shape, size, 3))[0] for shape in (0, 1))
        assert (square > 0).sum() == pytest.approx((2 * 0.159 * 64 * scale) ** 2, rel=0.06)
        assert (ellipse > 0).sum() == pytest.approx(np.pi * 0.134 * 0.225 * (64 * scale) ** 2, rel=0.06)


@pytest.mark.parametrize("degrees", [0, 45, 90, 135])
def test_the_ellipse_points_where_its_angle_says(degrees):
    picture, factors = sprites.item(number_of(1, 5, degrees // 9))
    assert factors[2] == degrees
    rows, columns = np.nonzero(picture[0])
    axes = np.linalg.eigh(np.cov(columns, rows))[1]
    x, y = axes[:, -1]  # the long axis stands upright at 0 and turns clockwise, y downwards
    assert np.degrees(np.arctan2(x, -y)) % 180 == pytest.approx(degrees % 180, abs=3) or degrees == 0
    if degrees == 0:
        assert abs(x) < 0.05


def test_the_heart_has_its_point_below_and_turns_a_half():
    upright, turned = (sprites.item(number_of(2, 5, angle))[0][0] for angle in (0, 20))
    rows = np.nonzero(upright.any(1))[0]
    widths = (upright[rows] > 0).sum(1)
    assert widths[:3].mean() > 2 * widths[-3:].mean()
    assert (np.abs(upright.astype(int) - turned[::-1, ::-1]) > 0).mean() < 0.03


def test_the_sample_holds_what_item_draws_and_its_masks_are_the_sprites():
    dataset = sprites.load(sprites.Config(count=100, size=32))
    items = dataset.all_items()
    np.testing.assert_array_equal(items.values, items.masks)
    numbers = np.random.default_rng(0).permutation(sprites.TOTAL)[:100]
    for row in range(10):
        picture, factors = sprites.item(int(numbers[items.index[row]]), 32)
        np.testing.assert_array_equal(items.values[row], picture)
        np.testing.assert_array_equal(items.factors[row], factors)
        assert items.labels[row] == factors[0]
