"""One image file or its bytes to an array; damaged and oversized ones are refused by name.

Data sets and predictors read every image through here, so that both see the same pixels.
"""

from __future__ import annotations

import io
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from shinso.core.errors import UserError
from shinso.data.entry import format_bytes

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff")
MAX_BYTES = 1 << 30
MAX_SIDE = 20_000  # pixels
MAX_PIXELS = 178_956_970  # what Pillow, too, takes for a decompression bomb: half a GiB as RGB

# Only these decoders see untrusted bytes; a camera's MPO is read as the JPEG that it begins with.
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF")

_Array = np.ndarray[Any, np.dtype[np.uint8]]


def read_image(source: str | Path | bytes, name: str = "") -> _Array:
    """Decodes an image, upright as its EXIF says, transparency laid on white, 16 bits scaled to 8.

    Args:
        source: a path, or the bytes of a file, which errors then call `name`.

    Returns:
        uint8, (H, W) for greyscale and (H, W, 3) for colour. Of several frames or
        pages the first.

    Raises:
        UserError: it is missing, no image of a known format, damaged or too large.
    """
    content, name = _content(source, name)
    return image_pixels(_opened(content, name), name)


def image_pixels(image: Image.Image, name: str = "image") -> _Array:
    """What `read_image` gives, of a Pillow image; raises UserError where it is damaged."""
    try:
        with _quiet():
            return _pixels(ImageOps.exif_transpose(image), name)
    except UserError:
        raise
    except Exception as error:  # decoders raise a dozen kinds, from struct.error to KeyError
        raise UserError(f"{name} is damaged: {_said(error)}") from error


def image_size(source: str | Path | bytes, name: str = "") -> tuple[int, int]:
    """Height and width from the header alone, before EXIF turns it; raises like `read_image`."""
    width, height = _opened(*_content(source, name)).size
    return height, width


def is_grey(source: str | Path | bytes, name: str = "") -> bool:
    """Whether `read_image` gives (H, W), from the header alone; raises like it."""
    return _is_grey(_opened(*_content(source, name)))


def _is_grey(image: Image.Image) -> bool:
    return image.mode in ("1", "L", "LA", "La") or image.mode.startswith("I")


def _content(source: str | Path | bytes, name: str) -> tuple[bytes, str]:
    if isinstance(source, bytes):
        return source, name or "image"
    path, name = Path(source), name or str(source)
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise UserError(f"{name} is no file")
        if about.st_size > MAX_BYTES:
            raise UserError(f"{name} is larger than {format_bytes(MAX_BYTES)}; make it smaller")
        return path.read_bytes(), name
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise UserError(
            f"{name}: {(getattr(error, 'strerror', '') or str(error)).lower()}"
        ) from error


def _opened(content: bytes, name: str) -> Image.Image:
    """Reads the header and checks the size that it declares; no pixel is decoded yet."""
    if not content:
        raise UserError(f"{name} is empty")
    try:
        with _quiet():
            image = Image.open(io.BytesIO(content), formats=_FORMATS)
    except Image.DecompressionBombError:
        raise UserError(f"{name} has more than {MAX_PIXELS:,} pixels; make it smaller") from None
    except UnidentifiedImageError:
        raise UserError(
            f"{name} is no image that can be read, or a damaged one ({', '.join(_FORMATS)})"
        ) from None
    except Exception as error:
        raise UserError(f"{name} is damaged: {_said(error)}") from error
    _check_size(image, name)
    return image


def _check_size(image: Image.Image, name: str) -> None:
    width, height = image.size
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise UserError(
            f"{name} is {width} x {height} pixels; at most {MAX_SIDE:,} a side and "
            f"{MAX_PIXELS:,} in all are read"
        )


def _pixels(image: Image.Image, name: str) -> _Array:
    if image.mode.startswith("I"):
        return _from_16_bit(image, name)
    if image.mode == "F":
        raise UserError(f"{name} has floating-point pixels; save it with 8 or 16 bits")
    grey = _is_grey(image)
    if image.has_transparency_data:
        image = _on_white(image)
    return np.array(image.convert("L" if grey else "RGB"))


def _on_white(image: Image.Image) -> Image.Image:
    image = image.convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image)


def _from_16_bit(image: Image.Image, name: str) -> _Array:
    pixels = np.asarray(image).astype(np.int64)
    if pixels.min() < 0 or pixels.max() > 65_535:
        raise UserError(f"{name} has 32-bit pixels; save it with 8 or 16 bits")
    return ((pixels + 128) // 257).astype(np.uint8)  # 65,535 = 255 x 257; rounds to nearest


@contextmanager
def _quiet() -> Iterator[None]:
    """Without Pillow's warnings of large sizes, which have our own bound, and of odd metadata."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _said(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
