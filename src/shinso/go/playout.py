"""Light playouts: games at random to the very end.

A move is drawn uniformly from all that fill no eye of one's own, are no suicide and no simple ko;
who has none passes, and two passes end the game, which area then scores with all stones alive.
Superko is not looked at: a playout that would go round in circles ends after `MOST_MOVES` moves a
point, passes among them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shinso.go.area import area_score
from shinso.go.compiled import compiled
from shinso.go.rules import (
    BOARD,
    BORDER,
    CELLS,
    NOWHERE,
    BoardRecord,
    neighbours,
    play,
    play_pass,
    survives,
)

MOST_MOVES = 3  # of a playout, for each point of the board


@compiled
def playouts(board: BoardRecord, random: NDArray[np.uint64], scores: NDArray[np.integer]) -> int:
    """Fills `scores` (N,) with the area scores, Black's less White's without komi, of N playouts
    from a board, which stays as it is. `random` (1,) is the state of the generator, and goes on.
    How many moves they had together."""
    workspace = np.empty(1, BOARD)
    reached = np.empty(CELLS, np.int8)
    moves = 0
    for i in range(scores.size):
        workspace[0] = board
        moves += playout(workspace[0], random)
        scores[i] = area_score(workspace[0], reached)
    return moves


@compiled
def playout(board: BoardRecord, random: NDArray[np.uint64]) -> int:
    """Plays a board to the end; how many moves that took."""
    most = MOST_MOVES * board.size * board.size
    moves = 0
    board.passes = 0
    while board.passes < 2 and moves < most:
        play_random(board, random)
        moves += 1
    return moves


@compiled
def play_random(board: BoardRecord, random: NDArray[np.uint64]) -> int:
    """One move of a playout, by who is to play; its cell, or NOWHERE for a pass.

    Empty cells are drawn without putting back, those that have been tried at the end of the list,
    until one will do: each that will do is equally likely.
    """
    colour = board.to_play
    untried = board.empty_count
    while untried > 0:
        drawn = draw(random, untried)
        cell = board.empties[drawn]
        if cell != board.ko and not is_eye(board, cell, colour) and survives(board, cell, colour):
            play(board, cell, colour)
            return cell
        untried -= 1
        other = board.empties[untried]
        board.empties[untried], board.empties[drawn] = cell, other
        board.slot[cell], board.slot[other] = untried, drawn
    play_pass(board, colour)
    return NOWHERE


@compiled
def is_eye(board: BoardRecord, cell: int, colour: int) -> bool:
    """Whether an empty cell lies among stones of a colour that can hardly be cut apart: it has all
    neighbours, and the other colour at most one of the four diagonals, none at the edge."""
    left, right, above, below = neighbours(board, cell)
    colours = board.colour
    if colours[left] & colours[right] & colours[above] & colours[below] & colour == 0:
        return False
    cuts = 0
    edge = False
    for corner in (above - 1, above + 1, below - 1, below + 1):
        cuts += colours[corner] == 3 - colour
        edge |= colours[corner] == BORDER
    return cuts + edge < 2


@compiled
def draw(random: NDArray[np.uint64], below: int) -> np.int64:
    """A random whole number from 0 to `below` - 1, by SplitMix64 (Steele, Lea and Flood, Fast
    Splittable Pseudorandom Number Generators, 2014) and a multiplication in place of a remainder;
    numbers up to 2^16 come equally often to 1 in 2^16."""
    random[0] += np.uint64(0x9E3779B97F4A7C15)
    bits = random[0]
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    bits ^= bits >> np.uint64(31)
    return np.int64(((bits >> np.uint64(32)) * np.uint64(below)) >> np.uint64(32))
