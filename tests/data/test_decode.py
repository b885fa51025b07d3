from __future__ import annotations

import io
import random
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from shinso.core.errors import UserError
from shinso.data.decode import image_size, read_image
from tests.data.conftest import image_bytes


def saved(image: Image.Image, kind: str, **options) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF"])
def test_every_format_gives_its_pixels(tmp_path, kind):
    options = {"lossless": True} if kind == "WEBP" else {}
    path = tmp_path / "red."
    path.write_bytes(image_bytes((250, 10, 20), kind=kind, **options))
    pixels = read_image(path)
    assert pixels.shape == (4, 6, 3) and pixels.dtype == np.uint8 and pixels.flags.writeable
    assert np.abs(pixels.astype(int) - (250, 10, 20)).max() <= (4 if kind == "JPEG" else 0)
    assert image_size(path) == (4, 6)


def test_grey_stays_grey():
    assert read_image(image_bytes(77, mode="L")).tolist() == [[77] * 6] * 4
    assert read_image(image_bytes(1, mode="1")).tolist() == [[255] * 6] * 4


def test_a_palette_becomes_colour():
    image = Image.new("P", (2, 1))
    image.putpalette([0, 0, 0, 200, 100, 50])
    image.putpixel((1, 0), 1)
    assert read_image(saved(image, "PNG")).tolist() == [[[0, 0, 0], [200, 100, 50]]]


def test_transparency_is_laid_on_white():
    half = image_bytes((200, 0, 0, 128), size=(1, 1), mode="RGBA")
    # 200 * 128/255 + 255 * 127/255 = 227.4 and 255 * 127/255 = 127
    assert read_image(half).tolist() == [[[227, 127, 127]]]
    grey = image_bytes((0, 0), size=(1, 1), mode="LA")
    assert read_image(grey).tolist() == [[255]]
    palette = Image.new("P", (2, 1))
    palette.putpalette([9, 9, 9, 200, 100, 50])
    palette.putpixel((1, 0), 1)
    clear = saved(palette, "PNG", transparency=0)
    assert read_image(clear).tolist() == [[[255, 255, 255], [200, 100, 50]]]


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bits_are_scaled_to_8(kind):
    values = np.array([[0, 257, 32_768, 65_535]], np.uint16)
    assert read_image(saved(Image.fromarray(values), kind)).tolist() == [[0, 1, 128, 255]]


def test_wider_pixels_are_refused():
    with pytest.raises(UserError, match="32-bit pixels"):
        read_image(saved(Image.fromarray(np.array([[70_000]], np.int32)), "TIFF"), "deep.tif")
    with pytest.raises(UserError, match="floating-point pixels"):
        read_image(saved(Image.fromarray(np.array([[0.5]], np.float32)), "TIFF"), "deep.tif")


def test_cmyk_becomes_colour():
    pixels = read_image(image_bytes((0, 255, 255, 0), mode="CMYK", kind="JPEG"))
    assert pixels.shape == (4, 6, 3)
    assert pixels[0, 0, 0] > 200 and pixels[0, 0, 1:].max() < 60  # red


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_the_picture_upright(orientation):
    upright = np.array([[10, 20, 30], [40, 50, 60]], np.uint8)
    # How the sensor stores it, from the table of EXIF 2.3, section 4.6.4 (tag 274).
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.T,
        6: np.rot90(upright, 1),
        7: upright.T[::-1, ::-1],
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[274] = orientation
    content = saved(Image.fromarray(np.ascontiguousarray(stored)), "PNG", exif=exif)
    assert read_image(content).tolist() == upright.tolist()


def test_the_first_frame_of_an_animation_is_read():
    frames = [Image.new("RGB", (2, 2), colour) for colour in ("red", "blue")]
    content = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert read_image(content)[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "x.png is empty"),
        (b"no image at all", "x.png is no image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "x.png is no image"),
    ],
)
def test_what_is_no_image_is_refused_by_name(tmp_path, content, message):
    path = tmp_path / "x.png"
    path.write_bytes(content)
    with pytest.raises(UserError, match=message):
        read_image(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"gone.png: no such file"):
        read_image(tmp_path / "gone.png")
    for name in (tmp_path, "/dev/zero"):
        with pytest.raises(UserError, match=f"{name} is no file"):
            read_image(name)
    with pytest.raises(UserError, match="null byte"):
        read_image("a\0b")
    with (tmp_path / "large.png").open("wb") as file:
        file.truncate((1 << 30) + 1)
    with pytest.raises(UserError, match=r"large.png is larger than 1.1 GB"):
        read_image(tmp_path / "large.png")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF"])
def test_damage_is_an_error_in_words_and_never_a_traceback(kind):
    noise = np.random.default_rng(0).integers(0, 256, (40, 30, 3), np.uint8)
    whole = saved(Image.fromarray(noise), kind)
    with pytest.raises(UserError, match=r"^broken is (damaged|no image)"):
        read_image(whole[: len(whole) // 2], "broken")
    dice = random.Random(kind)
    for _ in range(150):  # flipped bytes may still decode, but nothing else may come out
        damaged = bytearray(whole)
        for _ in range(dice.choice([1, 3, 20])):
            damaged[dice.randrange(min(len(damaged), 400))] = dice.randrange(256)
        try:
            assert read_image(bytes(damaged), "broken").dtype == np.uint8
        except UserError as error:
            assert str(error).startswith("broken") and "\n" not in str(error)


def png_of_size(width: int, height: int) -> bytes:
    """The header of a PNG that declares a size, and hardly any pixels: a bomb."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        sum_ = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", sum_)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("size", [(20_001, 1), (1, 30_000), (60_000, 60_000), (19_000, 19_000)])
def test_a_decompression_bomb_is_refused_from_its_header(size):
    with pytest.raises(UserError, match=r"bomb.png (is .* pixels; at most|has more than)"):
        read_image(png_of_size(*size), "bomb.png")


def test_a_very_wide_image_is_read():
    pixels = read_image(image_bytes((1, 2, 3), size=(20_000, 30)))
    assert pixels.shape == (30, 20_000, 3) and (pixels == (1, 2, 3)).all()
