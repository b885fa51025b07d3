from __future__ import annotations

import pytest

from shinso.go.board import Board
from shinso.go.coordinates import gtp_name
from shinso.go.status import dead_stones, final_score

TWO_EYES = """
    . O . O X . .
    O O O O X . .
    X X X X X . .
    . . . . . O .
    . . . . . . .
    X X X X X X X
    . . . . . . .
"""
ONE_EYE = TWO_EYES.replace(". O . O X . .", ". O O O X . .", 1)
PRISONER = """
    . . X O . . .
    . . X O . X .
    . O X O . . .
    . . X O . . .
    . . X O . . .
    . . X O . . .
    . . X O . . .
"""


@pytest.mark.parametrize(
    ("drawing", "dead"),
    (
        (TWO_EYES, [["F4"]]),
        (ONE_EYE, [["B7", "C7", "D7", "A6", "B6", "C6", "D6"], ["F4"]]),
        (PRISONER, [["F6"], ["B5"]]),
    ),
)
def test_drawn(drawing, dead):
    board = Board.drawn(drawing)
    before = board.stones
    assert [[gtp_name(point, 7) for point in chain] for chain in dead_stones(board)] == dead
    assert (board.stones == before).all()


def test_the_score_is_of_area_without_dead_stones():
    board = Board.drawn(PRISONER, komi=6.5)
    assert board.area_score() == 7 - 7 + 1 - 1 - 6.5
    assert final_score(board) == 21 - 28 - 6.5


def test_an_empty_board_has_no_dead_stones():
    assert dead_stones(Board.drawn(". .\n. .")) == []
