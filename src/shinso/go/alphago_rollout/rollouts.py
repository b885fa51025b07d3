"""Games played to their end by the rollout policy, from a table of weights.

What a point is worth, e to the sum of its features' weights, changes little from move to move. Kept
for both colours are the worths by the patterns around empty points, and their sums by line; a move
changes the points beside it, beside stones that it captured, and beside chains that have more or
fewer liberties now. What follows from the last move alone is multiplied in for one draw.

As in light playouts, superko is not looked at, no eye of one's own is filled, and who has no other
move passes.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shinso.go.alphago_rollout.patterns import (
    MOST_LIBERTIES,
    MOST_RESPONSES,
    States,
    around_row,
    fill_states,
    find_captured,
    find_responses,
    last_move,
    set_state,
)
from shinso.go.compiled import compiled
from shinso.go.playout import MOST_MOVES, draw, is_eye
from shinso.go.positions import Positions
from shinso.go.rules import (
    BOARD,
    CELLS,
    EMPTY,
    MAX_SIZE,
    NOWHERE,
    BoardRecord,
    find_liberties,
    neighbours,
    play,
    play_pass,
    survives,
)
from shinso.go.search.tree import outcome

Real = NDArray[np.float64]
FINE = 1 << 30  # steps of a random number between 0 and 1


class PolicyRollouts:
    """One rollout a position: its result for who is to play, as `PUCT.rollout` wants it."""

    def __init__(self, weights: NDArray[np.floating], komi: float, seed: int) -> None:
        """`weights` (ROWS,) are those of the table."""
        self.factors = np.exp(weights.astype(np.float64))
        self.komi = komi
        self.random = np.array([seed], np.uint64)

    def __call__(self, positions: Positions) -> Real:
        results = np.empty(len(positions))
        roll_out(positions.boards, positions.recent, self.factors, self.komi, self.random, results)
        return results


class Worths(NamedTuple):
    """What a game in progress keeps; a row of two is a colour's."""

    states: States
    points: Real  # (2, CELLS) by the pattern around, 0 where there is a stone
    lines: Real  # (2, MAX_SIZE + 2) their sums
    changed: NDArray[np.bool_]  # (MAX_SIZE + 2,) lines whose sums are to be made anew
    stale: NDArray[np.int16]  # (CELLS,) cells whose surroundings have changed,
    is_stale: NDArray[np.bool_]  # (CELLS,) each once
    stale_count: NDArray[np.int64]  # (1,)
    cells: NDArray[np.int16]  # (MOST_RESPONSES + CELLS,) changes for one draw,
    rows: NDArray[np.int64]
    before: Real  # and what to set back


@compiled
def roll_out(
    boards: NDArray[np.void],
    recents: NDArray[np.int8],
    factors: Real,
    komi: float,
    random: NDArray[np.uint64],
    results: Real,
) -> int:
    """Fills `results` (N,) for who is to play on each of the boards (N,), which stay as they are;
    how many moves were made. `factors` (ROWS,) are e to the weights."""
    workspace = np.empty(1, BOARD)
    reached = np.empty(CELLS, np.int8)
    worths = empty_worths()
    moves = 0
    for i in range(boards.size):
        workspace[0] = boards[i]
        moves += policy_playout(workspace[0], recents[i], factors, worths, random)
        results[i] = outcome(workspace[0], komi, boards[i].to_play, reached)
    return moves


@compiled
def empty_worths() -> Worths:
    return Worths(
        np.zeros((2, CELLS), np.int64),
        np.zeros((2, CELLS)),
        np.zeros((2, MAX_SIZE + 2)),
        np.zeros(MAX_SIZE + 2, np.bool_),
        np.zeros(CELLS, np.int16),
        np.zeros(CELLS, np.bool_),
        np.zeros(1, np.int64),
        np.zeros(MOST_RESPONSES + CELLS, np.int16),
        np.zeros(MOST_RESPONSES + CELLS, np.int64),
        np.zeros(MOST_RESPONSES + CELLS),
    )


@compiled
def policy_playout(
    board: BoardRecord,
    recent: NDArray[np.int8],
    factors: Real,
    worths: Worths,
    random: NDArray[np.uint64],
) -> int:
    """Plays a board to the end; how many moves that took."""
    captured = np.empty(CELLS, np.int16)
    taken = find_captured(board, recent, captured)
    last = last_move(board, recent)
    begin(board, factors, worths)
    most = MOST_MOVES * board.size * board.size
    moves = 0
    board.passes = 0
    while board.passes < 2 and moves < most:
        last = play_drawn(board, last, captured[:taken], factors, worths, random)
        taken = 0
        if last == NOWHERE:
            play_pass(board, board.to_play)
        else:
            taken = play(board, last, board.to_play)
            captured[:taken] = board.empties[board.empty_count - taken : board.empty_count]
            update(board, last, captured[:taken], factors, worths)
        moves += 1
    return moves


@compiled
def begin(board: BoardRecord, factors: Real, worths: Worths) -> None:
    """Finds what all points of a board are worth."""
    fill_states(board, worths.states)
    worths.points[:] = 0
    worths.lines[:] = 0
    for i in range(board.empty_count):
        _mark(worths, board.empties[i])
    _freshen(board, factors, worths)


@compiled
def play_drawn(
    board: BoardRecord,
    last: int,
    captured: NDArray[np.int16],
    factors: Real,
    worths: Worths,
    random: NDArray[np.uint64],
) -> int:
    """The cell of a move drawn for who is to play, or NOWHERE where there is none; the worths are
    then as before."""
    side = board.to_play - 1
    line = board.size + 1
    points, lines = worths.points[side], worths.lines[side]
    cells, before = worths.cells, worths.before
    count = find_responses(board, worths.states, last, captured, cells, worths.rows)
    for i in range(count):
        before[i] = points[cells[i]]
        points[cells[i]] *= factors[worths.rows[i]]
        worths.changed[cells[i] // line] = True
    _sum_lines(board, worths, side, side + 1)
    chosen = _drawn(board, points, lines, random)
    while chosen != NOWHERE and not _will_do(board, chosen):
        cells[count], before[count] = chosen, points[chosen]
        points[chosen] = 0
        worths.changed[chosen // line] = True
        _sum_lines(board, worths, side, side + 1)
        count += 1
        chosen = _drawn(board, points, lines, random)
    for i in range(count - 1, -1, -1):
        points[cells[i]] = before[i]
        worths.changed[cells[i] // line] = True
    _sum_lines(board, worths, side, side + 1)
    return chosen


@compiled
def _drawn(board: BoardRecord, points: Real, lines: Real, random: NDArray[np.uint64]) -> int:
    """A cell with a probability as its worth, or NOWHERE where all are worth nothing."""
    total = 0.0
    for row in range(1, board.size + 1):
        total += lines[row]
    row, left = _share(lines, 1, board.size, total * draw(random, FINE) / FINE)
    if row == NOWHERE:
        return NOWHERE
    cell, left = _share(points, row * (board.size + 1) + 1, board.size, left)
    return cell


@compiled
def _share(values: Real, first: int, count: int, left: float) -> tuple[int, float]:
    """Which of `count` values from the first on takes the sum of them beyond `left`, and how much
    of that is left before it. For rounding's sake the last one above 0 does in any case; NOWHERE
    where there is none."""
    found, before = NOWHERE, left
    for place in range(first, first + count):
        if values[place] > 0:
            found, before = place, left
            left -= values[place]
            if left < 0:
                break
    return found, before


@compiled
def _will_do(board: BoardRecord, cell: int) -> bool:
    colour = board.to_play
    return cell != board.ko and not is_eye(board, cell, colour) and survives(board, cell, colour)


# After a move -----------------------------------------------------------------------------------


@compiled
def update(
    board: BoardRecord,
    cell: int,
    captured: NDArray[np.int16],
    factors: Real,
    worths: Worths,
) -> None:
    """Finds what points are worth after a move at a cell that emptied others (C,)."""
    for emptied in captured:
        set_state(worths.states, emptied, EMPTY, 0)
        _mark_around(board, worths, emptied)
    _update_chain(board, cell, worths)
    for beside in neighbours(board, cell):
        _update_chain(board, beside, worths)
    for emptied in captured:
        for beside in neighbours(board, emptied):
            _update_chain(board, beside, worths)
    _freshen(board, factors, worths)


@compiled
def _update_chain(board: BoardRecord, cell: int, worths: Worths) -> None:
    """Notes the liberties of the chain at a cell, if there is one, where they are others now."""
    head = board.chain[cell]
    if head == NOWHERE:
        return
    count = find_liberties(board, head, np.empty(MOST_LIBERTIES, np.int16))
    colour = board.colour[head]
    stone = head
    while True:
        if worths.states[colour - 1, stone] != count:
            set_state(worths.states, stone, colour, count)
            _mark_around(board, worths, stone)
        stone = board.next[stone]
        if stone == head:
            break


@compiled
def _mark_around(board: BoardRecord, worths: Worths, cell: int) -> None:
    line = board.size + 1
    for step in (-line, 0, line):
        for beside in range(cell + step - 1, cell + step + 2):
            _mark(worths, beside)


@compiled
def _mark(worths: Worths, cell: int) -> None:
    if not worths.is_stale[cell]:
        worths.is_stale[cell] = True
        worths.stale[worths.stale_count[0]] = cell
        worths.stale_count[0] += 1


@compiled
def _freshen(board: BoardRecord, factors: Real, worths: Worths) -> None:
    """Finds the worths of marked cells, and the sums of their lines."""
    line = board.size + 1
    for i in range(worths.stale_count[0]):
        cell = worths.stale[i]
        worths.is_stale[cell] = False
        worths.changed[cell // line] = True
        for side in range(2):
            worth = 0.0
            if board.colour[cell] == EMPTY:
                worth = factors[around_row(worths.states[side], cell, line)]
            worths.points[side, cell] = worth
    worths.stale_count[0] = 0
    _sum_lines(board, worths, 0, 2)


@compiled
def _sum_lines(board: BoardRecord, worths: Worths, first: int, end: int) -> None:
    """Adds up the changed lines of one colour or both, which are then no longer so."""
    for row in range(1, board.size + 1):
        if worths.changed[row]:
            left = row * (board.size + 1) + 1
            for side in range(first, end):
                total = 0.0
                for cell in range(left, left + board.size):
                    total += worths.points[side, cell]
                worths.lines[side, row] = total
    worths.changed[:] = False
