"""Faces show what their attributes say."""

import numpy as np
import pytest

from aelib.datasets import faces

PLAIN = {"skin": 0.25, "hair colour": 1, "eye size": 0.5, "mouth": 0.4}
ATTRIBUTES = dict(zip(faces.FACTORS, zip(faces.LOWEST, faces.HIGHEST, strict=True), strict=True))


def drawn(**changes):
    attributes = {**dict.fromkeys(faces.FACTORS, 0.0), **PLAIN, **changes}
    return faces.face([attributes[name] for name in faces.FACTORS])


def changed(first, second):
    """Rows and columns of the pixels that differ."""
    return np.nonzero((first[0].astype(int) != second[0]).any(0))


def test_a_face_is_a_function_of_its_attributes():
    first, again = drawn(), drawn()
    np.testing.assert_array_equal(first[0], again[0])
    assert first[0].shape == (3, 64, 64)
    assert first[0].dtype == np.uint8
    assert first[1].shape == (1, 64, 64)


@pytest.mark.parametrize("name", faces.FACTORS)
def test_every_attribute_is_seen_at_every_other_ones_extremes(name):
    random = np.random.default_rng(0)
    low, high = ATTRIBUTES[name]
    for _ in range(10):
        others = {key: float(random.choice(ends)) for key, ends in ATTRIBUTES.items()}
        first, second = drawn(**{**others, name: low}), drawn(**{**others, name: high})
        assert len(changed(first, second)[0]) >= 8, others


@pytest.mark.parametrize(
    ("name", "rows"),
    [("eye size", (25, 39)), ("gaze", (26, 39)), ("brow", (22, 31)), ("mouth", (37, 49)), ("glasses", (24, 41))],
)
def test_an_attribute_changes_its_own_place_only(name, rows):
    low, high = ATTRIBUTES[name]
    where = changed(drawn(**{name: low}), drawn(**{name: high}))[0]
    assert rows[0] <= where.min()
    assert where.max() <= rows[1]


def test_a_hat_hides_no_hair_style():
    for hat in range(len(faces.HATS)):
        styles = [drawn(**{"hat": hat, "hair style": style})[0].astype(int) for style in range(len(faces.STYLES))]
        for number, style in enumerate(styles):
            assert all((np.abs(style - other).max(0) > 40).sum() > 10 for other in styles[:number]), (hat, number)


def test_a_tilt_is_clockwise_and_the_shoulders_stay():
    upright, tilted = drawn(hat=1), drawn(hat=1, tilt=12)
    tops = [np.nonzero(mask[0, :8])[1].mean() for _, mask in (upright, tilted)]
    assert tops[1] - tops[0] > 4, "the pompom goes to the right"
    np.testing.assert_array_equal(upright[0][:, 58:], tilted[0][:, 58:])


def test_the_mask_is_the_figure():
    picture, mask = drawn()
    background = np.asarray(faces.background())[::4, ::4, :3].transpose(2, 0, 1).astype(int)
    free = mask[0] == 0
    inside = mask[0] == 255
    # Where nothing of the figure is, the picture is the background; edge pixels may hold up to half of both.
    assert (np.abs(picture.astype(int) - background).max(0)[free] > 100).mean() < 0.01
    assert np.abs(picture.astype(int) - background).max(0)[inside].min() > 5
    assert 0.3 < inside.mean() < 0.6
    assert inside[63, 32]
    assert not inside[0].any()


def test_half_the_size_is_the_mean_of_four_pixels():
    attributes = faces.draw_attributes(1, 5)[0]
    large, small = faces.face(attributes)[0].astype(float), faces.face(attributes, 32)[0]
    np.testing.assert_allclose(small, large.reshape(3, 32, 2, 32, 2).mean((2, 4)), atol=1)
    assert faces.load(faces.Config(count=100, size=32)).info.item_shape == (3, 32, 32)


def test_attributes_keep_their_ranges_and_shares():
    factors = faces.draw_attributes(4000, 0)
    assert (factors >= faces.LOWEST).all()
    assert (factors <= faces.HIGHEST).all()
    for name, kinds in (("hair colour", faces.HAIRS), ("hair style", faces.STYLES)):
        counts = np.bincount(factors[:, faces.FACTORS.index(name)].astype(int)) / 4000
        np.testing.assert_allclose(counts, 1 / len(kinds), atol=0.03)
    for name, wanted in (("glasses", [0.5, 0.25, 0.25]), ("hat", [0.4, 0.2, 0.2, 0.2])):
        counts = np.bincount(factors[:, faces.FACTORS.index(name)].astype(int)) / 4000
        np.testing.assert_allclose(counts, wanted, atol=0.03)
    assert np.abs(np.corrcoef(factors.T) - np.eye(10)).max() < 0.06, "independent"


@pytest.mark.parametrize("labels", sorted(faces.CLASSES))
def test_any_of_five_attributes_can_be_the_class(labels):
    dataset = faces.load(faces.Config(count=100, labels=labels))
    items = dataset.all_items()
    assert dataset.classes == faces.CLASSES[labels]
    column = items.factors[:, faces.FACTORS.index(labels.replace("_", " "))]
    if labels == "mouth":
        assert (items.labels[column < -0.34] == 0).all()
        assert (items.labels[column > 0.34] == 2).all()
        assert (items.labels[np.abs(column) < 0.33] == 1).all()
    else:
        np.testing.assert_array_equal(items.labels, column)
    picture, mask = faces.face(faces.draw_attributes(100, 0)[items.index[3]])
    np.testing.assert_array_equal(items.values[3], picture)
    np.testing.assert_array_equal(items.masks[3], mask)
