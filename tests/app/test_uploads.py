"""Odd and bad pictures through the uploaders of Noise and Paths: the right item by a stated rule, or one sentence."""

import io
import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from aelib.runs.folder import Run
from aelib.runs.weights import load_model

RUN = "digits-vae"
GREY = np.random.default_rng(5).integers(0, 256, (8, 8)).astype(np.uint8)


def file_of(image, kind: str = "PNG", **more) -> bytes:
    file = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(file, kind, **more)
    return file.getvalue()


def turned(by: int):
    exif = Image.Exif()
    exif[0x0112] = by
    return exif


def wide():
    """Black bars left and right of a square that is 8 x 8 blocks of 4 pixels."""
    return np.pad(GREY.repeat(4, axis=0).repeat(4, axis=1), ((0, 0), (9, 9)))


def clear_grey():
    """A grey picture whose lower half is transparent."""
    alpha = np.where(np.arange(8) < 4, 255, 0).astype(np.uint8)[:, None].repeat(8, axis=1)
    return Image.merge("LA", [Image.fromarray(GREY), Image.fromarray(alpha)])


def palette():
    image = Image.fromarray(np.where(GREY > 127, 1, 0).astype(np.uint8), "P")
    image.putpalette([10, 10, 10, 200, 200, 200])
    return image


COLOUR = np.stack([GREY, 255 - GREY, GREY // 2], axis=2)
LUMA = COLOUR @ [0.299, 0.587, 0.114]
DEEP = GREY.astype(np.uint16) * 257
SEVERAL = {"save_all": True, "append_images": [Image.fromarray(255 - GREY)]}
LAID = np.where(np.arange(8)[:, None] < 4, GREY, 255)

# What is uploaded, under which name; the item that it becomes; how far off it may be; what is said.
GOOD = {
    "another size": (file_of(wide()), "a.png", GREY, 60, "its middle square at 8 × 8|50 × 32 became 8 × 8"),
    "in colour": (file_of(COLOUR), "a.png", LUMA, 1, "colour became grey"),
    "U6 16 bits": (file_of(DEEP), "a.png", GREY, 0, "16-bit values divided by 257"),
    "U7 CMYK": (file_of(Image.new("CMYK", (8, 8), (0, 0, 0, 155)), "JPEG"), "a.jpg", np.full((8, 8), 100), 2, "CMYK"),
    "U8 palette": (file_of(palette()), "a.png", np.where(GREY > 127, 200, 10), 0, "palette"),
    "U9 transparent": (file_of(clear_grey()), "a.png", LAID, 0, "transparent parts laid on white"),
    "U10 turned by EXIF": (file_of(GREY, exif=turned(6)), "a.png", np.rot90(GREY, -1), 0, "turned upright"),
    "U11 animated": (file_of(GREY, "GIF", **SEVERAL), "a.gif", GREY, 0, "only the first"),
    "U11 pages": (file_of(GREY, "TIFF", **SEVERAL), "a.tif", GREY, 0, "only the first"),
    "U12 1 bit": (file_of(Image.fromarray(GREY > 127)), "a.png", 255 * (GREY > 127), 0, "1-bit"),
    "U12 floats": (file_of(GREY.astype(np.float32) / 255, "TIFF"), "a.tif", GREY, 0, "float"),
    "U14 another ending": (file_of(np.full((8, 8), 90, np.uint8), "JPEG"), "a.png", np.full((8, 8), 90), 1, ""),
}  # fmt: skip


def png_of_size(side: int) -> bytes:
    """A PNG that says it is this large and has no pixels to show for it."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def with_a_huge_text() -> bytes:
    text = PngInfo()
    text.add_text("k", "a" * 20_000_000, zip=True)
    return file_of(GREY, pnginfo=text)


BAD = {
    "U1 nothing": (b"", "empty"),
    "U2 cut short": (file_of(np.random.default_rng(1).integers(0, 255, (90, 90), np.uint8))[:2000], "cut short"),
    "U3 bomb": (png_of_size(100_000), "too large"),
    "U4 quiet bomb": (png_of_size(13_000), "too large"),
    "U5 bomb of text": (with_a_huge_text(), "cannot be decoded|too large"),
    "U13 HTML": (b"<html><body>no picture</body></html>", "no picture|not a picture"),
    "U13 pickle": (b"\x80\x04\x95\x0c\x00\x00\x00\x00\x00\x00\x00}\x94.", "no picture|not a picture"),
}


def upload(at, lab: str, data: bytes, name: str):
    return at.file_uploader(key="noise-upload" if lab == "noise" else "upload-A").set_value((name, data, "")).run()


@pytest.mark.parametrize("lab", ["noise", "paths"])
@pytest.mark.parametrize("kind", GOOD)
def test_an_odd_picture_becomes_the_item_that_is_said(kind, lab, runs, open_page, component, words):
    from aelib.pictures import decode_picture, fit_picture
    from ui import drawn

    data, name, wanted, off, said = GOOD[kind]
    at = upload(open_page(lab, run=RUN, source="upload", a="picture"), lab, data, name)
    assert not at.exception
    assert not at.error
    assert any(part in words(at) for part in said.split("|"))
    item = fit_picture(decode_picture(data, name)[0], 8, 1, "crop")
    assert np.abs(item[0] - wanted.astype(float)).max() <= off
    if lab == "noise":
        np.testing.assert_array_equal(drawn.item(RUN, component(at)["question"]["picture"], "crop"), item)
    else:
        with torch.inference_mode():
            code = load_model(Run(runs / RUN)).encode(torch.from_numpy(item[None] / np.float32(255))).codes[0]
        np.testing.assert_allclose(component(at)["a"]["code"], code, atol=1e-4)


@pytest.mark.parametrize("lab", ["noise", "paths"])
@pytest.mark.parametrize("kind", BAD)
def test_a_bad_picture_has_one_sentence_and_the_page_stands(kind, lab, runs, open_page, words):
    data, said = BAD[kind]
    at = upload(open_page(lab, run=RUN, source="upload", a="picture"), lab, data, "mine.png")
    assert not at.exception
    (error,) = at.error
    assert any(part in error.value for part in said.split("|"))
    assert "Traceback" not in words(at)
    if lab == "paths":
        assert "A is item" in words(at), "an item stands there until a picture can be read"
    at = upload(at, lab, file_of(GREY), "good.png")
    assert not at.error
    assert not at.exception


def test_a_grey_picture_for_items_in_colour_is_said(trained_in_colour, runs, copy_of, open_page, words):
    run = copy_of(trained_in_colour)
    for lab in ("noise", "paths"):
        at = upload(open_page(lab, run=run.id, source="upload", a="picture"), lab, file_of(GREY), "mine.png")
        assert not at.exception
        assert "grey was repeated in three channels" in words(at)
