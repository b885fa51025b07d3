"""What networks are shown of a position: planes of 0 and 1, one value a point.

AlphaGo's 48 planes for policies, and a 49th for values (Silver et al., Mastering the game of Go
with deep neural networks and tree search, 2016, extended data table 2):

     0 -  2   stone colour           of who is to play, of the other, none
     3        ones
     4 - 11   turns since            the stone was played: 1, 2, ..., 8 or more
    12 - 19   liberties              of the stone's chain: 1, ..., 8 or more
    20 - 27   capture size           stones that a move here captures: 1, ..., 8 or more
    28 - 35   self-atari size        stones of one's own that it leaves with one liberty: likewise
    36 - 43   liberties after move   of the chain that it makes: likewise
    44        ladder capture         it catches a chain in a ladder
    45        ladder escape          it saves a chain from one
    46        sensibleness           it is legal and fills no eye of one's own
    47        zeros
    48        player colour          ones if Black is to play

Planes 20 to 46 tell of legal moves. A count of none is in no plane.

AlphaGo Zero's 17 (Silver et al., Mastering the game of Go without human knowledge, 2017, methods):
the stones of who is to play and of the other, now and after each of the 7 moves before, in turn;
then ones if Black is to play.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from shinso.go.compiled import compiled
from shinso.go.ladders import captures_in_ladder, escapes_ladder
from shinso.go.playout import is_eye
from shinso.go.positions import Positions
from shinso.go.recent import KEPT
from shinso.go.rules import (
    BLACK,
    BOARD,
    CELLS,
    EMPTY,
    BoardRecord,
    Past,
    cell_of,
    find_liberties,
    is_legal,
    play,
    point_of,
    repeats,
)

POLICY_PLANES, VALUE_PLANES = 48, 49  # AlphaGo's
ZERO_PLANES = 2 * KEPT + 1  # AlphaGo Zero's

MOST = 8  # larger counts are told as this one
OWN, OTHER, NONE, ONES, TURNS, LIBERTIES = 0, 1, 2, 3, 4, 12
CAPTURES, SELF_ATARI, LIBERTIES_AFTER = 20, 28, 36
LADDER_CAPTURE, LADDER_ESCAPE, SENSIBLE, BLACK_TO_PLAY = 44, 45, 46, 48

Planes = NDArray[Any]  # uint8 or float32


def alphago_planes(
    positions: Positions, planes: int = POLICY_PLANES, dtype: DTypeLike = np.uint8
) -> Planes:
    """(N, planes, size, size) of uint8 or float32: `POLICY_PLANES` or `VALUE_PLANES` of them."""
    size = positions.size
    filled = np.zeros((len(positions), planes, size * size), dtype)
    fill_alphago(positions.boards, positions.recent, positions.past, filled)
    return filled.reshape(len(positions), planes, size, size)


def alphago_zero_planes(positions: Positions, dtype: DTypeLike = np.uint8) -> Planes:
    """(N, 17, size, size) of uint8 or float32."""
    size = positions.size
    filled = np.zeros((len(positions), ZERO_PLANES, size * size), dtype)
    fill_alphago_zero(positions.boards, positions.recent, filled)
    return filled.reshape(len(positions), ZERO_PLANES, size, size)


@compiled
def fill_alphago_zero(boards: NDArray[np.void], recent: NDArray[np.int8], planes: Planes) -> None:
    """Fills `planes` (N, 17, size * size), which hold zeros."""
    for i in range(boards.size):
        colour = boards[i].to_play
        for ago in range(KEPT):
            for point in range(planes.shape[2]):
                stone = recent[i, ago, point]
                if stone != EMPTY:
                    planes[i, 2 * ago + (stone != colour), point] = 1
        planes[i, 2 * KEPT] = colour == BLACK


@compiled
def fill_alphago(
    boards: NDArray[np.void], recent: NDArray[np.int8], past: NDArray[np.uint64], planes: Planes
) -> None:
    """Fills `planes` (N, 48 or 49, size * size), which hold zeros."""
    for i in range(boards.size):
        planes[i, ONES] = 1
        _describe_stones(boards[i], recent[i], planes[i])
        _describe_moves(boards[i], past[i], planes[i])
        if planes.shape[1] > BLACK_TO_PLAY:
            planes[i, BLACK_TO_PLAY] = boards[i].to_play == BLACK


@compiled
def _describe_stones(board: BoardRecord, recent: NDArray[np.int8], planes: Planes) -> None:
    liberties = _liberty_counts(board)
    for point in range(planes.shape[1]):
        cell = cell_of(board, point)
        colour = board.colour[cell]
        if colour == EMPTY:
            planes[NONE, point] = 1
        else:
            planes[OWN if colour == board.to_play else OTHER, point] = 1
            _mark(planes, TURNS, _age(recent, point), point)
            _mark(planes, LIBERTIES, liberties[board.chain[cell]], point)


@compiled
def _liberty_counts(board: BoardRecord) -> NDArray[np.int16]:
    """(CELLS,): at the heads of chains their liberties, up to `MOST`."""
    counts = np.zeros(CELLS, np.int16)
    found = np.empty(MOST, np.int16)
    for point in range(board.size * board.size):
        cell = cell_of(board, point)
        if board.colour[cell] != EMPTY and board.chain[cell] == cell:
            counts[cell] = find_liberties(board, cell, found)
    return counts


@compiled
def _age(recent: NDArray[np.int8], point: int) -> int:
    """How many turns ago the stone at a point was played, up to `MOST`: 1 for the last move."""
    for ago in range(1, KEPT):
        if recent[ago, point] != recent[0, point]:
            return ago
    return MOST


@compiled
def _describe_moves(board: BoardRecord, past: Past, planes: Planes) -> None:
    colour = board.to_play
    found = np.empty(MOST, np.int16)
    afterwards = np.empty(1, BOARD)
    for i in range(board.empty_count):
        cell = board.empties[i]
        if not is_legal(board, cell, colour) or repeats(board, cell, colour, past):
            continue
        point = point_of(board, cell)
        planes[SENSIBLE, point] = not is_eye(board, cell, colour)
        planes[LADDER_CAPTURE, point] = captures_in_ladder(board, cell)
        afterwards[0] = board
        after = afterwards[0]
        _mark(planes, CAPTURES, play(after, cell, colour), point)
        if after.colour[cell] == colour:  # no suicide
            planes[LADDER_ESCAPE, point] = escapes_ladder(board, cell)
            count = find_liberties(after, cell, found)
            _mark(planes, LIBERTIES_AFTER, count, point)
            if count == 1:
                _mark(planes, SELF_ATARI, after.stones[after.chain[cell]], point)


@compiled
def _mark(planes: Planes, first: int, count: int, point: int) -> None:
    """Which of `MOST` planes tells of a count: 1 in the first of them, `MOST` or more in the last,
    0 in none."""
    if count > 0:
        planes[first + min(count, MOST) - 1, point] = 1
