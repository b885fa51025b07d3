"""Light playouts: what is drawn, how often, where they end, and that a seed decides it all."""

from __future__ import annotations

import numpy as np
import pytest

from shinso.go.board import Board
from shinso.go.playout import MOST_MOVES, draw, is_eye, play_random, playout, playouts
from shinso.go.rules import BLACK, WHITE, survives
from tests.go.rulebook import Rulebook

EYES = """
    . X . X . O
    X X X X O .
    . X . X X O
    X O X X O O
    . . X O . O
    X X . O O .
"""


def seeded(seed: int) -> np.ndarray:
    return np.array([seed], np.uint64)


def cells(board: Board) -> list[int]:
    """Those of the empty points."""
    return board.record["empties"][: board.record["empty_count"]].tolist()


# The generator ----------------------------------------------------------------------------------


def test_the_generator_is_splitmix64():
    """The first outputs for seed 1234567 as published with the reference implementation."""
    outputs = (6457827717110365317, 3203168211198807973, 9817491932198370423)
    random = seeded(1234567)
    assert [draw(random, 2**31) for _ in outputs] == [output >> 33 for output in outputs]


def test_draws_are_even():
    random = seeded(0)
    counts = np.bincount([draw(random, 7) for _ in range(7000)])
    assert len(counts) == 7
    assert ((counts - 1000) ** 2 / 1000).sum() < 22.5  # chi squared, 6 degrees: 1 in 1,000


# Moves ------------------------------------------------------------------------------------------


def test_eyes():
    board = Board.drawn(EYES)
    found = {
        colour: [
            p
            for p in np.flatnonzero(board.stones.ravel() == 0).tolist()
            if is_eye(board.record, board._cell(p), colour)
        ]
        for colour in (BLACK, WHITE)
    }
    # One cut does no harm to 14 and 28. At the edge it does: 11 and 12 are none.
    assert found == {BLACK: [0, 2, 14], WHITE: [28, 35]}


def test_moves_are_drawn_evenly_from_those_that_will_do():
    """Every cell that is no eye, no suicide and no ko comes equally often; the board stays right
    although tried cells change places."""
    board = Board.drawn(EYES)
    fit = [
        c
        for c in cells(board)
        if not is_eye(board.record, c, BLACK) and survives(board.record, c, BLACK)
    ]
    random, counts = seeded(3), dict.fromkeys(fit, 0)
    for _ in range(400 * len(fit)):
        after = board.copy()
        play_random(after.record, random)
        (played,) = {*cells(board)} - {*cells(after)}
        counts[played] += 1
        assert after.record["slot"][cells(after)].tolist() == list(range(len(cells(after))))
    assert len(fit) == 5
    assert sum((count - 400) ** 2 / 400 for count in counts.values()) < 25


def test_the_ko_is_not_retaken():
    board = Board.drawn(". X O .\nX O . O\n. X O .\n. . . .", superko=False)
    board.play(6)
    for seed in range(200):
        after = board.copy()
        play_random(after.record, seeded(seed))
        assert after.stones[1, 1] == 0


# Playouts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", (2, 5, 9, 19))
def test_playouts_end_where_nobody_can_move_and_are_scored_by_area(size):
    for seed in range(20):
        board = Board(size, komi=0)
        moves = playout(board.record, seeded(seed))
        assert moves <= MOST_MOVES * size**2
        if moves < MOST_MOVES * size**2:
            assert board.finished
            for colour in (BLACK, WHITE):
                assert all(
                    is_eye(board.record, cell, colour)
                    or not survives(board.record, cell, colour)
                    or cell == board.record["ko"]
                    for cell in cells(board)
                )
        book = Rulebook(size, False, False)
        book.set_up(board.stones.tolist())
        assert board.area_score() == book.area_score()


def test_a_board_is_left_as_it_was_and_a_seed_decides_the_scores():
    board = Board(9)
    board.play(40)
    before, scores = board.record.tobytes(), np.empty((3, 50), np.int64)
    for row, seed in zip(scores, (1, 1, 2), strict=True):
        playouts(board.record, seeded(seed), row)
    assert board.record.tobytes() == before
    assert (scores[0] == scores[1]).all()
    assert (scores[0] != scores[2]).any()


def test_playouts_go_on_with_the_state_of_the_generator():
    together, apart, random = np.empty(20, np.int64), np.empty(20, np.int64), seeded(5)
    board = Board(9)
    playouts(board.record, seeded(5), together)
    playouts(board.record, random, apart[:8])
    playouts(board.record, random, apart[8:])
    assert (together == apart).all()


def test_black_wins_a_little_more_than_half_of_the_playouts_from_an_empty_board():
    scores = np.empty(4000, np.int64)
    playouts(Board(9).record, seeded(0), scores)
    assert (np.abs(scores) <= 81).all()
    assert 0.49 < (scores > 0).mean() < 0.56
    assert 0 < scores.mean() < 5
