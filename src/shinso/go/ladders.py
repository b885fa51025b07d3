"""Ladders: whether a chain is caught by one atari after another.

The hunter must leave the chain one liberty with each move, and the chain extends there or captures
stones that touch it. It has escaped with three liberties on the hunter's turn or two on its own,
or where a simple ko forbids to take it; superko is not looked at. Every line is read to its end,
but no more than `MOST_POSITIONS` of them: a chain that takes more to catch is not called caught.

`board` is an element of an array of BOARD and stays as it is; a cell is one of its cells.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shinso.go.compiled import compiled
from shinso.go.rules import (
    BLACK,
    BOARD,
    CELLS,
    NOWHERE,
    WHITE,
    BoardRecord,
    contains,
    find_liberties,
    is_legal,
    neighbours,
    play,
    survives,
)

MOST_POSITIONS = 1000  # of a reading; a plain ladder across a 19x19 board takes 95
MOST_ANSWERS = 8  # of a chain in atari: its last liberty, and captures


@compiled
def is_caught(board: BoardRecord, cell: int) -> bool:
    """Whether the chain at a cell is caught if the other colour moves next."""
    hunter = 3 - board.colour[cell]
    after = np.empty(1, BOARD)
    after[0] = board
    if hunter != board.to_play:  # he moves twice, and no ko forbids that
        after[0].to_play = hunter
        after[0].ko = NOWHERE
    return _caught(after, cell, np.full(1, MOST_POSITIONS))


@compiled
def captures_in_ladder(board: BoardRecord, cell: int) -> bool:
    """Whether a legal move of who is to play gives atari to a chain of two liberties that is then
    caught."""
    hunted = 3 - board.to_play
    liberties = np.empty(3, np.int16)
    for beside in neighbours(board, cell):
        if board.colour[beside] == hunted and find_liberties(board, beside, liberties) == 2:
            after = np.empty(1, BOARD)
            after[0] = board
            play(after[0], cell, board.to_play)
            if _caught(after, beside, np.full(1, MOST_POSITIONS)):
                return True
    return False


@compiled
def escapes_ladder(board: BoardRecord, cell: int) -> bool:
    """Whether a move of who is to play, legal and no suicide, saves a chain of his that is in atari
    by extending it or by a capture: it is not caught after it."""
    colour = board.to_play
    if not _touches_atari(board, cell):
        return False
    after = np.empty(1, BOARD)
    after[0] = board
    play(after[0], cell, colour)
    for stone in range(CELLS):
        is_head = board.colour[stone] == colour and board.chain[stone] == stone
        if (
            is_head
            and in_atari(board, stone)
            and not _caught(after, stone, np.full(1, MOST_POSITIONS))
        ):
            return True
    return False


@compiled
def _caught(boards: NDArray[np.void], prey: int, left: NDArray[np.int64]) -> bool:
    """Whether the chain at `prey` is caught, whoever is to play; `left` (1,) positions may still be
    looked at. `boards` (1,) is an array because it keeps its memory while it is an argument, which
    an element of it would not."""
    board = boards[0]
    hunting = board.to_play != board.colour[prey]
    moves = np.empty(MOST_ANSWERS, np.int16)
    count = find_liberties(board, prey, moves[:3])
    if hunting and count == 1:
        return is_legal(board, moves[0], board.to_play)
    if count > 2 or (count == 2 and not hunting):
        return False
    if not hunting:
        count = add_captures(board, prey, moves, count)
    for move in moves[:count]:
        if is_legal(board, move, board.to_play) and survives(board, move, board.to_play):
            left[0] -= 1
            if left[0] < 0:
                return False
            after = np.empty(1, BOARD)
            after[0] = board
            play(after[0], move, board.to_play)
            if _caught(after, prey, left) == hunting:
                return hunting
    return not hunting


@compiled
def add_captures(board: BoardRecord, prey: int, moves: NDArray[np.int16], count: int) -> int:
    """Adds the moves that capture stones around a chain to the first `count` of `moves`, as many as
    it has room for; how many there are then."""
    liberty = np.empty(1, np.int16)
    stone = prey
    while count < moves.size:
        for beside in neighbours(board, stone):
            if board.colour[beside] == 3 - board.colour[prey] and in_atari(board, beside):
                find_liberties(board, beside, liberty)
                if count < moves.size and not contains(moves, count, liberty[0]):
                    moves[count] = liberty[0]
                    count += 1
        stone = board.next[stone]
        if stone == prey:
            break
    return count


@compiled
def _touches_atari(board: BoardRecord, cell: int) -> bool:
    """Whether a cell is the last liberty of a chain of either colour."""
    for beside in neighbours(board, cell):
        if board.colour[beside] in (BLACK, WHITE) and in_atari(board, beside):
            return True
    return False


@compiled
def in_atari(board: BoardRecord, cell: int) -> bool:
    """Whether the chain at a cell has one liberty left."""
    return find_liberties(board, cell, np.empty(2, np.int16)) == 1
