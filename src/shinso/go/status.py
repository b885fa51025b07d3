"""Which stones are dead when a game has ended: those whose points random play gives to the other
colour more often than to theirs.

Light playouts fill no eyes, so that what has two lives through all of them. It is an estimate, and
one that misjudges a seki: who wants to be sure plays until nothing is in doubt.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shinso.go.area import area_score
from shinso.go.board import Board
from shinso.go.compiled import compiled
from shinso.go.playout import playout
from shinso.go.rules import BLACK, BOARD, CELLS, EMPTY, WHITE, BoardRecord, cell_of

PLAYOUTS = 256


def dead_stones(board: Board) -> list[list[int]]:
    """The chains that are dead, as lists of points. The same board gives the same answer."""
    owners = np.zeros(board.size**2, np.int64)
    count_owners(board.record, np.zeros(1, np.uint64), PLAYOUTS, owners)
    stones = board.stones.ravel()
    dead, seen = [], set()
    for point in np.flatnonzero(stones).tolist():
        if point not in seen:
            chain = board.chain(point)
            seen.update(chain)
            balance = owners[chain].sum()  # above 0 for Black
            if (balance if stones[point] == BLACK else -balance) < 0:
                dead.append(chain)
    return dead


def final_score(board: Board) -> float:
    """Black's area less White's and komi, once dead stones are taken away."""
    settled = board.copy()
    for chain in dead_stones(board):
        for point in chain:
            settled.clear(point)
    return settled.area_score()


@compiled
def count_owners(
    board: BoardRecord, random: NDArray[np.uint64], playouts: int, owners: NDArray[np.int64]
) -> None:
    """Adds to `owners` (size * size,), for each playout from a board, 1 where a point is Black's
    at its end and -1 where it is White's. `random` (1,) is the state of the generator."""
    workspace = np.empty(1, BOARD)
    reached = np.empty(CELLS, np.int8)
    for _ in range(playouts):
        workspace[0] = board
        playout(workspace[0], random)
        area_score(workspace[0], reached)
        for point in range(owners.size):
            owner = reached[cell_of(board, point)]
            if owner != EMPTY:
                owners[point] += int(owner == BLACK) - int(owner == WHITE)
