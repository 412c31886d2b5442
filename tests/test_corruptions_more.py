"""What each of the later corruptions promises on its own, against independent references."""

import io

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage

from aelib.config import RunConfig
from aelib.datasets._base import DataInfo
from aelib.errors import AelibError
from aelib.registry import CORRUPTIONS


def corrupt(name, items, severity, seed=1):
    module = CORRUPTIONS.load(name)
    return module.corrupt(items, module.Config(severity=severity), torch.Generator().manual_seed(seed))


def noise(shape=(4, 3, 32, 32), seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


# ── occlusion ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("severity", "side"), [(0.25, 8), (0.5, 16), (0.4, 13), (1.0, 32), (0.01, 0)])
def test_occlusion_blanks_one_square_of_the_stated_side(severity, side):
    result = corrupt("occlusion", torch.full((50, 3, 32, 32), 0.5), severity)
    hidden = result == 0
    assert torch.equal(hidden.all(1), hidden.any(1)), "the channels of a pixel go together"
    for picture in hidden[:, 0]:
        assert picture.sum() == side**2
        rows, columns = picture.any(1).nonzero(), picture.any(0).nonzero()
        if side:  # a full block: as many rows and columns as its side, all in one piece
            assert [len(rows), len(columns)] == [side, side]
            assert [rows[-1] - rows[0], columns[-1] - columns[0]] == [side - 1, side - 1]


def test_occlusion_reaches_every_place_and_larger_squares_hold_smaller_ones():
    hidden = {share: corrupt("occlusion", torch.ones(2000, 1, 8, 8), share) == 0 for share in (0.25, 0.375)}
    assert (hidden[0.25].any(0)).all()
    assert (hidden[0.375] >= hidden[0.25]).all()
    corners = hidden[0.25][:, 0, 0, 0].float().mean().item()
    assert corners == pytest.approx(1 / 49, abs=0.01), "7 x 7 places, all alike"


# ── downsample ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("severity", "factor"), [(0.5, 2), (1.0, 4)])
@pytest.mark.parametrize("shape", [(3, 3, 32, 32), (2, 1, 28, 28), (2, 1, 8, 16)], ids=str)
def test_times_two_and_times_four_are_average_pooling_and_bilinear_enlargement(severity, factor, shape):
    images = noise(shape)
    small = torch.nn.functional.avg_pool2d(images, factor)
    wanted = torch.nn.functional.interpolate(small, scale_factor=factor, mode="bilinear", align_corners=False)
    torch.testing.assert_close(corrupt("downsample", images, severity), wanted)


@pytest.mark.parametrize("severity", [0.1, 0.5, 0.77, 1.0])
@pytest.mark.parametrize("side", [1, 2, 3, 9, 33])
def test_downsample_keeps_flat_pictures_of_any_size(severity, side):
    flat = torch.full((1, 1, side, side), 0.3)
    torch.testing.assert_close(corrupt("downsample", flat, severity), flat)


# ── grey and contrast ────────────────────────────────────────────────────────────────────────────────────────────


def test_grey_is_pillows_luma_in_three_channels():
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    images = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255
    wanted = np.asarray(Image.fromarray(pixels).convert("L")) / 255
    result = corrupt("grey", images, 1.0)[0].numpy()
    np.testing.assert_allclose(result, np.repeat(wanted[None], 3, 0), atol=1 / 255)
    np.testing.assert_array_equal(result[0], result[1])
    half = corrupt("grey", images, 0.5)[0].numpy()
    np.testing.assert_allclose(half, (images[0].numpy() + result) / 2, atol=1e-6)


def test_grey_on_grey_pictures_is_refused_with_a_remedy():
    run = RunConfig.parse({"corruptions": ["grey"]})
    with pytest.raises(AelibError, match="no colour") as caught:
        run.check(DataInfo((1, 8, 8), {"train": 500}))
    assert caught.value.code == "E_CONFIG"
    grey = noise((2, 1, 8, 8))
    assert torch.equal(corrupt("grey", grey, 1.0), grey)


@pytest.mark.parametrize("severity", [0.3, 0.8])
def test_contrast_keeps_the_mean_and_scales_the_spread(severity):
    images = noise()
    result = corrupt("contrast", images, severity)
    torch.testing.assert_close(result.mean((2, 3)), images.mean((2, 3)))
    torch.testing.assert_close(result.std((2, 3)), (1 - severity) * images.std((2, 3)))


# ── rotation ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("shape", [(21, 21), (17, 40)], ids=str)
def test_rotation_is_scipys_to_the_left_or_to_the_right(shape):
    image = ndimage.gaussian_filter(np.random.default_rng(3).random(shape), 1.0)
    result = corrupt("rotation", torch.tensor(image, dtype=torch.float32).expand(40, 1, *shape), 0.5)[:, 0].numpy()
    turned = {side: ndimage.rotate(image, 15 * side, reshape=False, order=1, mode="nearest") for side in (-1, 1)}
    sides = [min(turned, key=lambda side: np.abs(one - turned[side]).max()) for one in result]
    for one, side in zip(result, sides, strict=True):
        np.testing.assert_allclose(one, turned[side], atol=1e-4)
    assert 8 < sides.count(1) < 32


# ── jpeg ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("severity", "quality"), [(0.25, 75), (0.9, 11), (1.0, 1)])
@pytest.mark.parametrize("channels", [1, 3])
def test_jpeg_is_pillows_at_the_stated_quality(severity, quality, channels):
    pixels = np.random.default_rng(0).integers(0, 256, (24, 40, channels), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels.squeeze()).save(file, "JPEG", quality=quality, subsampling="4:4:4")
    wanted = np.asarray(Image.open(file)).reshape(24, 40, channels)
    images = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255
    result = corrupt("jpeg", images, severity)[0].permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(np.rint(result * 255).astype(np.uint8), wanted)


# ── Noise on vectors ─────────────────────────────────────────────────────────────────────────────────────────────


def test_speckle_grows_with_the_value_and_leaves_zero_alone():
    vectors = torch.tensor([0.0, 1.0, -4.0]).expand(40_000, 3)
    moved = corrupt("speckle", vectors, 0.2) - vectors
    assert moved[:, 0].abs().max() == 0
    assert moved[:, 1].std().item() == pytest.approx(0.2, rel=0.03)
    assert moved[:, 2].std().item() == pytest.approx(0.8, rel=0.03)
    assert corrupt("speckle", torch.ones(10, 1, 8, 8), 0.5).max() == 1, "pictures are clipped"


def test_gaussian_noise_does_not_clip_vectors():
    vectors = torch.tensor([-5.0, 0.5, 7.0]).expand(40_000, 3)
    moved = corrupt("gaussian", vectors, 0.5) - vectors
    torch.testing.assert_close(moved.mean(0), torch.zeros(3), atol=0.01, rtol=0)
    torch.testing.assert_close(moved.std(0), torch.full((3,), 0.5), atol=0.01, rtol=0)


def test_masking_hides_single_numbers_of_vectors():
    result = corrupt("masking", torch.full((4000, 9), -2.0), 0.25)
    assert (result == 0).float().mean().item() == pytest.approx(0.25, abs=0.01)
    assert len({int(count) for count in (result == 0).sum(1)}) > 3, "each number is drawn on its own"


@pytest.mark.parametrize(("severity", "counts"), [(0.25, {2}), (0.3, {2, 3}), (0.0, {0}), (1.0, {8})])
def test_dropout_takes_the_same_count_from_every_vector(severity, counts):
    lost = corrupt("dropout_features", torch.full((4000, 8), -2.0), severity) == 0
    assert {int(count) for count in lost.sum(1)} == counts
    torch.testing.assert_close(lost.float().mean(0), torch.full((8,), severity), atol=0.03, rtol=0)
