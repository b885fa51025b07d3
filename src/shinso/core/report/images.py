"""Pixels for the page: data addresses, and colours for the cells of a heat map."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shinso.core.exhibits import png

LARGEST_SIDE = 256  # pixels of a picture on the page; larger ones are stored in the run alone

Colours = tuple[tuple[int, int, int], ...]

# Colours from low to high. Both maps run evenly from dark to light, so that they survive printing
# in grey, and neither pairs red with green.
SEQUENTIAL: Colours = (
    (26, 20, 60),
    (52, 58, 130),
    (34, 112, 152),
    (38, 161, 152),
    (122, 201, 120),
    (246, 231, 118),
)
DIVERGING: Colours = ((24, 66, 138), (88, 144, 200), (232, 236, 240), (226, 142, 92), (150, 52, 28))
GAP = (128, 128, 136)


def data_address(content: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def picture_address(pixels: NDArray[Any]) -> str:
    """A PNG of uint8 pixels, shrunk where a side is longer than LARGEST_SIDE."""
    if max(pixels.shape[:2]) > LARGEST_SIDE:
        from PIL import Image

        image = Image.fromarray(pixels)
        image.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
        pixels = np.asarray(image)
    return data_address(png(pixels))


def coloured(heights: NDArray[Any], colours: Colours) -> NDArray[np.uint8]:
    """Values in [0, 1], nan for a gap, to colours: (rows, columns) to (rows, columns, 3)."""
    stops = np.linspace(0, 1, len(colours))
    channels = np.asarray(colours, dtype=float).T  # (3, stops)
    filled = np.nan_to_num(heights, nan=0.0)
    pixels = np.stack([np.interp(filled, stops, channel) for channel in channels], axis=-1)
    pixels[np.isnan(heights)] = GAP
    return pixels.round().astype(np.uint8)
