"""The rules of Go, compiled, on flat records: one structured block a board.

A board is an element of an array of dtype BOARD, so N boards are one (N,) array and a copy is one
assignment. Its points lie in a row of cells with a border between and around the lines, so that
the neighbours of a cell are at fixed distances and no edge is a special case:

    # # # #      size 3: a line of size + 1 cells begins with one of border, which also ends
    # 0 1 2      the line before; cell = (row + 1) * (size + 1) + column + 1
    # 3 4 5
    # 6 7 8      A point is row * size + column with row 0 at the top; size * size is a pass.
    # # # # #

A chain is known by one of its cells, its head. It counts pseudo-liberties, pairs of a stone of its
own and an empty neighbour: a liberty that touches two of its stones counts twice, and none are
left exactly when no liberty is. They are kept up to date by adding and subtracting 1, where true
liberties would have to be searched for; `find_liberties` does that for whoever needs them.

Rules: positional superko (no move may repeat a position of the game, whoever was to play; passes
are free) beside the simple ko, each board with its own choice of superko and suicide. Positions
are compared by 64-bit Zobrist hashes (Zobrist, A New Hashing Method with Application for Game
Playing, 1970), and a hit counts as a repetition: that two of a game's n positions agree by chance
has a probability of n^2 / 2^65, 10^-14 for 600.

These functions trust their callers: cells are on the board, moves legal. `Board` checks.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shinso.data.sgf import BLACK, EMPTY, WHITE
from shinso.go.compiled import compiled

BORDER = BLACK | WHITE  # so that `&` over neighbours tells which colours they all are or may be
MIN_SIZE, MAX_SIZE = 2, 19
CELLS = (MAX_SIZE + 2) * (MAX_SIZE + 1) + 1
NOWHERE = 0  # a cell of the border: no ko there, and what counts as the chain of an empty point

BOARD = np.dtype(
    [
        ("hash", "u8"),  # Zobrist, of the stones alone
        ("size", "i2"),
        ("suicide", "i2"),  # whether it is allowed
        ("superko", "i2"),  # whether it is in force
        ("to_play", "i2"),
        ("passes", "i2"),  # at the end of the moves so far
        ("ko", "i2"),  # the cell that `to_play` may not retake, or NOWHERE
        ("captures", "i4", 3),  # stones taken, by the colour that took them
        ("positions", "i4"),  # of the game so far, see `note`
        ("empty_count", "i2"),
        ("empties", "i2", CELLS),  # the empty cells in any order, `empty_count` of them
        ("slot", "i2", CELLS),  # where in `empties` an empty cell is
        ("colour", "i1", CELLS),
        ("chain", "i2", CELLS),  # head of a stone's chain
        ("next", "i2", CELLS),  # the next stone of the chain, in a ring
        ("stones", "i2", CELLS),  # of the chain, at its head
        ("liberties", "i2", CELLS),  # pseudo-liberties of the chain, at its head
    ],
    align=True,
)
BoardRecord: TypeAlias = Any  # an element of an array of BOARD
Past: TypeAlias = NDArray[np.uint64]  # hashes of the positions of a game, see `note`

_BITS = np.random.PCG64(19).random_raw(3 * CELLS).reshape(3, CELLS)  # by colour and cell
_BITS[EMPTY] = 0


# Cells ------------------------------------------------------------------------------------------


@compiled
def cell_of(board: BoardRecord, point: int) -> int:
    row = point // board.size
    return (row + 1) * (board.size + 1) + point - row * board.size + 1


@compiled
def point_of(board: BoardRecord, cell: int) -> int:
    row = cell // (board.size + 1) - 1
    return row * board.size + cell % (board.size + 1) - 1


@compiled
def neighbours(board: BoardRecord, cell: int) -> tuple[int, int, int, int]:
    line = board.size + 1
    return cell - 1, cell + 1, cell - line, cell + line


# Setting up -------------------------------------------------------------------------------------


@compiled
def clear(board: BoardRecord, size: int, suicide: bool, superko: bool) -> None:
    """An empty board, Black to play, that has noted no position yet."""
    board.size = size
    board.suicide = suicide
    board.superko = superko
    board.to_play = BLACK
    board.captures[:] = 0
    board.positions = 0
    _sweep(board)


@compiled
def arrange(board: BoardRecord, stones: NDArray[np.int8]) -> bool:
    """Lays out (size * size,) colours in place of what was there; who is to play and what was
    captured stay. Whether every chain has a liberty, without which it is no position."""
    _sweep(board)
    for point in range(stones.size):
        if stones[point] != EMPTY:
            _put(board, cell_of(board, point), stones[point])
    for point in range(stones.size):
        if stones[point] != EMPTY and board.liberties[board.chain[cell_of(board, point)]] == 0:
            return False
    return True


@compiled
def _sweep(board: BoardRecord) -> None:
    """Takes all stones off, and with them the ko and the passes."""
    board.hash = 0
    board.ko = NOWHERE
    board.passes = 0
    board.colour[:] = BORDER
    board.chain[:] = NOWHERE
    board.liberties[:] = 0
    board.empty_count = 0
    for point in range(board.size * board.size):
        cell = cell_of(board, point)
        board.colour[cell] = EMPTY
        _add_empty(board, cell)


@compiled
def _add_empty(board: BoardRecord, cell: int) -> None:
    board.empties[board.empty_count] = cell
    board.slot[cell] = board.empty_count
    board.empty_count += 1


# Stones and chains ------------------------------------------------------------------------------


@compiled
def _put(board: BoardRecord, cell: int, colour: int) -> None:
    """A stone on an empty cell, and one chain of it and its neighbours; captures nothing."""
    board.empty_count -= 1
    moved = board.empties[board.empty_count]
    board.empties[board.slot[cell]] = moved
    board.slot[moved] = board.slot[cell]

    board.hash ^= _BITS[colour, cell]
    board.colour[cell] = colour
    board.chain[cell] = cell
    board.next[cell] = cell
    board.stones[cell] = 1
    liberties = 0
    for beside in neighbours(board, cell):
        liberties += board.colour[beside] == EMPTY
        board.liberties[board.chain[beside]] -= 1
    board.liberties[cell] = liberties
    head = cell
    for beside in neighbours(board, cell):
        if board.colour[beside] == colour and board.chain[beside] != head:
            head = _join(board, board.chain[beside], head)


@compiled
def _breathe(board: BoardRecord, cell: int, change: int) -> None:
    """Gives the chains around a cell a pseudo-liberty there (1), or takes it (-1). Empty and
    border cells are of the chain NOWHERE, whose count nobody reads."""
    for beside in neighbours(board, cell):
        board.liberties[board.chain[beside]] += change


@compiled
def _join(board: BoardRecord, one: int, other: int) -> int:
    """Makes one chain of two: the smaller takes the larger's head, and their rings become one."""
    head, joined = (one, other) if board.stones[one] >= board.stones[other] else (other, one)
    board.stones[head] += board.stones[joined]
    board.liberties[head] += board.liberties[joined]
    cell = joined
    while True:
        board.chain[cell] = head
        cell = board.next[cell]
        if cell == joined:
            break
    board.next[head], board.next[joined] = board.next[joined], board.next[head]
    return head


@compiled
def _remove(board: BoardRecord, head: int) -> int:
    """Takes a chain off the board; how many stones it had."""
    colour = board.colour[head]
    cell = head
    while True:
        board.hash ^= _BITS[colour, cell]
        board.colour[cell] = EMPTY
        board.chain[cell] = NOWHERE
        _add_empty(board, cell)
        _breathe(board, cell, 1)
        cell = board.next[cell]
        if cell == head:
            break
    return board.stones[head]


@compiled
def find_liberties(board: BoardRecord, cell: int, found: NDArray[np.int16]) -> int:
    """The liberties of the chain at a cell, as cells, each once: how many were written to `found`,
    whose length is the most that are looked for."""
    count = 0
    stone = cell
    while True:
        for beside in neighbours(board, stone):
            if board.colour[beside] == EMPTY and not contains(found, count, beside):
                found[count] = beside
                count += 1
                if count == found.size:
                    return count
        stone = board.next[stone]
        if stone == cell:
            return count


# Moves ------------------------------------------------------------------------------------------


@compiled
def play(board: BoardRecord, cell: int, colour: int) -> int:
    """A legal move, by whoever; how many stones it captures of the other colour."""
    _put(board, cell, colour)
    captured = 0
    captured_at = NOWHERE
    for beside in neighbours(board, cell):
        if board.colour[beside] == 3 - colour and board.liberties[board.chain[beside]] == 0:
            captured += _remove(board, board.chain[beside])
            captured_at = beside
    board.captures[colour] += captured

    board.ko = NOWHERE
    head = board.chain[cell]
    if board.liberties[head] == 0:
        board.captures[3 - colour] += _remove(board, head)
    elif captured == 1 and board.stones[head] == 1 and board.liberties[head] == 1:
        board.ko = captured_at
    board.passes = 0
    board.to_play = 3 - colour
    return captured


@compiled
def play_pass(board: BoardRecord, colour: int) -> None:
    """A pass, by whoever."""
    board.ko = NOWHERE
    board.passes += 1
    board.to_play = 3 - colour


@compiled
def is_legal(board: BoardRecord, cell: int, colour: int) -> bool:
    """Whether a move is on an empty point, no ko and no forbidden suicide; superko apart."""
    if board.colour[cell] != EMPTY or (cell == board.ko and colour == board.to_play):
        return False
    return board.suicide != 0 or survives(board, cell, colour)


@compiled
def survives(board: BoardRecord, cell: int, colour: int) -> bool:
    """Whether a stone put on an empty cell would have a liberty, once it has captured."""
    for beside in neighbours(board, cell):
        if board.colour[beside] == EMPTY:
            return True
    _breathe(board, cell, -1)
    alive = False
    for beside in neighbours(board, cell):
        if board.colour[beside] != BORDER:
            has_liberty = board.liberties[board.chain[beside]] > 0
            alive |= has_liberty == (board.colour[beside] == colour)
    _breathe(board, cell, 1)
    return alive


# Positions that may not come again --------------------------------------------------------------


@compiled
def note(board: BoardRecord, past: Past) -> None:
    """Remembers the position as one of the game. `past` (M,) belongs to this board and holds its
    `positions` first hashes; raises IndexError where it is full."""
    if board.positions >= past.size:
        raise IndexError("the array of past positions is full")
    past[board.positions] = board.hash
    board.positions += 1


@compiled
def repeats(board: BoardRecord, cell: int, colour: int, past: Past) -> bool:
    """Whether superko forbids a move that is otherwise legal."""
    if not board.superko:
        return False
    return contains(past, board.positions, hash_after(board, cell, colour))


@compiled
def hash_after(board: BoardRecord, cell: int, colour: int) -> int:
    """The hash of the position that a move makes."""
    lost = 3 - colour if survives(board, cell, colour) else colour
    after = board.hash if lost == colour else board.hash ^ _BITS[colour, cell]
    around = neighbours(board, cell)
    _breathe(board, cell, -1)
    for i in range(4):
        head = board.chain[around[i]]
        if board.colour[around[i]] == lost and board.liberties[head] == 0:
            first = True  # of the neighbours that are of this chain
            for j in range(i):
                first &= board.chain[around[j]] != head
            if first:
                after ^= _bits_of(board, head)
    _breathe(board, cell, 1)
    return after


@compiled
def _bits_of(board: BoardRecord, head: int) -> int:
    """What a chain adds to the hash."""
    bits = _BITS[EMPTY, head]  # 0
    cell = head
    while True:
        bits ^= _BITS[board.colour[cell], cell]
        cell = board.next[cell]
        if cell == head:
            return bits


@compiled
def contains(values: NDArray[Any], count: int, value: int) -> bool:
    """Whether a value is among the first `count`. It never stops early, which is what lets the
    processor compare many at once."""
    found = False
    for i in range(count):
        found |= values[i] == value
    return found


@compiled
def legal_moves(board: BoardRecord, colour: int, past: Past, legal: NDArray[np.bool_]) -> None:
    """Fills `legal` (size * size + 1,): which points may be played; a pass always may."""
    legal[:] = False
    legal[board.size * board.size] = True
    for i in range(board.empty_count):
        cell = board.empties[i]
        legal[point_of(board, cell)] = is_legal(board, cell, colour) and not repeats(
            board, cell, colour, past
        )


# Many boards at once ----------------------------------------------------------------------------


@compiled
def play_each(boards: NDArray[np.void], points: NDArray[np.integer], past: Past) -> None:
    """One legal move on each of N boards of one size by whoever is to play there, noted.

    boards (N,) of BOARD, points (N,) with size * size for a pass, past (N, M), see `note`.
    """
    for i in range(boards.size):
        board = boards[i]
        if points[i] == board.size * board.size:
            play_pass(board, board.to_play)
        else:
            play(board, cell_of(board, points[i]), board.to_play)
            note(board, past[i])


@compiled
def legal_each(
    boards: NDArray[np.void], past: NDArray[np.uint64], legal: NDArray[np.bool_]
) -> None:
    """Fills `legal` (N, size * size + 1): what who is to play may play on each of N boards."""
    for i in range(boards.size):
        legal_moves(boards[i], boards[i].to_play, past[i], legal[i])
