"""A contact sheet: what a set of images looks like, a row a class."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shinso.data.images import ImageSplit

MOST_CLASSES = 40
COLUMNS = 12
CELL = 64  # pixels
GAP = 4

Pixels = NDArray[np.uint8]


def contact_sheet(split: ImageSplit, classes: int) -> Pixels:
    """The first COLUMNS images of each class, fitted into squares: (height, width, 3) uint8."""
    rows = min(classes, MOST_CLASSES)
    step = CELL + GAP
    sheet = np.full((rows * step + GAP, COLUMNS * step + GAP, 3), 255, dtype=np.uint8)
    for row in range(rows):
        for column, index in enumerate(np.flatnonzero(split.labels == row)[:COLUMNS].tolist()):
            top, left = GAP + row * step, GAP + column * step
            sheet[top : top + CELL, left : left + CELL] = _square(split.image(index))
    return sheet


def _square(image: NDArray[Any]) -> Pixels:
    """Scaled to fit, on light grey; small images are enlarged with their pixels kept sharp."""
    picture = Image.fromarray(image).convert("RGB")
    scale = CELL / max(picture.size)
    method = Image.Resampling.NEAREST if scale > 1 else Image.Resampling.BILINEAR
    width, height = (max(1, round(side * scale)) for side in picture.size)
    square = Image.new("RGB", (CELL, CELL), (238, 238, 238))
    square.paste(
        picture.resize((width, height), method), ((CELL - width) // 2, (CELL - height) // 2)
    )
    return np.asarray(square)
