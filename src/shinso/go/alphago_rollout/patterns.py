"""The patterns by which the rollout policy knows a move, as rows of its table of weights.

A cell's state is 3 bits: 0 empty, 1 to 3 one's own stone in a chain of 1, 2, 3 or more liberties,
4 to 6 the other's, 7 off the board. A legal move has up to five features, and a row for each:

    around     the states of the eight cells around it
    response   those of the twelve cells within two steps of the last move, if it is one of these
    place      that it is beside the last move, diagonal to it, or two steps off
    save       that it saves a chain which the last move left with one liberty
    nakade     in the hole that the last move's captures left: how many stones it took from there,
               and how many of them beside the move

All are the same for a position turned or mirrored. Patterns around and responses are told apart by
the smallest number that any way of looking at them gives, which a hash then sends to one of the
rows they share.

Source: Silver et al., Mastering the game of Go with deep neural networks and tree search, 2016,
methods, "rollout policy", and extended data table 4.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shinso.go.alphago_rollout.table import (
    AROUND,
    AROUND_ROWS,
    FEATURES,
    ILLEGAL,
    KINDS,
    LARGEST_NAKADE,
    NAKADE,
    NOTHING,
    PLACE,
    RESPONSE,
    RESPONSE_ROWS,
    SAVE,
    SMALLEST_NAKADE,
)
from shinso.go.compiled import compiled
from shinso.go.ladders import add_captures, in_atari
from shinso.go.positions import Positions
from shinso.go.rules import (
    BOARD,
    BORDER,
    CELLS,
    EMPTY,
    NOWHERE,
    BoardRecord,
    cell_of,
    contains,
    find_liberties,
    is_legal,
    neighbours,
    play,
    point_of,
)

MOST_LIBERTIES = 3
OFF_BOARD = 7
NEAR, DIAGONAL, FAR = 0, 1, 2
MOST_SAVES = 8  # of one chain
MOST_RESPONSES = 2 * 12 + 4 * MOST_SAVES + CELLS  # features that the last move can cause

States = NDArray[np.int64]  # (2, CELLS), as the colour row + 1 sees them


# States -----------------------------------------------------------------------------------------


@compiled
def fill_states(board: BoardRecord, states: States) -> None:
    for cell in range(CELLS):
        set_state(states, cell, board.colour[cell], 0)
    liberties = np.empty(MOST_LIBERTIES, np.int16)
    for point in range(board.size * board.size):
        head = cell_of(board, point)
        if board.colour[head] != EMPTY and board.chain[head] == head:
            count = find_liberties(board, head, liberties)
            cell = head
            while True:
                set_state(states, cell, board.colour[cell], count)
                cell = board.next[cell]
                if cell == head:
                    break


@compiled
def set_state(states: States, cell: int, colour: int, liberties: int) -> None:
    if colour == EMPTY:
        states[0, cell] = states[1, cell] = 0
    elif colour == BORDER:
        states[0, cell] = states[1, cell] = OFF_BOARD
    else:
        states[colour - 1, cell] = liberties
        states[2 - colour, cell] = MOST_LIBERTIES + liberties


# Patterns ---------------------------------------------------------------------------------------


@compiled
def around_row(seen: NDArray[np.int64], cell: int, line: int) -> int:
    """The row of the pattern around a cell, where cells are seen (CELLS,) in their states."""
    up, right, down, left = cell - line, cell + 1, cell + line, cell - 1
    clockwise = _ring(
        seen[up] << 3 | seen[up + 1],
        seen[right] << 3 | seen[down + 1],
        seen[down] << 3 | seen[down - 1],
        seen[left] << 3 | seen[up - 1],
        6,
    )
    counter = _ring(
        seen[up] << 3 | seen[up - 1],
        seen[left] << 3 | seen[down - 1],
        seen[down] << 3 | seen[down + 1],
        seen[right] << 3 | seen[up + 1],
        6,
    )
    least = min(clockwise, counter)
    for quarters in range(1, 4):
        least = min(least, _turned(clockwise, quarters, 6), _turned(counter, quarters, 6))
    return AROUND + _hashed(least, AROUND_ROWS)


@compiled
def response_codes(seen: NDArray[np.int64], last: int, line: int) -> tuple[int, int]:
    """The twelve cells within two steps of a cell, upward first: clockwise, and counter to it.
    Cells two steps beyond an edge are off the board, too."""
    up, right, down, left = last - line, last + 1, last + line, last - 1
    north = seen[up] << 3 | _beyond(seen, up, -line)
    east = seen[right] << 3 | _beyond(seen, right, 1)
    south = seen[down] << 3 | _beyond(seen, down, line)
    west = seen[left] << 3 | _beyond(seen, left, -1)
    clockwise = _ring(
        north << 3 | seen[up + 1],
        east << 3 | seen[down + 1],
        south << 3 | seen[down - 1],
        west << 3 | seen[up - 1],
        9,
    )
    counter = _ring(
        north << 3 | seen[up - 1],
        west << 3 | seen[down - 1],
        south << 3 | seen[down + 1],
        east << 3 | seen[up + 1],
        9,
    )
    return clockwise, counter


@compiled
def _beyond(seen: NDArray[np.int64], beside: int, step: int) -> int:
    return OFF_BOARD if seen[beside] == OFF_BOARD else seen[beside + step]


@compiled
def response_row(codes: tuple[int, int], kind: int, quarter: int) -> int:
    """The row of a move near, diagonal to or far from the last one, so many quarters clockwise
    from above it, or from between above and right of it."""
    clockwise, counter = codes
    mirrored = 3 - quarter if kind == DIAGONAL else (4 - quarter) % 4
    least = min(_turned(clockwise, quarter, 9), _turned(counter, mirrored, 9))
    return RESPONSE + _hashed(least * 3 + kind, RESPONSE_ROWS)


@compiled
def _ring(first: int, second: int, third: int, fourth: int, bits: int) -> int:
    return ((first << bits | second) << bits | third) << bits | fourth


@compiled
def _turned(ring: int, quarters: int, bits: int) -> int:
    """The ring of four parts with another part first."""
    whole, shift = 4 * bits, quarters * bits
    return (ring << shift | ring >> (whole - shift)) & ((1 << whole) - 1)


@compiled
def _hashed(code: int, rows: int) -> int:
    """Multiplicative hashing (Knuth, The art of computer programming 3, section 6.4): the middle
    of a product, which compiled code cuts off at 64 bits. `rows` is a power of 2, 2^24 at most."""
    return (code * 0x1E3779B97F4A7C15 >> 39) & (rows - 1)


# What follows from the last move -----------------------------------------------------------------


@compiled
def find_responses(
    board: BoardRecord,
    states: States,
    last: int,
    captured: NDArray[np.int16],
    cells: NDArray[np.int16],
    rows: NDArray[np.int64],
) -> int:
    """The features that moves have because of the last one, at a cell or NOWHERE for a pass, and
    of the cells that it emptied (C,): fills `cells` and `rows` (`MOST_RESPONSES`,), one feature of
    one empty cell each; how many there are."""
    if last == NOWHERE:
        return 0
    count = _add_places(board, states[board.to_play - 1], last, cells, rows)
    count = _add_saves(board, last, cells, rows, count)
    return _add_nakade(board, captured, cells, rows, count)


@compiled
def _add_places(
    board: BoardRecord,
    seen: NDArray[np.int64],
    last: int,
    cells: NDArray[np.int16],
    rows: NDArray[np.int64],
) -> int:
    """Those within two steps of the last move."""
    line = board.size + 1
    steps = (-line, 1, line, -1)
    codes = response_codes(seen, last, line)
    count = 0
    for quarter in range(4):
        beside = last + steps[quarter]
        beyond = beside if board.colour[beside] == BORDER else beside + steps[quarter]
        around = (beside, beside + steps[(quarter + 1) % 4], beyond)
        for kind in range(KINDS):
            if board.colour[around[kind]] == EMPTY:
                cells[count] = cells[count + 1] = around[kind]
                rows[count] = response_row(codes, kind, quarter)
                rows[count + 1] = PLACE + kind
                count += 2
    return count


@compiled
def _add_saves(
    board: BoardRecord,
    last: int,
    cells: NDArray[np.int16],
    rows: NDArray[np.int64],
    count: int,
) -> int:
    """The moves after which a chain has two liberties again that the last move left with one."""
    first = count
    moves = np.empty(MOST_SAVES, np.int16)
    for chain in neighbours(board, last):
        if board.colour[chain] != board.to_play or not in_atari(board, chain):
            continue
        find_liberties(board, chain, moves[:1])
        for i in range(add_captures(board, chain, moves, 1)):
            known = contains(cells[first:count], count - first, moves[i])
            if not known and _saves(board, chain, moves[i]):
                cells[count], rows[count] = moves[i], SAVE
                count += 1
    return count


@compiled
def _saves(board: BoardRecord, chain: int, cell: int) -> bool:
    """Whether a move leaves a chain of who makes it with two liberties."""
    if not is_legal(board, cell, board.to_play):
        return False
    after = np.empty(1, BOARD)
    after[0] = board
    play(after[0], cell, board.to_play)
    return after[0].colour[chain] == board.to_play and not in_atari(after[0], chain)


@compiled
def _add_nakade(
    board: BoardRecord,
    captured: NDArray[np.int16],
    cells: NDArray[np.int16],
    rows: NDArray[np.int64],
    count: int,
) -> int:
    """The moves into a hole of three cells or more."""
    if captured.size < SMALLEST_NAKADE:
        return count
    taken = min(captured.size, LARGEST_NAKADE) - SMALLEST_NAKADE
    for cell in captured:
        beside = 0
        for neighbour in neighbours(board, cell):
            beside += contains(captured, captured.size, neighbour)
        cells[count], rows[count] = cell, NAKADE + 5 * taken + beside
        count += 1
    return count


# Whole positions --------------------------------------------------------------------------------


def features_of(positions: Positions) -> NDArray[np.int64]:
    """(N, size * size, FEATURES) rows of the table: of a point those of a move there, ILLEGAL
    alone where none may be made, and NOTHING in the places that are left. Superko is not looked
    at."""
    features = np.empty((len(positions), positions.size**2, FEATURES), np.int64)
    fill_features(positions.boards, positions.recent, features)
    return features


@compiled
def fill_features(
    boards: NDArray[np.void], recents: NDArray[np.int8], features: NDArray[np.int64]
) -> None:
    states = np.empty((2, CELLS), np.int64)
    captured = np.empty(CELLS, np.int16)
    cells, rows = np.empty(MOST_RESPONSES, np.int16), np.empty(MOST_RESPONSES, np.int64)
    features[:] = NOTHING
    for i in range(boards.size):
        board, moves = boards[i], features[i]
        fill_states(board, states)
        moves[:, 0] = ILLEGAL
        for k in range(board.empty_count):
            cell = board.empties[k]
            if is_legal(board, cell, board.to_play):
                row = around_row(states[board.to_play - 1], cell, board.size + 1)
                moves[point_of(board, cell), 0] = row
        last = last_move(board, recents[i])
        taken = find_captured(board, recents[i], captured)
        for k in range(find_responses(board, states, last, captured[:taken], cells, rows)):
            point = point_of(board, cells[k])
            if moves[point, 0] != ILLEGAL:
                place = 1
                while moves[point, place] != NOTHING:
                    place += 1
                moves[point, place] = rows[k]


@compiled
def last_move(board: BoardRecord, recent: NDArray[np.int8]) -> int:
    """The cell of the move that led to a position, NOWHERE after a pass or before any move."""
    other = 3 - board.to_play
    for point in range(recent.shape[1]):
        if recent[0, point] == other and recent[1, point] != other:
            return cell_of(board, point)
    return NOWHERE


@compiled
def find_captured(board: BoardRecord, recent: NDArray[np.int8], captured: NDArray[np.int16]) -> int:
    """Fills `captured` (CELLS,) with the cells that the last move emptied; how many."""
    count = 0
    for point in range(recent.shape[1]):
        if recent[0, point] == EMPTY and recent[1, point] == board.to_play:
            captured[count] = cell_of(board, point)
            count += 1
    return count
