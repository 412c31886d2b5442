"""Safe decoding (rows U1-U16 of the table of bad inputs), fitting, PNG and grids. Bad files are made here."""

import io
import struct
import tracemalloc
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image, ImageFile

from aelib.errors import AelibError
from aelib.pictures import MAX_BYTES, decode_picture, fit_picture, open_picture, strip, to_png

FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "WEBP", "GIF")


def ramp(height=20, width=30, channels=3):
    values = np.arange(height * width * channels).reshape(height, width, channels) % 251
    return values.astype(np.uint8) if channels == 3 else values[:, :, 0].astype(np.uint8)


def saved(image, kind="PNG", **options):
    file = io.BytesIO()
    (Image.fromarray(image) if isinstance(image, np.ndarray) else image).save(file, format=kind, **options)
    return file.getvalue()


def png(width, height, depth=8, colour=0, body=b"", extra=b""):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + extra + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")


def text_chunk(megabytes):
    data = b"Comment\0\0" + zlib.compress(bytes(megabytes * 1_000_000))
    return struct.pack(">I", len(data)) + b"zTXt" + data + struct.pack(">I", zlib.crc32(b"zTXt" + data))


def refusal(data, name="pic.png"):
    with pytest.raises(AelibError) as caught:
        decode_picture(data, name)
    assert name in str(caught.value)
    return caught.value.code


# ── What is read ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_lossless_colour_and_grey_come_back_exactly(kind):
    for image in (ramp(), ramp(channels=1)):
        pixels, conversions = decode_picture(saved(image, kind), "pic")
        np.testing.assert_array_equal(pixels, image.reshape(20, 30, -1))
        assert (pixels.dtype, conversions) == (np.uint8, [])


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_lossy_formats_come_back_nearly(kind):
    image = np.full((16, 24, 3), (200, 100, 50), np.uint8)
    pixels, conversions = decode_picture(saved(image, kind), "wrong_ending.gif")  # U14: content decides
    assert pixels.shape == image.shape
    assert np.abs(pixels.astype(int) - image).max() <= 4
    assert conversions == []


def test_16_bit_grey_is_scaled_not_clipped():  # U6
    values = np.linspace(0, 63_000, 600).reshape(20, 30).astype(np.uint16)
    for kind in ("PNG", "TIFF"):
        pixels, conversions = decode_picture(saved(values, kind), "deep")
        np.testing.assert_allclose(pixels[:, :, 0] / 255, values / 65535, atol=0.5 / 255 + 1e-9)
        assert pixels.mean() / 255 == pytest.approx(values.mean() / 65535, abs=1e-3)
        assert conversions == ["16-bit values divided by 257"]


def test_16_bit_colour_is_reduced_with_a_word():
    body = b"\0" + struct.pack(">6H", 63_000, 257, 0, 65_535, 30_000, 128)
    pixels, conversions = decode_picture(png(2, 1, depth=16, colour=2, body=body), "deep")
    np.testing.assert_allclose(
        pixels.ravel() / 255, np.array([63_000, 257, 0, 65_535, 30_000, 128]) / 65535, atol=1 / 255
    )
    assert conversions == ["16-bit colour reduced to its upper 8 bits"]


def test_cmyk_becomes_rgb():  # U7
    image = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    pixels, conversions = decode_picture(saved(image, "JPEG", quality=95), "print.jpg")
    assert conversions == ["CMYK turned into RGB"]
    np.testing.assert_allclose(pixels[8, 8], (255, 0, 0), atol=6)


def test_transparency_is_laid_on_white():  # U8, U9
    layer = np.zeros((2, 2, 4), np.uint8)
    layer[0, 0] = (255, 0, 0, 255)
    layer[0, 1] = (255, 0, 0, 0)
    layer[1] = (0, 0, 0, 128)
    pixels, conversions = decode_picture(saved(layer), "a.png")
    assert pixels[0].tolist() == [[255, 0, 0], [255, 255, 255]]
    np.testing.assert_allclose(pixels[1], 127, atol=1)
    assert conversions == ["transparent parts laid on white"]


def test_grey_with_transparency_stays_grey():
    for image, kind in (
        (Image.merge("LA", [Image.new("L", (4, 3), 0), Image.new("L", (4, 3), 0)]), "PNG"),
        (Image.merge("LA", [Image.new("L", (4, 3), 0), Image.new("L", (4, 3), 0)]), "TIFF"),
    ):
        pixels, conversions = decode_picture(saved(image, kind), "a")
        assert pixels.shape == (3, 4, 1)
        assert (pixels == 255).all()
        assert conversions == ["transparent parts laid on white"]


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_palette_with_a_transparent_colour(kind):
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 200, 100, 50] + [0] * 750)
    image.putdata([0, 1])
    pixels, conversions = decode_picture(saved(image, kind, transparency=1), "p")
    assert pixels.tolist() == [[[10, 20, 30], [255, 255, 255]]]
    assert "transparent parts laid on white" in conversions
    opaque, conversions = decode_picture(saved(image, kind), "p")
    assert opaque.tolist() == [[[10, 20, 30], [200, 100, 50]]]
    assert conversions[-1] == "palette replaced by its colours"


@pytest.mark.parametrize(("mode", "key"), [("L", 7), ("RGB", (7, 7, 7)), ("I;16", 7)])
def test_a_transparent_colour_key_is_not_dropped(mode, key):
    dark = {"L": np.uint8([[7, 0]]), "RGB": np.uint8([[[7] * 3, [0] * 3]]), "I;16": np.uint16([[7, 0]])}[mode]
    pixels, _ = decode_picture(saved(dark, transparency=key), "key.png")
    assert pixels[0, :, 0].tolist() == [255, 0]


def test_an_opaque_transparency_channel_changes_nothing():
    layer = np.dstack([ramp(), np.full((20, 30), 255, np.uint8)])
    pixels, conversions = decode_picture(saved(layer), "a.png")
    np.testing.assert_array_equal(pixels, ramp())
    assert conversions == []


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation):  # U10
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = np.zeros((10, 20, 3), np.uint8)
    image[:, :10] = 255  # the left half as stored
    pixels, conversions = decode_picture(saved(image, "PNG", exif=exif), "turned.png")
    assert pixels.shape == ((10, 20, 3) if orientation < 5 else (20, 10, 3))
    bright = {1: pixels[:, :10], 2: pixels[:, 10:], 3: pixels[:, 10:], 4: pixels[:, :10]}
    bright |= {5: pixels[:10], 6: pixels[:10], 7: pixels[10:], 8: pixels[10:]}
    assert (bright[orientation] == 255).all()
    assert conversions == ([] if orientation == 1 else ["turned upright as its EXIF data say"])


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "PNG", "WEBP"])
def test_of_several_frames_the_first_is_taken_with_a_notice(kind):  # U11
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue", "green")]
    options = {"lossless": True} if kind == "WEBP" else {}
    data = saved(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    pixels, conversions = decode_picture(data, "film")
    assert pixels[4, 4].tolist() == [255, 0, 0]
    assert conversions[0] == "only the first of several frames or pages was taken"


def test_1_bit_becomes_black_and_white():  # U12
    image = Image.fromarray(np.array([[True, False], [False, True]]))
    for kind in ("PNG", "BMP", "TIFF"):
        pixels, conversions = decode_picture(saved(image, kind), "bits")
        assert pixels[:, :, 0].tolist() == [[255, 0], [0, 255]]
        assert conversions == ["1-bit black and white became 0 and 255"]


@pytest.mark.parametrize(
    ("values", "wanted", "word"),
    [
        (np.float32([[0, 0.5, 1]]), [0, 128, 255], "smallest of"),
        (np.float32([[0, 100, 200]]), [0, 100, 200], "smallest of"),
        (np.float32([[0, 257, 65_535]]), [0, 1, 255], "smallest of"),
        (np.float32([[-1, 0, 1]]), [0, 128, 255], "stretched"),
        (np.int32([[0, 100, 255]]), [0, 100, 255], "smallest of"),
        (np.int32([[0, 25_700, 65_535]]), [0, 100, 255], "smallest of"),
        (np.int32([[0, 500_000, 1_000_000]]), [0, 128, 255], "stretched"),
        (np.int32([[-5, -5, -5]]), [0, 0, 0], "stretched"),
    ],
)
def test_float_and_32_bit_values_follow_one_rule(values, wanted, word):  # U12
    pixels, conversions = decode_picture(saved(values, "TIFF"), "science.tif")
    assert pixels[0, :, 0].tolist() == wanted
    assert len(conversions) == 1
    assert word in conversions[0]


def test_a_hint_lets_a_large_jpeg_be_decoded_small():
    data = saved(np.full((800, 1200, 3), 99, np.uint8), "JPEG")
    picture = open_picture(data, "photo.jpg", at_least=90)
    assert picture.pixels.shape == (100, 150, 3)
    assert picture.size == (1200, 800)
    assert open_picture(data, "photo.jpg").pixels.shape == (800, 1200, 3)


# ── What is refused ──────────────────────────────────────────────────────────────────────────────────────────────


def test_an_empty_file():  # U1
    assert refusal(b"") == "E_EMPTY"


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_cut_short(kind):  # U2
    random = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    data = saved(random, kind)
    assert refusal(data[: len(data) // 2]) == "E_IMAGE_TRUNCATED"
    assert refusal(data[:16]) in ("E_IMAGE_TRUNCATED", "E_IMAGE_BAD")
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


@pytest.mark.parametrize("side", [100_000, 13_000])  # Pillow refuses the first and only warns at the second
def test_a_bomb_is_refused_before_it_is_decoded(side):  # U3, U4
    data = png(side, side, body=bytes(1000))
    tracemalloc.start()
    try:
        assert refusal(data) == "E_TOO_LARGE"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # as in production, where a warning stops nothing
            assert refusal(data) == "E_TOO_LARGE"
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_the_cap_is_25_megapixels_and_says_so():
    with pytest.raises(AelibError, match="5001 x 5000 pixels, at most 25 megapixels"):
        decode_picture(png(5001, 5000), "pic.png")
    assert refusal(b"\x89PNG\r\n\x1a\n" + bytes(MAX_BYTES)) == "E_TOO_LARGE"


def test_a_compressed_text_bomb():  # U5
    assert refusal(png(2, 2, body=bytes(6), extra=text_chunk(200))) == "E_IMAGE_BAD"


@pytest.mark.parametrize(
    "data",
    [
        b"<!doctype html><html></html>",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\x80\x04\x95\x0b\x00\x00\x00.",
        b"%PDF-1.7",
        b"%!PS-Adobe-3.0 EPSF-3.0",
        b"PK\x03\x04",
        b"BMW pictures, a list",
        b"\x00",
    ],
)
def test_what_is_no_picture_is_told_by_content(data):  # U13
    assert refusal(data) == "E_TYPE"


def test_nan_is_refused():
    assert refusal(saved(np.float32([[0, np.nan]]), "TIFF")) == "E_IMAGE_BAD"


@pytest.mark.parametrize("kind", FORMATS)
def test_damaged_bytes_give_a_picture_or_our_own_error(kind):
    random = np.random.default_rng(1)
    whole = np.frombuffer(saved(ramp(12, 12), kind), np.uint8)
    for _ in range(150):
        data = whole.copy()
        places = random.integers(0, len(data), random.integers(1, 8))
        data[places] = random.integers(0, 256, len(places))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Pillow grumbles about many of them
                pixels, _ = decode_picture(data.tobytes(), "mutant")
        except AelibError:
            continue
        assert pixels.dtype == np.uint8
        assert pixels.ndim == 3
        assert pixels.shape[2] in (1, 3)


# ── Fitting, PNG, grids ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
def test_a_picture_of_the_right_size_is_not_resampled(fit):
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    np.testing.assert_array_equal(fit_picture(image, 32, 3, fit), image.transpose(2, 0, 1))


def test_crop_keeps_the_middle_pad_adds_black_stretch_distorts():
    image = np.zeros((10, 30, 1), np.uint8)
    image[:, 10:20] = 200
    crop, pad, stretch = (fit_picture(image, 10, 1, fit) for fit in ("crop", "pad", "stretch"))
    assert crop.shape == pad.shape == stretch.shape == (1, 10, 10)
    assert (crop == 200).all()
    assert (pad[0, :3] == 0).all()
    assert (pad[0, -3:] == 0).all()
    assert pad[0, 5, 5] > 190
    assert stretch[0, :, 0].max() < 20
    assert stretch[0, :, 5].min() > 180


def test_channels_are_repeated_or_weighed():
    grey = np.full((8, 8, 1), 77, np.uint8)
    assert (fit_picture(grey, 16, 3, "crop") == 77).all()
    colour = np.full((8, 8, 3), (200, 100, 50), np.uint8)
    luma = fit_picture(colour, 8, 1, "crop")
    assert luma.shape == (1, 8, 8)
    assert luma[0, 0, 0] == round(0.299 * 200 + 0.587 * 100 + 0.114 * 50)


def test_shrinking_averages_instead_of_skipping():
    checkers = (np.indices((64, 64)).sum(0) % 2 * 255).astype(np.uint8)[:, :, None]
    assert np.abs(fit_picture(checkers, 8, 1, "crop").astype(int) - 127).max() <= 2


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 500), (500, 1), (3, 2)])
def test_extreme_shapes_fit(height, width):
    for fit in ("crop", "pad", "stretch"):
        assert fit_picture(np.full((height, width, 1), 9, np.uint8), 8, 3, fit).shape == (3, 8, 8)


@pytest.mark.parametrize("shape", [(1, 5, 4), (3, 5, 4), (5, 4), (5, 4, 3)])
def test_png_comes_back_enlarged_in_squares(shape):
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    pixels, _ = decode_picture(to_png(image, scale=3), "own.png")
    wanted = image.transpose(1, 2, 0) if shape[0] in (1, 3) else image.reshape(5, 4, -1)
    assert pixels.shape[:2] == (15, 12)
    for row in range(3):
        np.testing.assert_array_equal(pixels[row::3, row::3], wanted)


@pytest.mark.parametrize("image", [np.zeros((4, 4)), np.zeros((2, 1, 4, 4), np.uint8)])
def test_png_refuses_other_arrays(image):
    with pytest.raises(ValueError, match="uint8 pictures"):
        to_png(image)


def test_strip_lays_out_row_by_row():
    images = np.arange(1, 6, dtype=np.uint8)[:, None, None, None] * np.ones((5, 3, 2, 4), np.uint8)
    grid = strip(images, columns=3, gap=1, background=9)
    assert grid.shape == (3, 5, 14)
    assert grid.dtype == np.uint8
    assert grid[0, 0].tolist() == [1, 1, 1, 1, 9, 2, 2, 2, 2, 9, 3, 3, 3, 3]
    assert (grid[0, 2] == 9).all()
    assert grid[1, 4].tolist() == [4, 4, 4, 4, 9, 5, 5, 5, 5, 9, 9, 9, 9, 9]


def test_strip_with_few_pictures_is_narrow_and_with_none_refuses():
    assert strip(np.zeros((2, 1, 4, 4), np.float32), columns=8, gap=0).shape == (1, 4, 8)
    with pytest.raises(ValueError, match="at least one"):
        strip(np.zeros((0, 1, 4, 4)), columns=2)
