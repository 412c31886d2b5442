"""Pictures in and out: safe decoding of any bytes, fitting to one size, PNG and grids for the screen."""

import io
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image, ImageOps

from aelib.errors import AelibError

MAX_PIXELS = 25_000_000  # Pillow only warns up to 89 million pixels and decodes up to 178 million
MAX_BYTES = 200_000_000  # of one file: 25 megapixels of 16-bit colour need 150 MB
Fit = Literal["crop", "pad", "stretch"]

_BACKGROUND = (255, 255, 255, 255)  # what transparent parts are laid on
_ORIENTATION = 0x0112  # the EXIF tag; 1 is upright
_BITS_PER_SAMPLE = 258  # the TIFF tag
_MAGIC = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
}


@dataclass(frozen=True)
class Picture:
    """A decoded picture.

    Attributes:
        pixels: uint8 (height, width, 1) for grey or (height, width, 3) for RGB.
        conversions: What was done to get there, in words; empty for plain 8-bit grey or RGB.
        size: (width, height) as stored in the file, before it was turned upright.
    """

    pixels: np.ndarray
    conversions: list[str]
    size: tuple[int, int]


def picture_kind(head: bytes) -> str:
    """The format that the first 16 bytes say: PNG, JPEG, BMP, TIFF, WEBP or GIF, else an empty text."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[:2] == b"BM" and head[6:10] == b"\0\0\0\0":  # two letters alone would match ordinary text
        return "BMP"
    return next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), "")


def decode_picture(data: bytes, name: str) -> tuple[np.ndarray, list[str]]:
    """Decode one picture by its content, whatever it is called.

    Args:
        data: The whole file.
        name: What to call it in errors.

    Returns:
        uint8 (height, width, 1) or (height, width, 3), and the conversions made, in words.

    Raises:
        AelibError: ``E_EMPTY``, ``E_TYPE`` (no PNG, JPEG, BMP, TIFF, WEBP or GIF), ``E_TOO_LARGE``,
            ``E_IMAGE_TRUNCATED`` or ``E_IMAGE_BAD``.
    """
    picture = open_picture(data, name)
    return picture.pixels, picture.conversions


def open_picture(data: bytes, name: str, at_least: int = 0) -> Picture:
    """Like ``decode_picture``, and tells the stored size.

    Args:
        data: The whole file.
        name: What to call it in errors.
        at_least: When above 0, a JPEG may be decoded at 1/2, 1/4 or 1/8 of its size as long as both sides
            keep this many pixels: quicker by far for a photo that ends as 32 x 32 pixels.
    """
    kind = _known_kind(data, name)
    try:
        with Image.open(io.BytesIO(data), formats=(kind,)) as image:
            size = image.size
            _refuse_large(size, name)
            if at_least:
                image.draft(None, (at_least, at_least))  # type: ignore[arg-type]  # None keeps the mode
            several = getattr(image, "is_animated", False)
            image.load()
            pixels, conversions = _pixels(image, kind, data)
    except AelibError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(name, str(error)) from None
    except Exception as error:  # on hostile bytes Pillow raises almost anything: struct.error, KeyError, SyntaxError
        raise _unreadable(error, kind, data, name) from None
    first = ["only the first of several frames or pages was taken"] if several else []
    return Picture(pixels, first + conversions, size)


def fit_picture(array: np.ndarray, size: int, channels: int, fit: Fit) -> np.ndarray:
    """Bring a picture to ``size`` x ``size`` pixels; one that has this size already is not resampled.

    Args:
        array: uint8 (height, width, 1) or (height, width, 3).
        size: Wanted height and width.
        channels: 1 (colour becomes luma, ITU-R BT.601) or 3 (grey is repeated).
        fit: ``crop`` keeps the middle square, ``pad`` adds black bars, ``stretch`` distorts.

    Returns:
        uint8 (channels, size, size), resampled with an anti-aliased bicubic filter.
    """
    image = Image.fromarray(array[:, :, 0] if array.shape[2] == 1 else array)
    image = image.convert("L" if channels == 1 else "RGB")
    wanted, bicubic = (size, size), Image.Resampling.BICUBIC
    if image.size != wanted:
        if fit == "crop":
            image = ImageOps.fit(image, wanted, bicubic)
        elif fit == "pad":
            image = ImageOps.pad(image, wanted, bicubic)
        else:
            image = image.resize(wanted, bicubic)
    pixels = np.asarray(image, dtype=np.uint8).reshape(size, size, channels)
    return np.ascontiguousarray(pixels.transpose(2, 0, 1))


def to_png(image: np.ndarray, scale: int = 1) -> bytes:
    """A picture as the bytes of a PNG file.

    Args:
        image: uint8 (channels, height, width) with 1 or 3 channels, (height, width), or (height, width, 3);
            where both the first and the last are 1 or 3, the first is taken for the channels.
        scale: Whole-number enlargement; each pixel becomes a square, nothing is smoothed.
    """
    if image.dtype != np.uint8 or image.ndim not in (2, 3):
        raise ValueError(f"to_png takes uint8 pictures of 2 or 3 axes, not {image.dtype} {image.shape}")
    if image.ndim == 3 and image.shape[0] in (1, 3):
        image = image.transpose(1, 2, 0)
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[:, :, 0]
    image = np.ascontiguousarray(image.repeat(scale, axis=0).repeat(scale, axis=1))
    file = io.BytesIO()
    Image.fromarray(image).save(file, format="PNG")
    return file.getvalue()


def strip(images: np.ndarray, columns: int, gap: int = 1, background: int = 0) -> np.ndarray:
    """Lay pictures out as a grid, row by row.

    Args:
        images: (n, channels, height, width), n at least 1.
        columns: Pictures in a row; fewer when there are fewer pictures.
        gap: Pixels between neighbours; none around the edge.
        background: The value between pictures and in empty places.

    Returns:
        (channels, rows x (height + gap) - gap, columns x (width + gap) - gap), of the same type.
    """
    n, channels, height, width = images.shape
    if not n or columns < 1:
        raise ValueError(f"strip needs at least one picture and one column, got {n} and {columns}")
    columns = min(columns, n)
    rows = -(-n // columns)
    tall, wide = height + gap, width + gap
    grid = np.full((channels, rows * tall - gap, columns * wide - gap), background, images.dtype)
    for place, image in enumerate(images):
        top, left = place // columns * tall, place % columns * wide
        grid[:, top : top + height, left : left + width] = image
    return grid


def _known_kind(data: bytes, name: str) -> str:
    if not data:
        raise AelibError("E_EMPTY", f"{name!r} is empty", "the file has 0 bytes", "Save or copy it again")
    kind = picture_kind(data[:16])
    if not kind:
        raise AelibError(
            "E_TYPE",
            f"{name!r} is not a picture",
            "its content is none of PNG, JPEG, BMP, TIFF, WEBP and GIF",
            "Save it as PNG or JPEG",
        )
    if len(data) > MAX_BYTES:
        raise _too_large(name, f"{len(data) / 1e6:.0f} MB, at most {MAX_BYTES / 1e6:.0f} MB are read")
    return kind


def _refuse_large(size: tuple[int, int], name: str) -> None:
    if size[0] * size[1] > MAX_PIXELS:
        limit = f"at most {MAX_PIXELS // 1_000_000} megapixels are decoded"
        raise _too_large(name, f"{size[0]} x {size[1]} pixels, {limit}")


def _too_large(name: str, why: str) -> AelibError:
    return AelibError("E_TOO_LARGE", f"{name!r} is too large", why, "Make it smaller first")


def _unreadable(error: Exception, kind: str, data: bytes, name: str) -> AelibError:
    """Tell a file that was cut short from one that is damaged in another way."""
    # A WEBP says its own length in the header; of the others Pillow says that data were missing.
    short = len(data) < 8 + int.from_bytes(data[4:8], "little") if kind == "WEBP" else "truncated" in str(error).lower()
    if short or isinstance(error, EOFError):
        return AelibError(
            "E_IMAGE_TRUNCATED",
            f"{name!r} is cut short",
            f"the {kind} picture ends too early",
            "Copy the file again",
        )
    reason = " ".join(str(error).split())[:120] or type(error).__name__
    return AelibError(
        "E_IMAGE_BAD",
        f"{name!r} cannot be decoded",
        f"damaged {kind} ({reason})",
        "Copy it again or leave it out",
    )


def _pixels(image: Image.Image, kind: str, data: bytes) -> tuple[np.ndarray, list[str]]:
    """A loaded picture as uint8 (height, width, 1 or 3), and what was done, in words."""
    done = []
    if image.getexif().get(_ORIENTATION, 1) in range(2, 9):
        image = ImageOps.exif_transpose(image)
        done.append("turned upright as its EXIF data say")
    if image.mode.startswith(("I", "F")):
        pixels, words = _deep_grey(image, kind)
        return pixels[:, :, None], [*done, words]
    if image.mode == "RGB" and _stored_deep(image, kind, data):
        done.append("16-bit colour reduced to its upper 8 bits")
    image, words = _plain(image)
    pixels = np.asarray(image, dtype=np.uint8)
    return (pixels if image.mode == "RGB" else pixels[:, :, None]), done + words


def _plain(image: Image.Image) -> tuple[Image.Image, list[str]]:
    """Any 8-bit or 1-bit mode as L or RGB."""
    mode, done = image.mode, []
    wanted = "L" if mode in ("1", "L", "LA", "La") else "RGB"
    if mode == "1":
        done.append("1-bit black and white became 0 and 255")
    elif mode in ("P", "PA"):
        done.append("palette replaced by its colours")
    elif mode in ("CMYK", "YCbCr", "HSV", "LAB", "RGBX"):
        done.append(f"{mode} turned into RGB")
    if mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        layer = (image.convert("LA") if mode == "La" else image).convert("RGBA")
        if layer.getextrema()[3][0] < 255:  # type: ignore[index]
            image = Image.alpha_composite(Image.new("RGBA", layer.size, _BACKGROUND), layer)
            done.append("transparent parts laid on white")
        else:
            image = layer
    image.info.pop("transparency", None)  # dealt with; convert() would only warn about it
    return image.convert("RGB").convert(wanted) if image.mode == "RGBA" else image.convert(wanted), done


def _deep_grey(image: Image.Image, kind: str) -> tuple[np.ndarray, str]:
    """16-bit, 32-bit and float grey as uint8, by stated rules; Pillow's ``convert`` would clip at 255."""
    values, key = np.asarray(image).astype(np.float64), image.info.get("transparency")
    if isinstance(key, int):  # the one transparent grey of a PNG, laid on white like every other transparency
        values[values == key] = 65535.0
    if not np.isfinite(values).all():
        raise ValueError("it holds NaN or infinity")
    low, high = values.min(), values.max()
    if image.mode.startswith("I;16") or kind == "PNG":
        tops, words = (65535.0,), "16-bit values divided by 257"
    else:
        tops = (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0)
        words = "float or 32-bit values scaled from the smallest of 0..1, 0..255 and 0..65535 that holds them"
    top = next((top for top in tops if low >= 0 and high <= top), None)
    if top is None:
        values, top = values - low, (high - low) or 1.0
        words = "float or 32-bit values stretched from their own minimum and maximum"
    return np.rint(values * (255.0 / top)).astype(np.uint8), words


def _stored_deep(image: Image.Image, kind: str, data: bytes) -> bool:
    """Whether an RGB picture had 16 bits per channel in the file; Pillow keeps only the upper 8."""
    if kind == "PNG":
        return data[24] == 16  # the bit depth in the IHDR chunk
    bits = getattr(image, "tag_v2", {}).get(_BITS_PER_SAMPLE, (8,))
    return max(bits) > 8
