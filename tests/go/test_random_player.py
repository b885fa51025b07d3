from __future__ import annotations

from collections import Counter

from shinso.go.board import Board
from shinso.go.engine import Limits
from shinso.go.random_player import RandomPlayer, moves_of
from shinso.go.rules import BLACK, WHITE

EYES = Board.drawn("X . X .\n. X O .\nX X . .\n. . . .")


def test_it_fills_no_eye_and_plays_nothing_illegal():
    assert moves_of(EYES, BLACK) == [1, 3, 7, 10, 11, 12, 13, 14, 15], "A3 is an eye, B4 is none"
    assert moves_of(EYES, WHITE) == [3, 7, 10, 11, 12, 13, 14, 15]
    full = Board.drawn("X . X\nX X X\nX . X")
    assert moves_of(full, BLACK) == [9], "a pass"


def test_all_moves_are_equally_likely_and_a_seed_makes_them_repeatable():
    player, again = RandomPlayer(3), RandomPlayer(3)
    points = [player.choose(EYES, WHITE, Limits()).point for _ in range(2000)]
    assert points == [again.choose(EYES, WHITE, Limits()).point for _ in range(2000)]
    again.seed = 3
    assert points[:9] == [again.choose(EYES, WHITE, Limits()).point for _ in range(9)]
    counts = Counter(points)
    assert counts.keys() == {3, 7, 10, 11, 12, 13, 14, 15}
    assert all(200 < count < 300 for count in counts.values())
