"""Area: what belongs to whom when all stones on the board are alive."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shinso.go.compiled import compiled
from shinso.go.rules import BLACK, BORDER, CELLS, EMPTY, WHITE, BoardRecord, neighbours


@compiled
def area_score(board: BoardRecord, reached: NDArray[np.int8]) -> int:
    """Black's points less White's: stones, and empty points from which one colour alone can be
    reached. All stones count as alive; no komi.

    Fills `reached` (CELLS,): a cell's stone, or the colours that an empty cell reaches, as
    BLACK | WHITE where both; 0 on the border.
    """
    for cell in range(CELLS):
        reached[cell] = board.colour[cell] if board.colour[cell] != BORDER else EMPTY
    changed = True
    while changed:
        changed = False
        for i in range(board.empty_count):
            cell = board.empties[i]
            colours = reached[cell]
            for beside in neighbours(board, cell):
                colours |= reached[beside]
            changed |= colours != reached[cell]
            reached[cell] = colours
    score = 0
    for cell in range(CELLS):
        score += int(reached[cell] == BLACK) - int(reached[cell] == WHITE)
    return score
