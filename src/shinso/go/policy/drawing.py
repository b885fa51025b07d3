"""A position as a picture: stones, the moves that were guessed, and the one that was made."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from shinso.go.rules import BLACK, EMPTY

STEP = 18  # pixels from line to line

WOOD, LINE = (222, 184, 120), (120, 92, 48)
STONES = {BLACK: (24, 24, 24), 3 - BLACK: (250, 250, 250)}
GUESS = np.array((0, 140, 60))
PLAYED = (210, 30, 30)

Pixels = NDArray[np.uint8]

_ACROSS = np.arange(STEP) - (STEP - 1) / 2
_DISTANCE = np.hypot(_ACROSS[:, None], _ACROSS[None])  # (STEP, STEP) from the middle of a point
_STONE, _DOT = _DISTANCE < STEP * 0.47, _DISTANCE < STEP * 0.14
_RING = _STONE & (_DISTANCE > STEP * 0.36)


def drawn(stones: NDArray[np.int8], guesses: Mapping[int, float], played: int) -> Pixels:
    """(size * STEP, size * STEP, 3) of stones (size, size). Guessed points are green, the more so
    the likelier; the point that was played has a red dot."""
    size = len(stones)
    pixels = np.full((size * STEP, size * STEP, 3), WOOD, np.uint8)
    middle = STEP // 2
    for line in range(middle, size * STEP, STEP):
        pixels[line, middle : size * STEP - middle] = LINE
        pixels[middle : size * STEP - middle, line] = LINE
    for point, colour in enumerate(stones.ravel().tolist()):
        if colour != EMPTY:
            _at(pixels, point, size)[_STONE] = STONES[colour]
    for point, share in guesses.items():
        deep = np.sqrt(share)
        _at(pixels, point, size)[_STONE] = (1 - deep) * np.array(WOOD) + deep * GUESS
        _at(pixels, point, size)[_RING] = GUESS
    _at(pixels, played, size)[_DOT] = PLAYED
    return pixels


def _at(pixels: Pixels, point: int, size: int) -> Pixels:
    """The part of a picture that is a point's."""
    row, column = divmod(point, size)
    return pixels[row * STEP : (row + 1) * STEP, column * STEP : (column + 1) * STEP]
