"""The last positions of a game, which networks are shown beside the one on the board.

`recent` (KEPT, size * size) int8 has the colours of each, the newest first. Before its first move
a game is taken to have stood as it began: empty, or with its handicap.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shinso.go.compiled import compiled
from shinso.go.rules import BoardRecord, cell_of

KEPT = 8  # AlphaGo tells 8 ages of stones apart, AlphaGo Zero looks at 8 positions


@compiled
def begin(recent: NDArray[np.int8], board: BoardRecord) -> None:
    """A game that begins with what is on the board."""
    for ago in range(KEPT):
        _copy(recent[ago], board)


@compiled
def remember(recent: NDArray[np.int8], board: BoardRecord) -> None:
    """The board after one more move or pass."""
    for ago in range(KEPT - 1, 0, -1):
        recent[ago] = recent[ago - 1]
    _copy(recent[0], board)


@compiled
def _copy(stones: NDArray[np.int8], board: BoardRecord) -> None:
    for point in range(stones.size):
        stones[point] = board.colour[cell_of(board, point)]
