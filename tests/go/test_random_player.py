from __future__ import annotations

from collections import Counter

import pytest

from shinso.core.errors import UserError
from shinso.go.board import Board
from shinso.go.engine import Limits, Player
from shinso.go.players import PLAYERS, player_named
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
    counts = Counter(points)
    assert counts.keys() == {3, 7, 10, 11, 12, 13, 14, 15}
    assert all(200 < count < 300 for count in counts.values())


def test_players_have_names():
    board = Board(5)
    for name in PLAYERS:
        player: Player = player_named(name)
        assert player.name == name
        assert board.is_legal(player.choose(board, BLACK, Limits(visits=10)).point)
        assert not board.stones.any()
    with pytest.raises(UserError, match=r"no player is named 'randon'; did you mean random\?"):
        player_named("randon")
