"""The player `uct`: its moves, its limits, and its tree from move to move."""

from __future__ import annotations

from itertools import islice
from time import monotonic

import pytest

from shinso.core.errors import UserError
from shinso.go.board import Board
from shinso.go.engine import Limits
from shinso.go.rules import BLACK, WHITE
from shinso.go.search.tree import ROOT
from shinso.go.uct.player import UCTPlayer
from shinso.go.uct.recipe import UCTOptions

FEW = Limits(visits=1000)


def test_it_plays_a_whole_game_against_itself():
    player, board = UCTPlayer(), Board(5, komi=0.5)
    while not board.finished and len(board.history) < 120:
        choice = player.choose(board, board.to_play, Limits(visits=200))
        if choice.resigns:
            break
        board.play(choice.point)
    assert board.finished or choice.resigns


def test_it_takes_the_centre_of_a_small_board_and_says_why():
    choice = UCTPlayer().choose(Board(3, komi=5.5), BLACK, Limits(visits=5000))
    assert choice.point == 4
    assert choice.visits == 5000
    assert 0.8 < choice.win_rate <= 1
    assert not choice.resigns
    candidates = choice.candidates
    assert [c.visits for c in candidates] == sorted((c.visits for c in candidates), reverse=True)
    assert candidates[0].point == candidates[0].line[0] == choice.point
    assert candidates[0].win_rate == choice.win_rate
    assert sum(c.visits for c in candidates) == pytest.approx(choice.visits, abs=5)


def test_it_plays_for_either_colour_and_leaves_the_board_alone():
    board = Board.drawn(". X O . .\nX O . O .\n. X O . .\n. . . . .\n. . . . .", komi=0.5)
    before = board.record.tobytes()
    for colour in (WHITE, BLACK):
        choice = UCTPlayer().choose(board, colour, FEW)
        assert board.is_legal(choice.point, colour)
    assert board.record.tobytes() == before
    assert board.history == []


def test_it_resigns_what_is_lost_and_never_if_told_so():
    board = Board(5, komi=200)
    assert UCTPlayer().choose(board, BLACK, FEW).resigns
    assert not UCTPlayer().choose(board, WHITE, FEW).resigns
    stubborn = UCTPlayer(UCTOptions(resign_below=0))
    assert not stubborn.choose(board, BLACK, FEW).resigns


def test_a_game_that_was_ended_by_two_passes_can_be_resumed():
    board = Board(5, komi=0.5)
    board.play(25)
    board.play(25)
    choice = UCTPlayer().choose(board, BLACK, FEW)
    assert choice.visits == 1000
    assert choice.point != 25


def test_a_seed_decides_its_games():
    def moves(seed: int) -> list[int]:
        player, board = UCTPlayer(seed=seed), Board(5, komi=0.5)
        for _ in range(6):
            board.play(player.choose(board, board.to_play, Limits(visits=300)).point)
        return [point for _, point in board.history]

    assert moves(1) == moves(1)
    assert len({tuple(moves(seed)) for seed in range(5)}) > 1


def test_its_tree_goes_on_with_the_game():
    player, board = UCTPlayer(), Board(5, komi=0.5)
    choice = player.choose(board, BLACK, FEW)
    board.play(choice.point)
    board.play(choice.candidates[0].line[1])
    assert player.choose(board, BLACK, FEW).visits > 1000


@pytest.mark.parametrize(
    "limits, visits",
    (
        (Limits(), 700),
        (Limits(visits=60), 60),
        (Limits(visits=0), 5),
        (Limits(visits=60, seconds=100), 60),
        (Limits(seconds=0), 500),
    ),
)
def test_it_keeps_to_the_limit_that_it_meets_first(limits, visits):
    player = UCTPlayer(UCTOptions(simulations=700))
    choice = player.choose(Board(9), BLACK, limits)
    assert choice.visits == visits
    assert Board(9).is_legal(choice.point)


def test_time_is_a_limit():
    player = UCTPlayer()
    player.choose(Board(9), BLACK, FEW)  # compiles
    began = monotonic()
    choice = player.choose(Board(9), BLACK, Limits(seconds=0.3))
    assert 0.3 <= monotonic() - began < 3
    assert choice.visits > 1000


def test_analysis_tells_more_and_more_and_can_be_left():
    player = UCTPlayer()
    told = list(islice(player.analyse(Board(9), BLACK, Limits()), 3))
    visits = [sum(c.visits for c in candidates) for candidates in told]
    assert visits == sorted(set(visits))
    last = list(player.analyse(Board(9), BLACK, Limits(visits=500)))[-1]
    assert sum(c.visits for c in last) > visits[-1]
    assert player.tree.nodes[ROOT]["visits"] > visits[-1]


@pytest.mark.parametrize(
    "name, value", (("simulations", 0), ("expand_after", 0), ("resign_below", 2.0))
)
def test_settings_are_checked(name, value):
    with pytest.raises(UserError, match=name.replace("_", "-")):
        UCTOptions(**{name: value})
